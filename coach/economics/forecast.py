"""What this month will have cost at its end, with an interval, from the days that are recorded.

Days left are drawn from the recorded days of the last eight weeks, weekdays and weekends apart (people practise on
different days differently); the interval is the 5th to 95th percentile of the seeded draws. Nothing is said before a
week is recorded.
"""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np

from coach.contracts.base import Record
from coach.economics.money import ZERO_USD, from_nano, to_nano
from coach.store import SqlStore
from coach.store.repositories import ledger

WINDOW_DAYS = 56
LEAST_DAYS = 7
DRAWS = 4_000
TOTAL = "total"


class MonthForecast(Record):
    """One vendor (or `total`) at the month's end, USD. Forecasts are None where too few days are recorded."""

    vendor: str
    month: str
    so_far_usd: Decimal
    expected_usd: Decimal | None
    low_usd: Decimal | None
    high_usd: Decimal | None
    days_left: int
    days_recorded: int
    note: str = ""


def month_forecast(store: SqlStore, *, now: datetime | None = None, seed: int = 7) -> list[MonthForecast]:
    """One row per vendor and the total; empty where nothing was ever recorded."""
    today = (now or datetime.now(UTC)).astimezone(UTC).date()
    since = min(today.replace(day=1), today - timedelta(days=WINDOW_DAYS))
    costs: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO_USD))
    for each in store.run(ledger.usage_sums, "vendor", since=datetime.combine(since, datetime.min.time(), UTC)):
        for name in (each.vendor, TOTAL):
            costs[name][each.day] += each.cost_usd
    first = min((day for days in costs.values() for day in days), default=today)
    names = sorted(name for name in costs if name != TOTAL and any(costs[name].values()))
    return [_forecast(name, costs[name], first, today, seed) for name in [*names, TOTAL] if name in costs]


def _forecast(name: str, costs: Mapping[date, Decimal], first: date, today: date, seed: int) -> MonthForecast:
    """The present day counts as recorded so far and is not drawn again."""
    last = today.replace(day=monthrange(today.year, today.month)[1])
    so_far = sum((cost for day, cost in costs.items() if day >= today.replace(day=1)), ZERO_USD)
    start = max(first, today - timedelta(days=WINDOW_DAYS))
    recorded = [start + timedelta(days=n) for n in range((today - start).days)]
    ahead = [today + timedelta(days=n) for n in range(1, (last - today).days + 1)]
    row = MonthForecast(
        vendor=name,
        month=f"{today:%Y-%m}",
        so_far_usd=so_far,
        expected_usd=None,
        low_usd=None,
        high_usd=None,
        days_left=len(ahead),
        days_recorded=len(recorded),
        note=f"{LEAST_DAYS} recorded days are needed for a forecast",
    )
    if len(recorded) < LEAST_DAYS:
        return row
    drawn = _drawn(costs, recorded, ahead, seed) + to_nano(so_far)
    low, high = np.percentile(drawn, (5, 95))
    values = {"expected_usd": drawn.mean(), "low_usd": low, "high_usd": high}
    return row.model_copy(update={key: from_nano(round(float(v))) for key, v in values.items()} | {"note": ""})


def _drawn(
    costs: Mapping[date, Decimal], recorded: list[date], ahead: list[date], seed: int
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    rng, total = np.random.default_rng(seed), np.zeros(DRAWS)
    everything = [to_nano(costs.get(day, ZERO_USD)) for day in recorded]
    for weekend in (False, True):
        alike = [to_nano(costs.get(day, ZERO_USD)) for day in recorded if (day.weekday() >= 5) == weekend]
        days = sum((day.weekday() >= 5) == weekend for day in ahead)
        total += rng.choice(np.array(alike or everything, dtype=float), size=(DRAWS, days)).sum(axis=1)
    return total
