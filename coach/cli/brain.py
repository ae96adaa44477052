"""`evaluate` and `schema`: the brain on the command line, nothing stored."""

import asyncio
from typing import Any

import click
from pydantic import ValidationError

from coach.cli.inputs import brain_option, read_text
from coach.cli.output import care_lines, emit, json_option, usage_records
from coach.contracts.brain import EvaluationInput, EvaluationResult
from coach.contracts.evaluation import json_schema
from coach.contracts.transcript import Transcript, TranscriptSource
from coach.errors import InputError, StoreError, VendorAuthError
from coach.foreign_data import from_json


@click.command(help="Evaluate one answer: the input object of the contract in, evaluation, guards and usage out.")
@click.option("--input", "source", required=True, help="A JSON file, or - for stdin.")
@brain_option
@click.option("--bundle", "bundle_name", default="", help="A prompt bundle; default the one in force.")
@json_option
def evaluate(source: str, brain: str | None, bundle_name: str, as_json: bool) -> None:
    """Evaluates `source`."""
    given = read_input(source)
    result = asyncio.run(evaluate_input(given, brain=brain or "", bundle_name=bundle_name))
    if any(finding.rule == "key_refused" for finding in result.guards):
        raise VendorAuthError("The model's server refused the key.", mend="Check OPENAI_API_KEY.")
    if result.status == "fallback":
        said = [f.detail for f in result.guards if f.rule in ("vendor_failed", "repaired")]
        click.echo(f"feedback is delayed: {said[-1] if said else 'no usable output'}", err=True)
    shown = result.model_dump(mode="json") | {"usage": usage_records(result.usage)}
    emit(shown, as_json=as_json, human=_lines)


@click.command(help="Print the evaluation's JSON Schema (draft 2020-12).")
@json_option
def schema(as_json: bool) -> None:
    """Prints the published schema."""
    emit(json_schema(), as_json=as_json)


def read_input(source: str) -> EvaluationInput:
    """The contract's input object.

    Raises:
        InputError: not readable, not JSON, or a field that cannot be used, named in one line.
    """
    text = read_text(source)
    try:
        return EvaluationInput.model_validate(from_json(text))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the input"
        raise InputError(f"The input cannot be used: {where}: {first['msg']}.") from error
    except ValueError as error:
        raise InputError(f"The input is not JSON: {error}.") from error


async def evaluate_input(given: EvaluationInput, *, brain: str = "", bundle_name: str = "") -> EvaluationResult:
    """Evaluates a text as if it had been spoken, with the delivery that was handed over; usage is priced.

    Raises:
        SettingsError: the brain is unknown or its key is missing.
        InputError: the bundle is unknown.
    """
    from coach.bootstrap import build_brain, build_services
    from coach.brain.evaluation.pipeline import evaluate_to_end
    from coach.brain.port import EvaluationCall
    from coach.brain.prompts.bundle import PromptBundle
    from coach.contracts.interview import new_id
    from coach.delivery.measure import from_input
    from coach.economics.ledger import price_what_can_be

    services = build_services()
    try:
        bundle = PromptBundle.load(bundle_name) if bundle_name else services.bundle
    except StoreError as error:
        bundle = PromptBundle.load()
        click.echo(f"note: judged by the shipped bundle {bundle.label}. {error}", err=True)
    judge = build_brain(services.settings, bundle, brain)
    try:
        result = await evaluate_to_end(
            judge,
            EvaluationCall(given, new_id()),
            transcript=_as_transcript(given),
            delivery=from_input(given.delivery_metrics),
            policy=bundle.policy,
            bundle=bundle.label,
        )
    finally:
        await judge.close()
        await services.close()
    priced, _ = price_what_can_be(result.usage, services.price_book)
    return result.model_copy(update={"usage": priced})


def _as_transcript(given: EvaluationInput) -> Transcript:
    answer = given.user_answer
    return Transcript(
        text=answer.transcript,
        duration_s=answer.duration_seconds,
        transcriber="given",
        source=TranscriptSource.TYPED,
        verbatim=given.delivery_metrics.filler_count is not None,
    )


def _lines(result: dict[str, Any]) -> str:
    if unscored := care_lines(result["care"], result["evaluation"]):
        return "\n".join(unscored)
    evaluation = result["evaluation"]
    scores, content = evaluation["scoring"], evaluation["content_feedback"]
    star = ", ".join(f"{name} {item['status']}" for name, item in content["star_checklist"].items())
    lines = [
        f"overall {scores['overall']:g}  (content {scores['content']:g}, delivery {scores['delivery']:g})",
        f"STAR: {star}",
        content["headline"],
        f"next: {content['one_action_tip']}",
    ]
    if evaluation["follow_up"]["should_ask"]:
        lines.append(f"follow-up: {evaluation['follow_up']['question_text']}")
    if result["care"]:
        lines.append(result["care"]["message"])
    lines += ["", evaluation["rewrite"]["polished_answer"], "", f"by {result['brain']} ({result['model']})"]
    return "\n".join(lines)
