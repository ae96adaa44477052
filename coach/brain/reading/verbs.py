"""Who did what: subject and main verb of every clause, without a tagger.

A small closed grammar of spoken narrative: a subject pronoun (or the last one, carried over "and" and commas), an
optional auxiliary and adverbs, a verb. Past forms are known by their ending or from the list of irregular verbs;
non-native narration in the present tense counts as told when the verb is a plain action verb.
"""

import re
from dataclasses import dataclass
from typing import Literal

from coach.brain.reading.lexicon import shipped
from coach.brain.reading.text import Clause

Subject = Literal["I", "we", "other"]
Mood = Literal["told", "present", "habit", "hypothetical", "state"]

_LISTS = shipped("reading/verbs.json")
IRREGULAR_PAST: dict[str, str] = _LISTS["irregular_past"]
"""Irregular past form -> base form."""
_BASE_ACTIONS, STATIVE, OUTCOME_VERBS = (frozenset(_LISTS[n]) for n in ("base_actions", "stative", "outcome"))
_NOT_PAST, _ADVERBS, _OTHERS = (frozenset(_LISTS[n]) for n in ("not_past", "adverbs", "other_subjects"))
_PREPOSITIONS, _AUX, _MODAL = (frozenset(_LISTS[n]) for n in ("prepositions", "auxiliaries", "modals"))
_NO_VERB = _OTHERS | _PREPOSITIONS | _AUX | _MODAL | _ADVERBS | frozenset(_LISTS["no_verb"])

_BEFORE_VERB = frozenset(["i", "we"])
_I, _WE = frozenset(["i"]), frozenset(["we"])
_CONTRACTION = re.compile(r"^(i|we|he|she|they|it|you|that|there|who)('(?:d|ve|m|s|re|ll))$")
_HABIT = re.compile(
    r"\b(?:always|usually|generally|normally|every time|whenever|tend to|in general|as a rule|typically)\b"
)


@dataclass(frozen=True, slots=True)
class Event:
    """One verb with its subject. `word` is the verb as said; `start`/`end` its offsets in the transcript."""

    subject: Subject
    verb: str
    mood: Mood
    start: int
    end: int
    own_step: bool
    """True when it is something done (not felt, known or been) and told as having happened."""


def events(clause: Clause, carried: Subject | None = None) -> list[Event]:
    """Verbs of a clause in order. `carried` is the subject of the clause before, for "… and wrote it down"."""
    found: list[Event] = []
    subject: Subject | None = carried if _starts_with_verb(clause) else None
    modal = False
    expect = subject is not None
    infinitive = False
    habit = bool(_HABIT.search(clause.lower))
    previous = ""
    for token in clause.tokens:
        word, tail = _split_contraction(token.text)
        role = _subject_of(word, previous)
        if role is not None:
            subject, expect, modal, infinitive = role, True, False, False
            if tail == "'d" or tail == "'ll":
                modal = True
            elif tail in ("'m", "'s", "'re"):
                found.append(Event(subject, tail, "state", token.start, token.end, False))
                expect = False
        elif word == "to":
            infinitive = True
        elif subject is not None and word in _MODAL:
            modal, expect = True, True
        elif (
            subject is not None
            and not infinitive
            and (event := _verb(subject, token.text, token.start, token.end, expect, modal, habit, previous))
        ):
            found.append(event)
            expect = False
            modal = modal and not _is_past(token.text)
        elif subject is not None and word in ("and", "then", "but", "or"):
            expect, infinitive = True, False
        elif word not in _ADVERBS and word not in _AUX and word not in ("not", "never", "n't", "didn't"):
            expect = False
            infinitive = False
        previous = token.text
    return found


def _verb(
    subject: Subject, word: str, start: int, end: int, expect: bool, modal: bool, habit: bool, previous: str
) -> Event | None:
    """Reads one word as the verb of `subject`; None when it is none here."""
    past = _is_past(word)
    if not past and not (
        expect and (word in _BASE_ACTIONS or word in STATIVE or _may_be_verb(subject, word, previous))
    ):
        return None
    if not expect and not (past and (previous in ("and", "then", "also", "just"))):
        return None
    if word in _AUX:
        return None if word in ("had", "have", "did", "do") else Event(subject, word, "state", start, end, False)
    if word in STATIVE:
        return Event(subject, word, "state", start, end, False)
    mood = _mood(past, modal, habit)
    own = subject != "other" and mood in ("told", "present") and word not in OUTCOME_VERBS
    return Event(subject, word, mood, start, end, own)


def _may_be_verb(subject: Subject, word: str, previous: str) -> bool:
    """True for an unknown word right after "I" or "we" where English has room for a verb only."""
    if subject == "other" or previous not in _BEFORE_VERB or word in _NO_VERB:
        return False
    return word.isalpha() and len(word) > 2 and not word.endswith(("ing", "ly"))


def _mood(past: bool, modal: bool, habit: bool) -> Mood:
    if modal and not past:
        return "hypothetical"
    if habit:
        return "habit"
    return "told" if past else "present"


def _is_past(word: str) -> bool:
    return word in IRREGULAR_PAST or (len(word) > 3 and word.endswith("ed") and word not in _NOT_PAST)


def _split_contraction(word: str) -> tuple[str, str]:
    match = _CONTRACTION.match(word)
    return (match.group(1), match.group(2)) if match else (word, "")


def _subject_of(word: str, previous: str) -> Subject | None:
    if word in _I:
        return "I"
    if word in _WE:
        return "we"
    if word in _OTHERS and previous not in _PREPOSITIONS and not _is_verb_like(previous):
        return "other"
    return None


def _is_verb_like(word: str) -> bool:
    return _is_past(word) or word in _BASE_ACTIONS


def _starts_with_verb(clause: Clause) -> bool:
    """True when the clause begins with a past verb or a connective and one ("and wrote it down")."""
    words = [t.text for t in clause.tokens[:4]]
    words = [w for w in words if w not in _ADVERBS and w not in ("and", "then", "so", "but")]
    return bool(words) and _is_past(words[0])
