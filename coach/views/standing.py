"""How the installation stands at this moment: what waits, what is left of the disk; for the operator and for alerts."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from coach.economics.budgets import sentence
from coach.store import SqlStore
from coach.store.repositories import operations, outbox_sums
from coach.store.repositories.budgets import Budget, BudgetAlert

LITTLE_SPACE_BYTES = 2_000_000_000
"""Some 17 hours of raw sound: time enough to act."""
OLD_OUTBOX_S = 3600.0
"""Usage is flushed every few minutes; an hour means that it does not get through."""
PARTS = ("coach.duckdb", "audio", "journal", "clips", "backups", "lab")


@dataclass(frozen=True, slots=True)
class Alert:
    """Something an operator should do, and what."""

    what: str
    mend: str


def figures(store: SqlStore, home: Path, now: datetime | None = None) -> dict[str, float]:
    """Gauges by name: outbox, unpriced usage, disk (bytes), age of the oldest row that waits to be billed (s)."""
    now = now or datetime.now(UTC)
    oldest = store.run(outbox_sums.oldest_open)
    space = shutil.disk_usage(home)
    return {
        "outbox_open": float(sum(store.run(outbox_sums.counts).get(state, 0) for state in outbox_sums.OPEN)),
        "outbox_oldest_seconds": max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
        "usage_unpriced": float(store.run(operations.unpriced_usage)),
        "disk_free_bytes": float(space.free),
        "disk_total_bytes": float(space.total),
    }


def ask(store: SqlStore) -> None:
    """A question that needs the database.

    Raises:
        StoreError: it does not answer.
    """
    store.run(operations.unpriced_usage)


def sizes(home: Path) -> dict[str, int]:
    """Bytes of each part of the home that is there, the largest first."""
    found = {name: _bytes(home / name) for name in PARTS if (home / name).exists()}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _bytes(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def budget_alerts(open_alerts: Iterable[tuple[Budget, BudgetAlert]]) -> list[Alert]:
    """Budgets of the present day or month of which much is used."""
    mend = "See who and what for under *Margins* › *Ledger*; change the limit under *Margins* › *Budgets*."
    return [
        Alert(sentence(budget, alert) + (f" Nobody could be told: {alert.error}." if alert.error else ""), mend)
        for budget, alert in open_alerts
    ]


def alerts(now: Mapping[str, float], troubled_share: float, overdue: int) -> list[Alert]:
    """What needs somebody.

    Args:
        now: `figures`, with the interviews' own where a server runs.
        troubled_share: share of the last answers whose feedback failed or is delayed.
        overdue: recordings past their day of deletion.
    """
    found: list[Alert] = []
    if now["disk_free_bytes"] < LITTLE_SPACE_BYTES:
        gigabytes = now["disk_free_bytes"] / 1e9
        found.append(Alert(f"Only {gigabytes:.1f} GB are left on the disk.", "Make room, or move COACH_AUDIO_URL."))
    if now["outbox_oldest_seconds"] > OLD_OUTBOX_S:
        hours = now["outbox_oldest_seconds"] / 3600
        found.append(Alert(f"Usage has waited {hours:.0f} h to be billed.", "Run `python -m coach billing flush`."))
    if now.get("store_waiting"):
        found.append(
            Alert("The database takes nothing at the moment; facts wait on disk.", "Run `python -m coach doctor`.")
        )
    if troubled_share > 0.1:
        found.append(Alert(f"{troubled_share:.0%} of the last answers have no proper feedback.", "Look at *Errors*."))
    if overdue:
        found.append(
            Alert(f"{overdue} recordings are past their day of deletion.", "Run `python -m coach retention sweep`.")
        )
    if now["usage_unpriced"]:
        found.append(
            Alert(
                f"{now['usage_unpriced']:.0f} metered uses have no price.",
                "Add it to the price book; *Margins* › *Ledger* names the meter.",
            )
        )
    return found
