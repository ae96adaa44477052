"""Mends grammar where only one reading is possible: agreement, tense after "did", participles, articles, plurals.

What could mean two things is left as it was said; nothing is ever made worse ("they didn't spoke English" becomes "they
didn't speak English"). Language never lowers a score; this only spares a learner from reading their slip in a text that
is meant to be said aloud.
"""

# ruff: noqa: E501 - patterns are easier to keep on one line

import re
from functools import cache

from coach.brain.reading.lexicon import common_words, shipped
from coach.brain.reading.verbs import IRREGULAR_PAST

_I = re.IGNORECASE
_AFTER_DID = re.compile(
    r"\b(did(?:n['’]t| not)|do(?:es)?n['’]t|do(?:es)? not)( (?:really |even |ever )?)([a-z]+)\b", _I
)
_AFTER_MODAL = re.compile(
    r"\b(could|would|should|must|can|couldn['’]t|wouldn['’]t|shouldn['’]t|can['’]t)( )([a-z]{3,})\b", _I
)
_HAVE = re.compile(
    r"\b(have|has|had|['’]ve|haven['’]t|hasn['’]t|hadn['’]t)( (?:already |never |just |ever )?)([a-z]+)\b", _I
)
_PLAIN_STEM = re.compile(r"(?:[aeo][aeiou]|[aeiou][^aeiouy\W])[^aeiouycglsuvz\W]$")
"""A stem that took no letter: two vowels or two consonants before its end ("leak", "paint")."""
_DOUBLED = re.compile(r"[aeiou](bb|dd|gg|mm|nn|pp|rr|tt)$")
_BARE_IN_ED = re.compile(r"(?:bed|eed|shred|shed|wed)$")
"""Verbs that end so without being a past: "embed", "need", "proceed"."""
_WORD = re.compile(r"\b[a-z]{4,}\b", _I)
_ARTICLE = re.compile(r"\b(an?) ([a-z][a-z'’-]*)", _I)
_VOWEL = re.compile(
    r"(?:[aei]|o(?!ne\b|nce|ui)|u(?:n(?!i|anim)|mb|p|gl|rg|sher|nder|tter|lt|nint|nimp)|hour|honest|heir|honou?r)", _I
)
_CONSONANT = re.compile(
    r"(?:eu|one\b|once|ewe|uk\b|use|usual|uni(?:t|vers|on|form|que|son|lat)|[bcdfgjklmnpqrstvwyz]|h(?!o|ei))", _I
)
"""What begins with a vowel or consonant however it is read; an "h", a "u" or initials ("an HGV licence") may be either."""
_BARE_AFTER: frozenset[str] = frozenset(shipped("reading/grammar.json")["bare_after"])
"""Words after which a subject takes the bare verb, or may not be the whole subject."""
_PERSONS: str = shipped("reading/grammar.json")["singular_subjects"]
_FIXED: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(found, _I), mended)
    for found, mended in (
        (r"\b(he|she|it) don(['’])t\b", r"\1 doesn\2t"),
        (r"(?<!of )(?<!of the )(?<!of our )(?<!of my )(?<!with )(?<!for )(?<!to )\b(we|they|you|people|customers|children) was\b", r"\1 were"),
        (r"\b(there) was (?=(?:many|several|two|three|four|five|six|seven|eight|nine|ten|twelve) )", r"\1 were "),
        (r"\b(there) was (?=(?-i:[a-z]{2,}(?<![suio])s)\b(?=[.,;!?]|$| (?:on|at|to|from|who|everywhere|[a-z]{3,}ing)\b))"
         r"(?!(?:this|news|business|access|always|perhaps|less|plus|illness|weakness|its|his|physics|politics|sales|mathematics|economics|gas|series|means|logistics|diabetes)\b)", r"\1 were "),
        (rf"\b({_PERSONS}|(?:my|this|that|his|her) (?!(?:people|police|staff|children|men|women|team|others?|rest|two|three|ones?|many|few|sheep|fish|family|crew|lot)\b)[a-z]+(?<!s)) don(['’])t\b", r"\1 doesn\2t"),
        (r"\b(listened) (him|her|them|me|us)\b", r"\1 to \2"),
        (r"\b(I|we|they|you)( never| always| often| also| still)? (work|read|bring|want|need|come|make|take|call|give|help|know|ask|tell|look|think|get|run|keep|live)s\b", r"\1\2 \3"),
        (r"\b(I|we|they|you) (?:am|are|was|were) (agree|disagree)\b", r"\1 \2"),
        (r"\bmore (better|easier|faster|quicker|cheaper|bigger|smaller|slower|stronger|clearer|happier)\b", r"\1"),
        (r"\b((?:ask|asks|asked|tell|tells|told|want|wants|wanted) (?:me|us|him|her|them)) for (?=(?:improve|make|do|find|help|fix|work|take|write|go|change|solve|check|prepare)\b)", r"\1 to "),
        (r"\bdiscuss(ed|es|ing)? about\b", r"discuss\1"),
        (rf"\b(told|tell|tells|telling|asked|asks|ask) to (?=(?:him|them|us|me|{_PERSONS})\b)", r"\1 "),
        (r"\b(I|we|they|he|she|it|you) (can|could|must|should)(n['’]t)? to (?=[a-z])", r"\1 \2\3 "),
        (r"\b(explained|explain) (me|him|her|us|them) (?=(?:the|how|what|why|that|my|our)\b)", r"\1 to \2 "),
    )
)  # fmt: skip


