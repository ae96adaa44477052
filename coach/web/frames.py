"""Binary frames that say which sound they are (`?framing=clocked`): a head of 24 bytes before the audio.

Little-endian: version (1 byte, 1) · 3 bytes zero · take (4) · sequence number (4) · first sample of the frame in its
take at 16 kHz (4) · the client's clock at that sample, milliseconds since 1970 (8, float). Frames without a head
(no `framing`) go on working; they are kept in the order they come.
"""

import math
import struct
from collections.abc import Callable

from coach.audio.takes import ClockedFrame
from coach.errors import InputError

HEAD = struct.Struct("<B3xIIId")
VERSION = 1


class FrameError(InputError):
    """A frame of a wrong size or kind."""

    code = "BAD_FRAME"


def pack(frame: ClockedFrame) -> bytes:
    """A frame as a client sends it."""
    return HEAD.pack(VERSION, frame.take, frame.sequence, frame.first_sample, frame.clock_ms) + frame.pcm16


def unpack(data: bytes, decode: Callable[[bytes], bytes]) -> ClockedFrame:
    """A frame as it came; `decode` turns its audio into PCM.

    Raises:
        FrameError: the head is missing, of another version, or without a clock.
    """
    if len(data) < HEAD.size:
        raise FrameError("A clocked frame begins with its head of 24 bytes.")
    version, take, sequence, first_sample, clock_ms = HEAD.unpack_from(data)
    if version != VERSION or not math.isfinite(clock_ms):
        raise FrameError("The head of the frame cannot be read.")
    return ClockedFrame(take, sequence, first_sample, clock_ms, decode(data[HEAD.size :]))
