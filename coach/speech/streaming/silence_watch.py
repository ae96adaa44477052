"""Is the transcriber deaf? Voice activity says speech, yet no words come.

A stream that is open and silent looks healthy to every other check. So stretches of sent audio without words are shown
to voice activity; speech in one of them is kept as "unheard" until a word arrives there.
All times are seconds on the attempt's clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import anyio.to_thread

from coach.audio.pcm import Pcm
from coach.audio.vad import speech_segments
from coach.speech.streaming.clock_map import Span
from coach.speech.streaming.word_merge import TimedWord


@dataclass(frozen=True, slots=True)
class HearingLimits:
    """When silence is suspicious. Live results leave out "um", so a hesitation must not count as deafness.

    Attributes:
        gap_s: a stretch without words worth a look once words go on after it.
        front_s: a stretch without words worth a look while none have come yet.
        lag_s: how far words may trail the audio.
        speech_s: speech within one stretch that cannot be a mere hesitation.
        patience_s: audio sent without any word before the connection is given up.
        reconnects: how often per answer it is; later the recording is used at Finish.
    """

    gap_s: float = 2.5
    front_s: float = 4.0
    lag_s: float = 1.5
    speech_s: float = 2.0
    patience_s: float = 8.0
    reconnects: int = 2


class SilenceWatch:
    """What of the sent audio was answered by words."""

    def __init__(self, limits: HearingLimits) -> None:
        self._limits = limits
        self._probed_until_s = 0.0
        self._doubts: list[Span] = []
        self.heard_until_s = 0.0
        self.unheard: list[Span] = []
        self.reconnects = 0

    def words(self, words: Iterable[TimedWord]) -> None:
        """Words arrived (interim ones count: the transcriber hears)."""
        for word in words:
            if word.start_s - self.heard_until_s >= self._limits.gap_s:
                self._doubts.append((max(self.heard_until_s, self._probed_until_s), word.start_s))
            self.heard_until_s = max(self.heard_until_s, word.end_s)
            if self.unheard or self._doubts:
                self.unheard = [s for s in self.unheard if not _touches(s, word)]
                self._doubts = [s for s in self._doubts if not _touches(s, word)]

    def due(self, sent_until_s: float) -> Span | None:
        """The next stretch to show to voice activity, if any; each is handed out once."""
        while self._doubts:
            span = self._doubts.pop(0)
            if span[1] - span[0] >= self._limits.speech_s:
                return span
        front = (max(self.heard_until_s, self._probed_until_s), sent_until_s - self._limits.lag_s)
        return self._hand_out(front, self._limits.front_s)

    def due_at_end(self, end_s: float) -> list[Span]:
        """What is still unproven when the answer ends at `end_s`."""
        tail = self._hand_out((max(self.heard_until_s, self._probed_until_s), end_s), self._limits.gap_s)
        spans = [*self._doubts, *([tail] if tail else [])]
        self._doubts = []
        return [s for s in spans if s[1] - s[0] >= self._limits.speech_s]

    def judged(self, span: Span, speech_s: float) -> None:
        """Voice activity found `speech_s` seconds of speech in `span`."""
        if speech_s >= self._limits.speech_s:
            self.unheard.append(span)

    def is_deaf(self, link_audio_s: float) -> bool:
        """Whether the connection, which was sent `link_audio_s` seconds of this answer, should be given up."""
        patience = self._limits.patience_s * 2**self.reconnects
        ahead = any(start >= self.heard_until_s - 1e-6 for start, _ in self.unheard)
        return ahead and link_audio_s >= patience and self.reconnects < self._limits.reconnects

    def give_up(self) -> None:
        """The connection is given up; what it left unheard will be sent again."""
        self.reconnects += 1
        self._probed_until_s = self.heard_until_s

    def _hand_out(self, span: Span, least_s: float) -> Span | None:
        if span[1] - span[0] < least_s:
            return None
        self._probed_until_s = span[1]
        return span


async def silero_speech_s(pcm: bytes) -> float:
    """Seconds of speech in Int16 mono 16 kHz audio, by voice activity, off the event loop."""
    segments = await anyio.to_thread.run_sync(speech_segments, Pcm.from_bytes(pcm).samples)
    return sum(end - start for start, end in segments)


def _touches(span: Span, word: TimedWord) -> bool:
    return word.start_s < span[1] and word.end_s > span[0]
