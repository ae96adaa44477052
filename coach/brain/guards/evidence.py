"""Finds the exact span of the answer that a point of the feedback rests on.

A strength or an improvement rests on words it quotes, and on nothing less: shared vocabulary proves no praise. A STAR
item may also rest on the clause it shares content words with, or on what our own reading finds for it. Nothing
addressed to the evaluator and nothing the care layer found is ever evidence. Offsets are code points into the
transcript as given; seconds come from the timed words.
"""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from coach.brain.care.advice import CUT
from coach.brain.care.reader import CareReading
from coach.brain.reading.clauses import read_clauses
from coach.brain.reading.question import Form
from coach.brain.reading.star import read_star
from coach.brain.reading.text import fold, read_answer, tokens
from coach.brain.truth.numbers import quantities
from coach.contracts.brain import Evidence
from coach.contracts.evaluation import StarStatus
from coach.contracts.transcript import Transcript, Word
from coach.text.stems import stem

Span = tuple[int, int]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_QUOTED = re.compile(r"[\"“”«»]([^\"“”«»]{2,200})[\"“”«»]|(?<!\w)['‘]([^'‘’]{4,200})['’](?!\w)")
_FIGURE_PRAISED = re.compile(
    r"\b(?:quantif\w+|measurable|measured|measures?|metrics?|figures?|numbers?|percent\w*|data)\b", re.IGNORECASE
)
_SELF_PRAISED = re.compile(
    r"\b(?:ownership|initiative|responsibility|accountab\w+|personally|yourself|"
    r"you (?:led|acted|decided|drove|initiated|owned|took (?:charge|the lead|over|action)))\b",
    re.IGNORECASE,
)
_SELF = frozenset(("i", "i'm", "i'd", "i've", "i'll", "me", "my", "myself", "mine"))
_OTHERS = frozenset(("we", "they", "he", "she", "who", "it", "you", "somebody", "someone", "everybody", "everyone"))
_DETERMINERS = frozenset(("the", "a", "an", "our", "their", "his", "her", "that", "this"))
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


def content_stems(words: Iterable[str]) -> frozenset[str]:
    """Stems of the words that carry content: no function words, no vocabulary of feedback itself."""
    kept = (w for w in words if w not in _STOP and w not in _FEEDBACK and (len(w) > 2 or w.isdigit()))
    return frozenset(stem(w.removesuffix("'s")) for w in kept)


class _Indexed(NamedTuple):
    """A clause: its span in the transcript and the stems of its content words."""

    start: int
    end: int
    stems: frozenset[str]


