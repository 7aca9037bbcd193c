"""What can be learned of a table: one file per objective, from the target's column to the card."""
