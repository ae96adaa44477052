"""The tables of both engines."""
