"""The prompt of the second pass."""

HESITANT = "Um, so, uh, I was, um, like, uh, you know, um, I, uh, I think, um, it was, uh, good."
"""Written as if the speaker had hesitated before: Whisper then writes um and uh down."""
