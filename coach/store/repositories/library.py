"""The person's own material: STAR stories, jobs, role profiles, resumes (one master, one tailored copy per job)."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from coach.contracts.asking import own_id
from coach.errors import ConflictError, InputError, NotFoundError
from coach.store.repositories.in_turn import in_turn
from coach.store.repositories.interviews import ensure_user
from coach.store.repositories.library_records import JobDescription, Resume, RoleProfile, StarStory, now
from coach.store.repositories.owners import sealed_for
from coach.store.tables.core import job_descriptions, mock_interviews, resumes, role_profiles, star_stories

_LOOK_AGAIN = "Nothing was saved: keep your words, look at what stands there, then change it again."


def changed_now(story: StarStory, **changes: object) -> StarStory:
    """The story with `changes`, checked, changed at this moment; a sample becomes the person's own."""
    return StarStory.model_validate(story.model_dump() | changes | {"updated_at": now(), "is_sample": False})


def changed_resume(resume: Resume, *, content: str) -> Resume:
    """The resume with other content, changed at this moment; a sample becomes the person's own."""
    return resume.model_copy(update={"content": content, "updated_at": now(), "is_sample": False})


def save_story(connection: sa.Connection, story: StarStory, *, seen: StarStory | None = None) -> None:
    """Stores or overwrites a story; one attempt gives one story, saved again it is updated.

    `seen` is the story as its author looked at it.

    Raises:
        NotFoundError: it names a job that does not exist.
        ConflictError: it was changed since.
    """
    in_turn(connection, f"story {story.source_attempt_id or story.id}")
    _require_job(connection, story.job_description_id)
    if seen is not None:
        row = connection.execute(sa.select(star_stories).where(star_stories.c.id == seen.id)).mappings().first()
        _require_unchanged("story", seen, _story(row) if row else None)
    known = story_of_attempt(connection, story.source_attempt_id) if story.source_attempt_id else None
    if known is not None:
        story = story.model_copy(update={"id": known.id, "created_at": known.created_at})
    _save(connection, star_stories, story)


def story_of_attempt(connection: sa.Connection, attempt_id: str) -> StarStory | None:
    """The story saved from an attempt; None when it was not."""
    query = sa.select(star_stories).where(star_stories.c.source_attempt_id == attempt_id)
    row = connection.execute(query).mappings().first()
    return _story(row) if row else None


def stories(connection: sa.Connection, user_id: str = "", *, search: str = "", job_id: str = "") -> list[StarStory]:
    """Stories by last change; `search` looks for every word in title, category and texts, whatever its case."""
    c = star_stories.c
    query = sa.select(star_stories).where(c.user_id == (user_id or own_id())).order_by(c.updated_at.desc(), c.id)
    if job_id:
        query = query.where(c.job_description_id == job_id)
    found = [_story(row) for row in connection.execute(query).mappings()]
    return [story for story in found if _tells(story, search.casefold().split())]


def _tells(story: StarStory, words: Sequence[str]) -> bool:
    """Whether every word stands in the story; looked for here, as the database cannot read what is sealed."""
    texts = (story.title, story.category, story.situation, story.task, story.action, story.result)
    told = "\n".join((*texts, story.polished_answer)).casefold()
    return all(word in told for word in words)


def delete_story(connection: sa.Connection, story_id: str) -> None:
    """Deletes a story."""
    _delete(connection, star_stories, story_id)


def save_job(connection: sa.Connection, job: JobDescription, *, seen: JobDescription | None = None) -> None:
    """Stores or overwrites a job; `seen` is the job as its author looked at it.

    Raises:
        ConflictError: it was changed since.
    """
    in_turn(connection, f"job {job.id}")
    if seen is not None:
        _require_unchanged("job", seen, find_job(connection, seen.id))
    _save(connection, job_descriptions, job)


def jobs(connection: sa.Connection, user_id: str = "") -> list[JobDescription]:
    """Jobs, newest first."""
    c = job_descriptions.c
    query = sa.select(job_descriptions).where(c.user_id == (user_id or own_id())).order_by(c.created_at.desc(), c.id)
    return [
        JobDescription.model_validate(_full(row, "parsed_skills", "competencies"))
        for row in _mappings(connection, query)
    ]


def find_job(connection: sa.Connection, job_id: str) -> JobDescription | None:
    """One job; None when unknown."""
    found = _mappings(connection, sa.select(job_descriptions).where(job_descriptions.c.id == job_id))
    return JobDescription.model_validate(_full(found[0], "parsed_skills", "competencies")) if found else None


def delete_job(connection: sa.Connection, job_id: str) -> None:
    """Deletes a job and the resumes tailored to it; sessions and stories stay and forget it."""
    for table in (mock_interviews, star_stories):
        linked = table.c.job_description_id == job_id
        connection.execute(sa.update(table).where(linked).values(job_description_id=None))
    tailored = sa.select(resumes.c.id).where(resumes.c.job_description_id == job_id)
    for resume_id in connection.execute(tailored).scalars().all():
        delete_resume(connection, resume_id)
    _delete(connection, job_descriptions, job_id)


