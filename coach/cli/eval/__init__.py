"""The engine scores itself on labelled sets."""
