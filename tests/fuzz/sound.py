"""Recordings: real files of every container, damaged. Sound or one sentence, within time and memory."""

import functools
import math
import resource
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from coach.audio.decode import read_recording
from coach.audio.pcm import SAMPLE_RATE_HZ, Pcm
from coach.errors import AudioError
from tests.fakes.spoken import CODECS, write
from tests.fuzz.engine import Target

LIMIT_S = 600.0
MEMORY_KB = 500_000
"""What one recording may add to the process at its peak: three times ten minutes in stereo and what FFmpeg needs."""
LAST = Path(".hypothesis/fuzz/last-recording")
"""The recording in hand, kept should the process die."""


@functools.cache
def whole(suffix: str, channels: int) -> bytes:
    """1.2 s of two tones with a rest between."""
    at = np.arange(int(1.2 * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    wave = 9000 * np.sin(2 * math.pi * (220 + 200 * (at > 0.6)) * at) * (np.abs(at - 0.6) > 0.1)
    with tempfile.TemporaryDirectory() as folder:
        rate = 48_000 if suffix in ("ogg", "webm") else SAMPLE_RATE_HZ
        path = write(Pcm(wave.astype(np.int16)), Path(folder) / f"a.{suffix}", rate_hz=rate, channels=channels)
        return path.read_bytes()


NUMBERS = [0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 44_100, 2**24, 2**31 - 1, 2**31, 2**32 - 1]
WORDS = [struct.pack(form, number) for number in NUMBERS for form in ("<I", ">I")]
MARKS = [
    b"RIFF",
    b"data",
    b"fmt ",
    b"fLaC",
    b"OggS",
    b"moov",
    b"stts",
    b"trak",
    b"\x1aE\xdf\xa3",
    b"ID3\x04",
    b"\xff\xfb",
    b"#EXTM3U\n",
]
bits = st.one_of(st.sampled_from([*WORDS, *MARKS]), st.binary(min_size=1, max_size=8))
places = st.one_of(st.integers(0, 300), st.integers(0, 60_000))


@dataclass(frozen=True)
class Recording:
    """One file: a real one, and what is done to its bytes."""

    suffix: str
    channels: int
    damage: list[tuple[str, int, bytes]]

    @property
    def content(self) -> bytes:
        data = bytearray(whole(self.suffix, self.channels))
        for kind, at, piece in self.damage:
            at = min(at, len(data))
            if kind == "instead":
                data[at : at + len(piece)] = piece
            elif kind == "put":
                data[at:at] = piece
            elif kind == "cut":
                del data[at : at + 50 * len(piece)]
            elif kind == "twice":
                data[at:at] = data[at // 2 : at]
            elif kind == "other":
                data[at:] = whole(sorted(CODECS)[len(piece) % len(CODECS)], 1)
            else:
                del data[at:]
        return bytes(data)


damage = st.lists(
    st.tuples(st.sampled_from(["instead", "instead", "instead", "put", "cut", "twice", "other", "end"]), places, bits),
    max_size=5,
)
recordings = st.builds(Recording, st.sampled_from(sorted(CODECS)), st.sampled_from([1, 2]), damage)


def heard_or_told(case: Recording) -> None:
    """Decodes it as an upload is decoded."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"answer.{case.suffix}"
        path.write_bytes(case.content)
        LAST.parent.mkdir(parents=True, exist_ok=True)
        LAST.write_bytes(case.content)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            found = read_recording(path, limit_s=LIMIT_S)
        except AudioError as error:
            assert "\n" not in str(error) and "answer." in str(error)
            return
        finally:
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            assert grown < MEMORY_KB, f"{grown} kB more"
    assert 0 < found.pcm.duration_s <= LIMIT_S + 1
    assert found.pcm.samples.dtype == np.int16
    assert found.stated_s is None or (math.isfinite(found.stated_s) and found.stated_s >= 0)
    assert "\n" not in found.notice("a")
    if not case.damage:
        assert not found.damaged and abs(found.pcm.duration_s - 1.2) < 0.1


TARGETS = (Target("recordings", recordings, heard_or_told, cpu_s=8.0),)
