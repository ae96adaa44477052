"""Fits the care model on `data/training/care`: one voice per file, `# kind/sub-kind` above its sentences.

L2 logistic regression per kind over `care_features`. Sentences of the labelled answers, which are harmless, join the
training. A kind's bar comes from voices left out: at most `_HARD_SHARE` of their harmless look-alikes and
`_ANSWER_SHARE` of the sentences of answers by writers left out pass it.
"""

import hashlib
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from coach.brain.care.lexicon import SPOKEN_KINDS
from coach.brain.care.model import MODEL_KINDS, KindModel, care_features
from coach.brain.care.reader import ruled_kinds, stretches
from coach.brain.reading.text import fold
from training.rows import FOLDER, LabelledRow

CARE_FOLDER = FOLDER / "care"
HARMLESS, ANSWERS, EARLIER = "none", "answers", "earlier"
_C, _HARM_WEIGHT, _FEWEST, _KEEP = 10.0, 3.0, 2, 0.05
"""Strength of the fit; weight of a kind's own sentences; sentences a feature must stand in; smallest weight kept."""
_HARD_SHARE, _ANSWER_SHARE = 0.004, 0.0006
"""Three kinds share the 2 % of false alarms with the rules; an answer has some five sentences."""


@dataclass(frozen=True)
class CareSentence:
    """One sentence, who wrote it, what it is."""

    voice: str
    kind: str
    sub_kind: str
    text: str


def load_care(folder: Path = CARE_FOLDER) -> list[CareSentence]:
    """All labelled sentences in the order of their files."""
    out: list[CareSentence] = []
    for path in sorted(folder.glob("*.txt")):
        kind, sub_kind = "", ""
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("# "):
                kind, sub_kind = line[2:].split("/")
            elif line.strip():
                out.append(CareSentence(path.stem, kind, sub_kind, line.strip()))
    return out


def answer_sentences(rows: Sequence[LabelledRow]) -> list[CareSentence]:
    """Sentences of the labelled answers in English, all harmless."""
    told = [row for row in rows if row.kind != "other_language"]
    return [CareSentence(row.writer, HARMLESS, ANSWERS, row.text[a:b]) for row in told for a, b in stretches(row.text)]


def care_hash(folder: Path = CARE_FOLDER) -> str:
    """SHA-256 over names and bytes of all files of sentences."""
    total = hashlib.sha256()
    for path in sorted(folder.glob("*.txt")):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


class CareTable:
    """Features of all sentences, computed once; fits are made on subsets of its rows."""

    def __init__(self, sentences: Sequence[CareSentence]) -> None:
        rows = [care_features(fold(s.text)) for s in sentences]
        counts = Counter(name for row in rows for name in row)
        vectors = DictVectorizer()
        self.sentences = list(sentences)
        self.rows = [{name: value for name, value in row.items() if counts[name] >= _FEWEST} for row in rows]
        self.table = vectors.fit_transform(self.rows).tocsr()
        self.names = [str(name) for name in vectors.get_feature_names_out()]
        self.kinds = np.array([s.kind for s in sentences])

    def fit(self, used: Any, kind: str) -> LogisticRegression:
        """One kind's regression on the rows of the mask `used`."""
        model = LogisticRegression(
            C=_C, solver="liblinear", random_state=0, max_iter=300, class_weight={False: 1.0, True: _HARM_WEIGHT}
        )
        return model.fit(self.table[used], self.kinds[used] == kind)

    def left_out(self, group: Callable[[CareSentence], int]) -> Any:
        """Sums (sentences, kinds) of models that had not seen the sentence's group."""
        groups = np.array([group(s) for s in self.sentences])
        out = np.zeros((len(groups), len(MODEL_KINDS)))
        for number in sorted(set(groups.tolist())):
            left = groups == number
            for at, kind in enumerate(MODEL_KINDS):
                out[left, at] = self.fit(~left, kind).decision_function(self.table[left])
        return out