_SINCE = re.compile(
    r"\bsince (?=(?:(?:some |a few )?|(?:two|three|four|five|six|seven|eight|nine|ten|twelve|many|several|\d+) )"
    r"(?:hours|days|weeks|months|years)\b(?! ago))",
    _I,
)
_NOW = re.compile(r"(?:\b(?:am|is|are)\b|\b(?:i|he|she|it|we|they|you)['’](?:m|s|re)\b)(?! been)[^.,;!?]*$", _I)
"""Before "since six years" the present is as wrong as "since": "I am technician since six years" stays as said."""


def mend(text: str) -> str:
    """The text with its safe slips mended."""
    text = _AFTER_DID.sub(_base_after_did, text)
    text = _AFTER_MODAL.sub(_base_after_modal, text)
    text = _HAVE.sub(_participle, text)
    text = _WORD.sub(_regular, text)
    for found, mended in _FIXED:
        text = found.sub(mended, text)
    text = _SINCE.sub(lambda m: m.group() if _NOW.search(m.string[: m.start()]) else "for ", text)
    return _ARTICLE.sub(_article, _third_person().sub(_agreeing, text))


def _base_after_did(match: re.Match[str]) -> str:
    word = match.group(3).lower()
    base = (
        "have"
        if word == "had"
        else IRREGULAR_PAST.get(word, "") or (_regular_base(word) if word.endswith("ed") else "")
    )
    return f"{match.group(1)}{match.group(2)}{base}" if base else match.group()


def _base_after_modal(match: re.Match[str]) -> str:
    """The verb behind a modal is bare ("could stopped it"); an irregular past may be a noun ("saw") and stays."""
    word = match.group(3).lower()
    base = _regular_base(word) if word.endswith("ed") and not _BARE_IN_ED.search(word) else ""
    return f"{match.group(1)} {base}" if base else match.group()


def _regular_base(word: str) -> str:
    """Base form of a regular past ("tried" -> "try"); empty when no known word comes of it."""
    stem = word[:-2]
    guesses = (
        stem,
        f"{stem}e",
        stem[:-1] if stem[-1:] == stem[-2:-1] else "",
        f"{stem[:-1]}y" if stem.endswith("i") else "",
    )
    known = next((guess for guess in guesses if len(guess) > 2 and guess in _known_bases()), "")
    return known or (guesses[2] if _DOUBLED.search(stem) else stem if _PLAIN_STEM.search(stem) else guesses[3])


@cache
def _known_bases() -> frozenset[str]:
    return common_words() | frozenset(shipped("reading/grammar.json")["third_person"])


def _participle(match: re.Match[str]) -> str:
    word = match.group(3).lower()
    right = shipped("reading/grammar.json")["participles"].get(_over_regular().get(word, word))
    return f"{match.group(1)}{match.group(2)}{right}" if right else match.group()


def _regular(match: re.Match[str]) -> str:
    right = _over_regular().get(match.group().lower()) or shipped("reading/grammar.json")["plain_form"].get(
        match.group().lower()
    )
    return _as(match.group(), right) if right else match.group()


@cache
def _over_regular() -> dict[str, str]:
    """Over-regular form to past: "teached" -> "taught", for every irregular verb whose regular form is no word of its own."""
    known = frozenset(shipped("reading/grammar.json")["regular_too"]) | common_words()
    forms: dict[str, str] = {}
    for past, base in IRREGULAR_PAST.items():
        if base.endswith("ee"):
            continue
        regular = f"{base}d" if base.endswith("e") else f"{base}ed"
        for form in (regular, f"{base}{base[-1]}ed"):
            if form not in known and form not in IRREGULAR_PAST:
                forms.setdefault(form, past)
    return forms


@cache
def _third_person() -> re.Pattern[str]:
    data = shipped("reading/grammar.json")
    verbs = "|".join(data["third_person"])
    return re.compile(rf"\b(he|she|{data['singular_subjects']}) ({verbs})\b(?=\s)", _I)


def _agreeing(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - 12) : match.start()].split()
    if before and before[-1].lower() in _BARE_AFTER:
        return match.group()
    return f"{match.group()}s"


def _article(match: re.Match[str]) -> str:
    """The right article before a word whose first sound is certain; "an HGV licence" may be right and stays."""
    said, word = match.group(1).lower(), match.group(2)
    if said == "a" and len(word) > 1 and not word.isupper() and _VOWEL.match(word) and not _CONSONANT.match(word):
        return f"{_as(match.group(1), 'an')} {word}"
    known = word.isalpha() and not word.isupper() and word.lower() in common_words()
    if said == "an" and (known or word.lower().startswith("us")) and _CONSONANT.match(word):
        return f"{_as(match.group(1), 'a')} {word}"
    return match.group()


def _as(model: str, word: str) -> str:
    """`word` with the capital `model` has."""
    return word[0].upper() + word[1:] if model[:1].isupper() else word
