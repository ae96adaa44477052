"""Paired comparison, agreement, power, verdict."""
