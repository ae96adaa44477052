"""promptfoo: answers and variants as a configuration for `promptfoo eval`, a run as results for `promptfoo view`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from coach.errors import InputError
from coach.foreign_data import from_json, from_yaml
from coach.lab.interchange.carried import KEY, CarriedRun, dataset, item_from, plain, read, text_of, write
from coach.lab.runs.dataset import Dataset, Item
from coach.lab.runs.outcome import Outcome
from coach.lab.runs.scorers import SCORERS, score_table
from coach.lab.runs.variant import Variant
from coach.lab.runs.workspace import RunInfo

FORMAT = 3
NEAR = 1.0
"""Points within which a score counts as the people's, in the assertion that promptfoo checks."""


def export_dataset(data: Dataset, path: Path, variants: Sequence[Variant] = (), *, default_model: str = "") -> Path:
    """Writes a configuration: a test for each answer, and for each variant its prompt with its provider."""
    config = _config(data, variants or (Variant(name="default", brain="openai"),), default_model)
    return write(path, yaml.safe_dump(config, allow_unicode=True, sort_keys=False, width=120))


def import_dataset(path: Path, *, name: str = "") -> Dataset:
    """Reads the tests of a configuration: one's own as they were, others by their vars `question` and `answer`.

    Raises:
        InputError: naming the first test that cannot be used.
    """
    try:
        config = from_yaml(read(path))
        tests = config["tests"]
        called = (config.get("metadata") or {}).get(KEY, {}).get("dataset")
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path.name} is no configuration of promptfoo.") from error
    if not isinstance(tests, list):
        raise InputError(f"{path.name} names its tests instead of holding them.", mend="Put them into the file.")
    return dataset(name or str(called or path.stem), [_item(test, number) for number, test in enumerate(tests, 1)])


def _item(test: object, number: int) -> Item:
    if not isinstance(test, dict):
        raise InputError(f"Test {number} is not a test of promptfoo.")
    given, said = test.get("vars") or {}, test.get("description") or f"test-{number}"
    foreign = {"id": said, "person": given.get("person", said)} if isinstance(given, dict) else {}
    foreign |= {name: given[name] for name in ("question", "answer") if name in given}
    metadata = test.get("metadata")
    return item_from(metadata.get(KEY) if isinstance(metadata, dict) else None, foreign, f"Test {number}")


def _config(data: Dataset, variants: Sequence[Variant], default_model: str) -> dict[str, Any]:
    return {
        "description": f"Job Foxy: {data.name}",
        "prompts": [_prompt(variant) for variant in variants],
        "providers": [_provider(variant, default_model, number) for number, variant in enumerate(variants)],
        "tests": [_test(item, variants[0]) for item in data.items],
        "metadata": {KEY: {"dataset": data.name, "hash": data.content_hash}},
    }


def _prompt(variant: Variant) -> dict[str, object]:
    """A chat as promptfoo wants it: JSON in which the answer is put by its filter `dump`, whatever signs it has."""
    system = json.dumps(variant.resolve().system_prompt, ensure_ascii=False)
    chat = f'[{{"role": "system", "content": {{% raw %}}{system}{{% endraw %}}}}, '
    chat += '{"role": "user", "content": {{ input | dump }}}]'
    return {"raw": chat, "label": variant.name}


def _provider(variant: Variant, default_model: str, number: int) -> dict[str, object]:
    model = variant.resolve().model_settings.model or default_model
    place = f"openai:chat:{model}" if variant.brain == "openai" and model else "echo"
    return {"id": place, "label": f"{variant.name} ({number + 1})", "prompts": [variant.name]}


def _test(item: Item, variant: Variant) -> dict[str, object]:
    asserted: list[dict[str, object]] = [{"type": "is-json"}]
    if item.gold.overall is not None:
        near = f"Math.abs(JSON.parse(output).scoring.overall - {item.gold.overall}) <= {NEAR}"
        asserted.append({"type": "javascript", "value": near})
    said = {"question": item.input.question.text, "answer": item.input.user_answer.transcript}
    return {
        "description": item.id,
        "vars": said | {"input": variant.resolve().render_input(item.input)},
        "assert": asserted,
        "metadata": {KEY: plain(item)},
    }


def export_run(info: RunInfo, data: Dataset, outcomes: Sequence[Outcome], path: Path, *, default_model: str) -> Path:
    """Writes the results of a run: `promptfoo import` takes them, `import_run` brings the run back."""
    config = _config(data, info.experiment.variants, default_model)
    config["metadata"][KEY]["run"] = plain(info)
    results = _results(info, data, outcomes)
    failed = sum(1 for row in results if not row["success"])
    found = {
        "evalId": f"eval-{info.id}-{info.started_at:%Y-%m-%dT%H:%M:%S}",
        "results": {
            "version": FORMAT,
            "timestamp": info.started_at.isoformat(),
            "prompts": [_column(variant, results) for variant in info.experiment.variants],
            "results": results,
            "stats": {
                "successes": len(results) - failed,
                "failures": 0,
                "errors": failed,
                "tokenUsage": _tokens(sum(o.tokens for o in outcomes)),
            },
        },
        "config": config,
        "shareableUrl": None,
    }
    return write(path, json.dumps(found, ensure_ascii=False, indent=1))


