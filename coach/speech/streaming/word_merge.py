"""Interim and final results of a live stream, merged into one word list: no duplicates, no holes, in time order.

Pure: no clock, no I/O. Everything here is on the attempt's clock (seconds since its first frame).
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from coach.contracts.transcript import Transcript, TranscriptSource, Word

HESITATIONS = frozenset({"uh", "um", "uhm", "erm", "er", "mhmm", "mm-mm", "uh-uh", "uh-huh", "nuh-uh", "mm", "hmm"})
_EDGES = " \t.,;:!?\"'()[]…"
_MIN_WORD_S = 0.02


class TimedWord(NamedTuple):
    """One word as the transcriber timed it; `shown` carries case and punctuation. A tuple, to stay small in memory."""

    start_s: float
    end_s: float
    word: str
    shown: str
    confidence: float | None = None

    def to_word(self) -> Word:
        """The contract's form; `word` is found inside the punctuated text."""
        core = self.shown.strip(_EDGES)
        word = self.word if self.word.lower() in self.shown.lower() else core or self.word
        return Word(
            word=word,
            start_s=round(self.start_s, 3),
            end_s=round(max(self.start_s, self.end_s), 3),
            confidence=None if self.confidence is None else min(1.0, max(0.0, self.confidence)),
            is_filler=core.lower() in HESITATIONS,
        )


class LiveResult(NamedTuple):
    """One result of a live connection. Times are seconds since that connection's first audio."""

    start_s: float
    end_s: float
    words: tuple[TimedWord, ...]
    is_final: bool
    from_finalize: bool


class _Placed(NamedTuple):
    start_s: float
    end_s: float
    word: TimedWord
    link: int
    run: int


class WordMerge:
    """The authoritative words of one attempt.

    Final words stay. A final result with the very interval of an earlier one of the same connection replaces it; a word
    heard twice (repeated result, replayed audio) is taken once. Interim words are kept only until a final covers them.
    """

    def __init__(self) -> None:
        self._finals: list[_Placed] = []
        self._runs: dict[tuple[int, float, float], int] = {}
        self._interim: tuple[TimedWord, ...] = ()
        self._count = 0
        self.interim_until_s = 0.0

    def add_final(self, link: int, start_s: float, end_s: float, words: Sequence[TimedWord]) -> None:
        """Takes a final result of connection `link` covering `[start_s, end_s)`."""
        key = (link, round(start_s, 3), round(end_s, 3))
        if words and key in self._runs:
            self._finals = [p for p in self._finals if p.run != self._runs[key]]
        self._count += 1
        self._runs[key] = self._count
        fresh = [w for w in words if not self._heard_already(link, w)]
        for word in fresh:
            insort(self._finals, _Placed(word.start_s, word.end_s, word, link, self._count))
        self._interim = tuple(w for w in self._interim if (w.start_s + w.end_s) / 2 >= end_s)

    def set_interim(self, end_s: float, words: Sequence[TimedWord]) -> None:
        """Takes an interim result: it replaces the one before and reaches to `end_s`."""
        self._interim = tuple(words)
        self.interim_until_s = end_s

    def clear_interim(self) -> None:
        """Forgets interim words, because their connection is gone and the audio will be heard again."""
        self._interim = ()
        self.interim_until_s = 0.0

    @property
    def interim(self) -> tuple[TimedWord, ...]:
        """Words not yet covered by a final result."""
        return self._interim

    def words(self, *, with_interim: bool = False) -> list[TimedWord]:
        """All final words in time order; with the last interim words where no final came."""
        words = [p.word for p in self._finals]
        if not with_interim:
            return words
        missing = [w for w in self._interim if not self._overlapped(w)]
        return sorted(words + missing, key=lambda w: (w.start_s, w.end_s))

    def _near(self, word: TimedWord) -> Iterable[_Placed]:
        at = bisect_left(self._finals, word.start_s - 5.0, key=lambda p: p.start_s)
        for placed in self._finals[at:]:
            if placed.start_s > word.end_s + _MIN_WORD_S:
                return
            yield placed

    def _heard_already(self, link: int, word: TimedWord) -> bool:
        """Replayed audio: any word in the same place; within one connection only the same word in the same place."""
        return any(
            (p.link != link or p.word.word.lower() == word.word.lower()) and _same_place(p.word, word)
            for p in self._near(word)
        )

    def _overlapped(self, word: TimedWord) -> bool:
        return any(_same_place(p.word, word) for p in self._near(word))


def _same_place(one: TimedWord, other: TimedWord) -> bool:
    """Whether two words share more than half of the shorter one's time."""
    shared = min(one.end_s, other.end_s) - max(one.start_s, other.start_s)
    shorter = max(_MIN_WORD_S, min(one.end_s - one.start_s, other.end_s - other.start_s))
    return shared > 0.5 * shorter or (shared >= 0 and one.start_s == other.start_s and one.end_s == other.end_s)


def joined(words: Iterable[TimedWord]) -> str:
    """The text made of the words as shown."""
    return " ".join(w.shown for w in words if w.shown)


def spread(text: str, start_s: float, end_s: float) -> tuple[TimedWord, ...]:
    """Words of a text that came without times, spread evenly over its interval."""
    parts = text.split()
    step = max(0.0, end_s - start_s) / max(1, len(parts))
    return tuple(
        TimedWord(start_s + i * step, start_s + (i + 1) * step, part.strip(_EDGES).lower() or part, part)
        for i, part in enumerate(parts)
    )


def completed_by_live_words(batch: Transcript, beyond: list[TimedWord], seconds: float) -> Transcript:
    """The recording's transcript, with live words from after the recording's end, and how it came about."""
    note = f"The live stream missed {seconds:.1f} s; the transcript was made from the recording."
    if not beyond:
        return batch.model_copy(update={"notes": [*batch.notes, note]})
    return batch.model_copy(
        update={
            "text": f"{batch.text} {joined(beyond)}".strip(),
            "words": [*batch.words, *(w.to_word() for w in beyond)],
            "source": TranscriptSource.LIVE_AND_BATCH,
            "notes": [*batch.notes, note],
        }
    )
