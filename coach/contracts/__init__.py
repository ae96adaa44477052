"""The shapes every part agrees on: evaluation, events, records. No I/O, no behaviour beyond validation."""
