"""What coaches judge by and what they say: rubrics in versions that never change, comments at a moment of an answer."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple, Self

import sqlalchemy as sa
from pydantic import Field, StringConstraints, model_validator

from coach.contracts.asking import signed_by
from coach.contracts.base import Record
from coach.contracts.interview import new_id
from coach.errors import ConflictError, NotFoundError
from coach.store.repositories.in_turn import in_turn
from coach.store.repositories.owners import sealed_for
from coach.store.tables.core import mock_interview_attempts
from coach.store.tables.review import review_comments, review_rubrics

MOST_CRITERIA = 12
LONGEST_COMMENT = 2000
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Anchor = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)]


class Criterion(Record):
    """One thing that is judged, 0-10, with what 1, 5 and 10 look like; its id stays from version to version."""

    id: str = Field(default_factory=new_id)
    name: Line
    low: Anchor = ""
    middle: Anchor = ""
    high: Anchor = ""

    @property
    def anchors(self) -> str:
        """What 1, 5 and 10 look like, those that are told."""
        told = (("1", self.low), ("5", self.middle), ("10", self.high))
        return " · ".join(f"{score}: {text}" for score, text in told if text)


class Rubric(Record):
    """A version of the criteria of one owner (an organisation, or whoever this computer is)."""

    id: str = Field(default_factory=new_id)
    owner: str = Field(min_length=1, max_length=64)
    version: int = Field(default=0, ge=0)
    criteria: tuple[Criterion, ...] = Field(default=(), max_length=MOST_CRITERIA)
    author: str = Field(default="", max_length=80)
    author_id: str | None = None
    created_at: datetime

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [criterion.name.casefold() for criterion in self.criteria]
        if len({*names}) < len(names) or len({criterion.id for criterion in self.criteria}) < len(names):
            raise ValueError("two criteria have the same name")
        return self


class Comment(Record):
    """What a coach says about a moment of an answer: a second of its recording, or a sentence of its text (from 0)."""

    id: str = Field(default_factory=new_id)
    attempt_id: str = Field(min_length=1)
    author: str = Field(min_length=1, max_length=80)
    author_id: str | None = None
    text: str = Field(min_length=1, max_length=LONGEST_COMMENT)
    at_s: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    sentence: int | None = Field(default=None, ge=0)
    created_at: datetime
    edited_at: datetime | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.at_s is None) == (self.sentence is None):
            raise ValueError("a comment is at a second or at a sentence")
        return self


class CommentAuthor(NamedTuple):
    """Who writes: `id` of the person who is signed in, empty where nobody signs in and a name is all there is."""

    name: str
    id: str = ""

    def wrote(self, comment: Comment) -> bool:
        """Whether a comment is theirs; one without an id goes by its name."""
        return comment.author_id == self.id if comment.author_id else comment.author == self.name


def rubrics(connection: sa.Connection, owner: str) -> list[Rubric]:
    """Every version, newest first."""
    query = sa.select(review_rubrics).where(review_rubrics.c.owner == owner).order_by(review_rubrics.c.version.desc())
    return [Rubric.model_validate(dict(row)) for row in connection.execute(query).mappings()]


def rubric_by_id(connection: sa.Connection, rubric_id: str) -> Rubric | None:
    """The version a review was given with; None when there is no such."""
    row = connection.execute(sa.select(review_rubrics).where(review_rubrics.c.id == rubric_id)).mappings().first()
    return Rubric.model_validate(dict(row)) if row else None


def save_rubric(connection: sa.Connection, rubric: Rubric, *, seen: int) -> Rubric:
    """Keeps `rubric` as the version after `seen`, which is the newest its author looked at; older ones stay.

    Raises:
        ConflictError: somebody kept another version meanwhile.
    """
    in_turn(connection, f"rubric of {rubric.owner}")
    c = review_rubrics.c
    newest = connection.execute(sa.select(sa.func.max(c.version)).where(c.owner == rubric.owner)).scalar() or 0
    if newest != seen:
        raise ConflictError(
            f"The rubric was changed meanwhile: version {newest} is kept.", mend="Look at it, then change it again."
        )
    kept = rubric.model_copy(update={"version": newest + 1, "author_id": signed_by()})
    row = kept.model_dump() | {"criteria": [criterion.model_dump() for criterion in kept.criteria]}
    connection.execute(sa.insert(review_rubrics).values(row))
    return kept


def comments(connection: sa.Connection, attempt_ids: Iterable[str]) -> list[Comment]:
    """Comments on these attempts in the order of the moments they are about."""
    c = review_comments.c
    query = sa.select(review_comments).where(c.attempt_id.in_(list(attempt_ids)))
    found = [Comment.model_validate(dict(row)) for row in connection.execute(query).mappings()]
    return sorted(found, key=lambda each: (each.at_s or 0.0, each.sentence or 0, each.created_at, each.id))


def add_comment(connection: sa.Connection, comment: Comment) -> Comment:
    """Keeps a comment; the very same one again (a second click) is that one.

    Raises:
        NotFoundError: the answer is not there any more.
    """
    in_turn(connection, f"comments on {comment.attempt_id}")
    known = sa.select(mock_interview_attempts.c.id).where(mock_interview_attempts.c.id == comment.attempt_id)
    if connection.execute(known).first() is None:
        raise NotFoundError("This answer was deleted meanwhile; the comment was not kept.")
    for each in comments(connection, [comment.attempt_id]):
        if _said(each) == _said(comment):
            return each
    comment = comment.model_copy(update={"author_id": signed_by()})
    row = comment.model_dump()
    with sealed_for(connection, row):
        connection.execute(sa.insert(review_comments).values(row))
    return comment


def _said(comment: Comment) -> Sequence[object]:
    return comment.author, comment.author_id, comment.text, comment.at_s, comment.sentence


def revise_comment(
    connection: sa.Connection, comment_id: str, text: str, *, seen: str, at: datetime, by: CommentAuthor
) -> None:
    """Says it in other words; `seen` are the words its author looked at.

    Raises:
        NotFoundError: it is not there any more, or somebody else's.
        ConflictError: it was changed meanwhile.
    """
    in_turn(connection, f"comment {comment_id}")
    stands = _own(connection, comment_id, by)
    if stands is None:
        raise NotFoundError("This comment was removed meanwhile.")
    if stands.text != seen:
        raise ConflictError("This comment was changed meanwhile.", mend="Look at it, then change it again.")
    change = sa.update(review_comments).where(review_comments.c.id == comment_id)
    with sealed_for(connection, {"attempt_id": stands.attempt_id}):
        connection.execute(change.values(text=text, edited_at=at))


def remove_comment(connection: sa.Connection, comment_id: str, *, by: CommentAuthor) -> bool:
    """Takes a comment away; False when it had gone already.

    Raises:
        NotFoundError: it is somebody else's.
    """
    if _own(connection, comment_id, by) is None:
        return False
    done = sa.delete(review_comments).where(review_comments.c.id == comment_id).returning(review_comments.c.id)
    return connection.execute(done).first() is not None


def _own(connection: sa.Connection, comment_id: str, by: CommentAuthor) -> Comment | None:
    """The comment as it stands; None where it has gone.

    Raises:
        NotFoundError: it is somebody else's.
    """
    query = sa.select(review_comments).where(review_comments.c.id == comment_id)
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    comment = Comment.model_validate(dict(row))
    if not by.wrote(comment):
        raise NotFoundError("This is somebody else's comment: only who wrote it can change it.")
    return comment
