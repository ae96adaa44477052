"""A transcription server of one's own behind the piece port."""
