"""Datasets from what people really said: stored attempts of those who agreed, human scores as gold."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from coach.contracts.base import Record
from coach.contracts.brain import DeliveryInput, EvaluationInput, JobContext, Question, UserAnswer
from coach.errors import CoachError, InputError
from coach.foreign_data import lines_of
from coach.lab.runs.dataset import Dataset, Gold, Item
from coach.store.repositories import lab as rows
from coach.store.sqlstore import SqlStore


class AttemptFilter(Record):
    """Which stored answers; empty values do not filter. Scores are overall, 0-10."""

    job_description_id: str = ""
    competency: str = ""
    since: datetime | None = None
    until: datetime | None = None
    lowest: float = 0.0
    highest: float = 10.0
    reviewed_only: bool = False
    include_sample: bool = False

    def takes(self, row: Mapping[str, Any]) -> bool:
        """Whether the filter lets a stored answer through."""
        score = row["overall_score"]
        return (
            (not self.job_description_id or row["job_description_id"] == self.job_description_id)
            and (not self.competency or row["competency"] == self.competency)
            and (self.since is None or row["created_at"] >= self.since)
            and (self.until is None or row["created_at"] < self.until)
            and (score is None or self.lowest <= score <= self.highest)
            and (not self.reviewed_only or row["review"] is not None)
        )


def from_attempts(store: SqlStore, wanted: AttemptFilter, *, name: str = "attempts") -> Dataset:
    """The answers `wanted`, of people who agreed to it.

    Raises:
        InputError: none is left.
    """
    found = store.run(rows.stored_answers, include_sample=wanted.include_sample)
    items = tuple(item_of(row) for row in found if wanted.takes(row))
    if not items:
        raise InputError(
            "No stored answer fits the filter.", mend="Widen it, or ask for consent to use answers in the lab."
        )
    return Dataset(name=name, items=items)


def item_of(row: Mapping[str, Any]) -> Item:
    """A stored answer (a row of `store.lab.stored_answers`) as an item of a dataset."""
    delivery = row["delivery_metrics"] or {}
    known = {k: delivery.get(k) for k in ("wpm", "filler_count", "long_pause_count") if k in delivery}
    return Item(
        id=row["id"],
        person=row["user_id"],
        stratum=row["competency"],
        input=EvaluationInput(
            question=Question(
                text=row["question_text"],
                type=row["question_type"],
                competency=row["competency"],
                is_follow_up=row["follow_up_of"] is not None,
            ),
            job_context=JobContext.model_validate(row["job"] or {}),
            user_answer=UserAnswer(transcript=row["transcript"], duration_seconds=row["duration_seconds"] or 0),
            delivery_metrics=DeliveryInput(**known, clarity_note=delivery.get("clarity_note", "")),
        ),
        gold=_gold(row["review"]),
    )


def _gold(review: Mapping[str, object] | None) -> Gold:
    if review is None:
        return Gold()
    return Gold(
        overall=review["overall"],
        content=review["content"],
        relevance=review["relevance"],
        star=review["star_checklist"] or None,
    )


class HumanScore(Record):
    """One person's judgement of one attempt, scores 0-10.

    Attributes:
        reviewer: what the person is called.
        reviewer_id: who it is, where people sign in; None where a name is all there is.
        criteria: scores by the id of the criterion, of the rubric version `rubric_id`.
        unsure: the person would like somebody else to look, too.
    """

    attempt_id: str = Field(min_length=1)
    reviewer: str = Field(min_length=1, max_length=80)
    reviewer_id: str | None = None
    overall: float | None = Field(default=None, ge=0, le=10)
    content: float | None = Field(default=None, ge=0, le=10)
    delivery: float | None = Field(default=None, ge=0, le=10)
    relevance: float | None = Field(default=None, ge=0, le=10)
    star_checklist: dict[str, str] | None = None
    comment: str = Field(default="", max_length=2000)
    rubric_id: str | None = None
    criteria: dict[str, Annotated[float, Field(ge=0, le=10)]] | None = None
    unsure: bool = False


def keep_scores(store: SqlStore, scores: Iterable[HumanScore]) -> int:
    """Stores human scores, all or none, each a little later than the one before; returns how many.

    Raises:
        NotFoundError: an attempt is unknown; nothing was stored then.
    """
    at = datetime.now(UTC)
    ready = [{**s.model_dump(), "created_at": at + timedelta(microseconds=n)} for n, s in enumerate(scores)]

    def keep(connection: Any) -> int:
        for row in ready:
            rows.add_review(connection, row)
        return len(ready)

    return store.run(keep)


def import_scores(store: SqlStore, path: Path) -> int:
    """Reads human scores from JSONL and stores them, all or none.

    Raises:
        InputError: naming the first line that cannot be used.
    """
    try:
        lines = lines_of(path.read_text("utf8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} cannot be read as text.") from error
    found = [_score(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise InputError(f"{path.name} holds no human score.")
    try:
        return keep_scores(store, found)
    except CoachError as error:
        raise InputError(f"{error.message} No score was stored.") from error


def _score(number: int, line: str) -> HumanScore:
    try:
        return HumanScore.model_validate_json(line).model_copy(update={"reviewer_id": None})
    except ValidationError as error:
        raise InputError(f"Line {number} is not a human score: {error.errors()[0]['msg']}.") from error
