"""The form a question asks for: a story, an explanation, a plan, or something about oneself.

Whether an answer fits its question is not judged here: on trades nobody had seen, neither words nor a small embedding
could tell (see `docs/decisions`).
"""
# ruff: noqa: E501 - phrase lists are easier to keep on one line

import re
from typing import Literal

from coach.brain.reading.text import fold

Form = Literal["story", "explain", "plan", "self"]

_ASKS_STORY = re.compile(
    r"\b(?:a time|an example|example of|specific example|real example|instance|a situation|recent(?:ly)? (?:project|example)|walk me through (?:a|the) (?:project|process|time|decision|situation)|"
    r"describe (?:a|how you handled|the)|tell me about (?:a|an|the|your (?:biggest|most|proudest|last|greatest (?:achievement|failure|accomplishment)))|have you ever|when (?:did|have|were|has)|last time you|achievement you|something you|proud of|proudest|"
    r"what (?:was|is) (?:the|your|an|a) (?:\w+ )?(?:biggest|most|hardest|toughest|proudest|achievement|accomplishment|difficult)|how (?:did|have) you|(?:who|what|which|where) (?:have|did) you|"
    r"(?:what|who)(?:'s| is| was|'s been| has been) (?:the|your|a|an) (?!(?:biggest|greatest|main|best) (?:weakness|strength|quality))(?:[\w-]+ ){0,3}?(?:\w{3,}est|most|worst|best|last|only)\b|you(?:'ve| have)(?: ever)? (?:\w+ ){0,2}(?:had|done|made|handled|given|faced|taken|dealt|been))\b"
)
_ASKS_PLAN = re.compile(
    r"\b(?:what would you|how would you (?:handle|deal|approach|prioriti|respond|react|go about|manage)|imagine|suppose|if you (?:were|had|noticed|found|saw))"
)
_ASKS_EXPLAIN = re.compile(
    r"\b(?:what(?:'s| is| are| does| do) (?:the )?(?:difference|purpose|meaning|a |an |it)?|how would you \w+|how (?:do|does|can) (?:you )?(?:explain|find out|work|test|measure|design|calculate|debug|implement|secure|optimi|configure|monitor|detect|calibrate)|"
    r"explain|define|when (?:would|should) you use|compare|why (?:does|do|is|are) (?!you)|difference between)"
)
_ASKS_SELF = re.compile(
    r"\b(?:about yourself|about you\b|your background|(?:your )?(?:colleagues|boss|manager|friends) (?:would )?say|would you say (?:is|are)|why (?:do|did|are|should|would) (?:you|we)|why (?:this|us|here)|see yourself|your (?:greatest |biggest |main |best )?(?:weakness|strength|quality)|how do you (?:handle|stay|keep|deal|cope|manage|like|define)|"
    r"what (?:motivates|interests|attracts|experience|kind of|are your|do you (?:like|enjoy|expect|know))|salary|hoping to earn|hire you|made you leave|drew you to|five years|weaknesses|weakness of yours|would you say|how do you approach|your (?:leadership|management|working|communication) style|walk me through your)"
)

_ASKS_HABIT = re.compile(r"\b(?:how|what) do you (?:handle|stay|keep|deal|cope|manage|respond|react|do about)\b")
"""A behavioural interviewer who asks how you deal with something wants to hear of a time you did."""


def asked_form(question: str, kind: str = "") -> Form:
    """The form a question asks for; its declared type decides only where its words do not."""
    text = fold(question)
    if kind.startswith(("technical", "motivation", "about")):
        return "explain" if kind.startswith("technical") else "self"
    if _ASKS_STORY.search(text) or (kind.startswith(("behav", "leader")) and _ASKS_HABIT.search(text)):
        return "story"
    if kind.startswith("situational"):
        return "plan"
    if _ASKS_SELF.search(text) and not _ASKS_PLAN.search(text):
        return "self"
    if _ASKS_PLAN.search(text):
        return "plan"
    if _ASKS_EXPLAIN.search(text):
        return "self" if _ASKS_SELF.search(text) else "explain"
    return "story" if kind.startswith(("behav", "leader")) else "self"
