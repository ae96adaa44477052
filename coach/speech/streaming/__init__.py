"""A live stream that loses no answer, whoever transcribes."""
