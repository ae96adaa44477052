"""Finds the exact span of the answer that a point of the feedback rests on.

Three ways, in this order: words the point quotes, content words it shares with one clause of the answer, and the place
in the story its topic belongs to (a missing outcome is shown where the story ends). Nothing addressed to the evaluator
is ever evidence. Offsets are code points into the transcript as given; seconds come from the timed words.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from coach.brain.reading.clauses import read_clauses
from coach.brain.reading.star import read_star
from coach.brain.reading.text import Clause, fold, read_answer, tokens
from coach.contracts.brain import Evidence
from coach.contracts.evaluation import StarStatus
from coach.contracts.transcript import Transcript, Word
from coach.text.stems import stem

Span = tuple[int, int]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_QUOTED = re.compile(r"[\"“”«»]([^\"“”«»]{2,200})[\"“”«»]|(?<!\w)['‘]([^'‘’]{4,200})['’](?!\w)")
_ELLIPSIS = re.compile(r"\s*(?:\.{3}|…)\s*")
_MIN_QUOTE_WORDS = 2
_SHARED_STEMS = 2
_SHORT_POINT_STEMS = 4
_STOP = _words(
    """
    a about after all also am an and any are as at be because been before but by can could did do does doing
    done for from get give given go got had has have he her here him his how i if in into is it its just like
    made make me more most my no not now of off on one only or other our out over own really said say see she
    should so some such than that the their them then there these they this those through to too up us use used
    very was we well were what when where which while who why will with would yes you your i'm i've i'd it's
    that's didn't don't
    """
)
_FEEDBACK = _words(
    """
    action actionable add answer better brief bring clarity clear clearly close coach concise concrete context
    describe detail detailed end example explain feedback finish first focus generic give good great impact
    implied improve include interview interviewer item key lead lesson long measurable mention metric missing
    moment name need next note number open opening order outcome ownership part person place point present
    question quantify reason relevance relevant result role say second sentence set setting shared short show
    single situation solid spell specific specifically star start state step stay story strong structure task
    tell think time tip vague weak word work
    """
)
_TOPICS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), place)
    for pattern, place in (
        (r"\b(?:own (?:part|role|share)|ownership|\"?I\"? instead|\bwe\b|your (?:part|share|personal))", "team"),
        (r"\b(?:result|outcome|metric|number|figure|measur|quantif|impact|percent|ending|close|conclu)", "result"),
        (r"\b(?:concis|shorten|shorter|trim|tighten|rambl|filler|repeat|repetiti|long-winded|wordy)", "longest"),
        (r"\b(?:situation|context|background|setting|scene|who was|where and when)", "situation"),
        (r"\b(?:task|goal|responsib|duty|objective|target)", "task"),
        (r"\b(?:action|steps?\b|how you|what you did|decision)", "action"),
        (r"\b(?:structure|order|open|begin|start|question|relevan|prompt)", "start"),
    )
)


def content_stems(words: Iterable[str]) -> frozenset[str]:
    """Stems of the words that carry content: no function words, no vocabulary of feedback itself."""
    kept = (w for w in words if w not in _STOP and w not in _FEEDBACK and (len(w) > 2 or w.isdigit()))
    return frozenset(stem(w.removesuffix("'s")) for w in kept)


@dataclass(frozen=True)
class _Indexed:
    clause: Clause
    stems: frozenset[str]


class AnswerIndex:
    """One transcript, read once, asked many times. `story_asked`: the question asks for a story, so STAR applies."""

    def __init__(self, transcript: Transcript, *, story_asked: bool = True) -> None:
        self.text = transcript.text
        self._story_asked = story_asked
        self._transcript = transcript
        self._answer = read_answer(transcript.text)
        self.instructions: tuple[Span, ...] = self._answer.instructions
        self._clauses = [_Indexed(c, content_stems(t.text for t in c.tokens)) for c in self._answer.clauses]
        self._tokens = [t for clause in self._answer.clauses for t in tokens(clause.text, clause.start)]
        words = [_bare(t.text) for t in self._tokens]
        self._starts = []
        at = 1
        for word in words:
            self._starts.append(at)
            at += len(word) + 1
        self._joined = " " + " ".join(words) + " "

    @property
    def has_content(self) -> bool:
        """True when there is any word that is not addressed to the evaluator."""
        return bool(self._tokens)

    def without_instructions(self) -> str:
        """The transcript without what is addressed to the evaluator."""
        text, cursor = [], 0
        for start, end in self.instructions:
            text.append(self.text[cursor:start])
            cursor = end
        return " ".join(piece.strip() for piece in [*text, self.text[cursor:]] if piece.strip())

    def find(self, snippet: str) -> Span | None:
        """Where the snippet was said, ignoring case and punctuation; "a … b" spans from a to b."""
        parts = [span for piece in _ELLIPSIS.split(snippet.strip()) if (span := self._find_words(piece))]
        wanted = [piece for piece in _ELLIPSIS.split(snippet.strip()) if tokens(piece)]
        if not parts or len(parts) < len(wanted) or parts != sorted(parts):
            return None
        return parts[0][0], parts[-1][1]

    def _find_words(self, piece: str) -> Span | None:
        words = [_bare(t.text) for t in tokens(piece)]
        at = self._joined.find(" " + " ".join(words) + " ") if words else -1
        if at < 0:
            return None
        first = bisect_right(self._starts, at + 1) - 1
        return self._tokens[first].start, self._tokens[first + len(words) - 1].end

    def quoted(self, point: str) -> Span | None:
        """The first quotation of at least two words that was really said."""
        for match in _QUOTED.finditer(point):
            quote = match.group(1) or match.group(2)
            span = self.find(quote)
            if span and (len(tokens(quote)) >= _MIN_QUOTE_WORDS or any(c.isdigit() for c in quote)):
                return span
        return None

    def overlapping(self, point: str) -> Span | None:
        """The clause that shares most content words with the point; None below two (one for a very short point)."""
        stems = content_stems(t.text for t in tokens(point))
        needed = 1 if len(stems) <= _SHORT_POINT_STEMS else _SHARED_STEMS
        best = max(self._clauses, key=lambda c: len(c.stems & stems), default=None)
        if best is None or len(best.stems & stems) < needed:
            return None
        return best.clause.start, best.clause.end

    def star_evidence(self, item: str, note: str) -> Span | None:
        """What a present or weak STAR item rests on: its note's words, else what our own reading finds for it."""
        return self.quoted(note) or self.overlapping(note) or self._places.get(item)

    def point_evidence(self, point: str, *, may_be_absent: bool) -> Span | None:
        """What a strength or improvement rests on, by its words or its topic.

        `may_be_absent`: an improvement may be about something that is not there; it is shown where that belongs.
        """
        return self.quoted(point) or self.overlapping(point) or self._by_topic(point, may_be_absent)

    def _by_topic(self, point: str, may_be_absent: bool) -> Span | None:
        place = next((place for pattern, place in _TOPICS if pattern.search(point)), None)
        if place is None or not self._clauses:
            return None
        return self._places.get(place) or (self._fallback_place(place) if may_be_absent else None)

    def _fallback_place(self, place: str) -> Span:
        clauses = [indexed.clause for indexed in self._clauses]
        if place == "result":
            chosen = clauses[-1]
        elif place in ("longest", "action"):
            chosen = max(clauses, key=lambda c: c.end - c.start)
        elif place == "team":
            chosen = next((c for c in clauses if re.search(r"\b(?:we|our|us)\b", c.lower)), clauses[0])
        else:
            chosen = clauses[0]
        return chosen.start, chosen.end

    @cached_property
    def _places(self) -> dict[str, Span]:
        """Where our own reading finds each STAR item; items it finds missing are left out."""
        star = read_star(self._answer, read_clauses(self._answer), story_asked=self._story_asked)
        found = {name: reading.evidence for name, reading in star.items() if reading.status is not StarStatus.MISSING}
        return {name: (at.clause.start, at.clause.end) for name, at in found.items() if at is not None}

    def warm(self) -> None:
        """Reads STAR now instead of with the first section that needs it."""
        _ = self._places

    def cite(self, path: str, span: Span) -> Evidence:
        """The evidence record of a span, with seconds where the words are timed."""
        timed = self._timed
        first = bisect_right([end for _, end, _ in timed], span[0])
        last = bisect_left([start for start, _, _ in timed], span[1])
        words = [word for _, _, word in timed[first:last]]
        start_s, end_s = (words[0].start_s, words[-1].end_s) if words else (None, None)
        quote = self.text[span[0] : span[1]]
        return Evidence(path=path, start=span[0], end=span[1], quote=quote, start_s=start_s, end_s=end_s)

    @cached_property
    def _timed(self) -> list[tuple[int, int, Word]]:
        """The timed words with their character spans, in order."""
        spans = self._transcript.word_offsets()
        return [(*span, word) for word, span in zip(self._transcript.words, spans, strict=True) if span]


def _bare(word: str) -> str:
    return fold(word).strip("'’.-")
