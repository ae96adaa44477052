"""Datasets and runs for promptfoo and Inspect, and back: nobody is locked in."""
