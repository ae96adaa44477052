"""Opus packets from a client (`?codec=opus`) to the one form of sound inside the engine."""

from typing import Any

import av
import numpy as np

from coach.contracts.commands import PROTOCOL_SAMPLE_RATE_HZ
from coach.errors import InputError


class OpusError(InputError):
    """A packet that is not Opus."""

    code = "BAD_FRAME"


class OpusDecoder:
    """One client's stream: raw Opus packets (no container), mono or stereo, in; Int16 mono 16 kHz out."""

    def __init__(self) -> None:
        self._renew()

    def decode(self, packet: bytes) -> bytes:
        """PCM of one packet; a decoder holds back a few milliseconds at the start.

        Raises:
            OpusError: the packet cannot be decoded; the next one is met by a fresh decoder.
        """
        if not packet:
            raise OpusError("The audio frame is empty.")  # to the codec it would mean the end of the stream
        try:
            frames = self._codec.decode(av.Packet(packet))
            parts = [out.to_ndarray().astype(np.int16) for frame in frames for out in self._resampler.resample(frame)]
        except (av.FFmpegError, ValueError) as error:
            self._renew()
            raise OpusError("The audio frame is not Opus.") from error
        return b"".join(part.tobytes() for part in parts)

    def _renew(self) -> None:
        self._codec: Any = av.CodecContext.create("libopus" if "libopus" in av.codecs_available else "opus", "r")
        self._codec.sample_rate = 48_000
        self._codec.layout = "mono"
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=PROTOCOL_SAMPLE_RATE_HZ)
