"""Whether a story is worth keeping, and its name: a short noun phrase, "Process improvement at Marlow Freight"."""

import re
from functools import cache

from coach.brain.reading.answer import Reading
from coach.brain.reading.cues import WORKPLACE
from coach.brain.reading.lexicon import is_name, shipped
from coach.contracts.evaluation import LibrarySuggestion
from coach.text.shorten import shorten_end

_WORTH_SAVING = 7.0
_TITLE_CHARS, _CATEGORY_CHARS = 80, 40
_NAMED = re.compile(r"\b([Aa]t|[Ii]n|[Ff]or|with|on) ((?:the )?[A-Z][\w'’&-]+(?: (?:(?:of|and) )?[A-Z][\w'’&-]+){0,3})")
_PLACE = re.compile(rf"\b(at|in|on) (?:the|our|my|a|an) ((?:[a-z'’-]+ )?{WORKPLACE})\b(?! of\b)")
_FILLING = frozenset(["last", "first", "previous", "old", "new", "current", "former", "same", "second", "own", "whole"])


def library_suggestion(reading: Reading) -> LibrarySuggestion:
    """A story of 7 or more is worth keeping."""
    if not reading.story_asked or reading.scores.content < _WORTH_SAVING:
        return LibrarySuggestion(should_save=False, suggested_title="", category="", why_save="")
    why = (
        "Complete and measured; it will serve other questions too."
        if reading.metric
        else "Complete; add a figure and it will serve other questions too."
    )
    category = reading.input.question.competency.strip() or topic(reading.input.question.text)
    return LibrarySuggestion(
        should_save=True, suggested_title=title(reading), category=category[:_CATEGORY_CHARS], why_save=why
    )


def title(reading: Reading) -> str:
    """What the story is about, and where it played when that was said: never a sentence."""
    asked = reading.input.question
    about = topic(asked.text) or asked.competency.strip() or "Story"
    return shorten_end(f"{about[:1].upper()}{about[1:]}{_where(reading)}", _TITLE_CHARS)


def topic(question: str) -> str:
    """The noun phrase of the first topic the question names; empty when it names none."""
    text = question.lower()
    return next((name for pattern, name in _topics() if pattern.search(text)), "")


@cache
def _topics() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(rf"\b(?:{pattern})"), name) for pattern, name in shipped("reading/topics.json")]


def _where(reading: Reading) -> str:
    """The first place named early in the answer, with a blank before it ("at Marlow Freight"), else nothing."""
    early = [r.clause.text for r in reading.clauses if r.place < 0.4]
    for text in early:
        for match in _NAMED.finditer(text):
            if is_name(match.group(2).removeprefix("the ").split()[0], first=False):
                return f" {match.group(1).lower()} {match.group(2)}"
    for text in early:
        place = _PLACE.search(text)
        if place and place.group(2).split()[0].lower() not in _FILLING:
            return f" {place.group(1)} the {place.group(2)}"
    return ""
