"""`python -m training`: fits the models; `--check` compares with what is shipped; `--estimate` leaves groups out,
`--estimate-care` does so for the care model alone.
"""

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import sklearn  # noqa: E402 - one thread, so that the last digit is the same everywhere

from training.care import (  # noqa: E402
    CareSentence,
    CareTable,
    answer_sentences,
    care_estimate,
    care_hash,
    fit_care,
    load_care,
)
from training.content import content_row, fit_content  # noqa: E402
from training.estimate import by_writer, leave_out, theme_fold, verdict_figures  # noqa: E402
from training.fit import Example, example, fit_clauses, fit_items, item_chances, unseen_chances  # noqa: E402
from training.rows import data_hash, load, read_row, with_derived  # noqa: E402

MODELS = Path(__file__).parents[1] / "data" / "reading"
MANIFEST = "models.sha256.json"
CARE_MODEL = "care_model.json"
SAMPLE = "sample.json"
SAMPLE_VOICES = ("terse", "formal")
SAMPLE_WRITERS = ("wb", "wc")
"""Two writers on whom fitting takes a second: what it gives is kept, and a test sees when the steps give another."""


def main(arguments: list[str]) -> int:
    """Fits, or checks, or estimates."""
    if "--estimate-care" in arguments:
        sys.stdout.write(json.dumps(care_estimate(load_care() + answer_sentences(load())), indent=1) + "\n")
        return 0
    examples = [example(read_row(row)) for row in with_derived(load())]
    if "--estimate" in arguments:
        sys.stdout.write(json.dumps(estimates(examples), indent=1) + "\n")
        return 0
    files = trained(examples) | {SAMPLE: json.dumps(sample(), indent=1) + "\n"}
    if "--check" in arguments:
        differing = [name for name, text in files.items() if (MODELS / name).read_text(encoding="utf-8") != text]
        said = f"not reproduced: {', '.join(differing)}" if differing else "reproduced, byte for byte"
        sys.stdout.write(said + "\n")
        return int(bool(differing))
    for name, text in files.items():
        (MODELS / name).write_text(text, encoding="utf-8")
    sys.stdout.write(files[MANIFEST])
    return 0


def trained(examples: list[Example]) -> dict[str, str]:
    """File name -> text of every model file, and of the manifest with their hashes and that of the data."""
    files = answer_models(examples) | {CARE_MODEL: care_file(load_care() + answer_sentences(load()))}
    hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    data = {"data": data_hash(), "care_data": care_hash()}
    return files | {MANIFEST: json.dumps(data | hashes, indent=1) + "\n"}


def answer_models(examples: list[Example]) -> dict[str, str]:
    """File name -> text of the models that read answers."""
    unseen = unseen_chances(examples)
    clauses, items = fit_clauses(examples), fit_items(examples, unseen)
    rows = [
        content_row(e.read, item_chances(e, seen, items))
        for e, seen in zip(examples, unseen, strict=True)
        if not e.read.row.derived
    ]
    origin = {"by": "make train", "scikit_learn": sklearn.__version__, "data_sha256": data_hash()}
    return {
        "clause_model.json": _file(
            origin,
            {role: {"intercept": base, "weights": dict(sorted(w.items()))} for role, (base, w) in clauses.items()},
        ),
        "star_model.json": _file(origin, {role: _linear(model) for role, model in items.items()}),
        "content_model.json": _file(origin, {name: _linear(model) for name, model in fit_content(rows).items()}),
    }


def care_file(sentences: Sequence[CareSentence]) -> str:
    """The care model's file: sums of the kinds it reads, each with its bar."""
    origin = {"by": "make train", "scikit_learn": sklearn.__version__, "data_sha256": care_hash()}
    models = fit_care(CareTable(sentences))
    return _file(origin, {kind: vars(model) for kind, model in models.items()})


def sample() -> dict[str, list[float]]:
    """Of each model fitted on the two writers alone: how many numbers it has, their sum, and the sum of their squares.

    Sums, because another processor's arithmetic may differ in a number's last digit.
    """
    rows = [row for row in with_derived(load()) if row.writer in SAMPLE_WRITERS]
    harmless = answer_sentences([row for row in rows if not row.derived])
    files = answer_models([example(read_row(row)) for row in rows])
    files[CARE_MODEL] = care_file([s for s in load_care() if s.voice in SAMPLE_VOICES] + harmless)
    models = {name: numbers(json.loads(text)["models"]) for name, text in files.items()}
    return {
        name: [len(found), round(sum(found), 3), round(sum(n * n for n in found), 3)] for name, found in models.items()
    }


def numbers(value: object) -> list[float]:
    """Every number of a model file, in the order of its keys."""
    if isinstance(value, dict):
        return [n for key in sorted(value) for n in numbers(value[key])]
    if isinstance(value, list | tuple):
        return [n for item in value for n in numbers(item)]
    return [float(value)] if isinstance(value, int | float) else []


def _linear(model: Any) -> dict[str, Any]:
    return {"features": model.features, "coefficients": model.coefficients, "intercepts": model.intercepts}


def _file(origin: dict[str, str], models: dict[str, Any]) -> str:
    return json.dumps({"trained": origin, "models": models}, ensure_ascii=False, separators=(",", ":")) + "\n"


def estimates(examples: list[Example]) -> dict[str, Any]:
    """Whole writers left out, whole themes left out, and the verdicts."""
    themes = leave_out(examples, theme_fold)
    return {
        "left_out_writers": by_writer(leave_out(examples, lambda row: row.writer)),
        "left_out_themes": {"all": by_writer(themes)["all"]},
        "verdicts": verdict_figures(load()),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
