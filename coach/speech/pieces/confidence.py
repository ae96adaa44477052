"""How sure a transcript is of itself: when the person should look it over, and which words are doubtful."""

from collections.abc import Sequence

from coach.contracts.transcript import Transcript, Word

REVIEW_BELOW = 0.78
"""Mean word confidence (Whisper base) that tells a word error rate above 0.2 from one below: `docs/speech.md`."""
DOUBTFUL_BELOW = 0.5
FEWEST_WORDS = 5
"""With fewer words a mean says little: such an answer is not held back for its confidence."""


def mean_confidence(words: Sequence[Word]) -> float | None:
    """Mean word confidence 0-1, hesitations left out; None where the transcriber gives none or there are few words."""
    known = [w.confidence for w in words if w.confidence is not None and not w.is_filler]
    return sum(known) / len(known) if len(known) >= FEWEST_WORDS else None


def is_doubtful(transcript: Transcript, review_below: float | None) -> bool:
    """Whether so much was probably misheard that scoring it would judge noise."""
    mean = mean_confidence(transcript.words)
    return review_below is not None and mean is not None and mean < review_below


def doubtful_spans(transcript: Transcript) -> list[tuple[int, int]]:
    """Character spans of the words that were probably misheard."""
    placed = zip(transcript.words, transcript.word_offsets(), strict=True)
    return [at for word, at in placed if at and word.confidence is not None and word.confidence < DOUBTFUL_BELOW]
