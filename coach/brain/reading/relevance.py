"""Does the answer answer the question: what was asked for, what was told, and how well the two fit.

Two readings of the question: its *theme* (conflict, deadline, why here, …) from `data/skills/themes.json`, and the *form*
it asks for (a story, an explanation, a plan, an opinion about oneself). An answer fits when it speaks of the theme, in
the form, with the question's own words or their kin. Weights are learnt (`data/skills/relevance_model.json`).
"""
# ruff: noqa: E501 - phrase lists are easier to keep on one line

import math
import re
from typing import Literal

from coach.brain.reading.clauses import ClauseReading
from coach.brain.reading.features import Features, answer_features, squash
from coach.brain.reading.text import AnswerText, fold, tokens
from coach.brain.reading.themes import asked_themes, told_themes
from coach.text.stems import stem

Form = Literal["story", "explain", "plan", "self"]

_ASKS_STORY = re.compile(
    r"\b(?:a time|an example|example of|specific example|real example|instance|a situation|recent(?:ly)? (?:project|example)|walk me through (?:a|the) (?:project|process|time|decision|situation)|"
    r"describe (?:a|how you handled|the)|tell me about (?:a|an|the|your (?:biggest|most|proudest|last|greatest (?:achievement|failure|accomplishment)))|have you ever|when (?:did|have) you|last time you|achievement you|something you|proud of|"
    r"what (?:was|is) (?:the|your|an|a) (?:\w+ )?(?:biggest|most|hardest|toughest|proudest|achievement|accomplishment|difficult)|how did you)\b"
)
_ASKS_PLAN = re.compile(
    r"\b(?:what would you|how would you (?:handle|deal|approach|prioriti|respond|react|go about|manage)|imagine|suppose|if you (?:were|had|noticed|found|saw))"
)
_ASKS_EXPLAIN = re.compile(
    r"\b(?:what(?:'s| is| are| does| do) (?:the )?(?:difference|purpose|meaning|a |an |it)?|how (?:would|do|does|can) (?:you )?(?:explain|find out|work|test|measure|design|calculate|debug|implement|secure|optimi|configure|monitor|detect|calibrate)|"
    r"explain|define|when (?:would|should) you use|compare|why (?:does|do|is|are) (?!you)|difference between)"
)
_ASKS_SELF = re.compile(
    r"\b(?:about yourself|why (?:do|did|are|should|would) (?:you|we)|why (?:this|us|here)|see yourself|your (?:greatest |biggest |main )?(?:weakness|strength)|how do you (?:handle|stay|keep|deal|cope|manage|like|define)|"
    r"what (?:motivates|interests|attracts|experience|kind of|are your|do you (?:like|enjoy|expect|know))|salary|hire you|how do you approach|your (?:leadership|management|working|communication) style|walk me through your)"
)
_GENERIC = frozenset(
    [
        "tell",
        "time",
        "describ",
        "exampl",
        "give",
        "situat",
        "when",
        "how",
        "you",
        "your",
        "what",
        "the",
        "which",
        "work",
        "job",
        "someon",
        "walk",
        "through",
        "explain",
        "would",
        "about",
        "instanc",
        "respond",
        "handl",
        "did",
        "were",
        "had",
        "success",
        "experi",
        "share",
        "recent",
        "specif",
        "import",
        "person",
        "peopl",
        "one",
        "thing",
        "make",
        "made",
        "get",
        "did",
        "then",
        "end",
        "did",
        "question",
        "answer",
    ]
)
_DENIAL = re.compile(
    r"\b(?:can(?:'t|not) (?:really )?(?:think of|remember|recall|say i)|(?:nobody|no one) else was (?:really )?involved|i don't really (?:get|have|do)|worked (?:on my own|alone)|never (?:really )?(?:had|been|needed|happened)|no,? not really|"
    r"come back to that|there (?:wasn't|was no|were no) (?:conflict|disagreement|problem|argument)|more of a success|my failing is|i don't get (?:stressed|into)|(?:was|were) (?:very |all )?(?:cooperative|agreeable)|don't know if that's what|not sure (?:that|this) (?:answers|is))"
)


def asked_form(question: str, kind: str = "") -> Form:
    """The form a question asks for; its declared type decides only where its words do not."""
    text = fold(question)
    if _ASKS_STORY.search(text):
        return "story"
    if _ASKS_PLAN.search(text) or kind.startswith("situational"):
        return "plan"
    if kind.startswith("technical") or _ASKS_EXPLAIN.search(text):
        return "self" if _ASKS_SELF.search(text) and not kind.startswith("technical") else "explain"
    if _ASKS_SELF.search(text):
        return "self"
    return "story" if kind.startswith(("behav", "leader")) else "self"


