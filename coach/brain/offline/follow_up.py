"""The one probing question: only for what is missing, in the speaker's own terms."""

import re
from dataclasses import dataclass

from coach.brain.offline.quotes import is_scrap, quote, shorten, whole
from coach.brain.reading.answer import Reading
from coach.brain.reading.lexicon import lower_first
from coach.contracts.evaluation import FollowUp, FollowUpType, StarStatus

_QUESTION_CHARS, _REASON_CHARS = 260, 220
_PLAN_QUESTIONS = {
    "situation": "What would you need to find out before you act?",
    "task": "What would you want to have achieved in the end?",
    "action": "What exactly would you do, step by step?",
    "result": "How would you know that it worked, and what would you do if it did not?",
}
"""Of a case nothing has happened yet, so nothing is asked about afterwards."""
HANGS_BY = "when|while|after|before|if|as|once|because|since|until|although"
"""Words that hang a clause on another one."""
_LED_BY = re.compile(rf"^(?:(?:and|so|but|then) )*(?:{HANGS_BY})\b")
_UNASKED = {
    "empty": "There is no answer to ask about yet.",
    "other_language": "The answer is in another language than the coach reads.",
    "repeat": "The question was not understood yet; it can be taken again.",
    "refusal": "The speaker would rather not answer this one.",
}


@dataclass(frozen=True)
class FollowUpDecision:
    """Whether, why and what to ask."""

    type: FollowUpType
    item: str
    section: FollowUp


def decide_follow_up(reading: Reading) -> FollowUpDecision:
    """For stories: an example where there is none, a missing item, a weak action or result, or two weak items."""
    if reading.input.question.is_follow_up:
        return _none("This answer already was a follow-up.")
    if reading.verdict in _UNASKED:
        return _none(_UNASKED[reading.verdict])
    if reading.verdict == "no_example" and reading.story_asked:
        return _example(reading)
    item = missing_item(reading)
    if item is None or not reading.story_asked:
        return _none("Nothing essential is missing; on to the next question.")
    return _missing(reading, item)


def missing_item(reading: Reading) -> str | None:
    """The STAR item worth asking for, None when the answer stands without."""
    status = {name: item.status for name, item in reading.star.items()}
    weak = [name for name, value in status.items() if value is StarStatus.WEAK]
    gaps = reading.incomplete()
    serious = any(value is StarStatus.MISSING for value in status.values()) or len(weak) >= 2
    return gaps[0] if gaps and (serious or {"action", "result"} & set(weak)) else None


def _none(reason: str) -> FollowUpDecision:
    return FollowUpDecision(FollowUpType.NONE, "", FollowUp(should_ask=False, question_text="", reason=reason))


def _example(reading: Reading) -> FollowUpDecision:
    wanted = _asked_for(reading.input.question.text)
    text = f"No rush. Is there one moment, even a small one, at work, at school or at home, that fits: {wanted}?"
    return _ask(FollowUpType.MISSING_STAR, "action", text, "There is no example yet; a small one is enough.")


def _asked_for(question: str) -> str:
    """The question without its opening formula, short enough to repeat."""
    text = question.strip().split("?")[0].split(". ")[0].rstrip(".? ")
    for opening in (
        "Tell me about ",
        "Describe ",
        "Give me an example of ",
        "Can you tell me about ",
        "Walk me through ",
        "Give an instance ",
    ):
        if text.lower().startswith(opening.lower()):
            text = text[len(opening) :]
            break
    return lower_first(shorten(text, 120))


def _missing(reading: Reading, item: str) -> FollowUpDecision:
    told = _anchor(reading, item)
    weak = reading.star[item].status is StarStatus.WEAK
    own = reading.star[item].evidence
    said = whole(own, reading.clauses, 60) if weak and own else ""
    text = _question(reading, item, told, said)
    state = "only hinted at" if weak else "not there yet"
    return _ask(
        FollowUpType.MISSING_STAR, item, text, f"The {item} is {state}; one more detail would complete the story."
    )


def _question(reading: Reading, item: str, told: str, said: str) -> str:
    where = f"You said “{told}”. " if told else ""
    if not reading.told_as_story:
        return f"{where if item != 'task' else ''}{_PLAN_QUESTIONS[item]}"
    if item == "action":
        if said and reading.ownership.kind in ("we", "mixed"):
            return f"You said “{said}”. Which part of that was yours: what did you do first, and what next?"
        if said:
            return f"You said “{said}”. How exactly did you do that: what were the first two steps?"
        return f"{where}What did you do yourself at that point, step by step?"
    if item == "result":
        if said and reading.measured:
            return f"You said “{said}”. What did that mean for the people concerned, and how do you know?"
        if said:
            return f"You said “{said}”. How could one tell: which number or reaction was different afterwards?"
        return f"{where}What came of it: what was different afterwards, and how do you know?"
    if item == "task":
        if said:
            return f"You said “{said}”. What exactly was yours to achieve there, and by when?"
        return f"{where}What exactly were you there to achieve: what was your own goal or duty?"
    if said:
        return f"You said “{said}”. Where and when was that, and what made it necessary?"
    return f"{where}Can you set the scene: where was this, when, and what made it necessary?"


def _anchor(reading: Reading, item: str) -> str:
    """Words of the speaker to hang the question on: the strongest told step, else the best other clause."""
    wanted = "result" if item == "action" else "action"
    ranked = sorted(
        (r for r in reading.clauses if not is_scrap(r)),
        key=lambda r: (bool(_LED_BY.match(r.clause.lower)) - r.scores[wanted] - 0.1 * r.specific, r.clause.index),
    )
    if item == "action" and reading.star["task"].evidence:
        ranked = [reading.star["task"].evidence, *ranked]
    return next((text for r in ranked if len(text := quote(r, 60)) >= 12), "")


def _ask(kind: FollowUpType, item: str, text: str, reason: str) -> FollowUpDecision:
    section = FollowUp(should_ask=True, question_text=text[:_QUESTION_CHARS], reason=reason[:_REASON_CHARS])
    return FollowUpDecision(kind, item, section)
