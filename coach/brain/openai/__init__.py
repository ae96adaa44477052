"""The model as coach, over any server that speaks the protocol."""
