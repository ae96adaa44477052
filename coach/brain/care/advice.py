"""What the person is told for what was noticed, and text without what must not be repeated."""

import re
from collections.abc import Collection

from coach.brain.care.lexicon import advice, cleaners, not_an_answer_reasons
from coach.brain.care.reader import CareReading, kinds_in, stretches
from coach.contracts.brain import Care, CareResource

CUT = ("crisis", "threat", "misconduct")
"""Kinds whose sentences reach no judge and no rewrite."""
_FIRST_PERSON = tuple(
    (re.compile(rf"\b{said}\b", re.IGNORECASE), told)
    for said, told in (("(?:you're|you are)", "I am"), ("you've", "I have"), ("your", "my"), ("you", "I"))
)
_QUOTES = re.compile(r"[\"“”«»]")
_BLANKS = re.compile(r"[ \t]{2,}")
_BEFORE_MARK = re.compile(r"\s+([,.!?;:])")
_ARTICLES = re.compile(r"\b(an?) ([a-z])", re.IGNORECASE)


def care_for(reading: CareReading) -> Care | None:
    """The care record of a reading; None when there is nothing to say."""
    kind = reading.kind
    if not kind:
        return None
    said = advice()[kind]["message"].strip()
    message = said.format(language=reading.language, what=_what(reading.text)) if "{" in said else said
    helpers = [CareResource(**entry) for entry in advice()["resources"]] if kind == "crisis" else []
    return Care.model_validate({"kind": kind, "message": message, "resources": helpers})


def headline_for(kind: str) -> str:
    """The headline that stands over an answer of this kind, "" where the coach's own stands."""
    said: str = advice()[kind]["headline"]
    return said


def _what(text: str) -> str:
    return next((said for pattern, said in not_an_answer_reasons() if pattern.search(text)), "")


def judged_text(reading: CareReading, text: str) -> str:
    """What a judge may see of `text`: threats and admissions out, strong words replaced, all else as it was said."""
    if not {*CUT, "profanity"} & reading.passages.keys():
        return text
    return cleaned(without(text, CUT))


def without(text: str, kinds: Collection[str]) -> str:
    """`text` without the sentences that speak for one of `kinds`."""
    kept, cursor = [], 0
    for start, end in stretches(text):
        if not set(kinds_in(text[start:end])) & set(kinds):
            kept.append(text[cursor:end])
        cursor = end
    return "".join([*kept, text[cursor:]]).strip()


def cleaned(text: str) -> str:
    """`text` with strong words and insults replaced by plain ones, sentence by sentence; others stay untouched."""
    pieces, cursor = [], 0
    for start, end in stretches(text):
        pieces.append(text[cursor:start])
        sentence = text[start:end]
        pieces.append(_cleaned(sentence) if "profanity" in kinds_in(sentence) else sentence)
        cursor = end
    return "".join([*pieces, text[cursor:]])


def _cleaned(sentence: str) -> str:
    for pattern, said in cleaners():
        sentence = pattern.sub(said, sentence)
    sentence = _BEFORE_MARK.sub(r"\1", _BLANKS.sub(" ", sentence)).strip()
    sentence = _ARTICLES.sub(_right_article, sentence)
    return sentence[:1].upper() + sentence[1:]


def _right_article(match: re.Match[str]) -> str:
    return match.group() if match.group(1).lower() != "an" or match.group(2) in "aeiouh" else f"a {match.group(2)}"


def repeats(text: str) -> list[str]:
    """The kinds that a coach's own line repeats, also where it says "your" for "my"."""
    told = _QUOTES.sub(", ", text)
    for pattern, said in _FIRST_PERSON:
        told = pattern.sub(said, told)
    return list(dict.fromkeys(kind for a, b in stretches(told) for kind in kinds_in(told[a:b])))
