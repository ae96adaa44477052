"""The usage ledger: every unit of vendor use priced once, as billed, and totals that equal their parts."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC
from decimal import Decimal
from typing import Literal

from coach.contracts.base import Record
from coach.contracts.usage import UsageEvent
from coach.economics.money import ZERO_USD
from coach.economics.pricebook import PriceBook, PriceBookError
from coach.errors import InputError

Dimension = Literal["attempt", "interview", "user", "day", "vendor", "meter", "bundle"]
NONE = "(none)"

_KEYS: dict[str, Callable[[UsageEvent], str | None]] = {
    "attempt": lambda event: event.attempt_id,
    "interview": lambda event: event.interview_id,
    "user": lambda event: event.user_id,
    "day": lambda event: event.occurred_at.astimezone(UTC).date().isoformat(),
    "vendor": lambda event: event.vendor,
    "meter": lambda event: f"{event.vendor}/{event.meter}",
    "bundle": lambda event: event.bundle,
}


class LedgerTotal(Record):
    """Total of one group. `cost_usd` counts all vendor use, `billable_usd` leaves out fallbacks and re-scores."""

    key: str
    events: int
    cost_usd: Decimal
    billable_usd: Decimal
    unpriced: int


def price_usage(events: Iterable[UsageEvent], book: PriceBook) -> list[UsageEvent]:
    """Prices events with the entry valid at `occurred_at`; those already priced keep their price for ever.

    Raises:
        PriceBookError: an event has no entry; names it. Nothing is priced then.
    """
    return [event if event.cost_usd is not None else _priced(event, book) for event in events]


def price_what_can_be(events: Iterable[UsageEvent], book: PriceBook) -> tuple[list[UsageEvent], list[str]]:
    """Like `price_usage`, but an event without entry stays unpriced (cost None) and is named in the second result.

    Recording use must never fail for want of a price; the missing entry is told and priced once it is there.
    """
    priced, missing = [], []
    for event in events:
        try:
            priced.extend(price_usage([event], book))
        except PriceBookError as error:
            priced.append(event)
            missing.append(str(error))
    return priced, missing


def totals(events: Iterable[UsageEvent], by: Dimension) -> list[LedgerTotal]:
    """Totals per group, sorted by key; their sum equals `total_usd` to the last digit."""
    groups: dict[str, list[UsageEvent]] = defaultdict(list)
    for event in events:
        groups[_KEYS[by](event) or NONE].append(event)
    return [_total(key, members) for key, members in sorted(groups.items())]


def total_usd(events: Iterable[UsageEvent]) -> Decimal:
    """Sum of what is priced."""
    return sum((event.cost_usd or ZERO_USD for event in events), ZERO_USD)


class SessionBudget(Record):
    """What one interview has used of the worst case its plan was built for."""

    spent_usd: Decimal
    budget_usd: Decimal
    share: float
    state: Literal["within", "close", "over"]
    unpriced: int
    by_vendor: dict[str, Decimal]


def session_budget(events: Sequence[UsageEvent], budget_usd: Decimal) -> SessionBudget:
    """Budget of a running interview for the operator: close from 80 %, over above 100 % of `budget_usd`.

    Raises:
        InputError: the budget is not positive.
    """
    if budget_usd <= 0:
        raise InputError("The budget of a session must be more than 0 USD.")
    spent = total_usd(events)
    share = float(spent / budget_usd)
    return SessionBudget(
        spent_usd=spent,
        budget_usd=budget_usd,
        share=share,
        state="over" if share > 1 else "close" if share >= 0.8 else "within",
        unpriced=sum(event.cost_usd is None for event in events),
        by_vendor={total.key: total.cost_usd for total in totals(events, "vendor")},
    )


def _priced(event: UsageEvent, book: PriceBook) -> UsageEvent:
    entry = book.find(event.vendor, event.meter, event.occurred_at, unit=event.unit)
    return event.model_copy(update={"cost_usd": entry.cost(event.quantity), "price_entry": entry.id})


def _total(key: str, events: list[UsageEvent]) -> LedgerTotal:
    return LedgerTotal(
        key=key,
        events=len(events),
        cost_usd=total_usd(events),
        billable_usd=total_usd(event for event in events if event.billable),
        unpriced=sum(event.cost_usd is None for event in events),
    )
