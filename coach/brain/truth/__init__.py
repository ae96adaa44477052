"""What a rewrite states that was never said."""
