"""Fillers in context: which "like", "so" or "right" could be left out, and which carries meaning.

"um", "uh", "er", "erm", "hmm" always count. Ambiguous words are judged by the rules in `coach.text.filler_rules`, one
function per expression. Evidence spreads between neighbours ("right so um": the "um" makes "so" a filler, which makes
"right" one), so the rules run until nothing new is found; they only ever add, hence this ends.
"""

from dataclasses import dataclass

from coach.text.filler_rules import RULES, match_at
from coach.text.filler_view import Run, View
from coach.text.tokens import tokenise


@dataclass(frozen=True, slots=True)
class FillerSpan:
    """One filler expression: code point offsets `[start, end)` and its text as written."""

    start: int
    end: int
    text: str


def find_fillers(text: str) -> list[FillerSpan]:
    """All fillers of `text` in order, one span per expression ("you know" is one), never overlapping."""
    view = View(tokenise(text), text)
    left = _candidates(view)
    found = True
    while found:
        still = [run for run in left if not _settled(view, run)]
        found = len(still) < len(left)
        left = still[::-1]  # the other way round, so that a chain of neighbours takes two rounds and not its length
    spans = sorted((view.tokens[r.first].start, view.tokens[r.last].end) for r in view.fillers)
    return [FillerSpan(start, end, text[start:end]) for start, end in spans]


def _settled(view: View, run: Run) -> bool:
    """Marks the run when its rule holds by now."""
    holds = RULES[run.expression](view, run)
    if holds:
        view.mark(run)
    return holds


def count_by_expression(spans: list[FillerSpan]) -> dict[str, int]:
    """Filler expression in lower case, white space folded -> how often, most frequent first."""
    counts: dict[str, int] = {}
    for span in spans:
        key = " ".join(span.text.lower().split())
        counts[key] = counts.get(key, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _candidates(view: View) -> list[Run]:
    runs: list[Run] = []
    at = 0
    while at < len(view.tokens):
        run = match_at(view, at)
        if run:
            runs.append(run)
        at = run.last + 1 if run else at + 1
    return runs
