"""What the coach says: specific, with the person's own words, about the answer and never about the person."""

import re
from dataclasses import dataclass

from coach.brain.offline.follow_up import HANGS_BY, missing_item
from coach.brain.offline.quotes import is_joint_step, is_scrap, number_quote, quote, whole
from coach.brain.offline.tighten import tighten
from coach.brain.reading.answer import Reading
from coach.brain.reading.clauses import ClauseReading
from coach.contracts.evaluation import UNNEEDED, ContentFeedback, StarChecklist, StarItem, StarStatus
from coach.text.shorten import shorten_end

_NAMES = {"situation": "setting", "task": "goal", "action": "steps", "result": "outcome"}
_PLAN_NAMES = {
    "situation": "The plan starts in the middle: say what you would find out first",
    "task": "A plan; what it should achieve is still unsaid",
    "action": "Say what you would do first, and next",
    "result": "A plan without its check: how would you know it worked?",
}
_PLAN_HOW = {
    "situation": "say what you would need to know before you act",
    "task": "say in one sentence what you would want to achieve",
    "action": "name two things you would do, in order",
    "result": "end on how you would know that it worked",
}
"""A question about a case asks for a plan, of which nothing has happened yet."""
_SCENE_CUES = frozenset({"time", "place", "role", "problem", "there_was"})
_TASK_CUES = frozenset({"task_mine", "task_goal", "task_need"})
_NO_GOAL = re.compile(r"\b(?:not|never|nobody)\b|n't\b|\bi (?:want|have|must|need)(?: to)? (?:say|admit)\b")
_SPOKEN = re.compile(
    r"^(?:(?:and|so|but|then) )*(?:he|she|they|it|you) (?:goes?|went|says?|said|was like|were like)\b"
    r"|^(?:what|how|who) (?:was|were|is)\b"
)
_LED_BY = re.compile(rf"^(?:(?:and|so|but|then) )*(?:{HANGS_BY}|what)\b")
_WORKPLACE = re.compile(r"\bi(?:'m| was| am)? work(?:ed|s|ing)? (?:in|at|for|as|on)\b")
_FEWEST_PLANNED = 2
_LEADING = 1.0
"""What a step that hangs on another ("when I put it on the lathe …") loses as an example of one."""
_SCENE_WORDS = 4
"""Fewer words ("as a trainee", "so basically") show no scene."""
RELEVANCE_UNJUDGED = (
    "Whether it fits the question is judged by a language model. To get one, set OPENAI_API_KEY or run a model on this "
    "computer; the offline coach judges how the answer is built."
)


@dataclass(frozen=True)
class VerdictTexts:
    """What is said about an answer that is none: headline, note on fit, tip, note of every STAR item."""

    headline: str
    note: str
    tip: str
    item: str = "Nothing was said yet."


_VERDICTS = {
    "empty": VerdictTexts(
        "No answer was captured yet",
        "There is no answer to compare with the question yet.",
        "Start with one sentence: where you were, and what had to be done.",
    ),
    "other_language": VerdictTexts(
        "The offline coach can only judge answers in English",
        "This could not be judged: the answer does not seem to be in English.",
        "Answer in English, or connect a model that reads your language.",
        "Not judged: the answer does not seem to be in English.",
    ),
    "repeat": VerdictTexts(
        "You asked about the question; there is no answer yet",
        "Asking is fine, in a real interview too. There is no answer to compare with the question yet.",
        "Read the question above once more, then take it again with one moment of your own.",
    ),
    "refusal": VerdictTexts(
        "You chose not to answer this one",
        "You may decline a question. There is no answer to compare with it.",
        "Offer something in its place: “I would rather not go into that, but I can tell you about …”",
    ),
    "no_example": VerdictTexts(
        "No example yet: one moment is all it takes",
        "You say that there is no example; an interviewer will want a small one, from work, school or home.",
        "Think of one day that went well, or badly: where were you, what had to be done, what did you do?",
    ),
}
_HOW = {
    "situation": "say where and when it was, and what made it necessary",
    "task": "say in one sentence what was yours to achieve",
    "action": "name two things you did yourself, in order",
    "result": "end on what changed because of you",
}


def content_feedback(reading: Reading) -> ContentFeedback:
    """The whole section, every line within its limit."""
    return ContentFeedback(
        headline=shorten_end(_headline(reading), 90),
        top_strengths=[shorten_end(line, 140) for line in _strengths(reading)],
        top_improvements=[shorten_end(line, 140) for line in _improvements(reading)],
        star_checklist=StarChecklist(**{name: _star_item(reading, name) for name in _NAMES}),
        relevance_note=shorten_end(_relevance_note(reading), 220),
        one_action_tip=shorten_end(_tip(reading), 160),
    )


