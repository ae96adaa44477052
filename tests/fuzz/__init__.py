"""What outsiders can send, made up by the thousand: `python -m tests.fuzz`, a few seconds of it in the tests."""
