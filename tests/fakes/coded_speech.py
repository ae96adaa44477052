"""Speech a stand-in can really recognise: each word is a square wave whose height is the word's number.

What a server hears of it depends only on the audio that reached it: frames that are missing are words that are missing,
and a word cut in two is heard as mumbling. So "no word was lost" can be checked against the audio itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
BLOCK = 160
BASE = 1_000
STEP = 4
HEARD_SHARE = 0.6
MUMBLE = "mumble"
STORY = (
    "we had a failing release in march so i gathered the team and split the work then i wrote the migration myself "
    "tested it twice and shipped on friday which cut errors by forty percent"
)
VOCABULARY = STORY.split()
FILLERS = ("um", "uh")


@dataclass(frozen=True)
class SpokenWord:
    number: int
    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Speech:
    """Samples and what is said in them."""

    samples: NDArray[np.int16]
    words: list[SpokenWord]

    @property
    def texts(self) -> list[str]:
        return [w.text for w in self.words]

    @property
    def duration_s(self) -> float:
        return len(self.samples) / RATE_HZ

    def frames(self, frame_ms: int = 20) -> list[bytes]:
        data, size = self.samples.astype("<i2").tobytes(), RATE_HZ * 2 * frame_ms // 1000
        return [data[i : i + size] for i in range(0, len(data), size)]


def speak(
    texts: Sequence[str],
    *,
    first_number: int = 1,
    word_s: float = 0.24,
    gap_s: float = 0.08,
    lead_s: float = 0.4,
    tail_s: float = 0.4,
    pauses: dict[int, float] | None = None,
) -> Speech:
    """Speaks the words evenly; `pauses[i]` seconds of silence come before word `i`."""
    parts, words, at = [np.zeros(int(lead_s * RATE_HZ), np.int16)], [], lead_s
    for i, text in enumerate(texts):
        silence = gap_s + (pauses or {}).get(i, 0.0)
        at += silence
        parts += [np.zeros(round(silence * RATE_HZ), np.int16), tone(first_number + i, word_s)]
        words.append(SpokenWord(first_number + i, text, round(at, 3), round(at + word_s, 3)))
        at += word_s
    parts.append(np.zeros(int(tail_s * RATE_HZ), np.int16))
    return Speech(np.concatenate(parts), words)


def answer(count: int, *, first_number: int = 1, fillers: bool = False, **timing: object) -> Speech:
    """`count` words of a made-up answer; with `fillers` every seventh word is an um or uh."""
    texts = [VOCABULARY[i % len(VOCABULARY)] for i in range(count)]
    if fillers:
        texts = [FILLERS[i % 2] if i % 7 == 6 else t for i, t in enumerate(texts)]
    return speak(texts, first_number=first_number, **timing)  # type: ignore[arg-type]


def tone(number: int, seconds: float) -> NDArray[np.int16]:
    height = BASE + STEP * number
    wave = np.full(round(seconds * RATE_HZ), height, np.int16)
    wave[1::2] = -height
    return wave


def speech_s(pcm: bytes) -> float:
    """Voice activity for coded speech: seconds that are not silent."""
    samples = np.frombuffer(pcm, "<i2")
    blocks = samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK)
    return float(np.count_nonzero(np.abs(blocks).max(axis=1)) * BLOCK / RATE_HZ) if len(blocks) else 0.0


class CodedRecogniser:
    """Recognises coded speech incrementally; times are seconds of the audio it was fed."""

    def __init__(self, speech: Speech) -> None:
        self._texts = {w.number: (w.text, w.end_s - w.start_s) for w in speech.words}
        self._rest = b""
        self._runs: list[list[int]] = []
        self._blocks = 0

    @property
    def seconds(self) -> float:
        return self._blocks * BLOCK / RATE_HZ

    @property
    def silent_s(self) -> float:
        """Silence at the end of what was heard."""
        return self.seconds - (self._runs[-1][2] * BLOCK / RATE_HZ if self._runs else 0.0)

    def feed(self, pcm: bytes) -> None:
        data = self._rest + pcm
        whole = len(data) // (BLOCK * 2)
        self._rest = data[whole * BLOCK * 2 :]
        for block in np.abs(np.frombuffer(data, "<i2", count=whole * BLOCK).reshape(-1, BLOCK)):
            height = int(np.median(block))
            number = (height - BASE) // STEP if height > BASE else 0
            if number and self._runs and self._runs[-1][0] == number and self._runs[-1][2] == self._blocks:
                self._runs[-1][2] += 1
            elif number:
                self._runs.append([number, self._blocks, self._blocks + 1])
            self._blocks += 1

    def words(self, since_s: float, *, finished_only: bool) -> list[SpokenWord]:
        """Words beginning at or after `since_s`; an unfinished last one only if asked for."""
        found = []
        for number, first, last in reversed(self._runs):
            start, end = first * BLOCK / RATE_HZ, last * BLOCK / RATE_HZ
            if start < since_s - 1e-6:
                break
            text, length = self._texts.get(number, (MUMBLE, end - start))
            if finished_only and last == self._blocks and end - start < length - 1e-6:
                continue
            found.append(SpokenWord(number, text if end - start >= HEARD_SHARE * length else MUMBLE, start, end))
        return found[::-1]
