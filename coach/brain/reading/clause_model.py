"""How likely each clause carries situation, task, action or result: four logistic regressions over clause features.

Learnt from the spans that carry each item in `data/training`; coefficients ship in `data/reading/clause_model.json`.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cache

from coach.brain.reading.clause_features import clause_features
from coach.brain.reading.clauses import ROLES, ClauseReading
from coach.brain.reading.lexicon import shipped

Chances = dict[str, float]
"""Role -> chance 0-1 that the clause carries it."""
_FLOOR = 1e-4
_LOG_ODDS_SCALE = 3.0
_NO_CLAUSE = -1.5
"""Scaled log odds where an answer has too few clauses; about one chance in ninety."""


@cache
def shipped_weights() -> dict[str, tuple[float, Mapping[str, float]]]:
    """Intercept and weights of the shipped model by role."""
    models = shipped("reading/clause_model.json")["models"]
    return {role: (models[role]["intercept"], models[role]["weights"]) for role in ROLES}


def clause_chances(readings: list[ClauseReading]) -> list[Chances]:
    """Chances of every clause, in order."""
    weights = shipped_weights()
    return [{role: chance(row, *weights[role]) for role in ROLES} for row in clause_features(readings)]


def chance(row: Mapping[str, float], intercept: float, weights: Mapping[str, float]) -> float:
    """Logistic of the weighted sum; features without a weight count nothing."""
    total = intercept + sum(weights.get(name, 0.0) * value for name, value in row.items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def chance_features(chances: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The clauses' chances as features of the answer: the three best, whether any, and how many to expect."""
    out: dict[str, float] = {}
    for role in ROLES:
        ranked = sorted((max(_FLOOR, min(1 - _FLOOR, row[role])) for row in chances), reverse=True)
        for place in range(3):
            known = place < len(ranked)
            odds = math.log(ranked[place] / (1 - ranked[place])) / _LOG_ODDS_SCALE if known else _NO_CLAUSE
            out[f"chance.{role}.{place + 1}"] = odds
        out[f"chance.{role}.any"] = 1 - math.prod(1 - value for value in ranked)
        out[f"chance.{role}.sum"] = min(3.0, sum(ranked)) / 3
    return out
