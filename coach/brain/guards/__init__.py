"""What the server insists on, whatever a coach says."""
