"""Telling Stripe what was used, exactly once, whatever crashes in between.

Stripe remembers an identifier for about 24 hours only. Within that time an event is simply sent again under its
permanent identity. Later, an event that may have arrived is looked up in Stripe's own sums
(`coach.economics.billing.doubt`); only when these say it is missing is it sent again, and when they leave it open a
person decides (`reconcile` names it).
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from coach.contracts.base import Record
from coach.economics.billing.doubt import MINUTE, decide, is_doubtful, minute_of
from coach.economics.billing.gateway import BillingGateway, MeterEvent
from coach.economics.billing.pace import SpendingPace, patiently
from coach.economics.plans import PlanBook, plan_book
from coach.errors import CoachError, UsageError, VendorAuthError, VendorLimitError, VendorProtocolError
from coach.store import SqlStore
from coach.store.repositories import outbox, outbox_sums
from coach.store.repositories.outbox import Settlement
from coach.store.repositories.outbox_sums import SENT, MeterNames, OutboxRow

log = logging.getLogger(__name__)

BATCH = 1_000
SENDERS = 16
RATE_PER_S = 80.0
"""Requests a second: Stripe allows 100 in live mode for an account, other requests included."""
AHEAD = timedelta(minutes=5)
OLDEST = timedelta(days=35)
OLDEST_MARGIN = timedelta(hours=1)
CANCELLABLE = timedelta(hours=23)
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)


class FlushResult(Record):
    """What a flush did. `restamped` events were older than Stripe takes and are billed in the current period."""

    queued: int = 0
    sent: int = 0
    already_there: int = 0
    retry: int = 0
    rejected: int = 0
    unknown: int = 0
    written_off: int = 0
    restamped: int = 0
    states: dict[str, int] = {}
    next_due: datetime | None = None
    errors: list[str] = []


Step = tuple[str, Settlement]
"""What happened to one row (a field of `FlushResult`) and what is written down about it."""


class Outbox:
    """Sends what waits. One instance per process is enough; several do no harm."""

    def __init__(
        self,
        store: SqlStore,
        gateway: BillingGateway,
        *,
        plans: PlanBook | None = None,
        clock: Callable[[], datetime] | None = None,
        senders: int = SENDERS,
        rate_per_s: float = RATE_PER_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`clock` gives the present in UTC; up to `senders` requests run at the same time, `rate_per_s` in all.

        Stripe takes one call at a time for a customer and meter, so the events of each are sent one after another.
        """
        self._store = store
        self._gateway = gateway
        self._plans = plans or plan_book()
        self._clock = clock or _now
        self._senders = senders
        self._pace = SpendingPace(rate_per_s, sleep=sleep)
        self._sleep = sleep

    def flush(self) -> FlushResult:
        """Queues new usage and sends everything that is due; blocking, to be called from a thread.

        Raises:
            VendorAuthError: the key is refused; what was being sent stays open.
            StoreError, StoreBusyError: the database; nothing is lost.
        """
        tally, errors = Counter[str](), set[str]()
        tally["queued"] = self._store.run(outbox.enqueue, meter_names(self._plans), self._clock())
        with ThreadPoolExecutor(self._senders, thread_name_prefix="billing") as pool:
            while rows := self._store.run(outbox.claim, self._clock(), limit=BATCH, ahead=AHEAD):
                steps = self._batch(rows, pool, tally)
                settlements = [settlement for _, settlement in steps]
                self._store.run(outbox.settle, settlements, self._clock())
                tally.update(name for name, _ in steps)
                errors |= {each.error for each in settlements if each.error}
        return FlushResult(
            **tally,
            states=self._store.run(outbox_sums.counts),
            next_due=self._store.run(outbox_sums.next_due),
            errors=sorted(errors)[:10],
        )

    def take_back(self, event_id: str, *, cents: int) -> str:
        """Refunds one billed event: cancelled at Stripe while that is possible, later by `cents` of billing credit.

        Returns:
            `cancelled` or `credited`.

        Raises:
            UsageError: the event is not among those sent.
        """
        row = next(iter(self._store.run(outbox_sums.rows_of, [event_id])), None)
        if row is None or row.state not in (*SENT, "cancelled"):
            raise UsageError(f"The event {event_id} was not billed.")
        if row.state != "sent":
            return row.state
        now = self._clock()
        if row.settled_at and now - row.settled_at < CANCELLABLE:
            self._gateway.cancel(row.event_name, row.event_id)
            self._store.run(outbox.settle, [Settlement(event_id, "cancelled")], now)
            return "cancelled"
        if cents:
            self._gateway.grant(row.customer_id, cents, name="Refund of one use", key=f"refund-{event_id}")
        self._store.run(outbox.settle, [Settlement(event_id, "credited")], now)
        return "credited"

    def _batch(self, rows: list[OutboxRow], pool: ThreadPoolExecutor, tally: Counter[str]) -> list[Step]:
        now = self._clock()
        doubtful = [row for row in rows if is_doubtful(row, now)]
        verdict = decide(self._store, self._gateway, doubtful, now, self._again)
        arrived = [("already_there", Settlement(row.event_id, "sent")) for row in verdict.arrived]
        fresh = [row for row in rows if row not in doubtful]
        ready, written_off = self._stamped([*fresh, *verdict.missing], tally)
        sent = [step for steps in pool.map(self._send_in_turn, _queues(ready)) for step in steps]
        return [*verdict.settled, *arrived, *written_off, *sent]

    def _stamped(self, rows: Sequence[OutboxRow], tally: Counter[str]) -> tuple[list[OutboxRow], list[Step]]:
        """Fixes the time told to Stripe before the first try, so that a second try tells the same."""
        now = self._clock()
        ready: list[OutboxRow] = []
        late: list[Step] = []
        stamps: list[tuple[str, datetime]] = []
        for row in rows:
            at = row.stamped_at or row.occurred_at
            if at < now - OLDEST + OLDEST_MARGIN:
                if self._plans.late_usage == "write_off":
                    late.append(("written_off", Settlement(row.event_id, "written_off", "older than 35 days")))
                    continue
                at = now
                tally["restamped"] += 1
            if at != row.stamped_at:
                stamps.append((row.event_id, at))
            ready.append(replace(row, stamped_at=at))
        self._store.run(outbox.stamp, stamps)
        return ready, late

    def _send_in_turn(self, queue: Sequence[OutboxRow]) -> list[Step]:
        """The events of one customer and meter, one call at a time."""
        return [self._send(row) for row in queue]

    def _send(self, row: OutboxRow) -> Step:
        try:
            fresh = self._sent(row)
        except VendorAuthError:
            raise
        except VendorLimitError as error:
            step, settlement = self._again(row, error)
            return step, replace(settlement, arrived=False)
        except VendorProtocolError as error:
            return "rejected", Settlement(row.event_id, "rejected", error.message)
        except CoachError as error:
            return self._again(row, error)
        return "sent" if fresh else "already_there", Settlement(row.event_id, "sent")

    def _sent(self, row: OutboxRow) -> bool:
        """Sends at the allowed pace; "go slower" means that it did not arrive, so it is simply tried again."""
        at = row.stamped_at or row.occurred_at
        event = MeterEvent(row.event_id, row.event_name, row.customer_id, row.value, at)

        def send() -> bool:
            self._pace.wait()
            return self._gateway.send(event)

        return patiently(send, self._sleep)

    def _again(self, row: OutboxRow, error: CoachError) -> Step:
        wait = min(FIRST_WAIT * 2 ** min(row.tries, 20), LONGEST_WAIT)
        return "retry", Settlement(row.event_id, "retry", error.message, self._clock() + wait)


