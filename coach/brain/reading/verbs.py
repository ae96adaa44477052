"""Who did what: subject and main verb of every clause, without a tagger.

A small closed grammar of spoken narrative: a subject pronoun (or the last one, carried over "and" and commas), an
optional auxiliary and adverbs, a verb. Past forms are known by their ending or from the list of irregular verbs;
non-native narration in the present tense counts as told when the verb is a plain action verb.
"""

import re
from dataclasses import dataclass
from typing import Literal

from coach.brain.reading.text import Clause

Subject = Literal["I", "we", "other"]
Mood = Literal["told", "present", "habit", "hypothetical", "state"]

IRREGULAR_PAST = frozenset(
    [
        "went",
        "took",
        "made",
        "got",
        "gave",
        "told",
        "said",
        "put",
        "set",
        "cut",
        "ran",
        "came",
        "brought",
        "bought",
        "built",
        "found",
        "held",
        "kept",
        "left",
        "led",
        "lent",
        "let",
        "lost",
        "met",
        "paid",
        "read",
        "rang",
        "rebuilt",
        "redid",
        "reran",
        "rewrote",
        "rode",
        "rose",
        "sat",
        "saw",
        "sent",
        "shot",
        "showed",
        "shut",
        "sold",
        "spent",
        "split",
        "spoke",
        "spread",
        "stood",
        "stuck",
        "stuck",
        "swam",
        "swapped",
        "taught",
        "tore",
        "threw",
        "understood",
        "undertook",
        "wrote",
        "wore",
        "won",
        "woke",
        "drew",
        "drove",
        "drank",
        "ate",
        "fell",
        "felt",
        "fought",
        "flew",
        "forgot",
        "froze",
        "grew",
        "heard",
        "hid",
        "hit",
        "hung",
        "knew",
        "learnt",
        "leant",
        "laid",
        "meant",
        "overcame",
        "became",
        "began",
        "bent",
        "bet",
        "bit",
        "bled",
        "blew",
        "broke",
        "burnt",
        "caught",
        "chose",
        "clung",
        "crept",
        "dealt",
        "did",
        "dug",
        "withdrew",
        "sped",
        "stole",
        "struck",
        "swept",
        "shrank",
        "sank",
        "slept",
        "sought",
        "bound",
        "ground",
        "oversaw",
        "outgrew",
        "reset",
        "rethought",
        "re-ran",
        "wound",
        "wove",
        "bled",
        "bleeped",
        "dreamt",
        "spelt",
        "quit",
        "input",
        "offset",
        "upheld",
        "mistook",
        "forgave",
        "forbade",
        "arose",
        "awoke",
        "beat",
    ]
)
_BASE_ACTIONS = frozenset(
    [
        "make",
        "put",
        "look",
        "find",
        "change",
        "call",
        "ask",
        "tell",
        "use",
        "write",
        "add",
        "turn",
        "take",
        "give",
        "show",
        "send",
        "start",
        "check",
        "speak",
        "talk",
        "explain",
        "build",
        "create",
        "draw",
        "organise",
        "organize",
        "prepare",
        "move",
        "clean",
        "fix",
        "repair",
        "test",
        "try",
        "train",
        "help",
        "meet",
        "visit",
        "visit",
        "propose",
        "suggest",
        "decide",
        "divide",
        "split",
        "count",
        "measure",
        "compare",
        "collect",
        "buy",
        "sell",
        "cut",
        "open",
        "close",
        "stop",
        "bring",
        "carry",
        "teach",
        "invite",
        "sit",
        "go",
        "work",
        "run",
        "set",
        "read",
        "learn",
        "record",
        "design",
        "draft",
        "negotiate",
        "agree",
        "install",
        "print",
        "paint",
        "listen",
        "share",
        "plan",
        "order",
        "pay",
        "serve",
        "cook",
        "drive",
        "rearrange",
        "discuss",
        "contact",
        "phone",
        "ring",
        "email",
        "translate",
        "assign",
        "solve",
        "finish",
        "deliver",
        "launch",
        "investigate",
        "analyse",
        "analyze",
        "review",
        "replace",
        "reduce",
    ]
)
STATIVE = frozenset(
    [
        "was",
        "were",
        "had",
        "is",
        "am",
        "are",
        "be",
        "been",
        "being",
        "have",
        "has",
        "'m",
        "thought",
        "think",
        "knew",
        "know",
        "felt",
        "feel",
        "wanted",
        "want",
        "needed",
        "need",
        "liked",
        "like",
        "loved",
        "love",
        "hoped",
        "hope",
        "believed",
        "believe",
        "remember",
        "remembered",
        "guess",
        "suppose",
        "supposed",
        "mean",
        "meant",
        "hated",
        "hate",
        "seemed",
        "seem",
        "noticed",
        "saw",
        "see",
        "heard",
        "understood",
        "became",
        "become",
        "joined",
        "got",
        "get",
        "used",
        "could",
        "can",
        "would",
        "should",
        "might",
        "may",
        "must",
        "did",
        "do",
        "does",
        "don't",
        "didn't",
        "happened",
        "stayed",
        "worried",
        "struggled",
        "enjoyed",
        "realised",
        "realized",
        "appeared",
        "looked",
        "cared",
        "care",
        "lived",
        "grew",
        "expected",
        "mattered",
        "sounded",
        "owned",
        "learned",
        "learnt",
        "ended",
        "underestimated",
        "fell",
        "failed",
        "forgot",
        "lost",
        "said",
        "died",
        "counted",
        "depended",
        "existed",
        "contained",
        "kept",
        "wondered",
        "agree",
        "disagree",
        "disagreed",
        "supervised",
        "managed",
        "covered",
        "worked",
    ]
)
OUTCOME_VERBS = frozenset(
    [
        "achieved",
        "increased",
        "improved",
        "exceeded",
        "reduced",
        "saved",
        "hit",
        "won",
        "finished",
        "completed",
        "delivered",
        "succeeded",
        "beat",
        "grew",
        "doubled",
        "halved",
        "tripled",
        "gained",
        "boosted",
        "earned",
        "generated",
        "decreased",
        "dropped",
        "met",
        "passed",
        "cleared",
        "opened",
        "launched",
    ]
)
_NOT_PAST = frozenset(
    [
        "need",
        "bed",
        "red",
        "feed",
        "speed",
        "seed",
        "indeed",
        "hundred",
        "shared",
        "united",
        "limited",
        "supposed",
        "biased",
        "related",
        "used",
        "embed",
        "exceed",
        "proceed",
        "succeed",
        "weed",
        "bleed",
        "breed",
        "unprompted",
        "aged",
        "naked",
        "wicked",
        "sacred",
        "tired",
        "bored",
        "excited",
        "interested",
        "annoyed",
        "worried",
        "surprised",
        "pleased",
        "scared",
        "experienced",
        "qualified",
    ]
)
_ADVERBS = frozenset(
    [
        "then",
        "also",
        "just",
        "actually",
        "really",
        "basically",
        "personally",
        "immediately",
        "quickly",
        "finally",
        "first",
        "firstly",
        "eventually",
        "always",
        "never",
        "even",
        "still",
        "already",
        "literally",
        "kind",
        "of",
        "sort",
        "probably",
        "usually",
        "often",
        "sometimes",
        "simply",
        "deliberately",
        "carefully",
        "quietly",
        "privately",
        "only",
        "once",
        "soon",
        "again",
        "later",
        "instead",
        "therefore",
        "straight",
        "away",
        "successfully",
        "basically",
        "like",
        "um",
        "uh",
        "er",
        "properly",
        "manually",
        "myself",
        "ourselves",
        "and",
        "all",
        "both",
        "initially",
        "proactively",
        "frankly",
        "gradually",
        "systematically",
        "regularly",
        "closely",
        "slowly",
        "half",
        "either",
    ]
)
_AUX = frozenset(["have", "has", "had", "'ve", "'d", "be", "been", "was", "were", "am", "is", "are", "did", "do"])
_MODAL = frozenset(["would", "will", "could", "should", "might", "may", "can", "must", "shall", "'ll"])
_I, _WE = frozenset(["i"]), frozenset(["we"])
_OTHERS = frozenset(
    [
        "he",
        "she",
        "they",
        "it",
        "you",
        "nobody",
        "everybody",
        "everyone",
        "someone",
        "somebody",
        "one",
        "there",
        "this",
        "that",
        "who",
        "which",
        "people",
        "customers",
        "the",
        "a",
        "an",
        "his",
        "her",
        "their",
        "its",
        "my",
        "our",
    ]
)
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
    if not past and not (expect and (word in _BASE_ACTIONS or word in STATIVE)):
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


_PREPOSITIONS = frozenset(
    [
        "of",
        "to",
        "for",
        "with",
        "from",
        "in",
        "on",
        "at",
        "by",
        "about",
        "into",
        "over",
        "under",
        "between",
        "through",
        "after",
        "before",
        "than",
        "as",
        "onto",
        "behind",
        "during",
        "without",
    ]
)


def _is_verb_like(word: str) -> bool:
    return _is_past(word) or word in _BASE_ACTIONS


def _starts_with_verb(clause: Clause) -> bool:
    """True when the clause begins with a past verb or a connective and one ("and wrote it down")."""
    words = [t.text for t in clause.tokens[:4]]
    words = [w for w in words if w not in _ADVERBS and w not in ("and", "then", "so", "but")]
    return bool(words) and _is_past(words[0])
