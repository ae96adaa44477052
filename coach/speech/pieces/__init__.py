"""Recognition piece by piece: sound is cut at pauses while the person speaks, each piece is recognised as it ends."""
