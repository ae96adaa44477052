"""Whisper behind the speech port."""
