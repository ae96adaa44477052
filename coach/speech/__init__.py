"""Speech to text: a small port, its adapters and wrappers."""
