"""Words on the attempt's clock, from what a transcription server answers.

Servers differ in what they add to the text: word times (speaches), pieces of words with times and probabilities inside
each segment (whisper.cpp), segments alone (vLLM), nothing. The best there is counts; words without times share the time
of their segment or piece.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from coach.contracts.transcript import Word
from coach.errors import VendorProtocolError
from coach.speech.pieces.piece import Piece

_Row = tuple[str, float, float, float | None]
"""A word, its start and end in seconds from the start of the piece, and how sure it is (0 to 1) where that is known."""


def words_of(answer: Any, piece: Piece) -> list[Word]:
    """Words on the attempt's clock, punctuated as the text is.

    Raises:
        VendorProtocolError: an answer without text.
    """
    try:
        text = str(answer.text)
        inside = getattr(answer, "segments", None) or ()
        segments = [(str(s.text), float(s.start), float(s.end), _sure(s)) for s in inside]
        timed = [_row(w) for w in getattr(answer, "words", None) or ()] or _joined(inside)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise VendorProtocolError("The transcription server answered without a transcript.") from error
    spoken = text.split()
    if timed:
        said = spoken if len(timed) == len(spoken) else [word.strip() for word, *_ in timed]
        rows = [
            (word, start, end, _at(segments, start) if sure is None else sure)
            for word, (_, start, end, sure) in zip(said, timed, strict=True)
        ]
    else:
        whole = (text, 0.0, piece.end_s - piece.start_s, None)
        rows = [row for segment in segments or [whole] for row in _spread(*segment)]
    return [_word(piece, *row) for row in rows if row[0]]


def _joined(segments: Iterable[Any]) -> list[_Row]:
    """Pieces of words inside segments, joined where one does not begin with a blank; none where times are missing.

    A word is as sure as its least sure piece.
    """
    rows: list[_Row] = []
    for part in (part for segment in segments for part in getattr(segment, "words", None) or ()):
        if "start" not in part or "end" not in part or float(part["end"]) < 0:
            return []
        word, start, end, sure = str(part["word"]), float(part["start"]), float(part["end"]), part.get("probability")
        if rows and word and not word[0].isspace():
            known, start, _, earlier = rows.pop()
            word, sure = known + word, min((each for each in (earlier, sure) if each is not None), default=None)
        rows.append((word, start, end, sure))
    return rows


def _row(word: Any) -> _Row:
    return str(word.word), float(word.start), float(word.end), getattr(word, "probability", None)


def _word(piece: Piece, word: str, start_s: float, end_s: float, sure: float | None) -> Word:
    start = min(piece.start_s + max(0.0, start_s), piece.end_s)
    end = min(max(piece.start_s + end_s, start), piece.end_s)
    confidence = None if sure is None else min(1.0, max(0.0, float(sure)))
    return Word(word=word, start_s=round(start, 3), end_s=round(end, 3), confidence=confidence)


def _sure(segment: object) -> float | None:
    """Mean probability of a segment's tokens, from their mean logarithm."""
    mean = getattr(segment, "avg_logprob", None)
    return None if mean is None else math.exp(min(0.0, float(mean)))


def _at(segments: Sequence[_Row], moment_s: float) -> float | None:
    return next((sure for _, start, end, sure in segments if start <= moment_s <= end), None)


def _spread(text: str, start: float, end: float, sure: float | None) -> list[_Row]:
    """Words of a segment, each as long as its letters."""
    words = text.split()
    letters = sum(len(w) + 1 for w in words) or 1
    rows: list[_Row] = []
    at = start
    for word in words:
        width = (end - start) * (len(word) + 1) / letters
        rows.append((word, at, at + width, sure))
        at += width
    return rows
