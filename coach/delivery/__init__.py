"""How it was said: measured from words and sound."""
