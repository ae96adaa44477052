"""Text to sound: the port, its clips, the vendors."""
