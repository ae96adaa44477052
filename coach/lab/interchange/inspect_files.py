"""Inspect (inspect_ai): a dataset as JSONL of samples, a run as one evaluation log (format 2) for each variant."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from coach.errors import InputError
from coach.foreign_data import from_json, lines_of
from coach.lab.interchange.carried import KEY, CarriedRun, dataset, item_from, plain, read, target_of, text_of, write
from coach.lab.runs.dataset import Dataset, Item
from coach.lab.runs.outcome import Outcome
from coach.lab.runs.scorers import SCORERS, score_table
from coach.lab.runs.variant import Variant
from coach.lab.runs.workspace import RunInfo

FORMAT = 2
TASK = "interview_coaching"


def export_dataset(data: Dataset, path: Path) -> Path:
    """Writes samples for `inspect_ai.dataset.json_dataset`."""
    lines = [json.dumps(_sample(item) | {"metadata": {KEY: plain(item)}}, ensure_ascii=False) for item in data.items]
    return write(path, "\n".join(lines) + "\n")


def import_dataset(path: Path, *, name: str = "") -> Dataset:
    """Reads samples: one's own as they were, others by `input` and the `question` in their metadata.

    Raises:
        InputError: naming the first line that cannot be used.
    """
    items = [_item(line, number) for number, line in enumerate(lines_of(read(path)), 1) if line.strip()]
    return dataset(name or path.stem, items)


def _sample(item: Item) -> dict[str, object]:
    return {"id": item.id, "input": text_of(item), "target": target_of(item)}


def _item(line: str, number: int) -> Item:
    try:
        row = from_json(line)
        metadata = row.get("metadata") or {}
        foreign = {"id": row.get("id", number), "person": metadata.get("person", row.get("id", number))}
        foreign |= {"answer": _said(row["input"])} | {k: metadata[k] for k in ("question",) if k in metadata}
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise InputError(f"Line {number} is not a sample of Inspect.") from error
    return item_from(metadata.get(KEY), foreign, f"Line {number}")


def _said(given: Any) -> str:
    """The answer: the text, or that of the last message of the user."""
    if isinstance(given, str):
        return given
    content = [message for message in given if message["role"] == "user"][-1]["content"]
    return content if isinstance(content, str) else " ".join(part["text"] for part in content if "text" in part)


def export_run(info: RunInfo, data: Dataset, outcomes: Sequence[Outcome], folder: Path) -> list[Path]:
    """Writes one log for each variant; `inspect view` shows them, `import_run` brings the run back."""
    table = score_table(outcomes, data.items, SCORERS)
    paths: list[Path] = []
    for variant in info.experiment.variants:
        mine = [outcome for outcome in outcomes if outcome.variant == variant.name]
        scores = table[table["variant"] == variant.name]
        log = _log(info, data, variant, mine, scores.to_dict("records"))
        name = f"{info.id}-{info.variant_keys[variant.name]}-{len(paths)}.json"
        paths.append(write(folder / name, json.dumps(log, ensure_ascii=False, indent=1)))
    return paths


def _log(
    info: RunInfo, data: Dataset, variant: Variant, mine: Sequence[Outcome], scores: Sequence[dict[Any, Any]]
) -> dict[str, object]:
    model, by_id = variant.model or variant.brain, {item.id: item for item in data.items}
    values: dict[tuple[str, int], dict[str, float]] = {}
    for row in scores:
        values.setdefault((row["item"], row["repeat"]), {})[row["scorer"]] = float(row["value"])
    names = sorted({name for row in values.values() for name in row})
    ends = [outcome.finished_at.isoformat() for outcome in mine]
    return {
        "version": FORMAT,
        "status": "success" if len(mine) == len(data.items) * info.experiment.repeats else "cancelled",
        "eval": {
            "run_id": info.id,
            "created": info.started_at.isoformat(),
            "task": TASK,
            "task_id": info.id,
            "task_args": {"variant": variant.name, "bundle": variant.bundle},
            "dataset": {
                "name": data.name,
                "samples": len(data.items),
                "sample_ids": [item.id for item in data.items],
                "shuffled": False,
            },
            "model": f"{variant.brain}/{model}",
            "config": {"epochs": info.experiment.repeats},
            "metadata": {KEY: {"run": plain(info), "dataset": plain(data)}},
        },
        "results": {
            "total_samples": len(data.items) * info.experiment.repeats,
            "completed_samples": len(mine),
            "scores": [_mean(name, [row[name] for row in values.values() if name in row]) for name in names],
        },
        "stats": {"started_at": info.started_at.isoformat(), "completed_at": max(ends, default="")},
        "samples": [
            _logged(by_id[outcome.item_id], outcome, model, values.get((outcome.item_id, outcome.repeat), {}))
            for outcome in mine
        ],
    }


def _mean(name: str, found: Sequence[float]) -> dict[str, object]:
    mean = {"name": "mean", "value": sum(found) / len(found)}
    return {"name": name, "scorer": name, "scored_samples": len(found), "metrics": {"mean": mean}}


def _logged(item: Item, outcome: Outcome, model: str, scores: dict[str, float]) -> dict[str, object]:
    said = outcome.result.evaluation.model_dump_json() if outcome.result else ""
    message = {"role": "assistant", "content": said, "source": "generate"}
    sample = _sample(item) | {
        "epoch": outcome.repeat + 1,
        "output": {
            "model": model,
            "choices": [{"message": message, "stop_reason": "stop"}] if outcome.result else [],
            **({"error": outcome.error} if outcome.error else {}),
        },
        "scores": {name: {"value": value} for name, value in scores.items()},
        "metadata": {KEY: plain(outcome)},
        "completed_at": outcome.finished_at.isoformat(),
    }
    return sample | ({"total_time": outcome.total_ms / 1000} if outcome.total_ms is not None else {})


def import_run(path: Path) -> CarriedRun:
    """What of a run stands in a log that was written here.

    Raises:
        InputError: no log, or one of another tool: its answers can be imported as samples.
    """
    try:
        log = from_json(read(path))
        carried = log["eval"]["metadata"][KEY]
        return CarriedRun(
            info=RunInfo.model_validate(carried["run"]),
            data=Dataset.model_validate(carried["dataset"]),
            outcomes=tuple(Outcome.model_validate(sample["metadata"][KEY]) for sample in log["samples"] or []),
        )
    except (ValueError, TypeError, KeyError, ValidationError) as error:
        raise InputError(
            f"{path.name} is no log of a run that was exported here.", mend="Write its samples as JSONL to import them."
        ) from error
