"""The heart: one conductor per interview turns commands into events. Knows ports, never a vendor and never SQL."""
