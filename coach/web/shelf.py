"""What the interview needs of the person's own material, on the store: jobs, resumes, the library."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from textwrap import shorten

from coach.contracts.asking import own_id
from coach.contracts.brain import JobContext
from coach.errors import NotFoundError
from coach.interview.dependencies import JobMaterial
from coach.store import SqlStore
from coach.store.repositories import interviews
from coach.store.repositories import library as shelf
from coach.store.repositories import library_records as shelf_library_records


class StoreMaterials:
    """`Materials` on the store; `shipped` gives the role profiles that come with the product."""

    def __init__(
        self, store: SqlStore, shipped: Callable[[], Sequence[shelf_library_records.RoleProfile]] = tuple
    ) -> None:
        self._store = store
        self._shipped = shipped

    async def job(self, *, job_description_id: str | None, role_profile_id: str | None) -> JobMaterial | None:
        """The posting, else the role profile: the person's own before a shipped one; None when unknown."""
        if job_description_id:
            job = await self._store.arun(shelf.find_job, job_description_id)
            return _of_job(job) if job else None
        profiles = await self._store.arun(shelf.role_profiles_of)
        found = next((p for p in [*profiles, *self._shipped()] if p.id == role_profile_id), None)
        return _of_profile(found) if found else None

    async def resume_text(self, resume_id: str) -> str:
        """The text of a resume; empty when unknown."""
        found = await self._store.arun(shelf.find_resume, resume_id)
        return found.content if found else ""


class StoreShelf:
    """`StoryShelf` on the store."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    async def save_story(self, attempt_id: str, *, title: str, category: str) -> str:
        """Keeps the attempt's rewrite, linked to attempt and job; saved again it is the same story.

        Without a title it is called as the coach suggests, else by its question.

        Raises:
            NotFoundError: the attempt has no evaluation.
        """
        attempt = await self._store.arun(interviews.find_attempt, attempt_id)
        if attempt is None:
            raise NotFoundError("There is no such attempt.")
        if attempt.evaluation is None:
            raise NotFoundError("There is no feedback to save.")
        snapshot = await self._store.load_interview(attempt.interview_id)
        interview = snapshot.interview if snapshot else None
        star, suggestion = attempt.evaluation.rewrite.star_version, attempt.evaluation.library_suggestion
        asked = (
            next((e.question_text for e in snapshot.exchanges if e.id == attempt.exchange_id), "") if snapshot else ""
        )
        story = shelf_library_records.StarStory(
            user_id=interview.user_id if interview else own_id(),
            title=title or suggestion.suggested_title or shorten(asked, 80, placeholder="…") or "Untitled story",
            category=category or suggestion.category,
            **star.model_dump(),
            source_type="mock_interview",
            source_attempt_id=attempt.id,
            original_transcript=attempt.transcript.text if attempt.transcript else None,
            polished_answer=attempt.evaluation.rewrite.polished_answer,
            coach_notes=attempt.evaluation.coach_notes,
            job_description_id=interview.job_description_id if interview else None,
            updated_at=datetime.now(UTC),
        )
        await self._store.arun(shelf.save_story, story)
        kept = await self._store.arun(shelf.story_of_attempt, attempt.id)
        return kept.id if kept else story.id


def _of_job(job: shelf_library_records.JobDescription) -> JobMaterial:
    parsed = JobContext(
        job_title=job.title,
        company=job.company,
        key_skills=job.parsed_skills,
        competencies=job.competencies,
        summary=job.summary,
    )
    known = bool(job.parsed_skills or job.competencies)
    return JobMaterial(job.title, job.company, job.description, parsed if known else None)


def _of_profile(profile: shelf_library_records.RoleProfile) -> JobMaterial:
    context = JobContext(
        job_title=profile.title,
        key_skills=profile.key_skills,
        competencies=profile.competencies,
        summary=profile.summary,
    )
    words = ", ".join([*profile.key_skills, *profile.competencies])
    return JobMaterial(profile.title, "", f"{profile.summary}\n{words}", context)
