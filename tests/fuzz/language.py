"""The text functions: whatever is said, spans lie in the text, in order, and hold what they say they hold."""

from collections.abc import Iterable

from hypothesis import strategies as st

from coach.brain.care.advice import judged_text
from coach.brain.care.reader import read_care, stretches
from coach.brain.reading.clauses import read_clauses
from coach.brain.reading.figures import figure_spans
from coach.brain.reading.language import is_english
from coach.brain.reading.text import fold, read_answer
from coach.brain.reading.units import kept, units
from coach.brain.truth.guard import TruthGuard
from coach.text.decoding import decoded
from coach.text.fillers import count_by_expression, find_fillers
from coach.text.hesitation_sounds import hesitation_count
from coach.text.repetitions import find_repetitions
from coach.text.sentences import sentences
from coach.text.shorten import shorten, shorten_end
from coach.text.stems import stem
from coach.text.tokens import tokenise
from tests.fuzz.engine import Target
from tests.fuzz.texts import characters, phrases, texts

Span = tuple[int, int]


def _in_order(text: str, spans: Iterable[Span], *, apart: bool = True) -> None:
    before = 0
    for start, end in spans:
        assert 0 <= start < end <= len(text), (start, end)
        assert not apart or start >= before, (before, start)
        before = end if apart else start


def words_hold(text: str) -> None:
    """Tokens, sentences, fillers, repetitions, stems, and texts cut to fit."""
    tokens = tokenise(text)
    _in_order(text, ((token.start, token.end) for token in tokens))
    spans = sentences(text)
    _in_order(text, ((span.start, span.end) for span in spans))
    fillers = find_fillers(text)
    _in_order(text, ((filler.start, filler.end) for filler in fillers))
    assert all(filler.text == text[filler.start : filler.end] for filler in fillers)
    assert sum(count_by_expression(fillers).values()) == len(fillers)
    repeated = find_repetitions(text, fillers)
    _in_order(text, ((span.start, span.end) for span in repeated), apart=False)
    assert hesitation_count(text) >= 0
    assert all(stem(token.word) for token in tokens)
    for limit in (1, 10, 80):
        assert len(shorten(text, limit)) <= limit and len(shorten_end(text, limit)) <= limit
        assert shorten(text, limit) in text


def readings_hold(text: str) -> None:
    """Sentences, clauses, events and units of an answer, and what care sees in it."""
    assert len(fold(text)) == len(text)
    answer = read_answer(text)
    _in_order(text, answer.sentences)
    _in_order(text, ((clause.start, clause.end) for clause in answer.clauses))
    assert all(clause.text == text[clause.start : clause.end] for clause in answer.clauses)
    _in_order(text, ((token.start, token.end) for token in answer.tokens))
    readings = read_clauses(answer)
    found = units(answer, readings)
    assert len(kept(found, 200)) <= len(found)
    _in_order(text, figure_spans(text), apart=False)
    assert is_english(answer) in (True, False)
    care = read_care(text)
    _in_order(text, stretches(text))
    for spans in care.passages.values():
        _in_order(text, spans)
    assert len(judged_text(care, text)) <= len(text) + 100


def truth_holds(case: tuple[str, str, str]) -> None:
    """What was said supports itself; what is invented is placed; a text without inventions is left alone."""
    said, more, other = case
    guard = TruthGuard([said])
    found = guard.violations(other)
    _in_order(other, ((each.start, each.end) for each in found))
    assert all(each.text == other[each.start : each.end] for each in found)
    redacted, listed = guard.redact(other)
    assert listed == found and (found or redacted == other)
    own = guard.violations(said)
    assert not own, [(each.kind, each.text) for each in own]
    both = TruthGuard([said, more]).violations(said)
    assert not both, [(each.kind, each.text) for each in both]


def bytes_hold(case: tuple[str, str, bytes]) -> None:
    """Text in any encoding comes back; other bytes are text or refused."""
    text, encoding, junk = case
    assert decoded(text.encode(encoding)) == text
    for raw in (junk, text.encode(encoding) + junk):
        try:
            decoded(raw).encode("utf-8")
        except ValueError:
            continue


def long_holds(text: str) -> None:
    """As much as is accepted, of whatever repeats: every step ends within the target's time."""
    words_hold(text)
    readings_hold(text)


def _long(pieces: list[str]) -> str:
    once = "".join(pieces)
    return (once * (LONG_CHARS // len(once) + 1))[:LONG_CHARS]


LONG_CHARS = 60_000
long_texts = st.lists(st.one_of(phrases, st.text(characters, min_size=1, max_size=3)), min_size=1, max_size=4).map(
    _long
)
plain = texts(20).filter(lambda text: not text.startswith("\ufeff") and "\x00" not in text)
"""Zeros and the mark itself say another encoding."""
marked = st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])
TARGETS = (
    Target("words", texts(), words_hold),
    Target("readings", texts(), readings_hold),
    Target("long", long_texts, long_holds, cpu_s=12.0, round=5),
    Target("truth", st.tuples(texts(25), texts(10), texts(25)), truth_holds),
    Target(
        "decoding",
        st.tuples(plain, marked, st.binary(max_size=40)),
        bytes_hold,
    ),
)
