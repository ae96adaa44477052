"""From a request to a plan: the job's material, the questions, the exchanges that hold them."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from coach.brain.evaluation.deadlines import patience_s
from coach.brain.port import InterviewPlan, PlanRequest
from coach.contracts.brain import JobContext
from coach.contracts.interview import Exchange, Interview, PlannedQuestion
from coach.errors import CoachError, InputError, NotFoundError, VendorError, VendorTimeoutError
from coach.interview.aggregate import clip_key
from coach.interview.dependencies import Dependencies, JobMaterial

log = logging.getLogger(__name__)
ASKED_REMEMBERED = 500


class InitRequest(BaseModel):
    """`POST /mock-interviews/init`."""

    model_config = ConfigDict(extra="forbid")

    job_description_id: str | None = Field(default=None, max_length=64)
    role_profile_id: str | None = Field(default=None, max_length=64)
    resume_id: str | None = Field(default=None, max_length=64)
    persona_id: str = Field(default="sarah", min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")
    q_count: int = Field(default=3, ge=1, le=5)


class InitResult(BaseModel):
    """Its answer: where to connect, and with what."""

    mock_interview_id: str
    ws_url: str
    auth_token: str
    avatar: dict[str, Any]


async def plan(
    parts: Dependencies,
    request: InitRequest,
    count: int,
    *,
    user_id: str,
    ready: Sequence[PlannedQuestion] = (),
) -> InterviewPlan:
    """Questions for an interview: `ready` ones, else the brain's, else those of the spare brain.

    Raises:
        NotFoundError: the job or role profile is unknown.
        VendorError: nobody could plan.
    """
    material = await _material(parts, request)
    if ready:
        return InterviewPlan(material.context or JobContext(job_title=material.title), tuple(ready))
    asked = await parts.store.asked_questions(user_id, limit=ASKED_REMEMBERED)
    day = parts.clock().date().isoformat()
    wanted = PlanRequest(material.title, material.company, material.description, count, tuple(asked), day)
    last: CoachError = InputError("No questions could be planned.")
    for brain in (parts.brain, parts.spare_brain):
        if brain is None:
            continue
        try:
            async with asyncio.timeout(patience_s(brain)):
                made = await brain.plan(wanted)
            return replace(made, job=material.context) if material.context else made
        except TimeoutError:
            last = VendorTimeoutError("The model took too long to plan.")
        except VendorError as error:
            last = error
        log.warning("planning with %s failed: %s", brain.name, last.code)
    raise last


async def _material(parts: Dependencies, request: InitRequest) -> JobMaterial:
    if not (request.job_description_id or request.role_profile_id):
        return JobMaterial()
    found = None
    if parts.materials:
        found = await parts.materials.job(
            job_description_id=request.job_description_id, role_profile_id=request.role_profile_id
        )
    if found is None:
        raise NotFoundError("There is no such job or role profile.")
    return found


def interview(
    request: InitRequest, plan: InterviewPlan, interview_id: str, user_id: str, bundle: str, now: datetime
) -> Interview:
    """The interview that `request` and its plan make; `now` is when it begins (UTC)."""
    return Interview(
        id=interview_id,
        user_id=user_id,
        job_description_id=request.job_description_id,
        role_profile_id=request.role_profile_id,
        resume_id=request.resume_id,
        persona_id=request.persona_id,
        q_count=len(plan.questions),
        job=plan.job,
        bundle=bundle,
        created_at=now,
        last_activity_at=now,
    )


def exchanges(interview: Interview, questions: Sequence[PlannedQuestion]) -> list[Exchange]:
    """One exchange per planned question, in order."""
    return [
        Exchange(
            interview_id=interview.id,
            order=number,
            question_text=question.text,
            competency=question.competency,
            question_type=question.type,
            avatar_clip_key=clip_key(question.text, interview.persona_id),
        )
        for number, question in enumerate(questions)
    ]
