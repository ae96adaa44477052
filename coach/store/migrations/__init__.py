"""Numbered migrations: `versions/NNNN_name.py`, the number being the revision."""
