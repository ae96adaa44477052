"""Datasets, replays and what is measured on them."""
