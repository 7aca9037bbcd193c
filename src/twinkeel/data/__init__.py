"""Tables and documents as they come: sources, types, contract, profile, split."""
