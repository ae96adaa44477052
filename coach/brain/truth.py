"""Truth guard: what a rewrite states that neither transcript nor resume does."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """An invented span: offsets are code points into the checked text, end exclusive."""

    start: int
    end: int
    text: str
    kind: str


class TruthGuard:
    """Knows what the sources state and finds what a text states beyond them."""

    def __init__(self, sources: Sequence[str]) -> None:
        self.sources = tuple(sources)

    def violations(self, text: str) -> list[Violation]:
        """Invented spans of `text`, in order, without overlap."""
        return []

    def redact(self, text: str) -> tuple[str, list[Violation]]:
        """`text` with every invention replaced by a placeholder, and what was replaced."""
        found = self.violations(text)
        return text, found
