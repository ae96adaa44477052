"""Bundles in use, watched day by day."""