def _headline(reading: Reading) -> str:
    if reading.verdict:
        return _VERDICTS[reading.verdict].headline
    if not reading.story_asked:
        return "Clear, with substance" if reading.scores.content >= 7 else "One concrete example would carry this"
    gaps = reading.incomplete()
    if not gaps:
        if reading.measured:
            return "A complete story, with a measured outcome"
        return "A complete story; a figure would seal it" if reading.figure_wanted else "A complete story"
    first = gaps[0]
    if not reading.told_as_story:
        return _PLAN_NAMES[first]
    if reading.star[first].status is StarStatus.WEAK:
        return {
            "situation": "Nearly there: sharpen the setting",
            "task": "Nearly there: make your own goal explicit",
            "action": "Good frame; now show what you did yourself",
            "result": "Good story; the outcome deserves more than a hint",
        }[first]
    return {
        "situation": "The story starts in the middle: set the scene",
        "task": "Strong material; your own goal is still unsaid",
        "action": "The heart is missing: what you did",
        "result": "A story without its ending: what came of it?",
    }[first]


def _strengths(reading: Reading) -> list[str]:
    """Up to three things that work, each with the words that show it."""
    if reading.verdict:
        return []
    lines: list[str] = []
    used: set[int] = set()

    def add(clause: ClauseReading | None, text: str, words: str) -> None:
        if clause is not None and clause.clause.index not in used and words and len(lines) < 3:
            used.add(clause.clause.index)
            lines.append(text.format(words))

    star = reading.star
    if reading.metric is not None and star["result"].status is not StarStatus.MISSING:
        add(reading.metric, "You measure the outcome: “{}”.", number_quote(reading.metric, 80))
    if star["action"].status is StarStatus.PRESENT:
        step = _best_step(reading, used)
        add(
            step,
            "A concrete step one can picture: “{}”." if reading.story_asked else "A practical detail: “{}”.",
            quote(step, 80) if step else "",
        )
    for name, text in (
        ("situation", "The scene stands at once: “{}”."),
        ("task", "You say what was yours to do: “{}”."),
        ("result", "The story has an ending: “{}”."),
    ):
        clause = star[name].evidence
        if star[name].status is StarStatus.PRESENT:
            said = whole(clause, reading.clauses, 80) if clause and _shows(clause, name) else ""
            if said and (name != "situation" or len(tighten(said).text.split()) >= _SCENE_WORDS):
                add(clause, text, said)
    if not lines:
        best = max(reading.clauses, key=lambda r: (r.specific + r.numbers, -r.clause.index), default=None)
        if best is not None and best.specific + best.numbers > 1:
            add(best, "A detail to build on: “{}”.", quote(best, 80))
    return lines


def _shows(clause: ClauseReading, name: str) -> bool:
    """Whether a clause can be praised as its item: a scene needs its time, place or trouble, a goal its words."""
    if name == "situation":
        placed = bool(clause.cues & _SCENE_CUES) or clause.names > 0 or clause.numbers > 0
        return placed and clause.specific > 0 and not _SPOKEN.match(clause.clause.lower)
    if name == "task":
        return bool(clause.cues & _TASK_CUES) and not _NO_GOAL.search(clause.clause.lower)
    return bool(clause.events)


def _best_step(reading: Reading, used: set[int]) -> ClauseReading | None:
    steps = [r for r in reading.clauses if r.own_steps and r.clause.index not in used and _is_one(r)]
    mine = [r for r in steps if any(e.subject == "I" for e in r.own_steps)] or steps
    return max(mine, key=lambda r: (_as_example(r), -r.clause.index), default=None)


def _is_one(step: ClauseReading) -> bool:
    """No scrap, nothing that stands in anybody's answer, and no "I work at a …"."""
    general = "generic_action" in step.cues or bool(_WORKPLACE.search(step.clause.lower))
    return not general and not is_scrap(step)


def _as_example(step: ClauseReading) -> float:
    """How well a step serves as the example of one."""
    return step.scores["action"] + 0.2 * step.specific - _LEADING * bool(_LED_BY.match(step.clause.lower))


def _improvements(reading: Reading) -> list[str]:
    """Up to three, the most costly first, each hung on the speaker's own words."""
    if reading.verdict == "no_example":
        said = quote(reading.clauses[0], 60)
        return [f"“{said}” is no example yet: pick one day, one place, one thing you did."]
    lines: list[str] = []
    if not reading.judged:
        return lines
    if reading.story_asked:
        lines += [_gap_line(reading, name) for name in _gaps(reading)]
        lines += _extra_lines(reading)
    elif reading.scores.content < 8 and (full := [r for r in reading.clauses if len(r.clause.tokens) > _SCENE_WORDS]):
        vague = min(full, key=lambda r: (r.specific + r.numbers, r.clause.index))
        lines.append(f"“{quote(vague, 60)}” stays general: add one example from your own work.")
    if reading.cut:
        lines.insert(0, "Only the first twenty minutes were judged; two minutes hold attention better.")
    return [line for line in lines if line][:3]


