"""`python -m coach feedback INTERVIEW`: produces feedback that was delayed, from what was stored."""

import asyncio
from typing import Any

import click

from coach.cli.inputs import brain_option
from coach.cli.output import emit, json_option
from coach.errors import VendorError


@click.command(help="Produce the feedback of an interview that was delayed, from the stored answers.")
@click.argument("interview_id")
@brain_option
@json_option
def feedback(interview_id: str, brain: str | None, as_json: bool) -> None:
    """Evaluates every delayed attempt of one interview."""
    result = asyncio.run(_produce(interview_id, brain or ""))
    emit(result, as_json=as_json, human=_lines)
    if any(attempt["status"] == "delayed" for attempt in result["attempts"]):
        raise VendorError("Feedback is still delayed; the answers are kept.", mend="Try again later.")


async def _produce(interview_id: str, brain: str) -> dict[str, Any]:
    from coach.bootstrap import build_services
    from coach.interview.answer.delayed_feedback import produce_delayed
    from coach.web.shelf import StoreMaterials

    services = build_services(brain=brain)
    try:
        known = await services.store.load_interview(interview_id)
        judging = await services.bundles.judging(known.interview.bundle if known else "")
        done = await produce_delayed(
            services.store,
            judging.brain,
            judging.policy,
            interview_id,
            materials=StoreMaterials(services.store),
            bundle=judging.bundle,
            on_abandoned=services.usage,
        )
    finally:
        await services.close()
    attempts = [
        {
            "attempt_id": attempt.id,
            "attempt_number": attempt.attempt_number,
            "status": attempt.status.value,
            "overall_score": attempt.overall_score,
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
        for a in result["attempts"]
    )
