"""`python -m coach feedback INTERVIEW`: produces feedback that was delayed, from what was stored."""

import asyncio
from dataclasses import replace
from typing import Any

import click

from coach.cli.inputs import TRANSCRIBERS, brain_option
from coach.cli.output import emit, json_option
from coach.errors import VendorError


@click.command(help="Produce the feedback of an interview that was delayed, from the stored answers and recordings.")
@click.argument("interview_id")
@click.option("--transcriber", type=click.Choice(TRANSCRIBERS), default=None, help="Default: COACH_TRANSCRIBER.")
@brain_option
@json_option
def feedback(interview_id: str, transcriber: str | None, brain: str | None, as_json: bool) -> None:
    """Evaluates every delayed attempt of one interview; one that was kept unheard is heard first."""
    result = asyncio.run(_produce(interview_id, transcriber or "", brain or ""))
    emit(result, as_json=as_json, human=_lines)
    missing = [attempt for attempt in result["attempts"] if attempt["status"] != "evaluated"]
    if missing:
        why = next((attempt["reason"] for attempt in missing if attempt["reason"]), "")
        told = f"Feedback is still delayed; the answers are kept. {why}".strip()
        raise VendorError(told, mend="" if why else "Try again later.")


async def _produce(interview_id: str, transcriber: str, brain: str) -> dict[str, Any]:
    from coach.bootstrap import build_services
    from coach.interview.answer.delayed_feedback import produce_delayed
    from coach.interview.answer.late_hearing import LateHearing
    from coach.web.shelf import StoreMaterials

    services = build_services(transcriber=transcriber, brain=brain)
    try:
        known = await services.store.load_interview(interview_id)
        judging = await services.bundles.judging(known.interview.bundle if known else "")
        hearing = LateHearing(replace(services.hub.parts, store=services.store, policy=judging.policy))
        done = await produce_delayed(
            services.store,
            judging.brain,
            judging.policy,
            interview_id,
            materials=StoreMaterials(services.store),
            bundle=judging.bundle,
            on_abandoned=services.usage,
            hearing=hearing,
        )
    finally:
        await services.close()
    attempts = [
        {
            "attempt_id": attempt.id,
            "attempt_number": attempt.attempt_number,
            "status": attempt.status.value,
            "overall_score": attempt.overall_score,
            "reason": str(hearing.troubles.get(attempt.id, "")),
        }
        for attempt in done
    ]
    return {"interview_id": interview_id, "attempts": attempts}


def _lines(result: dict[str, Any]) -> str:
    if not result["attempts"]:
        return "No feedback is delayed in this interview."
    return "\n".join(
        f"attempt {a['attempt_number']}: {a['status']}"
        + (f", overall {a['overall_score']:g}" if a["overall_score"] is not None else "")
        + (f": {a['reason']}" if a["reason"] else "")
        for a in result["attempts"]
    )
