"""What to expect on writers and themes that were not seen: whole groups are left out, never random rows.

Every figure is made of answers whose group had no part in fitting: neither the clause model, nor the item models, nor
the weights of content. Content and follow-up are compared on answers labelled relevance 7 or more, because fit to the
question is not judged.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from coach.brain.reading.clauses import ROLES
from coach.brain.reading.verdicts import Verdict, verdict
from training.content import ContentRow, content_row, fit_content, predict_content
from training.fit import (
    STATUSES,
    Example,
    chances,
    fit_clauses,
    fit_items,
    item_chances,
    unseen_chances,
)
from training.rows import LabelledRow, read_row

_THEME_FOLDS = 6
_OTHERS = ("lh", "lr", "lt")
"""The three writers who had no part in building the coach."""
VERDICT_KINDS = {"other_language": "other_language", "repeat": "repeat", "refusal": "refusal", "denial": "no_example"}


@dataclass(frozen=True)
class Judged:
    """One left-out answer: chances of each status, and its content."""

    item: Example
    likely: dict[str, list[float]]
    row: ContentRow
    content: float = 0.0

    def status(self, role: str) -> str:
        """The likeliest status."""
        return STATUSES[int(np.argmax(self.likely[role]))]


def leave_out(examples: Sequence[Example], group: Callable[[LabelledRow], str]) -> list[Judged]:
    """Every answer judged by models that have not seen its group."""
    judged: list[Judged] = []
    for name in sorted({group(e.read.row) for e in examples}):
        seen = [e for e in examples if group(e.read.row) != name]
        clauses = fit_clauses(seen)
        items = fit_items(seen, unseen_chances(seen))
        for item in examples:
            if group(item.read.row) == name and not item.read.row.derived:
                likely = item_chances(item, chances(item, clauses), items)
                judged.append(Judged(item, likely, content_row(item.read, likely)))
    return _with_content(judged, group)


def _with_content(judged: list[Judged], group: Callable[[LabelledRow], str]) -> list[Judged]:
    weights = {
        name: fit_content([j.row for j in judged if group(j.item.read.row) != name])
        for name in sorted({group(j.item.read.row) for j in judged})
    }
    return [Judged(j.item, j.likely, j.row, predict_content(j.row, weights[group(j.item.read.row)])) for j in judged]


def theme_fold(row: LabelledRow) -> str:
    """One of six groups of themes, by the theme's name."""
    return str(zlib.crc32(row.theme.encode()) % _THEME_FOLDS)


def figures(judged: Sequence[Judged]) -> dict[str, float]:
    """All figures of one set of left-out answers, rounded to three decimals."""
    gold = [j.item.read.row.star[role] for j in judged for role in ROLES]
    said = [j.status(role) for j in judged for role in ROLES]
    missing = [(str(g == "missing"), str(s == "missing")) for g, s in zip(gold, said, strict=True)]
    out = {
        "answers": len(judged),
        "star_macro_f1": macro_f1(gold, said, STATUSES),
        "missing_macro_f1": macro_f1([g for g, _ in missing], [s for _, s in missing], ("True", "False")),
        "missing_accuracy": float(np.mean([g == s for g, s in missing])),
    }
    fit = [j for j in judged if (j.item.read.row.label.get("relevance") or 0) >= 7]
    scored = [(j.row.gold, j.content) for j in fit if j.row.gold is not None]
    if len(scored) > 2:
        out["content_spearman"] = float(spearmanr(*zip(*scored, strict=True)).statistic)
        out["content_mean_error"] = float(np.mean([abs(g - s) for g, s in scored]))
    asked = [
        (j.item.read.row.label["expected_follow_up"] != "none", _asks(j))
        for j in fit
        if "expected_follow_up" in j.item.read.row.label
    ]
    if asked:
        out["follow_up_agreement"] = float(np.mean([want == does for want, does in asked]))
    return {name: round(value, 3) for name, value in out.items()}


def macro_f1(gold: list[str], said: list[str], classes: Sequence[str]) -> float:
    """Mean F1 over classes."""
    return float(np.mean([_f1(gold, said, c) for c in classes]))


def _f1(gold: list[str], said: list[str], label: str) -> float:
    hit = sum(g == s == label for g, s in zip(gold, said, strict=True))
    total = gold.count(label) + said.count(label)
    return 2 * hit / total if total else 0.0


def _asks(judged: Judged) -> bool:
    """The coach's rule: a story with a missing item, a weak action or result, or two weak items."""
    if judged.item.read.form not in ("story", "plan"):
        return False
    status = {role: judged.status(role) for role in ROLES}
    weak = [role for role in ROLES if status[role] == "weak"]
    return "missing" in status.values() or bool({"action", "result"} & set(weak)) or len(weak) >= 2


def verdict_figures(rows: Sequence[LabelledRow]) -> dict[str, Any]:
    """How often a verdict is right when it is said, and how often it is found; the rules learn nothing from rows."""
    said: dict[Verdict, list[LabelledRow]] = {}
    for row in rows:
        read = read_row(row)
        if told := verdict(read.answer, read.clauses):
            said.setdefault(told, []).append(row)
    out: dict[str, Any] = {}
    for kind, name in VERDICT_KINDS.items():
        hits = said.get(name, [])  # type: ignore[call-overload]
        right = sum(row.kind == kind for row in hits)
        there = sum(row.kind == kind for row in rows)
        wrong = [row.id for row in hits if row.kind != kind]
        out[name] = {"said": len(hits), "right": right, "there": there, "wrong": wrong}
    return out


def by_writer(judged: Sequence[Judged]) -> dict[str, dict[str, float]]:
    """Figures of each writer, of the three who had no part in the coach, and of all."""
    writers = sorted({j.item.read.row.writer for j in judged})
    out = {name: figures([j for j in judged if j.item.read.row.writer == name]) for name in writers}
    out["lh+lr+lt"] = figures([j for j in judged if j.item.read.row.writer in _OTHERS])
    return out | {"all": figures(judged)}
