"""Where the sound lies in the text: pauses between the words, sentences with their seconds."""

from typing import NamedTuple

from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.transcript import Transcript
from coach.text.sentences import sentences

GAP_MIN_S = 1.0
"""Shorter pauses are part of speaking; a listener begins to notice them from about a second."""
_EDGE_S = 0.3
"""How far a word's time and the edge of the silence may lie apart."""


class Gap(NamedTuple):
    """A pause, and the character of the text it comes before."""

    at: int
    start_s: float
    end_s: float


def gaps(transcript: Transcript | None, delivery: DeliveryMetrics) -> list[Gap]:
    """The pauses of a second and more, in order; none without timed words."""
    if transcript is None or not transcript.words:
        return []
    placed = [
        (word.start_s, span[0])
        for word, span in zip(transcript.words, transcript.word_offsets(), strict=True)
        if span is not None
    ]
    found = []
    for pause in delivery.pauses:
        if pause.end_s - pause.start_s < GAP_MIN_S:
            continue
        at = next((place for start_s, place in placed if start_s >= pause.end_s - _EDGE_S), None)
        if at is not None:
            found.append(Gap(at, pause.start_s, pause.end_s))
    return found


def timed_sentences(transcript: Transcript | None) -> list[tuple[int, int, float, float]]:
    """Every sentence that has timed words: characters `[start, end)`, seconds from and to."""
    if transcript is None or not transcript.words:
        return []
    out = []
    for span in sentences(transcript.text):
        when = transcript.seconds_of(span.start, span.end)
        if when is not None:
            out.append((span.start, span.end, *when))
    return out
