"""Puts what was said twice back into the text of the plain pass, which smooths it away ("if, if you": "if you").

The second pass keeps it. A stretch of one to three words that it has two or three times in a row, and the plain text
once at that place, is repeated there. At least one word beside it must be shared, so that the place is known. Oftener
in a row is the second pass going round in a circle. Measured: `docs/speech.md`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coach.contracts.transcript import Word
from coach.speech.pieces.hesitations import SPELLINGS, folded, shared_words
from coach.text.repetitions import is_stumble

LONGEST = 3
MOST_TIMES = 3


@dataclass(frozen=True, slots=True)
class _Run:
    """Words `[first, first + length * times)` of the second pass: one stretch, some times."""

    first: int
    length: int
    times: int


def with_repetitions(plain: Sequence[Word], second: Sequence[Word]) -> list[Word]:
    """The plain words with what the second pass heard again behind them, times in order."""
    others = [w for w in second if folded(w.word) not in SPELLINGS]
    shared = shared_words(plain, others)
    again: dict[int, list[Word]] = {}
    for run in _runs([folded(w.word) for w in others]):
        at = _place(run, shared)
        if at is not None and not _there_already(plain, at, run.length):
            again[at] = others[run.first + run.length : run.first + run.length * run.times]
    merged: list[Word] = []
    for at, word in enumerate(plain):
        merged += [word, *_timed(again.get(at, ()), word.end_s, plain[at + 1].start_s if at + 1 < len(plain) else None)]
    return merged


def _runs(words: Sequence[str]) -> list[_Run]:
    found, at = [], 0
    while at < len(words):
        run = next((r for n in range(LONGEST, 0, -1) if (r := _run(words, at, n)).times > 1), None)
        if run and run.times <= MOST_TIMES and is_stumble(words[at : at + run.length]):
            found.append(run)
        at += run.length * run.times if run else 1
    return found


def _run(words: Sequence[str], at: int, length: int) -> _Run:
    times = 1
    while words[at : at + length] == words[at + times * length : at + (times + 1) * length]:
        times += 1
    return _Run(at, length, times)


def _place(run: _Run, shared: Mapping[int, int]) -> int | None:
    """The plain word behind which the stretch is said again; None where it is there already, or its place unsure."""
    inside = range(run.first, run.first + run.length * run.times)
    known = {b: shared[b] for b in inside if b in shared}
    whole = [known.get(b) for b in inside if b in known]
    if len(known) != run.length or whole != list(range(min(known.values()), min(known.values()) + run.length)):
        return None
    before, after = shared.get(inside.start - 1), shared.get(inside.stop)
    last = max(known.values())
    return last if before == last - run.length or after == last + 1 else None


def _there_already(plain: Sequence[Word], last: int, length: int) -> bool:
    """Whether the stretch that ends with the `last` plain word stands right before or behind it, too."""
    words = [folded(w.word) for w in plain]
    begin, end = last + 1 - length, last + 1
    said = words[begin:end]
    return said in (words[max(0, begin - length) : begin], words[end : end + length])


def _timed(words: Sequence[Word], begin_s: float, end_s: float | None) -> list[Word]:
    """The words, one after the other between their neighbours."""
    each = max(0.0, (end_s if end_s is not None else begin_s) - begin_s) / max(1, len(words))
    return [
        word.model_copy(update={"start_s": begin_s + n * each, "end_s": begin_s + (n + 1) * each})
        for n, word in enumerate(words)
    ]
