"""What was really used, as tables."""

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pandas as pd

from coach.economics.ledger import session_budget
from coach.economics.model.priced_session import cost_usd, session_lines
from coach.economics.model.scenario import Applied
from coach.economics.money import ZERO_USD
from coach.economics.pricebook import PriceBook, PriceBookError
from coach.store import SqlStore
from coach.store.repositories import ledger
from coach.views.margins import Records

SUMS = ("as_billed_usd", "billable_usd", "repriced_usd", "price_change_usd", "unpriced", "not_repriced")


def ledger_frame(
    store: SqlStore,
    book: PriceBook,
    *,
    by: str = "meter",
    days: int = 90,
    now: datetime | None = None,
    of_samples: bool = False,
) -> pd.DataFrame:
    """As billed beside re-priced: what was paid, and what the same use costs at another book.

    Args:
        store: the database.
        book: prices for the re-priced column; the bill itself is never touched.
        by: one of `coach.store.repositories.ledger.KEYS`.
        days: how far back, that whole day included.
        now: the present; default the clock.
        of_samples: the use of invented people instead.

    Returns:
        One row per key; for `by="meter"` with vendor, unit, quantity and the price entry it was billed at.
        `unpriced` events had no price when they were billed, `not_repriced` have none in `book`: the sums leave them
        out, and a sum of nothing else is missing, not zero. `price_change_usd` is of what has both prices.
    """
    since = datetime.combine((now or datetime.now(UTC)).astimezone(UTC) - timedelta(days=days), time.min, UTC)
    today = (now or datetime.now(UTC)).date()
    rows = [
        _sum_row(total, book, today) for total in store.run(ledger.usage_sums, by, since=since, of_samples=of_samples)
    ]
    keys = ["vendor", "key", "unit", "price_entry"] if by == "meter" else ["key"]
    sums = ["events", *(["quantity"] if by == "meter" else []), *SUMS]
    if not rows:
        return pd.DataFrame(columns=[*keys, *sums])
    table = pd.DataFrame(rows).groupby(keys, sort=True)[sums].sum().reset_index()
    for missing, told in (("unpriced", ("as_billed_usd", "billable_usd")), ("not_repriced", ("repriced_usd",))):
        for name in told:
            table[name] = table[name].where(table[missing] < table["events"], None)
    return table


def without_price(store: SqlStore, book: PriceBook, *, days: int = 90, of_samples: bool = False) -> list[str]:
    """Meters that were used and have no price in `book`, as `vendor/meter`."""
    since = datetime.combine(datetime.now(UTC) - timedelta(days=days), time.min, UTC)
    used = store.run(ledger.usage_sums, "meter", since=since, of_samples=of_samples)
    today = datetime.now(UTC).date()
    return sorted({f"{total.vendor}/{total.meter}" for total in used if _again(total, book, today) is None})


def _again(total: ledger.UsageSum, book: PriceBook, today: date) -> Decimal | None:
    """What the use costs by the book: at its day's price, at today's where the book begins later; None without any."""
    for day in (total.day, today):
        with suppress(PriceBookError):
            return book.find(total.vendor, total.meter, day, unit=total.unit).cost(total.quantity)
    return None


def _sum_row(total: ledger.UsageSum, book: PriceBook, today: date) -> dict[str, object]:
    again = _again(total, book, today)
    return {
        "vendor": total.vendor,
        "key": total.key,
        "unit": total.unit,
        "price_entry": total.price_entry,
        "events": total.events,
        "quantity": float(total.quantity),
        "as_billed_usd": total.cost_usd,
        "billable_usd": total.billable_usd,
        "repriced_usd": ZERO_USD if again is None else again,
        "price_change_usd": ZERO_USD if again is None or total.unpriced else again - total.cost_usd,
        "unpriced": total.unpriced,
        "not_repriced": total.events if again is None else 0,
    }


def vendors(store: SqlStore) -> list[str]:
    """Whose use the ledger holds, by name."""
    return sorted({total.vendor for total in store.run(ledger.usage_sums, "vendor")})


def meters(store: SqlStore, vendor: str) -> list[str]:
    """What the ledger has of a vendor, by the names of its meters."""
    return sorted({total.meter for total in store.run(ledger.usage_sums, "vendor") if total.vendor == vendor})


def session_budgets(store: SqlStore, applied: Applied, interview_ids: list[str]) -> Records:
    """What running interviews have used of the worst case, for the operator."""
    market = applied.market
    budget = cost_usd(session_lines(market.assumptions.point("worst"), applied.service, market.book, market.at))
    return [
        {
            "interview_id": interview_id,
            **session_budget(store.run(ledger.usage_events, interview_id=interview_id), budget).model_dump(),
        }
        for interview_id in interview_ids
    ]
