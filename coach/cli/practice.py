"""`python -m coach practice`: one whole attempt without a browser, stored like any other."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coach.cli.inputs import TRANSCRIBERS, brain_option, read_text
from coach.cli.output import care_lines, emit, json_option, usage_records
from coach.contracts.brain import MAX_TYPED_CHARS, Question
from coach.contracts.interview import Attempt, PlannedQuestion
from coach.errors import InputError, VendorAuthError
from coach.foreign_data import from_json

if TYPE_CHECKING:
    from coach.bootstrap import Services
    from coach.interview.conductor import Conductor

QUESTION_MAX_CHARS = next(m.max_length for m in Question.model_fields["text"].metadata if hasattr(m, "max_length"))


@click.command()
@click.option("--audio", type=click.Path(path_type=Path), help="The recorded answer: wav, flac, mp3, ogg, webm, m4a.")
@click.option("--transcript", help="The answer as text: a file, or - for standard input.")
@click.option("--question", required=True, help="What was asked.")
@click.option("--competency", default="", help="What the question looks for.")
@click.option("--job", type=click.Path(path_type=Path), help="A posting: text, or JSON {title, company, description}.")
@click.option("--interview", "interview_id", default="", help="Go on with this one; the same question is a retry.")
@click.option("--transcriber", type=click.Choice(TRANSCRIBERS), default=None, help="Default: COACH_TRANSCRIBER.")
@brain_option
@json_option
def practice(
    audio: Path | None,
    transcript: str | None,
    question: str,
    competency: str,
    job: Path | None,
    interview_id: str,
    transcriber: str | None,
    brain: str | None,
    as_json: bool,
) -> None:
    """Coach one recorded or written answer and store it."""
    if (audio is None) == (transcript is None):
        raise click.UsageError("Give either --audio or --transcript.")
    if audio is not None and transcriber == "typed":
        raise click.UsageError("The transcriber 'typed' does not listen: give --transcript instead of --audio.")
    planned = _planned(question, competency)
    text = read_text(transcript) if transcript is not None else ""
    if transcript is not None and not text.strip():
        raise InputError("The transcript is empty.", mend="Write the answer as it was said.")
    if len(text) > MAX_TYPED_CHARS:
        raise InputError(f"The transcript has {len(text):,} characters; {MAX_TYPED_CHARS:,} are the most.")
    result = asyncio.run(
        _practise(planned, audio, text, job, interview_id, transcriber=transcriber or "", brain=brain or "")
    )
    emit(result, as_json=as_json, human=_lines)


def _planned(question: str, competency: str) -> PlannedQuestion:
    text = question.strip()
    if not text:
        raise InputError("The question is empty.")
    if len(text) > QUESTION_MAX_CHARS:
        raise InputError(f"The question has {len(text)} characters; {QUESTION_MAX_CHARS} are the most.")
    return PlannedQuestion(text=text, competency=competency)


async def _practise(
    question: PlannedQuestion,
    audio: Path | None,
    text: str,
    job: Path | None,
    interview_id: str,
    *,
    transcriber: str,
    brain: str,
) -> dict[str, object]:
    from coach.audio.decode import read_recording
    from coach.audio.vad import require_speech
    from coach.bootstrap import build_services
    from coach.cli.transcribe import with_note
    from coach.interview.headless import answer_once

    note = ""
    if audio is not None:
        found = await asyncio.to_thread(read_recording, audio)
        await asyncio.to_thread(require_speech, found.pcm, audio.name)
        note = found.notice(audio.name)
        del found
    services = build_services(transcriber=transcriber if audio else "typed", brain=brain)
    try:
        job_id = await _job(services, job) if job else None
        conductor, attempt = await answer_once(
            services.hub, question, audio=audio, text=text, interview_id=interview_id, job_description_id=job_id
        )
        return with_note(await _describe(services, conductor, attempt), note)
    finally:
        await services.close()


async def _job(services: "Services", path: Path) -> str:
    """Parses and keeps a posting; returns its id."""
    from coach.brain.port import PlanRequest
    from coach.store.repositories import library, library_records

    title, company, description = read_job(str(path))
    plan = await services.brain.plan(PlanRequest(title, company, description, 1))
    row = library_records.JobDescription(
        title=title or plan.job.job_title or "Untitled job",
        company=company or plan.job.company,
        description=description,
        parsed_skills=plan.job.key_skills,
        competencies=plan.job.competencies,
        summary=plan.job.summary,
    )
    await services.store.arun(library.save_job, row)
    return row.id


def read_job(source: str) -> tuple[str, str, str]:
    """Title, company and description of a posting: plain text, or JSON with these keys.

    Raises:
        InputError: unreadable or empty.
    """
    text = read_text(source)
    try:
        row = from_json(text) if text.lstrip().startswith("{") else {"description": text}
        fields = tuple(str(row.get(key) or "") for key in ("title", "company", "description"))
    except (ValueError, AttributeError) as error:
        raise InputError(f"{source} is neither text nor JSON with title, company, description.") from error
    if not any(field.strip() for field in fields):
        raise InputError(f"The posting {source} is empty.")
    return fields[0], fields[1], fields[2]


async def _describe(services: "Services", conductor: "Conductor", attempt: Attempt) -> dict[str, object]:
    from coach.cli.transcribe import describe
    from coach.store.repositories import ledger

    if attempt.transcript is None or attempt.delivery is None or attempt.evaluation is None:
        raise InputError("Feedback on this answer is delayed; the answer is kept.")
    if any(finding.rule == "key_refused" for finding in attempt.guards):
        mend = f"The answer is kept: check OPENAI_API_KEY, then `python -m coach feedback {attempt.interview_id}`."
        raise VendorAuthError("The model's server refused the key.", mend=mend)
    usage = await services.store.arun(ledger.usage_events, interview_id=attempt.interview_id)
    best = conductor.board.exchange(attempt.exchange_id).final_attempt_id
    return {
        "interview_id": attempt.interview_id,
        "exchange_id": attempt.exchange_id,
        "attempt_id": attempt.id,
        "attempt_number": attempt.attempt_number,
        "best": best == attempt.id,
        **describe(attempt.transcript, attempt.delivery),
        "evaluation": attempt.evaluation.model_dump(mode="json"),
        "evidence": [e.model_dump(mode="json") for e in attempt.evidence],
        "guards": [g.model_dump(mode="json") for g in attempt.guards],
        "status": attempt.status.value,
        "timeline_ms": attempt.timeline,
        "usage": usage_records(u for u in usage if u.attempt_id == attempt.id),
        "transcriber": attempt.transcript.transcriber,
        "brain": attempt.brain,
        "relevance_judged": attempt.relevance_judged,
        "care": attempt.care.model_dump(mode="json") if attempt.care else None,
    }


def _lines(result: dict[str, Any]) -> str:
    if unscored := care_lines(result["care"], result["evaluation"]):
        return "\n".join(unscored)
    evaluation = result["evaluation"]
    scoring, content = evaluation["scoring"], evaluation["content_feedback"]
    star = "  ".join(f"{name} {item['status']}" for name, item in content["star_checklist"].items())
    best = " (best so far)" if result["best"] else ""
    lines = [
        f"{scoring['overall']:.1f} of 10{best}: content {scoring['content']:.1f}, delivery {scoring['delivery']:.1f}",
        content["headline"],
        star,
        *(f"+ {text}" for text in content["top_strengths"]),
        *(f"- {text}" for text in content["top_improvements"]),
        f"Tip: {content['one_action_tip']}",
        *([result["care"]["message"]] if result["care"] else []),
        "",
        evaluation["rewrite"]["polished_answer"],
        "",
        f"Retry: --interview {result['interview_id']} with the same --question",
    ]
    return "\n".join(lines)
