"""REST routes, WebSocket, tokens."""
