"""The sound LiveAvatar takes: PCM 16 bit, 24 kHz, mono, in pieces that let the lips begin soon."""

import base64
import io
import wave
from collections.abc import Iterator
from typing import Protocol

import numpy as np
import soxr

from coach.avatar.port import SpeechRequest
from coach.errors import InputError

RATE_HZ = 24_000
FIRST_PIECE_S = 0.6
PIECE_S = 1.0
"""The vendor advises pieces of about a second; a shorter first one lets the lips begin sooner."""
LARGEST_PACKET_BYTES = 1_000_000
"""A socket message above 1 MB may end the connection."""


class SpokenSound(Protocol):
    """Turns a text into sound made on this server."""

    async def __call__(self, request: SpeechRequest, *, persona_id: str, interview_id: str) -> bytes:
        """A WAV file, mono.

        Raises:
            CoachError: there is no sound.
        """


def pcm_of(wav: bytes) -> bytes:
    """The samples of a mono 16-bit WAV at the vendor's rate.

    Raises:
        InputError: it is no such file, or empty.
    """
    try:
        with wave.open(io.BytesIO(wav)) as file:
            form = (file.getnchannels(), file.getsampwidth())
            rate, frames = file.getframerate(), file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise InputError("The interviewer's voice made no sound that can be read.") from error
    if form != (1, 2) or not frames:
        raise InputError("The interviewer's voice has to be 16 bit, mono, and say something.")
    if rate == RATE_HZ:
        return frames
    samples = np.frombuffer(frames, dtype="<i2").astype(np.float32) / 32768.0
    again = soxr.resample(samples, rate, RATE_HZ)
    return (np.clip(again, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()


def pieces(pcm: bytes) -> Iterator[str]:
    """The samples as base64, a short piece first."""
    at, width = 0, _bytes(FIRST_PIECE_S)
    while at < len(pcm):
        yield base64.b64encode(pcm[at : at + width]).decode("ascii")
        at, width = at + width, _bytes(PIECE_S)


def _bytes(seconds: float) -> int:
    return round(seconds * RATE_HZ) * 2
