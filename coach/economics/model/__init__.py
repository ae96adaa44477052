"""What a session costs and a plan earns."""
