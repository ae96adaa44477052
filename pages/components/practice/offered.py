"""What the start screen offers: the interview to pick up, and the jobs to practise for."""

from datetime import datetime
from typing import Any

from coach.bootstrap import Services
from coach.views.sessions import begun_sessions
from pages.components.shared import samples
from pages.components.shared.clock import here
from pages.components.shared.selection import unique_labels


def resumable(parts: Services, wished: str) -> dict[str, str] | None:
    """The interview `wished` for, else the newest, that was begun and not finished."""
    going = parts.bin.holds("session")
    begun = [row for row in begun_sessions(parts.store) if row["id"] not in going]
    rows = sorted(begun, key=lambda row: row["id"] != wished)
    return {"id": rows[0]["id"], "label": _label(rows[0])} if rows else None


def jobs(parts: Services) -> list[dict[str, str]]:
    """Jobs by id, each with a label of its own."""
    found = samples.mine_or_samples(parts.library.jobs())
    names = {job.id: f"{job.title}, {job.company}" if job.company else job.title for job in found}
    return [{"id": key, "label": label} for key, label in unique_labels(names).items()]


def _label(row: dict[str, Any]) -> str:
    begun: datetime = row["created_at"]
    return f"{here(begun):%A, %d %B}: {row['questions_answered']} of {row['q_count']} questions begun"