def _results(info: RunInfo, data: Dataset, outcomes: Sequence[Outcome]) -> list[dict[str, object]]:
    table = score_table(outcomes, data.items, SCORERS)
    scores: dict[tuple[str, str, int], dict[str, float]] = {}
    for row in table.to_dict("records"):
        scores.setdefault((row["variant"], row["item"], row["repeat"]), {})[row["scorer"]] = float(row["value"])
    places = {item.id: number for number, item in enumerate(data.items)}
    variants = {variant.name: (number, variant) for number, variant in enumerate(info.experiment.variants)}
    tests = {item.id: _test(item, info.experiment.variants[0]) for item in data.items}
    return [
        _result(
            outcome,
            variants[outcome.variant],
            places[outcome.item_id],
            tests[outcome.item_id],
            scores.get((outcome.variant, outcome.item_id, outcome.repeat), {}),
            text_of(data.items[places[outcome.item_id]]),
        )
        for outcome in outcomes
        if outcome.variant in variants
    ]


def _result(
    outcome: Outcome,
    side: tuple[int, Variant],
    place: int,
    test: dict[str, object],
    scores: dict[str, float],
    text: str,
) -> dict[str, object]:
    number, variant = side
    said = outcome.result.evaluation.model_dump(mode="json") if outcome.result else None
    return {
        "id": f"{outcome.variant_key}-{number}-{place}-{outcome.repeat}",
        "promptIdx": number,
        "testIdx": place,
        "promptId": f"{outcome.variant_key}-{number}",
        "provider": {"id": variant.brain, "label": variant.name},
        "prompt": {"raw": text, "label": variant.name},
        "vars": test["vars"],
        "testCase": test,
        "response": {"output": said, "cached": outcome.cached, "tokenUsage": _tokens(outcome.tokens)},
        "success": outcome.result is not None,
        "failureReason": 0 if outcome.result else 2,
        "score": 1.0 if outcome.result else 0.0,
        "latencyMs": outcome.total_ms or 0,
        "namedScores": scores,
        "cost": float(outcome.cost_usd),
        "gradingResult": None,
        "metadata": {KEY: plain(outcome)},
        **({"error": outcome.error} if outcome.error else {}),
    }


def _column(variant: Variant, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    mine = [row for row in results if row["prompt"]["label"] == variant.name]
    names = sorted({name for row in mine for name in row["namedScores"]})
    named = {name: [row["namedScores"][name] for row in mine if name in row["namedScores"]] for name in names}
    failed = sum(1 for row in mine if not row["success"])
    return _prompt(variant) | {
        "id": mine[0]["promptId"] if mine else variant.key,
        "provider": variant.brain,
        "metrics": {
            "score": sum(row["score"] for row in mine),
            "testPassCount": len(mine) - failed,
            "testFailCount": 0,
            "testErrorCount": failed,
            "assertPassCount": 0,
            "assertFailCount": 0,
            "totalLatencyMs": sum(row["latencyMs"] for row in mine),
            "tokenUsage": _tokens(sum(row["response"]["tokenUsage"]["total"] for row in mine)),
            "namedScores": {name: sum(values) for name, values in named.items()},
            "namedScoresCount": {name: len(values) for name, values in named.items()},
            "cost": sum(row["cost"] for row in mine),
        },
    }


def _tokens(total: int) -> dict[str, int]:
    return {"prompt": 0, "completion": 0, "cached": 0, "total": total, "numRequests": 0}


def import_run(path: Path) -> CarriedRun:
    """The run that results written here hold.

    Raises:
        InputError: no such results.
    """
    try:
        found = from_json(read(path))
        carried = found["config"]["metadata"][KEY]
        items = tuple(Item.model_validate(test["metadata"][KEY]) for test in found["config"]["tests"])
        return CarriedRun(
            info=RunInfo.model_validate(carried["run"]),
            data=Dataset(name=carried["dataset"], items=items),
            outcomes=tuple(Outcome.model_validate(row["metadata"][KEY]) for row in found["results"]["results"]),
        )
    except (ValueError, TypeError, KeyError, ValidationError) as error:
        raise InputError(
            f"{path.name} holds no results of a run that was exported here.",
            mend="Import the configuration of promptfoo for its answers.",
        ) from error
