"""Cuts sound into utterances for the offline recogniser: at pauses, never longer than it handles well."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from coach.audio.edges import levels_dbfs
from coach.audio.pcm import BYTES_PER_SAMPLE, BYTES_PER_SECOND, SAMPLE_RATE_HZ, Pcm
from coach.audio.vad import VoiceActivity, speech_segments

PAUSE_S = 0.5
PAD_S = 0.2
MAX_UTTERANCE_S = 20.0
CUT_SEARCH_S = 4.0
EAGER_S = 6.0
MAX_LIVE_UTTERANCE_S = 10.0
LIVE_CUT_SEARCH_S = 3.0
SHORT_PAUSE_S = 0.19
FRAMES_PER_S = 100


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch of speech: its start on the attempt's clock and its sound (16 kHz mono Int16)."""

    start_s: float
    pcm16: bytes

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.pcm16) / BYTES_PER_SECOND


def utterances(pcm: Pcm) -> Iterator[Utterance]:
    """The utterances of a whole recording, in order."""
    groups: list[tuple[float, float]] = []
    for start, end in speech_segments(pcm.samples):
        if groups and start - groups[-1][1] < PAUSE_S:
            groups[-1] = (groups[-1][0], end)
        else:
            groups.append((start, end))
    for start, end in groups:
        for a, b in _cut(pcm, start, end):
            first = max(0.0, a - (PAD_S if a == start else 0.0))
            yield Utterance(first, pcm.slice(first, b + (PAD_S if b == end else 0.0)).to_bytes())


def _cut(pcm: Pcm, start: float, end: float) -> Iterator[tuple[float, float]]:
    """Cuts `[start, end)` into pieces of at most 20 s, each at its quietest moment near the limit."""
    while end - start > MAX_UTTERANCE_S:
        cut = _quietest(pcm, start + MAX_UTTERANCE_S - CUT_SEARCH_S, start + MAX_UTTERANCE_S)
        yield start, cut
        start = cut
    yield start, end


def _quietest(pcm: Pcm, start: float, end: float) -> float:
    """The middle of the quietest 0.1 s in `[start, end)`, seconds."""
    levels = levels_dbfs(pcm.slice(start, end).samples)
    smooth = np.convolve(levels, np.ones(10) / 10, mode="same")
    return start + float(np.argmin(smooth[5:-5]) + 5) / FRAMES_PER_S


class UtteranceCutter:
    """The live form: frames in, finished utterances out as soon as the speaker pauses.

    After 6 s a short pause is enough, so that little is left to recognise at Finish.
    """

    def __init__(self) -> None:
        self._activity = VoiceActivity()
        self._buffer = bytearray()
        self._buffer_start = 0
        self._spoken = False
        self._silence_s = 0.0

    def push(self, pcm16: bytes) -> Utterance | None:
        """Takes a frame; an utterance when one has just ended."""
        self._buffer += pcm16
        before = self._activity.seconds
        speaking = self._activity.push(pcm16)
        if speaking is None:
            return None
        self._silence_s = 0.0 if speaking else self._silence_s + self._activity.seconds - before
        self._spoken = self._spoken or speaking
        if not self._spoken:
            self._forget_silence()
            return None
        length_s = len(self._buffer) / BYTES_PER_SECOND
        pause_s = PAUSE_S if length_s < EAGER_S else SHORT_PAUSE_S
        if self._silence_s >= pause_s:
            return self.flush()
        return self._cut_in_speech() if length_s >= MAX_LIVE_UTTERANCE_S else None

    def flush(self) -> Utterance | None:
        """What has been spoken since the last utterance, if anything."""
        spoken, data = self._spoken, bytes(self._buffer)
        start = self._buffer_start / SAMPLE_RATE_HZ
        self._buffer_start += len(data) // BYTES_PER_SAMPLE
        self._buffer.clear()
        self._spoken, self._silence_s = False, 0.0
        return Utterance(start, data) if spoken else None

    def _cut_in_speech(self) -> Utterance:
        """Without a pause: what lies before the quietest moment of the last seconds; the rest goes on."""
        pcm = Pcm.from_bytes(bytes(self._buffer))
        cut_s = _quietest(pcm, pcm.duration_s - LIVE_CUT_SEARCH_S, pcm.duration_s)
        size = int(cut_s * SAMPLE_RATE_HZ) * BYTES_PER_SAMPLE
        done = Utterance(self._buffer_start / SAMPLE_RATE_HZ, bytes(self._buffer[:size]))
        del self._buffer[:size]
        self._buffer_start += size // BYTES_PER_SAMPLE
        return done

    def _forget_silence(self) -> None:
        """Keeps only the last moments of silence, so that the first sound of the next word is whole."""
        surplus = len(self._buffer) // BYTES_PER_SAMPLE - int(2 * PAD_S * SAMPLE_RATE_HZ)
        if surplus > 0:
            del self._buffer[: surplus * BYTES_PER_SAMPLE]
            self._buffer_start += surplus
