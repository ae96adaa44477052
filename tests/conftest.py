"""What all tests share: the voice on this computer speaks only where a test asks for it, for it takes the processor."""

import os

os.environ.setdefault("COACH_VOICE", "browser")
