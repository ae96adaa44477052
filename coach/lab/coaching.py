"""Rubrics and comments as pages use them: checked, kept, told in plain words."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

import yaml
from pydantic import ValidationError

from coach.contracts.asking import signed_by
from coach.contracts.interview import Attempt
from coach.errors import InputError
from coach.settings import DATA
from coach.store.repositories import coaching
from coach.store.repositories.coaching import Comment, CommentAuthor, Criterion, Rubric
from coach.store.sqlstore import SqlStore
from coach.text.sentences import sentences

__all__ = [
    "Comment", "CommentAuthor", "Criterion", "Rubric", "comment_on", "comments_on", "keep_rubric", "revise",
    "rubric_history",
]  # fmt: skip


@lru_cache(maxsize=1)
def starter() -> tuple[dict[str, str], ...]:
    """Criteria to begin with, as `data/review/rubric.yaml` has them: name, low, middle, high."""
    return tuple(yaml.safe_load((DATA / "review" / "rubric.yaml").read_text("utf8")))


def rubric_history(store: SqlStore, owner: str) -> list[Rubric]:
    """Every version of the owner's rubric, the one in force first; empty before the first."""
    return store.run(coaching.rubrics, owner)


def rubric_of(store: SqlStore, rubric_id: str | None) -> Rubric | None:
    """The version a review was given with."""
    return store.run(coaching.rubric_by_id, rubric_id) if rubric_id else None


def keep_rubric(store: SqlStore, owner: str, drafts: Sequence[dict[str, str]], *, author: str, seen: int) -> Rubric:
    """Keeps criteria as the next version; an unchanged rubric is no new version.

    Args:
        store: the database.
        owner: organisation, or whoever this computer is.
        drafts: `name, low, middle, high`, and `id` of those that were there before; rows without any text are left out.
        author: who changed it.
        seen: the version the author looked at; 0 where there was none.

    Raises:
        InputError: a name is missing, twice, or too long; too many criteria.
        ConflictError: somebody kept another version meanwhile.
    """
    try:
        written = [d for d in drafts if any(d.get(k, "").strip() for k in ("name", "low", "middle", "high"))]
        criteria = tuple(Criterion.model_validate({k: v for k, v in draft.items() if v}) for draft in written)
        rubric = Rubric(owner=owner, criteria=criteria, author=author, created_at=datetime.now(UTC))
    except ValidationError as error:
        raise InputError(_why(error)) from error
    history = rubric_history(store, owner)
    if history and history[0].version == seen and history[0].criteria == criteria:
        return history[0]
    return store.run(coaching.save_rubric, rubric, seen=seen)


def _why(error: ValidationError) -> str:
    first = error.errors()[0]
    if "name" in first["loc"]:
        return "Every criterion needs a name of at most 60 characters."
    if first["type"] == "string_too_long":
        return "What a score looks like is told in at most 300 characters."
    if first["type"] == "too_long":
        return f"A rubric has at most {coaching.MOST_CRITERIA} criteria."
    return "Two criteria have the same name."


def comment_on(
    store: SqlStore, attempt: Attempt, author: str, text: str, *, at_s: float | None = None, sentence: int | None = None
) -> Comment:
    """Keeps what a coach says at a second of the recording, or about a sentence of the text.

    Raises:
        InputError: no author or text, too long, or no such moment in this answer.
        NotFoundError: the answer was deleted meanwhile.
    """
    if not author.strip():
        raise InputError("Say who comments: write your name above.")
    if at_s is not None and not 0 <= at_s <= attempt.duration_seconds + 1:
        raise InputError(f"The answer lasts {attempt.duration_seconds:.0f} s: there is no second {at_s:.1f}.")
    if sentence is not None and not 0 <= sentence < len(sentences_of(attempt)):
        raise InputError("There is no such sentence in this answer.")
    who = author_called(author.strip())
    try:
        comment = Comment(
            attempt_id=attempt.id, author=who.name, author_id=who.id or None, text=_checked(text),
            created_at=datetime.now(UTC), at_s=None if at_s is None else round(at_s, 1), sentence=sentence,
        )  # fmt: skip
    except ValidationError as error:
        raise InputError("A comment is about a second or about a sentence, and its author has a short name.") from error
    return store.run(coaching.add_comment, comment)


def _checked(text: str) -> str:
    if not text.strip():
        raise InputError("Write what you want to say.")
    if len(text.strip()) > coaching.LONGEST_COMMENT:
        raise InputError(f"A comment has at most {coaching.LONGEST_COMMENT} characters.")
    return text.strip()


def sentences_of(attempt: Attempt) -> list[str]:
    """The sentences of what was said or typed, in order; empty where the text is gone."""
    return [span.text for span in sentences(attempt.transcript.text)] if attempt.transcript else []


def comments_on(store: SqlStore, attempt_ids: Sequence[str], hidden: frozenset[str] = frozenset()) -> list[Comment]:
    """Comments on these attempts by moment, without those that were removed a moment ago (`hidden`)."""
    return [comment for comment in store.run(coaching.comments, attempt_ids) if comment.id not in hidden]


def author_called(name: str) -> CommentAuthor:
    """Who comments under `name`: whoever is signed in, else the name alone."""
    return CommentAuthor(name, signed_by() or "")


def revise(store: SqlStore, comment: Comment, text: str, *, by: CommentAuthor) -> None:
    """Says a comment in other words.

    Raises:
        InputError: nothing is said, or too much.
        NotFoundError: it was removed meanwhile, or is somebody else's.
        ConflictError: it was changed meanwhile.
    """
    said, now = _checked(text), datetime.now(UTC)
    store.run(coaching.revise_comment, comment.id, said, seen=comment.text, at=now, by=by)


def remove(store: SqlStore, comment_id: str, *, by: CommentAuthor) -> bool:
    """Takes a comment away for good; False when it had gone already.

    Raises:
        NotFoundError: it is somebody else's.
    """
    return store.run(coaching.remove_comment, comment_id, by=by)
