"""Speech and silence made here, with known times: espeak-ng's voice, exact pauses, a choice of backgrounds."""

import functools
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from coach.audio.edges import levels_dbfs
from coach.audio.pcm import SAMPLE_RATE_HZ, Pcm

SENTENCES = (
    "We had forty orders and the oven broke on a Friday night.",
    "I called the other branch and asked them to bake half of it.",
    "Then I drove there twice myself and packed the boxes by hand.",
    "In the end every customer got a cake before nine the next morning.",
)


@functools.lru_cache(maxsize=32)
def spoken(text: str, words_per_minute: int = 150) -> Pcm:
    """`text` said by espeak-ng, without the silence around it."""
    command = ["espeak-ng", "-v", "en-us", "-s", str(words_per_minute), "--stdout", text]
    wav = subprocess.run(command, capture_output=True, check=True).stdout
    samples = np.frombuffer(wav[44:], "<i2").astype(np.float32)
    import soxr

    pcm = Pcm(soxr.resample(samples, 22_050, SAMPLE_RATE_HZ).clip(-32768, 32767).astype(np.int16))
    loud = np.flatnonzero(levels_dbfs(pcm.samples) > -50)
    return pcm.slice(loud[0] / 100, (loud[-1] + 1) / 100)


@dataclass
class Answer:
    """A constructed answer: its sound, and where it is silent (seconds)."""

    pcm: Pcm
    silences: list[tuple[float, float]] = field(default_factory=list)

    @property
    def inner_silences(self) -> list[tuple[float, float]]:
        return [(a, b) for a, b in self.silences if a > 0 and b < self.pcm.duration_s - 0.001]


def answer(*parts: str | float, background: str = "digital") -> Answer:
    """Joins sentences (text) and silences (seconds) over a background."""
    pieces: list[NDArray[np.int16]] = []
    silences, at = [], 0.0
    for part in parts:
        if isinstance(part, str):
            piece = spoken(part).samples
        else:
            piece = np.zeros(int(part * SAMPLE_RATE_HZ), np.int16)
            silences.append((at, at + part))
        pieces.append(piece)
        at += len(piece) / SAMPLE_RATE_HZ
    joined = np.concatenate(pieces).astype(np.float64) + _background(background, sum(len(p) for p in pieces))
    return Answer(Pcm(joined.clip(-32768, 32767).astype(np.int16)), silences)


def _background(kind: str, length: int) -> NDArray[np.float64]:
    random = np.random.default_rng(7)
    if kind == "digital":
        return np.zeros(length)
    if kind == "hiss":
        return random.normal(0, 60, length)
    assert kind == "typing"
    sound = random.normal(0, 10, length)
    for start in range(4000, length - 400, 3600):
        sound[start : start + 320] += random.normal(0, 2500, 320) * np.exp(-np.arange(320) / 60)
    return sound


CODECS = {
    "wav": "pcm_s16le",
    "flac": "flac",
    "mp3": "libmp3lame",
    "ogg": "libopus",
    "webm": "libopus",
    "m4a": "aac",
}


def write(pcm: Pcm, path: Path, *, rate_hz: int = SAMPLE_RATE_HZ, channels: int = 1) -> Path:
    """Writes `pcm` with ffmpeg in the container of the suffix, at another rate or in stereo."""
    raw = ["-f", "s16le", "-ar", str(SAMPLE_RATE_HZ), "-ac", "1", "-i", "-"]
    shape = ["-ar", str(rate_hz), "-ac", str(channels), "-c:a", CODECS[path.suffix[1:]]]
    command = ["ffmpeg", "-v", "error", "-y", *raw, *shape, str(path)]
    subprocess.run(command, input=pcm.to_bytes(), check=True)
    return path