def role_profiles_of(connection: sa.Connection, user_id: str = "") -> list[RoleProfile]:
    """The person's own role profiles by title; those shipped with the product are in `data/role_profiles`."""
    c = role_profiles.c
    mine = sa.or_(c.user_id == (user_id or own_id()), c.user_id.is_(None))
    rows = _mappings(connection, sa.select(role_profiles).where(mine).order_by(c.id))
    found = [RoleProfile.model_validate(_full(row, "key_skills", "competencies")) for row in rows]
    return sorted(found, key=lambda profile: profile.title)


def save_resume(connection: sa.Connection, resume: Resume, *, seen: str | None = None) -> None:
    """Stores or overwrites a resume; `seen` is its content as its author looked at it.

    Raises:
        InputError: a second master, or a tailored copy without job or master.
        NotFoundError: its job does not exist.
        ConflictError: its content was changed since.
    """
    in_turn(connection, f"resumes of {resume.user_id}")
    _require_job(connection, resume.job_description_id)
    if seen is not None:
        stands = find_resume(connection, resume.id)
        _require_unchanged("resume", seen, stands.content if stands else None)
    c = resumes.c
    same_place = (
        c.is_base_version.is_(True) if resume.is_base_version else c.job_description_id == resume.job_description_id
    )
    taken = sa.select(c.id).where(
        c.user_id == resume.user_id, same_place, c.id != resume.id, c.is_sample.is_(resume.is_sample)
    )
    if not resume.is_base_version and not (resume.job_description_id and resume.source_resume_id):
        raise InputError("A tailored resume belongs to a job and to the master it was made from.")
    if connection.execute(taken).first():
        raise InputError(
            "There is already a master resume." if resume.is_base_version else "This job has a resume already."
        )
    _save(connection, resumes, resume)


def resumes_of(connection: sa.Connection, user_id: str = "") -> list[Resume]:
    """Resumes, the master first, then tailored copies by last change."""
    c = resumes.c
    own = c.user_id == (user_id or own_id())
    query = sa.select(resumes).where(own).order_by(c.is_base_version.desc(), c.updated_at.desc(), c.id)
    return [Resume.model_validate(dict(row)) for row in _mappings(connection, query)]


def find_resume(connection: sa.Connection, resume_id: str) -> Resume | None:
    """One resume; None when unknown."""
    found = _mappings(connection, sa.select(resumes).where(resumes.c.id == resume_id))
    return Resume.model_validate(dict(found[0])) if found else None


def delete_resume(connection: sa.Connection, resume_id: str) -> None:
    """Deletes a resume; copies made from it stay and forget it."""
    for table, column in ((resumes, "source_resume_id"), (mock_interviews, "resume_id")):
        connection.execute(sa.update(table).where(table.c[column] == resume_id).values({column: None}))
    _delete(connection, resumes, resume_id)


def _save(connection: sa.Connection, table: sa.Table, record: Any) -> None:
    row = record.model_dump() | (
        {"coach_notes": [note.model_dump(mode="json") for note in record.coach_notes]}
        if isinstance(record, StarStory)
        else {}
    )
    if record.user_id is not None:
        ensure_user(connection, record.user_id)
    values = {name: value for name, value in row.items() if name != "id"}
    statement = insert(table).values(row)
    with sealed_for(connection, row):
        connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def _require_unchanged(noun: str, seen: object, stands: object) -> None:
    """What was deleted meanwhile comes back with what its author wrote: nothing is lost."""
    if stands is not None and stands != seen:
        raise ConflictError(f"This {noun} was changed in another tab meanwhile.", mend=_LOOK_AGAIN)


def _delete(connection: sa.Connection, table: sa.Table, row_id: str) -> None:
    gone = connection.execute(sa.delete(table).where(table.c.id == row_id).returning(table.c.id)).first()
    if gone is None:
        raise NotFoundError(f"There is nothing stored under {row_id}.")


def _require_job(connection: sa.Connection, job_id: str | None) -> None:
    if job_id and find_job(connection, job_id) is None:
        raise NotFoundError(f"There is no job {job_id}.")


def _mappings(connection: sa.Connection, query: sa.Select[object]) -> list[sa.RowMapping]:
    return list(connection.execute(query).mappings())


def _full(row: sa.RowMapping, *lists: str) -> dict[str, object]:
    """The row as a dict whose list columns are lists even where nothing was stored."""
    return dict(row) | {name: row[name] or [] for name in lists}


def _story(row: sa.RowMapping) -> StarStory:
    return StarStory.model_validate(_full(row, "coach_notes"))
