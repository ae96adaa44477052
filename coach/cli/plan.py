"""`python -m coach plan`: a posting in, parsed context and questions out."""

import asyncio
from typing import Any

import click

from coach.brain.port import Brain, InterviewPlan, PlanRequest
from coach.brain.prompts.bundle import PromptBundle
from coach.cli.inputs import brain_option, read_text
from coach.cli.output import emit, json_option, unbilled
from coach.errors import InputError
from coach.foreign_data import from_json

MAX_POSTING_CHARS = 60_000


@click.command(help="Parse a job posting and plan the questions of an interview.")
@click.option("--job", required=True, help="A posting as text, or JSON {title, company, description}; - reads stdin.")
@click.option("--questions", type=click.IntRange(1, 5), default=3, show_default=True, help="How many questions.")
@brain_option
@json_option
def plan(job: str, questions: int, brain: str | None, as_json: bool) -> None:
    """Plans an interview."""
    from coach.bootstrap import services

    request = request_from(read_posting(job), questions)
    made = asyncio.run(make_plan(services().brain_for(PromptBundle.load(), brain or ""), request))
    services().usage([unbilled(event) for event in made.usage])
    emit(plan_record(made), as_json=as_json, human=_lines)


async def make_plan(brain: Brain, request: PlanRequest) -> InterviewPlan:
    """One plan; frees the brain afterwards."""
    try:
        return await brain.plan(request)
    finally:
        await brain.close()


def read_posting(source: str) -> str:
    """The posting's text.

    Raises:
        InputError: it cannot be read, is empty, or too long.
    """
    text = read_text(source, "The job posting")
    if not text.strip():
        raise InputError("The job posting is empty.")
    if len(text) > MAX_POSTING_CHARS:
        raise InputError(f"The job posting is longer than {MAX_POSTING_CHARS:,} characters.")
    return text


def request_from(text: str, questions: int) -> PlanRequest:
    """A plain text, or a JSON object with `title`, `company` and `description`.

    Raises:
        InputError: JSON without a description.
    """
    if not text.lstrip().startswith("{"):
        return PlanRequest(title="", company="", description=text, questions=questions)
    try:
        record = from_json(text)
    except ValueError:
        return PlanRequest(title="", company="", description=text, questions=questions)
    if "JobPosting" in text:
        return PlanRequest(title="", company="", description=text, questions=questions)
    if not isinstance(record, dict) or not str(record.get("description") or "").strip():
        raise InputError("The job needs a description.", mend='Give {"title", "company", "description"} or plain text.')
    title, company = (str(record.get(key) or "") for key in ("title", "company"))
    return PlanRequest(title=title, company=company, description=str(record["description"]), questions=questions)


def plan_record(made: InterviewPlan) -> dict[str, object]:
    """The plan in the shape of the command's JSON."""
    job = made.job
    return {
        "job": {
            "title": job.job_title,
            "company": job.company,
            "key_skills": job.key_skills,
            "competencies": job.competencies,
            "summary": job.summary,
        },
        "questions": [q.model_dump(mode="json") for q in made.questions],
    }


def _lines(record: dict[str, Any]) -> str:
    job = record["job"]
    head = [f"{job['title']} {job['company']}".strip(), job["summary"], f"Skills: {', '.join(job['key_skills'])}"]
    head.append(f"Competencies: {', '.join(job['competencies'])}")
    return "\n".join([*head, *(f"{i}. [{q['type']}] {q['text']}" for i, q in enumerate(record["questions"], 1))])
