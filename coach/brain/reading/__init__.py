"""What a text says: neutral, used by every coach and guard."""
