"""What was heard: words on the attempt's clock, the text made of them, and how it came about."""

import re
from enum import StrEnum

from pydantic import Field

from coach.contracts.base import Record


class Word(Record):
    """One spoken word. Times are seconds since the attempt's first audio frame."""

    word: str
    start_s: float = Field(ge=0)
    end_s: float = Field(ge=0)
    confidence: float | None = Field(default=None, ge=0, le=1)
    is_filler: bool = False


class TranscriptSource(StrEnum):
    """How the text came about; shown to the person."""

    LIVE = "live"
    BATCH = "batch"
    LIVE_AND_BATCH = "live+batch"
    CORRECTED = "corrected"
    TYPED = "typed"


class Transcript(Record):
    """The authoritative transcript of one attempt.

    Attributes:
        text: what the person said, punctuated where the transcriber punctuates.
        words: time-ordered words; empty for a typed answer.
        duration_s: length of the audio it covers, seconds; 0 for a typed answer.
        verbatim: True when the transcriber keeps "um" and "uh"; False means fillers are not measurable.
        fillers_about: "um" and "uh" were put in by a second pass: counted approximately, and left out of the pace.
        notes: plain sentences on how it came about ("2.1 s were recovered from the recording").
    """

    text: str
    words: list[Word] = []
    duration_s: float = Field(default=0, ge=0)
    transcriber: str
    source: TranscriptSource
    verbatim: bool = False
    fillers_about: bool = False
    language: str = "en"
    notes: list[str] = []

    @property
    def is_typed(self) -> bool:
        """Whether all of it was typed, so that no sound tells how it was said; what was heard and mended is not."""
        return self.source == TranscriptSource.TYPED and not self.duration_s

    def word_offsets(self) -> list[tuple[int, int] | None]:
        """Character span `[start, end)` in `text` of every word, in order; None for a word not found."""
        spans: list[tuple[int, int] | None] = []
        cursor = 0
        folded = self.text.lower()
        for word in self.words:
            needle = word.word.lower().strip()
            at = folded.find(needle, cursor) if needle else -1
            spans.append((at, at + len(needle)) if at >= 0 else None)
            cursor = at + len(needle) if at >= 0 else cursor
        return spans

    def seconds_of(self, start: int, end: int) -> tuple[float, float] | None:
        """Times of the characters `[start, end)`; None when no timed word overlaps them."""
        hit = [
            w
            for w, span in zip(self.words, self.word_offsets(), strict=True)
            if span and span[0] < end and span[1] > start
        ]
        return (hit[0].start_s, hit[-1].end_s) if hit else None


def normalise_space(text: str) -> str:
    """Folds every run of white space into one blank."""
    return re.sub(r"\s+", " ", text).strip()


TYPED = "typed"
"""Name of the transcriber that hears nobody: the person typed."""


def typed_transcript(text: str) -> Transcript:
    """A transcript of typed text: no times, so no delivery is measured."""
    return Transcript(
        text=normalise_space(text),
        transcriber=TYPED,
        source=TranscriptSource.TYPED,
        notes=["The answer was typed: only its content is scored."],
    )