def question_words(text: str) -> list[str]:
    """Content stems of a question, without the words every question has."""
    stems = (stem(t.text) for t in tokens(text) if len(t.text) > 2)
    return list(dict.fromkeys(s for s in stems if s not in _GENERIC and s not in _STOP))


_STOP = frozenset(
    [
        "the",
        "and",
        "for",
        "with",
        "that",
        "this",
        "from",
        "had",
        "has",
        "was",
        "were",
        "you",
        "your",
        "are",
        "can",
        "could",
        "not",
        "did",
        "does",
        "ani",
        "all",
        "but",
        "out",
        "our",
        "a",
        "an",
        "of",
        "to",
        "in",
        "on",
        "it",
        "is",
        "be",
        "do",
    ]
)


def explanation_relevance(question: str, answer: AnswerText, readings: list[ClauseReading]) -> float:
    """Relevance 0-10 of an explanation: it explains instead of telling a story, in the words of the question.

    `1 + 9 (0.55 not-a-story + 0.45 share of the question's words, met at two thirds)`.
    """
    told = sum(e.own_step and e.mood == "told" and e.subject == "I" for r in readings for e in r.events)
    said = {stem(t.text) for t in answer.tokens}
    wanted = question_words(question)
    share = sum(w in said for w in wanted) / max(1, len(wanted))
    return 1 + 9 * (0.55 * (1 - squash(told, 3)) + 0.45 * min(1.0, 1.5 * share))


def relevance_features(
    question: str, competency: str, kind: str, answer: AnswerText, readings: list[ClauseReading]
) -> Features:
    """Features of the fit, 0-1 each."""
    form = asked_form(question, kind)
    asked = asked_themes(question, competency)
    told = told_themes(answer)
    values = sorted(told.values())
    best_asked = max((told[n] * w for n, w in asked.items()), default=0.0)
    strong = max((told[n] for n, w in asked.items() if w == 1.0), default=best_asked)
    rank = sum(v < strong for v in values) / max(1, len(values) - 1)
    mean_asked = sum(told[n] * w for n, w in asked.items()) / max(0.5, sum(asked.values()))
    said = {stem(t.text) for t in answer.tokens}
    wanted = question_words(question)
    label = question_words(competency)
    past = sum(e.mood == "told" for r in readings for e in r.events)
    hyp = sum(e.mood == "hypothetical" for r in readings for e in r.events)
    story = squash(past, 4)
    build = answer_features(answer, readings, story_asked=float(form == "story"))
    concrete = (build["steps.two_or_more"] + build["open.scene"] + build["specific_count"]) / 3
    spread = math.sqrt(sum((v - sum(values) / len(values)) ** 2 for v in values) / len(values))
    features = {
        "theme.z": (strong - sum(values) / len(values)) / (spread + 0.1) / 3,
        "theme.concrete": mean_asked * concrete,
        "theme.gap": max(0.0, (values[-1] if values else 0.0) - strong),
        "theme.gap_wide": float((values[-1] if values else 0.0) - strong > 0.35),
        "theme.beaten_by": sum(v > strong + 0.1 for v in values) / max(1, len(values)),
        "theme.silent": float(strong < 0.15),
        "theme.level": sum(values[-5:]) / 5,
        "concrete": concrete,
        "habit": build["cue.habit"],
        "no_answer": build["cue.no_answer"],
        "theme.best": best_asked,
        "theme.mean": mean_asked,
        "theme.rank": rank,
        "theme.margin": strong - values[len(values) // 2] if values else 0.0,
        "theme.none": float(not asked),
        "words.share": sum(w in said for w in wanted) / max(1, len(wanted)),
        "words.any": float(any(w in said for w in wanted)),
        "label.share": sum(w in said for w in label) / max(1, len(label)),
        "denial": float(bool(_DENIAL.search(answer.lower))),
        "empty": float(answer.word_count < 6),
        "short": float(answer.word_count < 15),
        "length": squash(answer.word_count, 60),
        "story": story,
        "hypothetical": squash(hyp),
    }
    for name in ("story", "explain", "plan", "self"):
        features[f"form.{name}"] = float(form == name)
        features[f"form.{name}.story"] = float(form == name) * story
        features[f"form.{name}.theme"] = float(form == name) * mean_asked
    return features
