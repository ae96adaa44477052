"""`python -m coach.cli.sample_build`: makes the sample content from `data/sample/stories.yaml`.

Every answer is spoken by espeak-ng, measured by the delivery metrics and evaluated by the offline coach, so that the
sample shows what the product really says. Needs espeak-ng and ffmpeg; run when coach or stories change.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from coach.audio.pcm import Pcm
from coach.brain.evaluation.pipeline import evaluate_to_end
from coach.brain.offline.coach import OfflineCoach
from coach.brain.port import EvaluationCall, SummaryItem
from coach.brain.prompts.bundle import PromptBundle
from coach.cli.samples.speech import speak, write_opus
from coach.contracts.brain import (
    DeliveryInput,
    EvaluationInput,
    EvaluationResult,
    HistoryItem,
    JobContext,
    Question,
    UserAnswer,
)
from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.interview import Attempt, AttemptStatus, Exchange, Interview, InterviewSnapshot, InterviewStatus
from coach.contracts.transcript import Transcript
from coach.delivery import measure as delivery
from coach.interview import rollup
from coach.store.maintenance.sample_file import EPOCH, SAMPLE
from coach.store.repositories.library_records import JobDescription, Resume, StarStory

Plain = dict[str, Any]


def identity(*parts: object) -> str:
    """A stable id, the same in every build."""
    import hashlib

    return hashlib.sha256("/".join(map(str, ("sample", *parts))).encode()).hexdigest()[:32]


@dataclass
class Builder:
    """Builds all sample interviews of one stories file."""

    stories: Plain
    bundle: PromptBundle
    coach: OfflineCoach

    def job(self) -> JobContext:
        """The sample job as the coach sees it."""
        job = self.stories["job"]
        return JobContext(
            job_title=job["title"],
            company=job["company"],
            key_skills=job["skills"],
            competencies=job["competencies"],
            summary=job["summary"],
        )

    async def interview(self, plan: Plain) -> InterviewSnapshot:
        """One finished interview."""
        began = (EPOCH - timedelta(days=plan["days_ago"])).replace(hour=plan["hour"])
        exchanges, attempts, clock = [], [], began
        job = self.job() if plan["for_job"] else JobContext()
        for order, asked in enumerate(plan["questions"]):
            exchange = Exchange(
                id=identity(plan["id"], order),
                interview_id=plan["id"],
                order=order,
                question_text=asked["text"],
                competency=asked["competency"],
                question_type=asked["type"],
            )
            mine = await self.attempts(plan, asked, exchange, clock, job)
            clock = (mine[-1].finished_at or clock) + timedelta(minutes=2)
            best = rollup.best_attempt(mine)
            exchanges.append(exchange.model_copy(update={"final_attempt_id": best.id if best else None}))
            attempts += mine
        session = await self.finished(plan, exchanges, attempts, began, clock, job)
        return InterviewSnapshot(interview=session, exchanges=exchanges, attempts=attempts)

    async def attempts(
        self, plan: Plain, asked: Plain, exchange: Exchange, began: datetime, job: JobContext
    ) -> list[Attempt]:
        """All attempts at one question."""
        done: list[Attempt] = []
        for number, answer in enumerate(asked["attempts"], 1):
            transcript, pcm = speak(answer["say"], plan["voice"], answer["speed"])
            attempt = Attempt(
                id=identity(exchange.id, number),
                exchange_id=exchange.id,
                interview_id=plan["id"],
                attempt_number=number,
                created_at=began + timedelta(minutes=3 * (number - 1)),
            )
            done.append(await self.evaluated(attempt, exchange, transcript, pcm, job, done))
            if asked.get("with_audio"):
                write_opus(pcm, SAMPLE / "audio" / f"{attempt.id}.ogg")
        return done

    async def evaluated(
        self,
        attempt: Attempt,
        exchange: Exchange,
        transcript: Transcript,
        pcm: Pcm,
        job: JobContext,
        earlier: list[Attempt],
    ) -> Attempt:
        """The attempt with metrics and the offline coach's evaluation."""
        measured = delivery.measure(transcript, pcm)
        call = self._call(attempt, exchange, transcript, measured, job, earlier)
        result = await evaluate_to_end(
            self.coach,
            call,
            transcript=transcript,
            delivery=measured,
            policy=self.bundle.policy,
            bundle=self.bundle.name,
        )
        return self._with_feedback(attempt, transcript, measured, result)

    def _call(
        self,
        attempt: Attempt,
        exchange: Exchange,
        transcript: Transcript,
        measured: DeliveryMetrics,
        job: JobContext,
        earlier: list[Attempt],
    ) -> EvaluationCall:
        history = [HistoryItem(attempt_number=a.attempt_number, overall=a.overall_score or 0) for a in earlier]
        asked = Question(text=exchange.question_text, type=exchange.question_type, competency=exchange.competency)
        request = EvaluationInput(
            question=asked,
            job_context=job,
            user_answer=UserAnswer(transcript=transcript.text, duration_seconds=transcript.duration_s),
            delivery_metrics=DeliveryInput(
                wpm=measured.wpm,
                filler_count=measured.filler_count,
                long_pause_count=measured.long_pause_count,
                clarity_note=measured.clarity_note,
            ),
            attempt_history=history,
        )
        return EvaluationCall(request, attempt.id, resume_text=self.stories["resume"]["content"])

    def _with_feedback(
        self, attempt: Attempt, transcript: Transcript, measured: DeliveryMetrics, result: EvaluationResult
    ) -> Attempt:
        return attempt.model_copy(
            update={
                "status": AttemptStatus.EVALUATED,
                "transcript": transcript,
                "delivery": measured,
                "evaluation": result.evaluation,
                "evidence": result.evidence,
                "guards": result.guards,
                "overall_score": result.evaluation.scoring.overall,
                "duration_seconds": transcript.duration_s,
                "prompt_version": self.bundle.name,
                "policy_version": result.evaluation.metadata.policy_version,
                "model": result.model or self.coach.model,
                "brain": self.coach.name,
                "relevance_judged": result.relevance_judged,
                "transcriber": transcript.transcriber,
                "finished_at": attempt.created_at + timedelta(seconds=transcript.duration_s + 3),
            }
        )

    async def finished(
        self,
        plan: Plain,
        exchanges: list[Exchange],
        attempts: list[Attempt],
        began: datetime,
        ended: datetime,
        job: JobContext,
    ) -> Interview:
        """The session's row with its summary."""
        items = tuple(summary_item(exchange, attempts) for exchange in exchanges)
        summary, _ = await self.coach.summarise(items, job, interview_id=plan["id"])
        return Interview(
            id=plan["id"],
            persona_id=plan["persona"],
            q_count=len(exchanges),
            job_description_id=self.stories["job"]["id"] if plan["for_job"] else None,
            resume_id=self.stories["resume"]["tailored"] if plan["for_job"] else None,
            job=job,
            status=InterviewStatus.COMPLETED,
            overall_score=rollup.session_score(exchanges, attempts),
            readiness_score=summary.readiness_score,
            strengths=summary.strengths,
            gaps=summary.gaps,
            plan=summary.next_plan,
            summary=summary,
            bundle=self.bundle.name,
            is_sample=True,
            created_at=began,
            started_at=began,
            ended_at=ended,
            last_activity_at=ended,
        )