def _queues(rows: Iterable[OutboxRow]) -> list[list[OutboxRow]]:
    """Rows by customer and meter, the longest first, so that no long one is left over at the end."""
    queues: dict[tuple[str, str], list[OutboxRow]] = {}
    for row in rows:
        queues.setdefault((row.customer_id, row.event_name), []).append(row)
    return sorted(queues.values(), key=len, reverse=True)


def preview(store: SqlStore, plans: PlanBook | None = None) -> FlushResult:
    """What a flush would queue and what waits; sends and changes nothing, needs no Stripe."""
    return FlushResult(
        queued=store.run(outbox_sums.waiting, meter_names(plans or plan_book())),
        states=store.run(outbox_sums.counts),
        next_due=store.run(outbox_sums.next_due),
    )


def meter_names(plans: PlanBook) -> MeterNames:
    """(vendor, meter) of the ledger → Stripe meter."""
    return {(meter.vendor, meter.meter): meter.event_name for meter in plans.meters}


def minutes_around(rows: Iterable[OutboxRow]) -> tuple[datetime, datetime]:
    """The whole minutes [start, end) that hold all stamps of these rows."""
    minutes = [minute_of(row) for row in rows]
    return min(minutes), max(minutes) + MINUTE


def _now() -> datetime:
    return datetime.now(UTC)
