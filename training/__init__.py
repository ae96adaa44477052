"""Fits the offline coach's models on `data/training` and says what to expect of them on writers they have not seen."""
