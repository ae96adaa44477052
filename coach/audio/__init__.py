"""Frames, decoding, resampling, level, voice activity and the on-disk recording journal."""
