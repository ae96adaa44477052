"""Finds what must be noticed in an answer, before anybody praises, quotes, asks or saves.

Works on sentences, so that what is found can be left out whole; in speech without punctuation the stretch between two
connectives stands for the sentence. Offsets are code points of the text as given, end exclusive.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from coach.brain.care.languages import other_language
from coach.brain.care.lexicon import SPOKEN_KINDS, non_answers, nothing_said, rules
from coach.brain.care.model import model_kinds
from coach.brain.reading.clauses import read_clauses
from coach.brain.reading.text import fold, read_answer, sentence_spans
from coach.brain.reading.verdicts import verdict

Span = tuple[int, int]
MAX_CHARS = 60_000
_NEARBY = 60
"""An exception counts when it stands within so many characters of the hit, in the same sentence."""
_LONG_SENTENCE = 260
"""Characters from which a sentence is taken for speech without punctuation."""
_CONNECTIVE = re.compile(r"(?:,\s*|\s+)(?:and|so|but|then|because|anyway)\s+|;\s*", re.IGNORECASE)
_REST_WORDS = 4
_NON_ANSWER_WORDS = 45


@dataclass(frozen=True)
class CareReading:
    """What was found: passages by kind (`crisis`, `threat`, `misconduct`, `profanity`, `protected`), the language when
    it is not English, and whether nothing was answered.
    """

    text: str
    passages: dict[str, tuple[Span, ...]]
    language: str = ""
    no_answer: bool = False

    @property
    def kind(self) -> str:
        """The gravest kind, "" when there is nothing to say."""
        for kind in ("crisis", "threat"):
            if kind in self.passages:
                return kind
        if self.language:
            return "other_language"
        if self.no_answer:
            return "not_an_answer"
        return next((kind for kind in SPOKEN_KINDS if kind in self.passages), "")


def read_care(text: str) -> CareReading:
    """Reads one answer; pure, linear in its length."""
    text = text[:MAX_CHARS]
    found: dict[str, list[Span]] = {}
    known = cache(kinds_in)  # what is said again and again is read once, and forgotten with this call
    for start, end in stretches(text):
        for kind in known(text[start:end]):
            found.setdefault(kind, []).append((start, end))
    return CareReading(
        text, {kind: tuple(spans) for kind, spans in found.items()}, other_language(text), is_no_answer(text)
    )


def stretches(text: str) -> Iterator[Span]:
    """Sentences; a very long one is cut at its connectives into pieces of at most some 200 characters."""
    for start, end in sentence_spans(text):
        if end - start <= _LONG_SENTENCE:
            yield start, end
            continue
        begin = start
        for match in _CONNECTIVE.finditer(text, start, end):
            if match.start() - begin >= _LONG_SENTENCE // 4:
                yield begin, match.start()
                begin = match.end()
        yield from ((at, min(at + _LONG_SENTENCE, end)) for at in range(begin, end, _LONG_SENTENCE))


def kinds_in(sentence: str) -> list[str]:
    """The kinds one sentence speaks for by rules or by the model, the gravest first."""
    folded = fold(sentence)
    learnt = {kind for kind in model_kinds(folded) if not any(u.search(folded) for u in rules(kind).unless)}
    ruled = set(ruled_kinds(folded))
    return [kind for kind in SPOKEN_KINDS if kind in learnt | ruled]


def ruled_kinds(folded: str) -> list[str]:
    """The kinds that rules alone find in one folded sentence, the gravest first."""
    return [kind for kind in SPOKEN_KINDS if next(_hits(folded, kind), None) or _framed(folded, kind)]


def _framed(folded: str, kind: str) -> bool:
    """True when a frame of the kind fits and nothing in the sentence silences the kind."""
    chosen = rules(kind)
    return any(f.fits(folded) for f in chosen.frames) and not any(u.search(folded) for u in chosen.unless)


def _hits(folded: str, kind: str) -> Iterator[Span]:
    chosen = rules(kind)
    silenced: list[Span] | None = None
    for pattern in chosen.patterns:
        for match in pattern.finditer(folded):
            if silenced is None:
                silenced = [m.span() for unless in chosen.unless for m in unless.finditer(folded)]
            if not any(a < match.end() + _NEARBY and match.start() - _NEARBY < b for a, b in silenced):
                yield match.span()


def is_no_answer(text: str) -> bool:
    """True when all that was said hesitates, or asks for the question, a moment, the next one, or who hears."""
    if not text.strip() or len(text.split()) > _NON_ANSWER_WORDS:
        return False
    if nothing_said().match(fold(text)):
        return True
    rest, matched = 0, False
    for start, end in sentence_spans(text):
        sentence = fold(text[start:end]).strip(" ,.!?")
        if any(pattern.match(sentence) for pattern in non_answers()):
            matched = True
        else:
            rest += len(sentence.split())
    return (matched and rest <= _REST_WORDS) or _verdict_says_so(text)


def _verdict_says_so(text: str) -> bool:
    """What the reading itself is certain of: the question asked back, or a refusal."""
    answer = read_answer(text)
    return verdict(answer, read_clauses(answer)) in ("repeat", "refusal")
