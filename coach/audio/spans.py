"""Stretches of time or of samples: joined where they touch."""

from collections.abc import Iterable
from typing import TypeVar

Position = TypeVar("Position", int, float)
Span = tuple[int, int]
TOUCHING = 1e-9
"""Ends and starts this near are one point: seconds that were added up in another order."""


def joined(spans: Iterable[tuple[Position, Position]], gap: float = 0.0) -> list[tuple[Position, Position]]:
    """Spans `(start, end)` sorted, overlapping and touching ones made one; gaps up to `gap` are bridged."""
    merged: list[tuple[Position, Position]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1] + gap + TOUCHING:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


class Spans:
    """Sample ranges that are there: sorted, apart from each other."""

    def __init__(self, *spans: Span) -> None:
        self._spans: list[Span] = list(spans)

    def missing(self, start: int, end: int) -> list[Span]:
        """The parts of `[start, end)` that are not there."""
        out = []
        for first, last in self._spans:
            if first >= end:
                break
            if last <= start:
                continue
            if first > start:
                out.append((start, first))
            start = last
        return [*out, (start, end)] if start < end else out

    def add(self, start: int, end: int) -> None:
        """Notes `[start, end)`."""
        if start >= end:
            return
        if self._spans and self._spans[-1][0] <= start <= self._spans[-1][1]:
            self._spans[-1] = (self._spans[-1][0], max(end, self._spans[-1][1]))
            return
        self._spans = joined([*self._spans, (start, end)])

    def reach(self, start: int) -> int:
        """Where the unbroken part that holds `start` ends; `start` when it is not there."""
        return next((last for first, last in self._spans if first <= start < last), start)

    def next_after(self, start: int) -> int | None:
        """Where the next part behind `start` begins."""
        return next((first for first, _ in self._spans if first > start), None)
