"""Reads a spoken answer into sentences, clauses and tokens with character offsets, punctuated or not.

A transcript may be one long run without a full stop ("… so i did this and then we did that …"), so a clause, not a
sentence, is the unit every judgement rests on. Offsets are code points into the transcript exactly as given.
"""
# ruff: noqa: E501 - phrase lists are easier to keep on one line

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, islice

from coach.brain.reading.instructions import instruction_spans

Span = tuple[int, int]

_ABBREVIATIONS = frozenset(
    ["mr", "mrs", "ms", "dr", "st", "prof", "etc", "e.g", "i.e", "vs", "no", "inc", "ltd", "co", "approx", "a.m", "p.m"]
)
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)|\n+")
_QUOTES = "\"'”’"
_TOKEN = re.compile(r"[^\W_]+(?:['’\-.&/][^\W_]+)*[%+]?|[$£€]\s?\d[\d,.]*[kKmM]?")
_SUBJECT = (
    r"(?:i|we|he|she|they|it|you|nobody|everybody|everyone|someone|somebody|there|that|this|my|our|his|her|their|the|"
    r"by (?=the\b|then\b|now\b|that\b|this\b|next\b|\w+day\b|noon\b|christmas\b|easter\b|\w+(?:ber|ary|ch|il)\b|may\b|june\b|july\b|august\b|\d)|after|when|in the end|as a result|what)\b"
)
_BREAK = re.compile(
    r"(?:[,;:–—]|\s-)\s+(?:(?:and|so|but|then|because|which|where|until)\s+)*(?=" + _SUBJECT + r")"
    r"|,?\s+(?:and|so|but)\s+(?=\w+ (?:went (?:down|up|from)|fell|rose|dropped)\b)"
    r"|[;–—]\s+"
    r"|\s+(?:and then|so then|and so|but then|and anyway|so yeah|and|so|but|then|because)\s+(?=" + _SUBJECT + r")",
    re.IGNORECASE,
)
_BARE_BREAK = re.compile(
    r"(?<!\bthat)(?<!\bwhich)(?<!\bwhat)(?<!\bif)(?<!\bwhen)(?<!\bbecause)(?<!\bwho)(?<!\bas)(?<!\bbefore)(?<!\bafter)"
    r"(?<!\bwhere)(?<!\bthan)(?<!\bhow)(?<!\band)(?<!\bor)(?<!\bbut)(?<!\bwhile)(?<!\buntil)(?<!\bi)(?<!\bwe)(?<!\bonce)"
    r"(?<!\bthink)(?<!\bsay)(?<!\bknow)(?<!\btill)(?<!\bguess)(?<!\bwhy)(?<!\bso)(?<!\bsure)(?<!\bmean)(?<!\bthing)"
    r"(?<!\bones)(?<!\bone)(?<!\bway)(?<!\btime)(?<!\bday)(?<!\bmoment)(?<!\bpart)(?<!\breason)(?<!\beverything)(?<!\ball)"
    r"(?<!\banything)(?<!\bsomething)(?<!\bfirst)(?<!\bwhenever)(?<!\bthough)(?<!\bsince)(?<!\bto)(?<!\bthe)(?<!\bmaybe)"
    r"\s+(?=(?:(?:i|i'd|i'm|i've|we|we'd|they|he|she)\s+\w|(?:it|there)\s+(?:was|were|came|went|took|turned)\b|nobody\s+\w"
    r"|as a result\b|in the end\b|since then\b|by the end\b|by (?:january|february|march|april|may|june|july|august|september|october|november|december|christmas|easter)\b"
    r"|\w+ (?:went (?:down|up|from)|fell (?:by|from|to)|rose (?:by|from|to)|dropped (?:by|from|to))\b|(?:after|within) \w+ (?:days|weeks|months|years)\b|now (?:it|we|they|the|every)\b"
    r"|my (?:task|job|goal|target|aim|role|brief|boss|manager|supervisor|director)\s+(?:was|is|told|asked|said|wanted|gave)\b"
    r"|the (?:owner|boss|manager|director|client|customer|board|supervisor) (?:told|asked|said|wanted|gave|agreed)\b))",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(
    r"\b(?:the|an?|my|our|his|their|your|to|of|at|with|for|from|would|could|should|did|does|do|will|was|were|had|has|have|i|we|he|she|they|me and)[\s,]*$"
    r"|\band (?:me|him|them|us)\s*$",
    re.IGNORECASE,
)
"""Where a clause can't end: after an article, a preposition, an auxiliary, a subject; before the other half of "me and the baker"."""
_BARE_NOUN = re.compile(
    r"(?:the|an?|my|our|his|her|their|this|that|one|every|each|some|all)(?: (?!(?:was|were|is|are|am|had|has|have|did|do|does|got|get|went|go|came|come|said|told|kept|made|took|gave|felt|left|lost|ran|saw|broke|cut|put|rang|found|knew|began|thought|needed)\b)[\w'-]+(?<!ed)){1,4}\s*$",
    re.IGNORECASE,
)
"""A noun alone has said nothing yet: "the working group | I was on was given …" is one clause."""
_NOT_NOBODY = re.compile(r"n't (?:even |ever )?\w+\s*$", re.IGNORECASE)
_LONG_CLAUSE_WORDS = 14
_MIN_CLAUSE_WORDS = 3
_LOOK_BACK = 60
_LONGEST_ABBREVIATION = 12
_LAST_LATIN = 0x24F
"""Last letter of the Latin alphabets of Europe (Latin Extended-B)."""


@dataclass(frozen=True, slots=True)
class ReadingToken:
    """One word of the transcript; `text` is folded to lower case with straight apostrophes."""

    start: int
    end: int
    text: str
    raw: str


@dataclass(frozen=True)
class Clause:
    """A stretch with one idea: text, offsets into the transcript and the sentence it belongs to."""

    start: int
    end: int
    text: str
    sentence: int
    index: int

    @cached_property
    def tokens(self) -> tuple[ReadingToken, ...]:
        """Words of the clause with offsets into the transcript."""
        return tokens(self.text, self.start)

    @cached_property
    def lower(self) -> str:
        """Folded text for pattern search; same length as `text`."""
        return fold(self.text)


@dataclass(frozen=True)
class AnswerText:
    """A transcript as the coach reads it; `instructions` are spans addressed to the evaluator, which are not content."""

    transcript: str
    sentences: tuple[Span, ...]
    clauses: tuple[Clause, ...]
    instructions: tuple[Span, ...]

    @cached_property
    def tokens(self) -> tuple[ReadingToken, ...]:
        """All words of the content, in order."""
        return tuple(token for clause in self.clauses for token in clause.tokens)

    @cached_property
    def lower(self) -> str:
        """The folded content, clauses joined by blanks."""
        return " ".join(clause.lower for clause in self.clauses)

    @property
    def word_count(self) -> int:
        """Number of content words."""
        return len(self.tokens)

    @cached_property
    def foreign_script(self) -> float:
        """Share of letters, 0-1, that are not Latin ones."""
        letters = [char for clause in self.clauses for char in clause.text if char.isalpha()]
        return sum(ord(char) > _LAST_LATIN for char in letters) / max(1, len(letters))

    @cached_property
    def _words_before(self) -> list[int]:
        """Content words before each clause."""
        return [0, *accumulate(len(clause.tokens) for clause in self.clauses)]

    def place(self, clause: Clause) -> float:
        """Where the clause begins, 0 (first word) to 1 (last word), counted in content words."""
        return self._words_before[clause.index] / max(1, self.word_count)


def fold(text: str) -> str:
    """Lower case, straight apostrophes; the length never changes so that offsets stay valid."""
    return "".join(low if len(low := char.lower()) == 1 else char for char in text).replace("’", "'")


def tokens(text: str, offset: int = 0) -> tuple[ReadingToken, ...]:
    """Splits into words; hyphenated words, amounts and percentages stay whole."""
    return tuple(
        ReadingToken(offset + m.start(), offset + m.end(), fold(m.group()), m.group()) for m in _TOKEN.finditer(text)
    )


def sentence_spans(text: str) -> list[Span]:
    """Sentences by their punctuation; abbreviations and single initials do not end one."""
    spans: list[Span] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        last_word = re.search(r"[\w.]*$", text[max(start, match.start() - _LONGEST_ABBREVIATION) : match.start()])
        word = fold(last_word.group()) if last_word else ""
        if match.group().startswith(".") and (
            word in _ABBREVIATIONS or (len(word) == 1 and word not in "iaj0123456789")
        ):
            continue
        if match.group()[-1:] in _QUOTES and text[match.end() :].lstrip()[:1].islower():
            continue
        spans.append((start, match.end()))
        start = match.end()
    spans.append((start, len(text)))
    return [span for raw in spans if (span := _trim(text, raw)) is not None]


def read_answer(transcript: str) -> AnswerText:
    """Splits a transcript into sentences and clauses, leaving out what is addressed to the evaluator."""
    sentences = sentence_spans(transcript)
    instructions = instruction_spans(transcript, sentences)
    clauses: list[Clause] = []
    for number, span in enumerate(sentences):
        for start, end in _without(span, instructions):
            for piece in _clause_spans(transcript, start, end):
                clauses.append(Clause(*piece, transcript[piece[0] : piece[1]], number, len(clauses)))
    return AnswerText(transcript, tuple(sentences), tuple(clauses), tuple(instructions))


def _clause_spans(text: str, start: int, end: int) -> list[Span]:
    """Breaks one sentence where a new subject begins; what is still long is broken before a bare pronoun too."""
    spans: list[Span] = []
    for piece in _cut(text, start, end, _BREAK):
        long = len(_TOKEN.findall(text, *piece)) > _LONG_CLAUSE_WORDS
        spans += _cut(text, *piece, _BARE_BREAK) if long else [piece]
    return [span for raw in spans if (span := _trim(text, raw)) is not None]


def _cut(text: str, start: int, end: int, breaks: re.Pattern[str]) -> list[Span]:
    """Cuts `[start, end)` at every break that leaves at least three words on both sides."""
    cuts = [start]
    for match in breaks.finditer(text, start, end):
        cut = match.start() + len(match.group()) - len(match.group().lstrip(",;:–—- "))
        if _goes_on(text, cuts[-1], match.start(), cut):
            continue
        if _has_clause(text, cuts[-1], cut) and _has_clause(text, cut, end):
            cuts.append(cut)
    return list(zip(cuts, [*cuts[1:], end], strict=True))


def _goes_on(text: str, start: int, end: int, cut: int) -> bool:
    """Whether the words before a break are no clause yet: unfinished, or a noun whose relative clause begins here."""
    before = text[max(start, end - _LOOK_BACK) : end]
    if _UNFINISHED.search(before) or (text[cut : cut + 6].lower() == "nobody" and _NOT_NOBODY.search(before)):
        return True
    return text[end:cut].isspace() and end - start < _LOOK_BACK and bool(_BARE_NOUN.fullmatch(text, start, end))


def _has_clause(text: str, start: int, end: int) -> bool:
    """True when at least three words lie in `[start, end)`; counts no further, so long answers stay cheap."""
    words = _TOKEN.finditer(text, start, end)
    return sum(1 for _ in islice(words, _MIN_CLAUSE_WORDS)) == _MIN_CLAUSE_WORDS


def _without(span: Span, holes: list[Span]) -> list[Span]:
    """What is left of `span` when `holes` are taken out."""
    rest, cursor = [], span[0]
    for start, end in holes:
        if end > cursor and start < span[1]:
            if start > cursor:
                rest.append((cursor, start))
            cursor = max(cursor, end)
    if cursor < span[1]:
        rest.append((cursor, span[1]))
    return rest


def _trim(text: str, span: Span) -> Span | None:
    """Drops white space and loose commas at both ends; None when no word is left."""
    start, end = span
    while start < end and text[start] in " \t\n,;:–—-":
        start += 1
    while end > start and text[end - 1] in " \t\n,;:–—-":
        end -= 1
    return (start, end) if _TOKEN.search(text, start, end) else None
