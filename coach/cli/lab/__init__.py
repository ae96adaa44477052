"""Change a prompt, know whether it is better."""
