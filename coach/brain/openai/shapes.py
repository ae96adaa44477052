"""Shapes of the two smaller calls, planning and session summary, and their way into our records."""

import json
from typing import Literal

from pydantic import Field

from coach.brain.port import InterviewPlan, PlanRequest, SummaryItem
from coach.contracts.base import Strict
from coach.contracts.brain import JobContext
from coach.contracts.interview import PlannedQuestion, SessionSummary
from coach.contracts.usage import UsageEvent

QuestionKind = Literal["behavioral", "technical", "leadership", "situational", "general"]
MAX_DESCRIPTION_CHARS = 20_000
MAX_ASKED_SENT = 40


class PlannedJob(Strict):
    """The job as the posting describes it."""

    job_title: str = Field(max_length=200)
    company: str = Field(max_length=200)
    key_skills: list[str] = Field(max_length=40)
    competencies: list[str] = Field(max_length=40)
    summary: str = Field(max_length=1200)


class PlannedItem(Strict):
    """One question."""

    text: str = Field(min_length=8, max_length=400)
    type: QuestionKind
    competency: str = Field(max_length=80)
    skill: str = Field(max_length=80)
    reason: str = Field(max_length=300)


class PlanOutput(Strict):
    """What planning returns."""

    job: PlannedJob
    questions: list[PlannedItem] = Field(min_length=1, max_length=10)


class SummaryOutput(Strict):
    """What the session summary returns."""

    headline: str = Field(max_length=300)
    strengths: list[str] = Field(max_length=6)
    gaps: list[str] = Field(max_length=6)
    stories_to_save: list[str] = Field(max_length=8)
    next_plan: list[str] = Field(max_length=8)
    resume_prompts: list[str] = Field(max_length=8)
    readiness_score: float = Field(ge=0, le=10, allow_inf_nan=False)


def plan_input(request: PlanRequest) -> str:
    """The posting as fenced data."""
    body: dict[str, object] = {
        "questions_wanted": request.questions,
        "title": request.title,
        "company": request.company,
        "description": request.description[:MAX_DESCRIPTION_CHARS],
    }
    if request.asked:
        body["asked_before"] = [question.text for question in request.asked[:MAX_ASKED_SENT]]
    return _fenced("job_posting", body)


def summary_input(items: tuple[SummaryItem, ...], job: JobContext) -> str:
    """The session as fenced data."""
    answers = [
        {
            "question": item.question,
            "competency": item.competency,
            "transcript": item.transcript,
            "scores": item.evaluation.get("scoring"),
            "feedback": item.evaluation.get("content_feedback"),
            "attempts": item.attempts,
            "first_overall": item.first_overall,
            "best_overall": item.best_overall,
        }
        for item in items
    ]
    return _fenced("practice_session", {"job": job.model_dump(mode="json"), "answers": answers})


def _fenced(tag: str, body: object) -> str:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e")
    return f'<{tag} format="json" role="data">\n{safe}\n</{tag}>'


def to_plan(output: PlanOutput, request: PlanRequest, usage: tuple[UsageEvent, ...]) -> InterviewPlan:
    """Our plan; the given title and company win over what the model read."""
    job = JobContext(
        job_title=request.title or output.job.job_title,
        company=request.company or output.job.company,
        key_skills=_unique(output.job.key_skills),
        competencies=_unique(output.job.competencies),
        summary=output.job.summary,
    )
    questions = tuple(
        PlannedQuestion(text=q.text, type=q.type, competency=q.competency, skill=q.skill or None, reason=q.reason)
        for q in output.questions[: request.questions]
    )
    return InterviewPlan(job, questions, usage)


def to_summary(output: SummaryOutput) -> SessionSummary:
    """Our summary."""
    return SessionSummary(**output.model_dump())


def _unique(names: list[str]) -> list[str]:
    return list({name.strip().lower(): name.strip() for name in names if name.strip()}.values())
