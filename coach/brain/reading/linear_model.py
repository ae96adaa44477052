"""Small linear models whose coefficients ship as data; no learning library is needed to use them.

A model file holds feature names, one row of coefficients per class (or one row for a regression) and intercepts. How
the coefficients came about is written in the file itself (`trained`) and in `docs/offline-coach.md`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from coach.brain.reading.lexicon import shipped


@dataclass(frozen=True)
class LinearModel:
    """Class scores or one value as a weighted sum of features; features that are absent count as 0."""

    features: tuple[str, ...]
    coefficients: tuple[tuple[float, ...], ...]
    intercepts: tuple[float, ...]

    def scores(self, features: Mapping[str, float]) -> list[float]:
        """One raw sum per row."""
        values = [features.get(name, 0.0) for name in self.features]
        return [
            base + sum(weight * value for weight, value in zip(row, values, strict=True))
            for row, base in zip(self.coefficients, self.intercepts, strict=True)
        ]

    def probabilities(self, features: Mapping[str, float]) -> list[float]:
        """Softmax over the rows."""
        raw = self.scores(features)
        top = max(raw)
        weights = [math.exp(value - top) for value in raw]
        total = sum(weights)
        return [weight / total for weight in weights]

    def value(self, features: Mapping[str, float]) -> float:
        """The single sum of a regression."""
        return self.scores(features)[0]


@cache
def load_model(file: str, name: str) -> LinearModel:
    """The model `name` of the file `file` below `data`."""
    return read_model(shipped(file)["models"][name])


def read_model(entry: Mapping[str, Any]) -> LinearModel:
    """A model from its JSON form."""
    return LinearModel(
        tuple(entry["features"]),
        tuple(tuple(float(w) for w in row) for row in entry["coefficients"]),
        tuple(float(b) for b in entry["intercepts"]),
    )