def summary_item(exchange: Exchange, attempts: list[Attempt]) -> SummaryItem:
    """One question as the session summary sees it."""
    mine = [attempt for attempt in attempts if attempt.exchange_id == exchange.id]
    best = rollup.best_attempt(mine)
    assert best is not None
    assert best.evaluation is not None
    assert best.transcript is not None
    return SummaryItem(
        question=exchange.question_text,
        competency=exchange.competency,
        transcript=best.transcript.text,
        evaluation=best.evaluation.model_dump(mode="json"),
        attempts=len(mine),
        first_overall=next(a.overall_score for a in mine if a.overall_score is not None) or 0.0,
        best_overall=best.overall_score or 0.0,
    )


def library(
    stories: Plain, snapshots: list[InterviewSnapshot]
) -> tuple[list[Resume], list[JobDescription], list[StarStory]]:
    """Job, resumes and the stories worth keeping: the best attempt of each question that suggests saving."""
    job, resume = stories["job"], stories["resume"]
    posting = JobDescription(
        id=job["id"],
        title=job["title"],
        company=job["company"],
        description=job["description"],
        parsed_skills=job["skills"],
        competencies=job["competencies"],
        summary=job["summary"],
        is_sample=True,
        created_at=EPOCH - timedelta(days=12),
    )
    dated: Plain = {
        "is_sample": True,
        "created_at": EPOCH - timedelta(days=12),
        "updated_at": EPOCH - timedelta(days=12),
    }
    master = Resume(id=resume["base"], is_base_version=True, title=resume["title"], content=resume["content"], **dated)
    tailored = Resume(
        id=resume["tailored"],
        source_resume_id=resume["base"],
        job_description_id=job["id"],
        title=f"{resume['title']} for {job['company']}",
        content=resume["tailored_content"],
        **dated,
    )
    kept = [story for snapshot in snapshots for story in stories_of(snapshot)]
    return [master, tailored], [posting], kept


def stories_of(snapshot: InterviewSnapshot) -> list[StarStory]:
    """The stories the coach suggested to keep from the best attempts of one interview."""
    final = {exchange.final_attempt_id for exchange in snapshot.exchanges}
    return [
        story_of(attempt, snapshot.interview)
        for attempt in snapshot.attempts
        if attempt.id in final and attempt.evaluation and attempt.evaluation.library_suggestion.should_save
    ]


def story_of(attempt: Attempt, session: Interview) -> StarStory:
    """A library story made of an attempt."""
    assert attempt.evaluation is not None
    rewrite, suggestion = attempt.evaluation.rewrite, attempt.evaluation.library_suggestion
    return StarStory(
        id=identity("story", attempt.id),
        title=suggestion.suggested_title,
        category=suggestion.category,
        **rewrite.star_version.model_dump(),
        source_type="mock_interview",
        source_attempt_id=attempt.id,
        original_transcript=attempt.transcript.text if attempt.transcript else None,
        polished_answer=rewrite.polished_answer,
        coach_notes=attempt.evaluation.coach_notes,
        job_description_id=session.job_description_id,
        is_sample=True,
        created_at=session.last_activity_at,
        updated_at=session.last_activity_at,
    )


async def build(stories_file: Path = SAMPLE / "stories.yaml") -> Plain:
    """The whole sample file."""
    stories = yaml.safe_load(stories_file.read_text("utf8"))
    bundle = PromptBundle.load()
    builder = Builder(stories, bundle, OfflineCoach())
    snapshots = [await builder.interview(plan) for plan in stories["interviews"]]
    resumes, jobs, kept = library(stories, snapshots)
    parts: dict[str, Sequence[BaseModel]] = {"interviews": snapshots, "jobs": jobs, "resumes": resumes, "stories": kept}
    return {name: [record.model_dump(mode="json") for record in records] for name, records in parts.items()}


def main() -> None:
    """Builds and writes `interviews.json`."""
    content = asyncio.run(build())
    target = SAMPLE / "interviews.json"
    target.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf8")
    scores = [[a["overall_score"] for a in i["attempts"]] for i in content["interviews"]]
    print(f"{target}: overall scores {scores}")


if __name__ == "__main__":
    main()
