"""The one form of sound inside the engine: Int16 samples, mono, 16 kHz."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
BYTES_PER_SAMPLE = 2
BYTES_PER_SECOND = SAMPLE_RATE_HZ * BYTES_PER_SAMPLE
FULL_SCALE = 32_768.0

Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Pcm:
    """Decoded sound.

    Attributes:
        samples: Int16, shape (n,), mono, 16 kHz.
    """

    samples: Samples

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / SAMPLE_RATE_HZ

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview) -> "Pcm":
        """Reads little-endian Int16 bytes; an odd last byte is left out."""
        return cls(np.frombuffer(data, dtype="<i2", count=len(data) // BYTES_PER_SAMPLE))

    def to_bytes(self) -> bytes:
        """The samples as little-endian Int16 bytes."""
        return self.samples.astype("<i2", copy=False).tobytes()

    def slice(self, start_s: float, end_s: float) -> "Pcm":
        """The part `[start_s, end_s)`, clipped to what is there."""
        start, end = (max(0, round(t * SAMPLE_RATE_HZ)) for t in (start_s, end_s))
        return Pcm(self.samples[start:end])
