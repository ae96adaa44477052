"""Stretches of time or of samples: joined where they touch."""

from collections.abc import Iterable
from typing import TypeVar

Position = TypeVar("Position", int, float)
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