def voice_fold(sentences: Sequence[CareSentence]) -> Callable[[CareSentence], int]:
    """Every voice a fold of its own; the writers of answers are dealt over the same folds."""
    voices = sorted({s.voice for s in sentences if s.sub_kind != ANSWERS})
    writers = sorted({s.voice for s in sentences if s.sub_kind == ANSWERS})
    number = {name: at for at, name in enumerate(voices)} | {name: at % len(voices) for at, name in enumerate(writers)}
    return lambda s: number[s.voice]


def bars(table: CareTable, sums: Any) -> dict[str, float]:
    """Each kind's bar on left-out sums."""
    hard = np.array([s.kind == HARMLESS and s.sub_kind != ANSWERS for s in table.sentences])
    plain = np.array([s.sub_kind == ANSWERS for s in table.sentences])
    out = {}
    for at, kind in enumerate(MODEL_KINDS):
        limits = (np.quantile(sums[hard, at], 1 - _HARD_SHARE), np.quantile(sums[plain, at], 1 - _ANSWER_SHARE))
        out[kind] = round(float(max(limits)), 2)
    return out


def fit_care(table: CareTable) -> dict[str, KindModel]:
    """The shipped models: fitted on everything, with the bars of left-out voices."""
    bar = bars(table, table.left_out(voice_fold(table.sentences)))
    out = {}
    everything = np.ones(len(table.sentences), dtype=bool)
    for kind in MODEL_KINDS:
        fitted = table.fit(everything, kind)
        weights = {n: round(float(w), 2) for n, w in zip(table.names, fitted.coef_[0], strict=True) if abs(w) >= _KEEP}
        out[kind] = KindModel(round(float(fitted.intercept_[0]), 2), bar[kind], dict(sorted(weights.items())))
    return out


def sub_kind_fold(sentences: Sequence[CareSentence]) -> Callable[[CareSentence], int]:
    """Every sub-kind of harm a fold of its own; harmless sentences are dealt over the same folds by their text."""
    names = sorted({f"{s.kind}/{s.sub_kind}" for s in sentences if s.kind != HARMLESS})
    number = {name: at for at, name in enumerate(names)}
    return lambda s: number.get(f"{s.kind}/{s.sub_kind}", zlib.crc32(s.text.encode()) % len(names))


def care_estimate(sentences: Sequence[CareSentence]) -> dict[str, Any]:
    """Shares found by rules, by the left-out model and by either, and false alarms; whole voices, then sub-kinds out.

    `earlier` is what the rules were written on: it teaches, and is left out of the figures.
    """
    table = CareTable(sentences)
    ruled = [set(ruled_kinds(fold(s.text))) for s in sentences]
    folds = {"voices": voice_fold(sentences), "sub_kinds": sub_kind_fold(sentences)}
    return {name: _figures(table, ruled, table.left_out(fold_of)) for name, fold_of in folds.items()}


def _figures(table: CareTable, ruled: Sequence[set[str]], sums: Any) -> dict[str, Any]:
    bar = bars(table, sums)
    learnt = [{kind for at, kind in enumerate(MODEL_KINDS) if row[at] > bar[kind]} for row in sums]
    out: dict[str, Any] = {"bars": bar}
    for kind in SPOKEN_KINDS:
        at = [i for i, s in enumerate(table.sentences) if s.kind == kind and s.voice != EARLIER]
        by = {"rules": [ruled[i] for i in at], "model": [learnt[i] for i in at]}
        either = [a | b for a, b in zip(by["rules"], by["model"], strict=True)]
        out[kind] = {"sentences": len(at)} | {
            name: _share([bool(found) for found in each]) for name, each in (by | {"either": either}).items()
        }
    for name, chosen in (
        ("look_alikes", lambda s: s.sub_kind not in (ANSWERS, "") and s.voice != EARLIER),
        ("answer_sentences", lambda s: s.sub_kind == ANSWERS),
    ):
        at = [i for i, s in enumerate(table.sentences) if s.kind == HARMLESS and chosen(s)]
        out[name] = {
            "sentences": len(at), "rules": _share([bool(ruled[i]) for i in at]),
            "model": _share([bool(learnt[i]) for i in at]),
            "either": _share([bool(ruled[i] | learnt[i]) for i in at]),
        }  # fmt: skip
    return out


def _share(found: Sequence[bool]) -> float:
    return round(sum(found) / max(1, len(found)), 4)
