"""A contract in the languages of others: JSON Schema, and Pandera."""
