"""Records to rows and back, one module per subject."""
