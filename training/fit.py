"""Fits the three models: chances of clauses, status of items, content. Deterministic: one thread, fixed order.

Clause model: L2 logistic regression per role, C 0.05, on features of at least four answers' clauses; derived rows weigh
half. Item models: multinomial logistic regression, C 0.1, *weak* weighs 2, solved by Newton's method to 1e-9, so that
rounding gives the same digits in every run (L-BFGS stops early and did not); the clauses' chances they learn from come
from models that had not seen the writer (four folds of writers), so that they learn how far to trust them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from coach.brain.reading.clause_features import clause_features
from coach.brain.reading.clause_model import chance, chance_features
from coach.brain.reading.clauses import ROLES, ClauseReading
from coach.brain.reading.features import answer_features
from coach.brain.reading.linear_model import LinearModel
from training.rows import ReadRow

STATUSES = ("missing", "weak", "present")
_CLAUSE_C, _ITEM_C, _WEAK_WEIGHT, _DERIVED_WEIGHT = 0.05, 0.1, 2.0, 0.5
_MIN_CLAUSES, _FOLDS = 4, 4
_CLAUSE_SHARE, _SPAN_SHARE = 0.4, 0.6
"""A clause carries an item when the labelled span covers 40 % of it, or it covers 60 % of the span."""

ClauseModel = dict[str, tuple[float, dict[str, float]]]


@dataclass(frozen=True)
class Example:
    """One answer ready for fitting: its features, its clauses' features and labels."""

    read: ReadRow
    answer: dict[str, float]
    clauses: list[dict[str, float]]
    labels: list[dict[str, bool]]

    @property
    def weight(self) -> float:
        """Derived rows weigh half."""
        return _DERIVED_WEIGHT if self.read.row.derived else 1.0


def example(read: ReadRow) -> Example:
    """Features of an answer and of its clauses."""
    labels = [{role: _carries(read, clause, role) for role in ROLES} for clause in read.clauses]
    return Example(
        read, answer_features(read.answer, read.clauses, form=read.form), clause_features(read.clauses), labels
    )


def _carries(read: ReadRow, reading: ClauseReading, role: str) -> bool:
    said = read.row.evidence.get(role, "")
    start = read.row.text.find(said) if said else -1
    if start < 0:
        return False
    clause = reading.clause
    shared = min(start + len(said), clause.end) - max(start, clause.start)
    return shared > _CLAUSE_SHARE * (clause.end - clause.start) or shared > _SPAN_SHARE * len(said)


def fit_clauses(examples: Sequence[Example]) -> ClauseModel:
    """The clause model of these answers; answers without labelled spans teach nothing here."""
    used = [e for e in examples if e.read.row.evidence]
    counts = Counter(name for e in used if not e.read.row.derived for row in e.clauses for name in row)
    known = {name for name, count in counts.items() if count >= _MIN_CLAUSES}
    rows = [{n: v for n, v in row.items() if n in known} for e in used for row in e.clauses]
    weights = [e.weight for e in used for _ in e.clauses]
    vectors = DictVectorizer()
    table = vectors.fit_transform(rows)
    names = vectors.get_feature_names_out()
    model: ClauseModel = {}
    for role in ROLES:
        fitted = LogisticRegression(C=_CLAUSE_C, max_iter=400, solver="liblinear", random_state=0)
        fitted.fit(table, [label[role] for e in used for label in e.labels], sample_weight=weights)
        pairs = zip(names, fitted.coef_[0], strict=True)
        kept = {str(name): round(float(w), 3) for name, w in pairs if abs(w) >= 0.0015}
        model[role] = (round(float(fitted.intercept_[0]), 3), kept)
    return model


def chances(item: Example, model: ClauseModel) -> list[dict[str, float]]:
    """Chances of an answer's clauses under a clause model."""
    return [{role: chance(row, *model[role]) for role in ROLES} for row in item.clauses]


def unseen_chances(examples: Sequence[Example]) -> list[list[dict[str, float]]]:
    """Chances of every answer's clauses under a model that has seen no answer of its writer."""
    writers = sorted({e.read.row.writer for e in examples})
    out: list[list[dict[str, float]]] = [[] for _ in examples]
    for fold in range(min(_FOLDS, len(writers))):
        left_out = set(writers[fold::_FOLDS])
        model = fit_clauses([e for e in examples if e.read.row.writer not in left_out])
        for at, item in enumerate(examples):
            if item.read.row.writer in left_out:
                out[at] = chances(item, model)
    return out


def fit_items(examples: Sequence[Example], seen: Sequence[list[dict[str, float]]]) -> dict[str, LinearModel]:
    """The four item models; `seen` are the clauses' chances each answer is read with."""
    rows = [e.answer | chance_features(c) for e, c in zip(examples, seen, strict=True)]
    vectors = DictVectorizer(sparse=False)
    table = vectors.fit_transform(rows)
    names = tuple(str(name) for name in vectors.get_feature_names_out())
    weights = [e.weight for e in examples]
    return {role: _fit_item(role, examples, table, names, weights) for role in ROLES}


def _fit_item(
    role: str, examples: Sequence[Example], table: Any, names: tuple[str, ...], weights: list[float]
) -> LinearModel:
    labels = [STATUSES.index(e.read.row.star[role]) for e in examples]
    fitted = LogisticRegression(
        C=_ITEM_C, solver="newton-cg", max_iter=2000, tol=1e-9, class_weight={0: 1.0, 1: _WEAK_WEIGHT, 2: 1.0}
    )
    fitted.fit(table, labels, sample_weight=weights)
    rows = tuple(tuple(round(float(w), 3) for w in row) for row in fitted.coef_)
    return LinearModel(names, rows, tuple(round(float(b), 3) for b in fitted.intercept_))


def item_chances(item: Example, seen: list[dict[str, float]], models: dict[str, LinearModel]) -> dict[str, list[float]]:
    """Chances of missing, weak, present by role."""
    features = item.answer | chance_features(seen)
    return {role: models[role].probabilities(features) for role in ROLES}


def nonnegative(table: Sequence[Sequence[float]], gold: Sequence[float]) -> list[float]:
    """Least squares with weights of at least 0, so that more of a good thing never costs points."""
    from scipy.optimize import nnls

    return [round(float(w), 2) for w in nnls(np.array(table), np.array(gold))[0]]
