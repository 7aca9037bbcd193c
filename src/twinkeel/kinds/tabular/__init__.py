"""What every kind that learns a column of a table shares: options, rows, building, timing."""
