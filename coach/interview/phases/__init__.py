"""One module per view state."""