def _gaps(reading: Reading) -> list[str]:
    """The items to speak of; of a plan that names two steps no further steps are asked."""
    planned = sum("conditional" in r.cues for r in reading.clauses)
    enough = not reading.told_as_story and planned >= _FEWEST_PLANNED
    return [name for name in reading.incomplete() if not (enough and name == "action")]


def _gap_line(reading: Reading, name: str) -> str:
    item = reading.star[name]
    if not reading.told_as_story:
        return f"{_PLAN_HOW[name][:1].upper()}{_PLAN_HOW[name][1:]}."
    said = whole(item.evidence, reading.clauses, 50) if item.evidence else ""
    if item.status is StarStatus.WEAK and said:
        if name == "result" and reading.measured:
            return f"“{said}” is counted already: now say what that meant, and for whom."
        return {
            "situation": f"“{said}” could be anywhere: add place, time and what was at stake.",
            "task": f"“{said}” leaves your own goal open: what exactly, by when?",
            "action": f"“{said}” is one step or a general one: say what you did first, and next.",
            "result": f"“{said}” only hints at the outcome: what was different afterwards?",
        }[name]
    anchor = _anchor(reading, name)
    said = quote(anchor, 50) if anchor else ""
    return (
        {
            "situation": f"Before “{said}”, say where and when this was and what made it necessary.",
            "task": f"Before “{said}”, say in one sentence what you had to achieve.",
            "action": f"After “{said}”, tell what you yourself did, in two or three steps.",
            "result": f"After “{said}”, say what changed: a figure, a decision, a reaction.",
        }[name]
        if said
        else ""
    )


def _anchor(reading: Reading, name: str) -> ClauseReading | None:
    """The clause next to which the missing item belongs."""
    full = [r for r in reading.clauses if r.own_steps and not is_scrap(r) and len(r.clause.tokens) > 3]
    acted = [r for r in full if not _LED_BY.match(r.clause.lower)] or full or reading.clauses
    if name in ("situation", "task"):
        return acted[0] if acted else None
    if name == "result":
        return acted[-1] if acted else None
    return reading.star["task"].evidence or reading.star["situation"].evidence or acted[0]


def _extra_lines(reading: Reading) -> list[str]:
    lines = []
    if reading.ownership.kind == "we":
        ours = next((r for r in reading.clauses if is_joint_step(r)), None)
        if ours:
            lines.append(f"“{quote(ours, 60)}”: which part of that was yours?")
    result = reading.star["result"]
    if reading.figure_wanted and result.status is StarStatus.PRESENT and result.evidence and result.evidence.events:
        lines.append(f"Put a size to “{quote(result.evidence, 60)}”: how many, how much, how fast?")
    if reading.answer.word_count > 320:
        aside = min(reading.units, key=lambda u: (u.value, u.start))
        lines.append(f"“{quote(aside.readings[0], 60)}” can go; two minutes hold attention better.")
    return lines


def _star_item(reading: Reading, name: str) -> StarItem:
    item = reading.star[name]
    if not reading.judged:
        return StarItem(status=StarStatus.MISSING, note=_VERDICTS[reading.verdict].item)
    if item.status is StarStatus.MISSING or item.evidence is None:
        how = _HOW[name] if reading.told_as_story else _PLAN_HOW[name]
        asked = f"Not told yet: {how}." if reading.story_asked else f"{UNNEEDED}."
        return StarItem(status=item.status, note=asked)
    said = whole(item.evidence, reading.clauses, 80) or quote(item.evidence, 80)
    how = _HOW[name] if reading.told_as_story or not reading.story_asked else _PLAN_HOW[name]
    note = f"“{said}”" if item.status is StarStatus.PRESENT else f"“{said}” hints at it; {how}."
    return StarItem(status=item.status, note=shorten_end(note, 140))


def _relevance_note(reading: Reading) -> str:
    return _VERDICTS[reading.verdict].note if reading.verdict else RELEVANCE_UNJUDGED


def _tip(reading: Reading) -> str:
    if reading.verdict:
        return _VERDICTS[reading.verdict].tip
    item = missing_item(reading) if reading.story_asked else None
    if item:
        return f"Next time, {(_HOW if reading.told_as_story else _PLAN_HOW)[item]}."
    if reading.told_as_story and reading.figure_wanted:
        return "Next time, add one figure to the outcome: how many, how much, or how fast."
    if not reading.story_asked and reading.scores.content < 8:
        return "Give one example from your own work right after your first sentence."
    return "Keep this one: say it twice aloud and save it to your library."
