"""The way of one answer, from the recording in hand to its stored evaluation; `path` is the map."""
