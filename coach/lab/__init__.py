"""Bundles, datasets, replay, scorers, statistics, calibration."""
