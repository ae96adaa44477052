"""Looks at a split of live traffic: before the planned interviews are there one has to be surer."""

from collections.abc import Callable
from datetime import UTC, datetime

import pandas as pd

from coach.errors import InputError
from coach.lab.live import interview_outcomes
from coach.lab.runs.looks import Look, standing
from coach.store.repositories import live_split as rows_live_split
from coach.store.sqlstore import SqlStore


class LiveLooks:
    """The looks at the running split, kept beside its definition."""

    def __init__(self, store: SqlStore, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Reads and writes `store`."""
        self._store, self._clock = store, clock

    def taken(self) -> list[Look]:
        """The looks at the running split, in order; none where none runs."""
        running = self._store.run(rows_live_split.live_split) or {}
        return [Look.model_validate(look) for look in running.get("looks", [])]

    def standing(self, arrived: int, planned: int) -> Look:
        """The look that one now would be; what arrives beyond the plan is the plan."""
        return standing(self.taken(), "live", min(arrived, planned), planned, self._clock())

    def take(self, arrived: int) -> Look:
        """Looks, and writes it down. Two at the same moment are one look.

        Raises:
            InputError: no split runs, it has no plan, or a look now may decide nothing.
        """
        running = self._store.run(rows_live_split.live_split)
        if not running or not running.get("planned"):
            raise InputError("There is no split with a planned size.", mend="Start one and say how many interviews.")
        look = self.standing(arrived, running["planned"])
        if look.closed:
            raise InputError(look.closed)
        self._store.run(rows_live_split.keep_live_look, running["id"], look.model_dump(mode="json"))
        return look

    def outcomes(self, look: Look) -> pd.DataFrame:
        """One row per interview begun before the look; what came later waits for the next one."""
        running = self._store.run(rows_live_split.live_split)
        found = self._store.run(rows_live_split.live_outcomes, running["created_at"], until=look.at) if running else []
        return interview_outcomes(found)
