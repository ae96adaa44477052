"""Weights of content: least squares with non-negative weights on answers labelled relevance 7 or more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coach.brain.reading.content import clarity_score, content_features, substance
from coach.brain.reading.linear_model import LinearModel
from training.fit import nonnegative
from training.rows import ReadRow

_FIT = 7
NAMES = {
    "story": ("situation", "task", "action", "result", "told_to_its_end", "whole"),
    "plain": ("length", "substance", "clarity"),
}


@dataclass(frozen=True)
class ContentRow:
    """What content is made of, for one answer; `gold` is None where it was not labelled or fit is below 7."""

    story: bool
    features: Mapping[str, float]
    gold: float | None


def content_row(read: ReadRow, likely: Mapping[str, Sequence[float]]) -> ContentRow:
    """Features of content from the chances of each item's statuses."""
    levels = {role: chances[1] * 0.5 + chances[2] for role, chances in likely.items()}
    clarity = clarity_score(read.answer, read.clauses)
    label = read.row.label
    fit = (label.get("relevance") or 0) >= _FIT and label.get("gold_overall_content") is not None
    features = content_features(levels, clarity, substance(read.clauses), read.answer.word_count)
    return ContentRow(read.form in ("story", "plan"), features, float(label["gold_overall_content"]) if fit else None)


def fit_content(rows: Sequence[ContentRow]) -> dict[str, LinearModel]:
    """One linear model for stories and one for other answers."""
    out = {}
    for name, story in (("story", True), ("plain", False)):
        used = [(row, row.gold) for row in rows if row.story is story and row.gold is not None]
        intercept = 1.0 if story else 0.0
        table = [[intercept, *(row.features[feature] for feature in NAMES[name])] for row, _ in used]
        weights = nonnegative(table, [gold for _, gold in used])
        out[name] = LinearModel(NAMES[name], (tuple(weights[1:]),), (weights[0],))
    return out


def predict_content(row: ContentRow, models: Mapping[str, LinearModel]) -> float:
    """Content 0-10."""
    return min(10.0, max(0.0, models["story" if row.story else "plain"].value(row.features)))
