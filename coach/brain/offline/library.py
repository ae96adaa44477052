"""Whether a story is worth keeping, and under which name."""

from coach.brain.offline.notes import shorten_end
from coach.brain.offline.quotes import shorten
from coach.brain.offline.tighten import tighten
from coach.brain.reading.answer import Reading
from coach.contracts.evaluation import LibrarySuggestion

_WORTH_SAVING = 7.0


def library_suggestion(reading: Reading) -> LibrarySuggestion:
    """A story of 7 or more is worth keeping."""
    save = reading.story_asked and reading.scores.content >= _WORTH_SAVING
    if not save:
        return LibrarySuggestion(should_save=False, suggested_title="", category="", why_save="")
    competency = reading.input.question.competency or "story"
    told = [r for u in reading.units if u.role == "action" for r in u.readings if r.own_steps] or reading.clauses
    step = max(told, key=lambda r: (r.scores["action"] + 0.2 * r.specific, -r.clause.index))
    title = tighten(shorten(step.clause.text, 76), sentence=False).text.removeprefix("I ").removeprefix("i ")
    why = (
        "Complete and measured; it will serve other questions too."
        if reading.metric
        else "Complete; add a figure and it will serve other questions too."
    )
    return LibrarySuggestion(
        should_save=True,
        suggested_title=shorten_end(title[:1].upper() + title[1:], 80),
        category=competency[:40],
        why_save=why,
    )
