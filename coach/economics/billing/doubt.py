"""Events that may or may not have arrived, longer ago than Stripe remembers identifiers: decided by its own sums.

For one customer, meter and minute, Stripe's sum less what is known to be there is what arrived of the doubtful ones.
All, none, or a subset whose values add up to exactly that are taken as arrived; the rest is sent again. Which of equal
ones arrived cannot matter, because only sums are billed. That holds only when Stripe has forgotten all their
identifiers, so a mixed case waits until it has.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from coach.economics.billing.gateway import BillingGateway
from coach.errors import CoachError
from coach.store import SqlStore
from coach.store.repositories import outbox, outbox_sums
from coach.store.repositories.outbox import LEASE, Settlement
from coach.store.repositories.outbox_sums import OutboxRow

REMEMBERED = timedelta(hours=23)
"""Within this after the first possible arrival an identifier protects against counting twice (Stripe: 24 h or more)."""
FORGOTTEN = timedelta(hours=49)
"""After this without a try no identifier is remembered, with a day to spare."""
MINUTE = timedelta(minutes=1)
Group = tuple[str, str, datetime]


@dataclass(slots=True)
class ArrivalVerdict:
    """What is known now: `arrived` and `postponed` are settled as such, `missing` is sent again."""

    arrived: list[OutboxRow] = field(default_factory=list)
    missing: list[OutboxRow] = field(default_factory=list)
    settled: list[tuple[str, Settlement]] = field(default_factory=list)


def minute_of(row: OutboxRow) -> datetime:
    """The whole minute an event is counted in."""
    return (row.stamped_at or row.occurred_at).replace(second=0, microsecond=0)


def is_doubtful(row: OutboxRow, now: datetime) -> bool:
    """Whether an earlier try may have arrived that Stripe has forgotten. `row` is as it was before this claim."""
    return row.first_tried_at is not None and now - row.first_tried_at > REMEMBERED


def decide(
    store: SqlStore,
    gateway: BillingGateway,
    rows: Sequence[OutboxRow],
    now: datetime,
    again: Callable[[OutboxRow, CoachError], tuple[str, Settlement]],
) -> ArrivalVerdict:
    """Decides about claimed doubtful rows; `again` words a passing fault."""
    verdict = ArrivalVerdict()
    groups: dict[Group, list[OutboxRow]] = {}
    for row in rows:
        groups.setdefault((row.customer_id, row.event_name, minute_of(row)), []).append(row)
    for key, group in groups.items():
        try:
            _decide_group(store, gateway, key, group, now, verdict)
        except CoachError as error:
            verdict.settled += [again(row, error) for row in group]
    store.run(outbox.forget_tries, [row.event_id for row in verdict.missing], now)
    return verdict


def subset_with_sum(values: Sequence[int], total: int) -> set[int] | None:
    """Indexes of values that add up to `total` exactly; None when there are none. O(len · total) steps."""
    reached: dict[int, tuple[int, int]] = {0: (-1, -1)}
    for index, value in enumerate(values):
        for reach in [reach for reach in reached if reach + value <= total]:
            reached.setdefault(reach + value, (index, reach))
        if total in reached:
            break
    if total not in reached:
        return None
    chosen = set()
    while total:
        index, total = reached[total]
        chosen.add(index)
    return chosen


def _decide_group(
    store: SqlStore, gateway: BillingGateway, key: Group, group: list[OutboxRow], now: datetime, verdict: ArrivalVerdict
) -> None:
    customer, name, minute = key
    mine = {row.event_id for row in group}
    tried = store.run(outbox.tried_and_open, customer, name, minute, minute + MINUTE)
    others = [row for row in tried if row.event_id not in mine]
    free = [row for row in others if is_doubtful(row, now) and (row.state != "sending" or _left_behind(row, now))]
    store.run(outbox.take, [row.event_id for row in free], now)
    group = [*group, *free]
    if len(others) > len(free):
        _postpone(verdict, group, now + LEASE, "another event of the same minute is being sent")
        return
    counted = gateway.used(name, customer, minute, minute + MINUTE)
    unexplained = counted - store.run(outbox_sums.sent_units, customer, name, minute, minute + MINUTE)
    if unexplained == 0:
        verdict.missing += group
        return
    if unexplained == sum(row.value for row in group):
        verdict.arrived += group
        return
    last = max(row.tried_at or now for row in group)
    if now - last < FORGOTTEN:
        _postpone(verdict, group, last + FORGOTTEN, "waits until Stripe has forgotten the identifier")
        return
    chosen = subset_with_sum([row.value for row in group], unexplained) if unexplained > 0 else None
    if chosen is None:
        text = f"Stripe counts {unexplained} of {sum(row.value for row in group)} units in doubt"
        verdict.settled += [("unknown", Settlement(row.event_id, "unknown", text)) for row in group]
        return
    verdict.arrived += [row for index, row in enumerate(group) if index in chosen]
    verdict.missing += [row for index, row in enumerate(group) if index not in chosen]


def _left_behind(row: OutboxRow, now: datetime) -> bool:
    return row.tried_at is not None and row.tried_at <= now - LEASE


def _postpone(verdict: ArrivalVerdict, group: Sequence[OutboxRow], until: datetime, why: str) -> None:
    verdict.settled += [("retry", Settlement(row.event_id, "retry", why, until, row.tried_at)) for row in group]