class AnswerIndex:
    """One transcript, read once, asked many times. `story_asked`: the question asks for a story, so STAR applies.

    Plain spans and words, few objects: a long answer is read in another process and must be quick to take over here.
    """

    def __init__(self, transcript: Transcript, *, story_asked: bool = True, care: CareReading | None = None) -> None:
        self.text = transcript.text
        passages = care.passages if care else {}
        self._unquoted = sorted(span for spans in passages.values() for span in spans)
        cut = [span for kind in CUT for span in passages.get(kind, ())]
        self._story_asked = story_asked
        self._transcript = transcript
        self._answer = read_answer(transcript.text)
        self.instructions: tuple[Span, ...] = self._answer.instructions
        kept = tuple(c for c in self._answer.clauses if not any(a < c.end and c.start < b for a, b in cut))
        self._answer = replace(self._answer, clauses=kept)
        self._clauses = [_Indexed(c.start, c.end, content_stems(t.text for t in c.tokens)) for c in kept]
        said = [t for clause in kept for t in clause.tokens]
        self._begins, self._ends = array("L", (t.start for t in said)), array("L", (t.end for t in said))
        words = [_bare(t.text) for t in said]
        self._starts = array("L")
        at = 1
        for word in words:
            self._starts.append(at)
            at += len(word) + 1
        self._joined = " " + " ".join(words) + " "

    def __getstate__(self) -> dict[str, object]:
        """Without the reading itself, once STAR was read from it: nothing else needs it."""
        return {
            name: value for name, value in self.__dict__.items() if name != "_answer" or "_places" not in self.__dict__
        }

    @property
    def has_content(self) -> bool:
        """True when there is any word that is not addressed to the evaluator."""
        return bool(self._begins)

    def without_instructions(self) -> str:
        """The transcript without what is addressed to the evaluator."""
        text, cursor = [], 0
        for start, end in self.instructions:
            text.append(self.text[cursor:start])
            cursor = end
        return " ".join(piece.strip() for piece in [*text, self.text[cursor:]] if piece.strip())

    def find(self, snippet: str) -> Span | None:
        """Where the snippet was said, ignoring case and punctuation; "a … b" spans from a to b.

        Never across what is addressed to the evaluator: its words would be cited with the rest.
        """
        parts = [span for piece in _ELLIPSIS.split(snippet.strip()) if (span := self._find_words(piece))]
        wanted = [piece for piece in _ELLIPSIS.split(snippet.strip()) if tokens(piece)]
        if not parts or len(parts) < len(wanted) or parts != sorted(parts):
            return None
        whole = parts[0][0], parts[-1][1]
        return None if any(a < whole[1] and whole[0] < b for a, b in self.instructions) else whole

    def _find_words(self, piece: str) -> Span | None:
        words = [_bare(t.text) for t in tokens(piece)]
        at = self._joined.find(" " + " ".join(words) + " ") if words else -1
        if at < 0:
            return None
        first = bisect_right(self._starts, at + 1) - 1
        return self._begins[first], self._ends[first + len(words) - 1]

    def quoted(self, point: str) -> Span | None:
        """The first quotation of at least two words that was really said and may be repeated."""
        for match in _QUOTED.finditer(point):
            quote = match.group(1) or match.group(2)
            span = self.find(quote)
            long_enough = len(tokens(quote)) >= _MIN_QUOTE_WORDS or any(c.isdigit() for c in quote)
            if span and long_enough and self.may_repeat(span):
                return span
        return None

    def may_repeat(self, span: Span) -> bool:
        """False for words the care layer found: they are not praised and not quoted."""
        return not any(a < span[1] and span[0] < b for a, b in self._unquoted)

    def quotes_unrepeatable(self, text: str) -> bool:
        """True when a line quotes words the care layer found, at whatever length."""
        quotes = (self.find(m.group(1) or m.group(2)) for m in _QUOTED.finditer(text))
        return bool(self._unquoted) and any(span and not self.may_repeat(span) for span in quotes)

    def proves(self, point: str) -> Span | None:
        """What a strength rests on: its quotation, which holds a figure or the speaker where the praise is for that."""
        span, praise = self.quoted(point), _QUOTED.sub(" ", point)
        if span is None or (_FIGURE_PRAISED.search(praise) and not self._has_figure(span)):
            return None
        return None if _SELF_PRAISED.search(praise) and not self._is_own(span) else span

    def _is_own(self, span: Span) -> bool:
        """True when the speaker is in the quotation, or is the last person named before it."""
        words = self._joined.split(" ")[1:-1]
        first, after = bisect_left(self._begins, span[0]), bisect_left(self._begins, span[1])
        before, said = words[:first], words[first:after]
        if not _SELF.isdisjoint(said):
            return True
        return next((word in _SELF for word in reversed(before) if word in _SELF | _OTHERS), False) and (
            not said or said[0] not in _OTHERS | _DETERMINERS
        )

    def _has_figure(self, span: Span) -> bool:
        clause = next((c for c in self._clauses if c.start <= span[0] < c.end), None)
        start, end = (min(span[0], clause.start), max(span[1], clause.end)) if clause else span
        return bool(quantities(self.text[start:end]))

    def overlapping(self, point: str) -> Span | None:
        """The clause that shares most content words with the point; None below two (one for a very short point)."""
        stems = content_stems(t.text for t in tokens(point))
        needed = 1 if len(stems) <= _SHORT_POINT_STEMS else _SHARED_STEMS
        best = max(self._clauses, key=lambda c: len(c.stems & stems), default=None)
        if best is None or len(best.stems & stems) < needed:
            return None
        return best.start, best.end

    def star_evidence(self, item: str, note: str) -> Span | None:
        """What a present or weak STAR item rests on: its note's words, else what our own reading finds for it."""
        return self.quoted(note) or self.overlapping(note) or self._places.get(item)

    @cached_property
    def _places(self) -> dict[str, Span]:
        """Where our own reading finds each STAR item; items it finds missing are left out."""
        form: Form = "story" if self._story_asked else "explain"
        star = read_star(self._answer, read_clauses(self._answer), form=form)
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
