"""The coach by rules and small shipped models."""
