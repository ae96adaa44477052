"""Skills no lexicon knows: the noun phrases of requirement and duty bullets, and of sentences that say what "you" do.

A chunker without a dictionary of nouns: words that can't be inside a skill (prepositions, pronouns, time words, verbs
in a verb's place) are known, whatever stands between them is a noun phrase. What a verb says is done to one thing
becomes the craft's name ("dress wigs": wig dressing); abilities of character are competencies and left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from coach.brain.planning.phrase_words import (
    PhraseToken,
    ends_chunk,
    is_adverb,
    is_compound,
    is_nominal,
    is_verb,
    is_word_list,
    nominal,
    phrase_rule,
    stands_alone,
    technical,
    tokens,
    verb_of,
    word_set,
)
from coach.brain.planning.posting_text import PostingLine

_MOST_WORDS = 4
_EDGE = " .:;!?\"'“”*-–•·✔✓\t"
_NUMBERED = re.compile(r"^\s*(?:\d+(?:\.\d+)*[.)]?\s+|[a-z][.)]\s+|[ED]\s+(?=[A-Z]))")
_LABEL = re.compile(r"^[^:]{2,40}:\s+(?=\S)")
_MOST_LABEL_WORDS = 4


@dataclass(frozen=True)
class Phrase:
    """A phrase of a line: as written, and where it begins in the line."""

    text: str
    at: int


@dataclass
class _State:
    """Where the chunker stands: the words of the phrase so far and what introduced it."""

    chunk: list[PhraseToken] = field(default_factory=list)
    verb: PhraseToken | None = None
    preposition: str = ""
    determined: bool = False
    carried: bool = False
    """The phrase before was only a carrier ("repair of"): what follows is the skill itself."""
    listed: bool = True
    """Read from a bullet, whose first word may be a craft on its own; in a sentence it is not."""
    opening: bool = True
    """No noun was read yet: a verb may still come."""
    bracketed: bool = False

    def begin(self, preposition: str = "", *, opening: bool = False, carried: bool = False) -> None:
        """What follows is introduced anew."""
        self.preposition, self.opening, self.carried, self.determined = preposition, opening, carried, False
        if opening or carried:
            self.verb = None


def phrases(line: PostingLine) -> Iterator[Phrase]:
    """The phrases of one bullet, requirement line or telling sentence that may name a skill, in order."""
    for text in _readable(line):
        offset = max(0, line.raw.find(text))
        for phrase in _chunks(text, listed=line.bullet):
            yield Phrase(phrase.text, offset + phrase.at)


def _readable(line: PostingLine) -> list[str]:
    """The parts of a line that are read like a bullet."""
    raw = _NUMBERED.sub("", line.raw.strip(_EDGE)).strip(_EDGE)
    raw = phrase_rule("years").sub("", phrase_rule("told_to").sub("", raw))
    label = _LABEL.match(raw)
    if label and len(label.group().split()) <= _MOST_LABEL_WORDS and not phrase_rule("soft").search(label.group()):
        return [raw[label.end() :]]
    if line.bullet and not phrase_rule("traits").match(raw):
        return [raw]
    if line.bullet and (has := phrase_rule("has").match(raw)):
        return [raw[has.end() :].strip()]
    return [] if line.bullet else _told(raw)


def _told(raw: str) -> list[str]:
    """What follows the words that say "this is the work", up to the next such words."""
    found = list(phrase_rule("anchors").finditer(raw))
    ends = [match.start() for match in found[1:]] + [len(raw)]
    told = (raw[match.end() : end] for match, end in zip(found, ends, strict=False))
    return [part.strip() for part in told if part.strip(_EDGE)]


def _chunks(text: str, *, listed: bool) -> Iterator[Phrase]:
    state, read = _State(listed=listed), list(tokens(text))
    for token, following in zip(read, [*read[1:], None], strict=True):
        low = token.low
        if token.breaks or low in ("and", "or", "&", "/"):
            yield from _joined(state, token, text)
        elif is_word_list("opens", low):
            yield from _close(state, text)
            state.begin()
        elif state.opening and not state.chunk and is_verb(token):
            state.verb, state.opening = token, False
        elif low == "after" and state.verb and state.verb.low.startswith("look") and not state.chunk:
            continue
        elif is_word_list("prepositions", low):
            yield from _before_preposition(state, text, low)
        elif ends_chunk(low):
            yield from _close(state, text)
            state.begin(low)
        else:
            yield from _add(state, token, following, text)
    yield from _close(state, text)


def _joined(state: _State, token: PhraseToken, text: str) -> Iterator[Phrase]:
    """At a comma or "and": a verb alone shares the object that follows ("loading and releasing autoclaves")."""
    alone = state.verb is not None and not state.chunk and not state.determined and not state.preposition
    if not (alone and token.low in ("and", "or", "&", "/") and _shares(state, text[token.end :])):
        yield from _close(state, text)
    state.bracketed = token.text == "(" or (state.bracketed and token.text != ")")
    if token.breaks:
        state.begin(opening=True)
    elif not state.preposition:
        state.begin(opening=True, carried=state.carried)


def _shares(state: _State, rest: str) -> bool:
    following = list(tokens(rest))[:2]
    other = len(following) > 1 and is_verb(following[0]) and not following[1].breaks
    return bool(
        other
        and state.verb
        and state.verb.low.endswith("ing") == following[0].low.endswith("ing")
        and not ends_chunk(following[1].low)
        and not is_word_list("prepositions", following[1].low)
    )


def _add(state: _State, token: PhraseToken, following: PhraseToken | None, text: str) -> Iterator[Phrase]:
    """One more word of a noun phrase; small words before it are no part, an article within it begins another."""
    article = token.low in ("the", "our", "your", "their", "a", "an")
    if state.chunk and (article or token.low in ("every", "each")):
        if not (len(state.chunk) == 1 and state.chunk[0].start == 0):
            yield from _close(state, text)
        state.chunk = []
    small = is_word_list("before", token.low) or is_adverb(token) or token.low.isdigit()
    if small and len(state.chunk) == 1 and state.chunk[0].low.endswith("ing") and state.chunk[0].start == 0:
        yield from _close(state, text)
    if not state.chunk and (small or is_word_list("after", token.low)):
        state.determined = state.determined or article
        state.carried = state.carried or token.low in word_set("carriers")
        return
    state.opening = False
    state.chunk.append(token)


def _before_preposition(state: _State, text: str, low: str) -> Iterator[Phrase]:
    """A carrier before "of", "in", "with" gives way to what follows; everything else ends here."""
    verb, words = state.verb, [token.low for token in _compound(state)]
    state.verb = verb
    carrier = words[-1:] and words[-1] in word_set("carriers") and all(is_word_list("weak", w) for w in words[:-1])
    if carrier or (not words and (state.carried or state.verb)):
        state.chunk = []
        state.begin(opening=low == "to", carried=True)
        state.verb = verb if verb and not words and low in ("with", "for", "of") else None
        return
    yield from _close(state, text)
    state.begin(low, opening=low == "to")


def _close(state: _State, text: str) -> Iterator[Phrase]:
    verb = state.verb
    said = _trimmed(_compound(state))
    named = _named(state, said, text)
    state.chunk = []
    if named:
        yield Phrase(named, said[0].start)
    if said or (verb and not state.opening):
        state.verb = None


def _compound(state: _State) -> list[PhraseToken]:
    """The chunk with its verb where that is a noun's first part ("core sampling") or the craft itself ("annealing")."""
    verb, chunk = state.verb, state.chunk
    if verb is None or state.preposition or state.determined:
        return chunk
    if not chunk:
        return [verb] if verb.low.endswith("ing") else []
    if verb.low.endswith("ing") or not is_compound(verb, chunk):
        return chunk
    state.verb = None
    return [verb, *chunk]


