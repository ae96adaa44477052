"""What a filler rule may look at: the words around a candidate, with hesitations already found left out."""

from dataclasses import dataclass

from coach.text.tokens import Token

START = "<start>"
END = "<end>"
MAX_RESTART_WORDS = 4
MAX_CONTEXT_WORDS = 40
MAX_WALK = 120
"""Tokens a look to either side may pass, fillers included: nobody says more in a row, and a walk stays short."""


@dataclass(frozen=True, slots=True)
class Run:
    """A candidate: token indices `first..last` (inclusive) and which expression it is."""

    first: int
    last: int
    expression: str


class View:
    """A tokenised transcript and the fillers found so far."""

    def __init__(self, tokens: list[Token], text: str) -> None:
        self.tokens = tokens
        self.text = text
        self.fillers: list[Run] = []
        self._filler_at: dict[int, Run] = {}

    def mark(self, run: Run) -> None:
        """Takes `run` as a filler from now on."""
        self.fillers.append(run)
        for at in range(run.first, run.last + 1):
            self._filler_at[at] = run

    def is_filler(self, at: int) -> bool:
        """Token `at` belongs to a filler found so far."""
        return at in self._filler_at

    def filler_next(self, run: Run) -> bool:
        """A filler follows directly."""
        return self.is_filler(run.last + 1)

    def filler_before(self, run: Run) -> bool:
        """A filler stands directly before."""
        return self.is_filler(run.first - 1)

    def next_to_filler(self, run: Run) -> bool:
        """A filler stands directly before or after."""
        return self.filler_next(run) or self.filler_before(run)

    def starts(self, run: Run) -> bool:
        """First in its sentence, fillers before it not counted."""
        at, stop = run.first, max(0, run.first - MAX_WALK)
        while at > stop and not self.tokens[at].after_stop and self.is_filler(at - 1):
            at -= 1
        return self.tokens[at].after_stop

    def ends(self, run: Run) -> bool:
        """Last in its sentence."""
        return run.last + 1 >= len(self.tokens) or self.tokens[run.last + 1].after_stop

    def break_before(self, run: Run) -> bool:
        """Punctuation stands right before (the start of the text counts)."""
        return self.tokens[run.first].after_break

    def break_after(self, run: Run) -> bool:
        """Punctuation stands right after (the end of the text counts)."""
        return run.last + 1 >= len(self.tokens) or self.tokens[run.last + 1].after_break

    def set_off(self, run: Run) -> bool:
        """Punctuation on both sides inside a sentence: written as an insertion."""
        return self.break_before(run) and self.break_after(run) and not self.tokens[run.first].after_stop

    def before(self, run: Run, n: int = 1) -> str:
        """The n-th word before in the same sentence, fillers left out; START when there is none."""
        at, stop = run.first, max(0, run.first - MAX_WALK)
        while at > stop and n and not self.tokens[at].after_stop:
            at -= 1
            n -= 0 if self.is_filler(at) else 1
        return START if n else self.tokens[at].word

    def after(self, run: Run, n: int = 1) -> str:
        """The n-th word after in the same sentence, fillers left out; END when there is none."""
        at, stop = run.last, min(len(self.tokens), run.last + MAX_WALK)
        while n and at + 1 < stop and not self.tokens[at + 1].after_stop:
            at += 1
            n -= 0 if self.is_filler(at) else 1
        return END if n else self.tokens[at].word

    def sentence_words(self, run: Run) -> tuple[list[str], list[str]]:
        """Up to 40 words of the sentence before and after the candidate, fillers left out, in order."""
        before: list[str] = []
        at, stop = run.first, max(0, run.first - MAX_WALK)
        while at > stop and not self.tokens[at].after_stop and len(before) < MAX_CONTEXT_WORDS:
            at -= 1
            if not self.is_filler(at):
                before.append(self.tokens[at].word)
        after: list[str] = []
        at, stop = run.last + 1, min(len(self.tokens), run.last + MAX_WALK)
        while at < stop and not self.tokens[at].after_stop and len(after) < MAX_CONTEXT_WORDS:
            if not self.is_filler(at):
                after.append(self.tokens[at].word)
            at += 1
        return before[::-1], after

    def is_restart(self, run: Run) -> bool:
        """The words before are said again after it ("he was basically he was the only one")."""
        for n in range(1, MAX_RESTART_WORDS + 1):
            before = [self.before(run, k) for k in range(n, 0, -1)]
            after = [self.after(run, k) for k in range(1, n + 1)]
            if START not in before and before == after:
                return True
        return False
