"""A person's own material as pages use it: stories, jobs and resumes, read and kept. No SQL, no Streamlit."""

from collections.abc import Callable

from coach.store import SqlStore
from coach.store.repositories import library
from coach.store.repositories.library_records import JobDescription, Resume, StarStory
from coach.views.bin import Kind

__all__ = ["JobDescription", "PersonalLibrary", "Resume", "StarStory"]


class PersonalLibrary:
    """Stories, jobs and resumes of the people on this machine. Every method blocks."""

    def __init__(self, store: SqlStore, hidden: Callable[[Kind], frozenset[str]] = lambda _: frozenset()) -> None:
        """Opens nothing; `hidden` gives the ids of a kind that are in no list, because they are being deleted."""
        self._store = store
        self._hidden = hidden

    def stories(self, *, search: str = "", job_id: str = "") -> list[StarStory]:
        """Stories by last change, see `repositories.library.stories`."""
        hidden = self._hidden("story")
        return [s for s in self._store.run(library.stories, search=search, job_id=job_id) if s.id not in hidden]

    def change_story(self, story: StarStory, **changes: object) -> None:
        """Keeps a story with `changes`; a sample becomes the person's own.

        Raises:
            NotFoundError: it names a job that does not exist.
            ConflictError: it was changed since `story` was read.
        """
        self._store.run(library.save_story, library.changed_now(story, **changes), seen=story)

    def delete_story(self, story_id: str) -> None:
        """Deletes a story."""
        self._store.run(library.delete_story, story_id)

    def jobs(self) -> list[JobDescription]:
        """Jobs, newest first."""
        hidden = self._hidden("job")
        return [job for job in self._store.run(library.jobs) if job.id not in hidden]

    def save_job(self, job: JobDescription, *, seen: JobDescription | None = None) -> None:
        """Keeps a job.

        Raises:
            ConflictError: it was changed since it was `seen`.
        """
        self._store.run(library.save_job, job, seen=seen)

    def delete_job(self, job_id: str) -> None:
        """Deletes a job; its interviews stay."""
        self._store.run(library.delete_job, job_id)

    def resumes(self) -> list[Resume]:
        """The master and its copies."""
        hidden, jobs = self._hidden("resume"), self._hidden("job")
        found: list[Resume] = self._store.run(library.resumes_of)
        return [r for r in found if r.id not in hidden and r.job_description_id not in jobs]

    def going_copy(self, job_id: str) -> str:
        """Id of the job's copy that waits for its deletion; empty where none does."""
        hidden, found = self._hidden("resume"), self._store.run(library.resumes_of)
        return next((r.id for r in found if r.job_description_id == job_id and r.id in hidden), "")

    def save_resume(self, resume: Resume) -> None:
        """Keeps a resume.

        Raises:
            InputError: there is another master, or a copy for the same job.
        """
        self._store.run(library.save_resume, resume)

    def change_resume(self, resume: Resume, *, content: str, seen: str | None = None) -> None:
        """Keeps a resume with other content; a sample becomes the person's own.

        Raises:
            InputError: there is another master, or a copy for the same job.
            ConflictError: its content is not what was `seen` any more.
        """
        self._store.run(library.save_resume, library.changed_resume(resume, content=content), seen=seen)

    def add_to_resume(self, bullet: str, *, job_id: str | None = None) -> str:
        """Puts one line at the end of the copy for the job, else of the master, else of a new master; said twice once.

        Returns:
            the title of that resume.
        """
        own = [resume for resume in self.resumes() if not resume.is_sample]
        tailored = next((r for r in own if job_id and r.job_description_id == job_id), None)
        target = tailored or next((r for r in own if r.is_base_version), None)
        if target is None:
            target = Resume(title="My resume", is_base_version=True)
            self.save_resume(target)
        if bullet not in target.content.splitlines():
            self.change_resume(target, content=f"{target.content.rstrip()}\n{bullet}".lstrip(), seen=target.content)
        return target.title

    def delete_resume(self, resume_id: str) -> None:
        """Deletes a resume."""
        self._store.run(library.delete_resume, resume_id)
