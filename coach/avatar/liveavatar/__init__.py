"""LiveAvatar: its REST interface, the LITE session over its socket, the FULL session through the browser."""
