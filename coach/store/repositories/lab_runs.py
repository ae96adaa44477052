"""Runs of the laboratory, kept with what each answer brought."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from coach.contracts.interview import new_id
from coach.store.repositories.in_turn import in_turn
from coach.store.repositories.owners import owner_of
from coach.store.tables.core import (
    experiments,
    results,
    runs,
    scoring_noise,
)
from coach.vault import ambient
from coach.vault.keyring import HOUSE


def keep_noise(connection: sa.Connection, *, bundle: str, sd_overall: float, repeats: int, at: datetime) -> None:
    """Remembers the measured scoring noise of a bundle, replacing an older measurement."""
    in_turn(connection, f"noise of {bundle}")
    values = {"bundle": bundle, "sd_overall": sd_overall, "repeats": repeats, "measured_at": at}
    connection.execute(sa.delete(scoring_noise).where(scoring_noise.c.bundle == bundle))
    connection.execute(sa.insert(scoring_noise).values(values))


def keep_run(connection: sa.Connection, run: dict[str, Any], rows: Sequence[dict[str, Any]]) -> None:
    """Stores a finished run and its results; the same run again replaces the older state."""
    in_turn(connection, f"run {run['id']}")
    definition = {"id": run["experiment_id"], "name": run["name"], "kind": "replay", "status": "done"}
    experiment = {**definition, "definition": run["definition"], "created_at": run["started_at"]}
    connection.execute(insert(experiments).values(experiment).on_conflict_do_nothing())
    connection.execute(sa.delete(results).where(results.c.run_id == run["id"]))
    row = {
        key: run[key] for key in ("id", "experiment_id", "status", "definition", "dataset_hash", "totals", "started_at")
    }
    values = {**row, "ended_at": run["ended_at"]}
    if connection.execute(sa.select(runs.c.id).where(runs.c.id == run["id"])).first():
        connection.execute(
            sa.update(runs).where(runs.c.id == run["id"]).values(status=values["status"], totals=values["totals"])
        )
    else:
        connection.execute(sa.insert(runs).values(values))
    for person, theirs in _by_owner(connection, rows).items():
        with ambient.belonging_to(person):
            connection.execute(sa.insert(results), [{"id": new_id(), "run_id": run["id"], **r} for r in theirs])


def _by_owner(connection: sa.Connection, rows: Sequence[dict[str, object]]) -> dict[str, list[dict[str, object]]]:
    """Rows by the person whose answer they judge; all together while nothing is sealed."""
    owners = {row["item_id"]: owner_of(connection, {"item_id": row["item_id"]}) for row in rows if ambient.ring()}
    found: dict[str, list[dict[str, object]]] = {}
    for row in rows:
        found.setdefault(owners.get(row["item_id"], HOUSE), []).append(row)
    return found
