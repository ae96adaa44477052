"""Deepgram behind the speech port."""
