"""A second reading of each sentence: a linear model over words, word pairs and classes of like words, one sum per kind.

Rules know wordings, the model knows what sentences of a kind have in common; a kind is said when either says it. Learnt
from `data/training/care` (`training/care.py`), shipped as `data/reading/care_model.json`. Each kind's bar is set on
sentences of voices the model had not seen, so that hardly a harmless one passes it. Misconduct and profanity have no
model: on voices left out the one gained too little, the other only repeats its list of words (docs/care.md).
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import combinations, pairwise

import yaml

from coach.brain.care.lexicon import FOLDER, NUMBER_WORDS
from coach.brain.reading.lexicon import shipped
from coach.brain.reading.verbs import IRREGULAR_PAST
from coach.text.stems import stem

MODEL = "reading/care_model.json"
MODEL_KINDS = ("crisis", "threat", "protected")
"""Kinds in which the model finds what rules miss."""
Features = dict[str, float]
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+")
_APART = 0.5
"""Weight of a pair with one word between, beside 1.0 for neighbours."""
_MAX_WORDS = 70
_FEWEST_WORDS = 3
"""Of one or two words nothing can be told."""


@dataclass(frozen=True)
class KindModel:
    """One kind's sum: intercept, weights by feature, and the bar from which the kind is said."""

    intercept: float
    bar: float
    weights: dict[str, float]

    def value(self, features: Features) -> float:
        """The raw sum; features without a weight count nothing."""
        return self.intercept + sum(self.weights.get(name, 0.0) * value for name, value in features.items())


@lru_cache(maxsize=4096)
def _folded(word: str) -> str:
    if word.isdigit() or word in NUMBER_WORDS:
        return "<n>"
    return stem(IRREGULAR_PAST.get(word, word))


@lru_cache(maxsize=1)
def word_classes() -> dict[str, tuple[str, ...]]:
    """Folded word -> classes of like meaning it belongs to."""
    out: dict[str, tuple[str, ...]] = {}
    for name, words in yaml.safe_load((FOLDER / "classes.yaml").read_text(encoding="utf-8")).items():
        for word in words.split():
            for form in {word, _stemmed(word)}:
                out[form] = (*out.get(form, ()), name) if name not in out.get(form, ()) else out[form]
    return out


def _stemmed(word: str) -> str:
    return stem(IRREGULAR_PAST.get(word, word))


def care_features(folded: str) -> Features:
    """Features of one folded sentence, scaled to length 1; empty when it is too short to tell anything."""
    spoken = _WORD.findall(folded)[:_MAX_WORDS]
    if len(spoken) < _FEWEST_WORDS:
        return {}
    words = [_folded(word) for word in spoken]
    edged = ["^", *words, "$"]
    row = {f"s={a}_{b}": _APART for a, b in zip(edged, edged[2:], strict=False)}
    row |= {f"b={a}_{b}": 1.0 for a, b in pairwise(edged)} | {f"w={word}": 1.0 for word in words}
    row |= _class_features(spoken)
    length = sum(value * value for value in row.values()) ** 0.5
    return {name: value / length for name, value in row.items()}


def _class_features(spoken: list[str]) -> Features:
    known = word_classes()
    by_word = [known.get(word) or known.get(_stemmed(word), ()) for word in spoken]
    present = sorted({name for names in by_word for name in names})
    row = {f"k={name}": 1.0 for name in present} | {f"p={a}+{b}": _APART for a, b in combinations(present, 2)}
    tagged = [names[0] if names else word for word, names in zip(spoken, by_word, strict=True)]
    return row | {f"t={a}_{b}": 1.0 for a, b in pairwise(["^", *tagged])}


@cache
def shipped_models() -> dict[str, KindModel]:
    """The shipped sums by kind."""
    models = shipped(MODEL)["models"]
    return {kind: KindModel(entry["intercept"], entry["bar"], entry["weights"]) for kind, entry in models.items()}


def model_kinds(folded: str) -> set[str]:
    """The kinds whose bar this folded sentence passes."""
    features = care_features(folded)
    return {kind for kind, model in shipped_models().items() if features and model.value(features) > model.bar}
