"""From a connection's clock to the attempt's clock.

A transcriber counts from the first audio of its connection. A connection carries several answers, starts over, may miss
dropped frames and hears replayed audio, so its clock maps piece by piece onto the clock of an attempt.
Positions are samples at 16 kHz; results are seconds.
"""

from bisect import bisect_right
from dataclasses import dataclass

from coach.audio.pcm import SAMPLE_RATE_HZ
from coach.audio.spans import joined
from coach.speech.streaming.word_merge import TimedWord

Span = tuple[float, float]
NOBODY = 0


@dataclass(slots=True)
class _Piece:
    at: int
    generation: int
    position: int
    length: int


class SentTimeline:
    """What was sent over one connection, in order: whose audio (generation), and from where in the attempt."""

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []
        self.sent = 0

    def add(self, generation: int, position: int, length: int) -> None:
        """Notes `length` samples sent, beginning at sample `position` of the attempt `generation`."""
        last = self._pieces[-1] if self._pieces else None
        if last and last.generation == generation and last.position + last.length == position:
            last.length += length
        else:
            self._pieces.append(_Piece(self.sent, generation, position, length))
        self.sent += length

    def forget_before(self, generation: int) -> None:
        """Drops pieces of answers that are over; the latest stays as a landmark for late results."""
        old = [p for p in self._pieces if p.generation != generation][-1:]
        self._pieces = old + [p for p in self._pieces if p.generation == generation]

    @property
    def sent_s(self) -> float:
        """Seconds of audio sent so far."""
        return self.sent / SAMPLE_RATE_HZ

    def owner(self, at_s: float) -> int:
        """The generation that the connection's second `at_s` belongs to."""
        piece = self._piece(at_s)
        return piece.generation if piece else NOBODY

    def place(self, word: TimedWord, generation: int) -> TimedWord | None:
        """The word on the attempt's clock; None when its middle lies in another answer's audio."""
        piece = self._piece((word.start_s + word.end_s) / 2)
        if piece is None or piece.generation != generation:
            return None
        shift = (piece.position - piece.at) / SAMPLE_RATE_HZ
        start = max(piece.position / SAMPLE_RATE_HZ, word.start_s + shift)
        return word._replace(start_s=start, end_s=max(start, word.end_s + shift))

    def moment(self, at_s: float, generation: int) -> float:
        """The connection's second `at_s` on the attempt's clock, clipped to the audio of that attempt."""
        spans = self.spans(generation, at_s)
        return spans[-1][1] if spans else 0.0

    def spans(self, generation: int, until_s: float, since_s: float = 0.0) -> list[Span]:
        """Stretches of the attempt sent between the connection's seconds `since_s` and `until_s`."""
        since, until = round(since_s * SAMPLE_RATE_HZ), round(until_s * SAMPLE_RATE_HZ)
        spans = []
        for piece in self._pieces:
            first, last = max(0, since - piece.at), min(piece.length, until - piece.at)
            if piece.generation == generation and last > first:
                spans.append(((piece.position + first) / SAMPLE_RATE_HZ, (piece.position + last) / SAMPLE_RATE_HZ))
        return spans

    def _piece(self, at_s: float) -> _Piece | None:
        at = bisect_right(self._pieces, at_s * SAMPLE_RATE_HZ, key=lambda p: p.at) - 1
        return self._pieces[max(0, at)] if self._pieces else None


def holes(spans: list[Span], end_s: float, least_s: float) -> list[Span]:
    """Stretches of `[0, end_s]` of at least `least_s` that no span covers."""
    found, at = [], 0.0
    for start, end in [*joined(spans), (end_s, end_s)]:
        if min(start, end_s) - at >= least_s:
            found.append((at, min(start, end_s)))
        at = max(at, end)
    return found
