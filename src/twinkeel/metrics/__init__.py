"""What is measured: pure functions from cases and their weights to numbers."""
