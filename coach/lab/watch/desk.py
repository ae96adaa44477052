"""The watch as page and command use it: figures by day, what became worse, and the worst answers to learn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from coach.contracts.alert_message import Tell
from coach.lab.attempts import item_of
from coach.lab.runs.collecting import add_to
from coach.lab.runs.dataset import Dataset
from coach.lab.runs.workspace import Workspace
from coach.lab.watch.alarms import DAY, WatchAlarm, WatchChecked, check, look
from coach.lab.watch.figures import DayFigure, by_day
from coach.lab.watch.rules import WatchRules
from coach.store.repositories import lab as answers
from coach.store.repositories import watch as rows
from coach.store.sqlstore import SqlStore


@dataclass(frozen=True, slots=True)
class RaisedAlarm:
    """An alarm on record: when it was raised, when somebody was told, and why nobody could be."""

    alarm: WatchAlarm
    raised_at: datetime
    told_at: datetime | None
    error: str


class BundleWatch:
    """Bundles in use, day by day."""

    def __init__(
        self, store: SqlStore, workspace: Workspace, rules: WatchRules, *, email: str = "", webhook: str = ""
    ) -> None:
        """Reads `store`; answers that are picked go into datasets of `workspace`; alarms go to mail and webhook."""
        self._store, self._workspace, self.rules = store, workspace, rules
        self._email, self._webhook = email, webhook

    def figures(self, *, days: int = 28, now: datetime | None = None, of_samples: bool = False) -> list[DayFigure]:
        """Every metric of every bundle of the last `days` UTC days, the present one included."""
        until = now or datetime.now(UTC)
        since = until.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - (days - 1) * DAY
        found = self._store.run(partial(rows.by_person_and_day, of_samples=of_samples), since, until)
        return by_day(found, self.rules.metrics)

    def worse(self, now: datetime | None = None) -> list[WatchAlarm]:
        """What is worse today or was yesterday; nothing is told by looking."""
        return look(self._store, self.rules, now or datetime.now(UTC))

    def raised(self, *, days: int = 28, now: datetime | None = None) -> list[RaisedAlarm]:
        """Alarms on record, newest first."""
        found = self._store.run(rows.recent_alerts, (now or datetime.now(UTC)) - days * DAY)
        return [
            RaisedAlarm(WatchAlarm.model_validate(row["finding"]), row["raised_at"], row["told_at"], row["error"] or "")
            for row in found
        ]

    def check(self, tell: Tell, now: datetime | None = None) -> WatchChecked:
        """Raises and tells what is due; blocking."""
        clock = (lambda: now) if now else (lambda: datetime.now(UTC))
        return check(self._store, self.rules, tell, email=self._email, webhook=self._webhook, clock=clock)

    def worst(
        self, bundle: str = "", *, days: int = 28, most: int = 20, now: datetime | None = None, of_samples: bool = False
    ) -> list[dict[str, Any]]:
        """The answers a bundle scored lowest, worst first, of people who agreed to the lab's use of them alone."""
        since = (now or datetime.now(UTC)) - days * DAY
        asked = partial(answers.stored_answers, of_samples=of_samples, since=since, bundle=bundle, worst=most)
        return self._store.run(asked)

    def collect(
        self, name: str, chosen: Sequence[dict[str, object]], *, of_samples: bool = False
    ) -> tuple[Dataset, int]:
        """Adds answers of `worst` to the dataset `name`; returns it and how many are new.

        Whoever took the agreement back since the list was shown is left out.

        Raises:
            InputError: no name, or nothing left to add.
        """
        wanted = {row["id"] for row in chosen}
        found = self._store.run(partial(answers.stored_answers, of_samples=of_samples))
        return add_to(self._workspace, name, [item_of(row) for row in found if row["id"] in wanted])