def _trimmed(chunk: list[PhraseToken]) -> list[PhraseToken]:
    words = list(chunk)
    while words and (is_word_list("after", words[-1].low) or is_adverb(words[-1]) or words[-1].low.isdigit()):
        numbered = len(words) > 1 and (words[-2].named or words[-2].low in ("level", "grade", "part"))
        if words[-1].low.isdigit() and numbered:
            break
        words.pop()
    return words


def _named(state: _State, said: list[PhraseToken], text: str) -> str:
    """The skill a closed chunk names; empty for none."""
    if not said or len(said) > _MOST_WORDS or _is_aside(state, said):
        return ""
    phrase = text[said[0].start : said[-1].end]
    soft = phrase_rule("soft").search(phrase) and not phrase_rule("keep_soft").search(phrase)
    if soft or said[-1].low in word_set("poor_heads") or not re.search(r"[^\W\d_]{2}", phrase):
        return ""
    if state.preposition and not _after_preposition(state, said):
        return ""
    if len(said) == 1:
        made = nominal(verb_of(state.verb), said[0]) if state.verb and not state.preposition else ""
        alone = stands_alone(said[0], first=state.listed and said[0].start <= 1, of_verb=state.verb is not None)
        return made or (phrase if alone else "")
    return phrase


def _is_aside(state: _State, said: list[PhraseToken]) -> bool:
    """In brackets only names and crafts are skills: "(Fresha)", "(knotting, ventilating)", not "(ticket provided)"."""
    return state.bracketed and not (any(token.named for token in said) or is_nominal(said[-1]))


def _after_preposition(state: _State, said: list[PhraseToken]) -> bool:
    """What follows a preposition is a skill as a name ("in QINSy"), a tool ("in the booking system") or a craft."""
    if any(token.named for token in said):
        return True
    if said[-1].low in word_set("instruments"):
        return len(said) > 1
    if state.preposition == "for" and not state.determined:
        return len(said) > 1 and is_nominal(said[-1])
    plain = state.preposition in ("of", "in", "with", "using", "on") and not state.determined
    return plain and len(said) > 1 and technical(said)
