"""Whether a day is worse than those before it, beyond chance and beyond what was allowed; told once.

A bundle is compared with itself on the days before. One that has too few people there (it was put in force since) is
compared with whatever judged then, and the sentence says so.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from coach.contracts.alert_message import AlertMessage, Tell
from coach.contracts.base import Record
from coach.lab.watch.figures import change, mean_of
from coach.lab.watch.rules import MetricRule, WatchRules
from coach.store.repositories import alerts
from coach.store.repositories import watch as rows
from coach.store.repositories.watch import PersonDay
from coach.store.sqlstore import SqlStore
from coach.store.tables.billing import watch_alerts

DAY = timedelta(days=1)
NAMES = {
    "overall": "overall score",
    "guards": "share of answers a guard changed",
    "delayed": "share of delayed feedback",
    "first_scores_s": "time to scores",
    "cost_usd": "cost of an answer",
}


class WatchAlarm(Record):
    """One metric of one bundle that became worse on one UTC day.

    `change`, `low`, `high`: the day less the days before, in the metric's unit, with its interval. `against`: what it
    is compared with, the bundle itself or `all bundles`.
    """

    day: datetime
    bundle: str
    metric: str
    value: float
    before: float
    change: float
    low: float
    high: float
    answers: int
    people: int
    people_before: int
    against: str
    sentence: str

    @property
    def identity(self) -> str:
        """The same whenever the same day is looked at."""
        body = f"{self.day.date()}\x1f{self.bundle}\x1f{self.metric}"
        return hashlib.sha256(body.encode()).hexdigest()[:32]


class WatchChecked(Record):
    """What one look came to."""

    raised: int
    told: int
    failed: int


def alarms(found: Sequence[PersonDay], rules: WatchRules, now: datetime) -> list[WatchAlarm]:
    """What is worse on the present UTC day or on the one before it; `found` holds the days before them too."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    raised: list[WatchAlarm] = []
    for day, confidence in ((today - DAY, rules.confidence), (today, rules.confidence_today)):
        earlier = [row for row in found if day - rules.baseline_days * DAY <= row.day < day]
        for bundle in sorted({row.bundle for row in found if row.day == day}):
            mine = [row for row in found if row.day == day and row.bundle == bundle]
            for metric, rule in rules.metrics.items():
                alarm = _judged(mine, earlier, metric, rule, rules.least_people, confidence)
                raised += [alarm] if alarm else []
    return raised


def _judged(
    mine: Sequence[PersonDay],
    earlier: Sequence[PersonDay],
    metric: str,
    rule: MetricRule,
    least: int,
    confidence: float,
) -> WatchAlarm | None:
    now, against = mean_of(mine, metric), mine[0].bundle
    before = mean_of([row for row in earlier if row.bundle == against], metric)
    if before is None or before.people < least:
        before, against = mean_of(earlier, metric), "all bundles"
    if now is None or before is None or min(now.people, before.people) < least:
        return None
    estimate, low, high = change(now, before, confidence)
    allowed = rule.worse_by * (abs(before.value) if rule.of_baseline else 1.0)
    worse, surely = (-estimate, high < 0) if rule.higher_is_better else (estimate, low > 0)
    if worse < allowed or not surely:
        return None
    draft = WatchAlarm(
        day=mine[0].day,
        bundle=mine[0].bundle,
        metric=metric,
        value=now.value,
        before=before.value,
        change=estimate,
        low=low,
        high=high,
        answers=now.answers,
        people=now.people,
        people_before=before.people,
        against=against,
        sentence="",
    )
    return draft.model_copy(update={"sentence": _sentence(draft, rule, confidence)})


def _sentence(alarm: WatchAlarm, rule: MetricRule, confidence: float) -> str:
    def said(value: float, sign: str = "") -> str:
        if rule.unit == "share":
            return f"{value:{sign}.1%}"
        return f"{value:{sign}.{5 if rule.unit == 'USD' else 2}f} {rule.unit}".strip()

    against = "it had" if alarm.against == alarm.bundle else "all bundles had"
    return (
        f"{alarm.bundle} on {alarm.day:%-d %B %Y}: {NAMES.get(alarm.metric, alarm.metric)} {said(alarm.value)}, where "
        f"{against} {said(alarm.before)} in the days before; changed by {said(alarm.change, '+')} "
        f"({confidence:.1%} interval {said(alarm.low, '+')} to {said(alarm.high, '+')}; {alarm.answers} answers of "
        f"{alarm.people} people)."
    )


def look(store: SqlStore, rules: WatchRules, now: datetime) -> list[WatchAlarm]:
    """What is worse now, read from the store."""
    since = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - (rules.baseline_days + 1) * DAY
    return alarms(store.run(rows.by_person_and_day, since, now), rules, now)


def check(
    store: SqlStore,
    rules: WatchRules,
    tell: Tell,
    *,
    email: str = "",
    webhook: str = "",
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> WatchChecked:
    """Raises what is due and tells what nobody was told of; blocking. Two processes at once tell each alarm once."""
    now = clock()
    raised = store.run(alerts.raise_once, watch_alerts, [_row(alarm, now) for alarm in look(store, rules, now)])
    told = failed = 0
    while alert := store.run(alerts.claim, watch_alerts, now := clock(), alerts.MOST_TRIES):
        outcome = tell(_notice(alert, email, webhook))
        told_at, retry_at = None if outcome.error else now, alerts.next_try(now, alert["tries"])
        store.run(alerts.settle, watch_alerts, alert["id"], told_at=told_at, retry_at=retry_at, outcome=outcome)
        told, failed = told + (not outcome.error), failed + bool(outcome.error)
    return WatchChecked(raised=raised, told=told, failed=failed)


def _row(alarm: WatchAlarm, now: datetime) -> dict[str, object]:
    return {
        "id": alarm.identity,
        "bundle": alarm.bundle,
        "metric": alarm.metric,
        "day": alarm.day,
        "finding": alarm.model_dump(mode="json"),
        "raised_at": now,
        "told_at": None,
        "tries": 0,
        "next_try_at": now,
        "error": None,
        "arrived": None,
    }


def _notice(alert: dict[str, Any], email: str, webhook: str) -> AlertMessage:
    finding = alert["finding"]
    return AlertMessage(
        id=alert["id"],
        subject=f"Job Foxy: {NAMES.get(alert['metric'], alert['metric'])} became worse",
        text=finding["sentence"],
        email=email,
        webhook=webhook,
        arrived=alerts.ways(alert["arrived"]),
        body={"type": "watch.worse", **{name: value for name, value in finding.items() if name != "sentence"}},
    )
