"""How sure a transcript is of itself: when the person should look it over, and which words are doubtful."""

from collections.abc import Sequence
from statistics import median

from coach.contracts.transcript import Transcript, Word

REVIEW_BELOW = 0.9
"""Median word confidence (Whisper base) that tells a word error rate above 0.2 from one below: `docs/speech.md`. The
median, because a last word cut off by *Finish*, or a short last piece, makes few words unsure and nothing wrong."""
DOUBTFUL_BELOW = 0.5
FEWEST_WORDS = 8
"""With fewer words a median says little: such an answer is not held back for its confidence."""


def mean_confidence(words: Sequence[Word]) -> float | None:
    """Mean word confidence 0-1, hesitations left out; None where none is given or words are few."""
    known = _known(words)
    return sum(known) / len(known) if known else None


def usual_confidence(words: Sequence[Word]) -> float | None:
    """Median word confidence 0-1, hesitations left out; None where none is given or words are few."""
    known = _known(words)
    return median(known) if known else None


def _known(words: Sequence[Word]) -> list[float]:
    known = [w.confidence for w in words if w.confidence is not None and not w.is_filler]
    return known if len(known) >= FEWEST_WORDS else []


def is_doubtful(transcript: Transcript, review_below: float | None) -> bool:
    """Whether so much was probably misheard that scoring it would judge noise."""
    usual = usual_confidence(transcript.words)
    return review_below is not None and usual is not None and usual < review_below


def doubtful_spans(transcript: Transcript) -> list[tuple[int, int]]:
    """Character spans of the words that were probably misheard."""
    placed = zip(transcript.words, transcript.word_offsets(), strict=True)
    return [at for word, at in placed if at and word.confidence is not None and word.confidence < DOUBTFUL_BELOW]
