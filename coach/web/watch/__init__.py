"""Seeing how the service does: figures, health, traces."""
