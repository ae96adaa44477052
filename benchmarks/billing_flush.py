"""Telling Stripe what was used: 10,000 events of 200 customers with 500 faults, against the allowed rate.

The loopback server allows `RATE` requests a second and one call at a time per customer and meter; the reference is the
time the allowed rate alone needs for every request that was made. Billed must equal used to the last unit.
"""

import os
import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from pydantic import SecretStr

from benchmarks._playing import table
from coach.contracts.usage import UsageEvent, usage_event_id
from coach.economics.billing import catalog
from coach.economics.billing.outbox import Outbox
from coach.economics.billing.stripe_gateway import StripeGateway
from coach.economics.plans import plan_book
from coach.store import SqlStore
from coach.store.repositories import billing, interviews
from tests.fakes.stripe_server import FakeStripe, StripeServer

EVENTS = int(os.environ.get("FLUSH_EVENTS", "10000"))
CUSTOMERS = int(os.environ.get("FLUSH_CUSTOMERS", "200"))
FAULTS = int(os.environ.get("FLUSH_FAULTS", "500"))
RATE = float(os.environ.get("FLUSH_RATE", "100"))
METER = "jobfoxy_extra_retries"


def used(number: int, user: str, at: datetime) -> UsageEvent:
    """One extra retry."""
    return UsageEvent(
        event_id=usage_event_id(f"attempt-{number}", "answer", "answer"),
        vendor="jobfoxy",
        meter="answer.retried_extra",
        quantity=Decimal(1),
        unit="retry",
        occurred_at=at,
        user_id=user,
    )


def main() -> None:
    """Flushes until nothing is open, waits between flushes left out, and compares."""
    rng = random.Random(14)
    clock = [datetime.now(UTC)]
    state = FakeStripe()
    state.now = lambda: clock[0]
    kinds = (["500"] * 40 + ["429"] * 20 + ["swallow"] * 25 + ["refuse"] * 15) * (FAULTS // 100 + 1)
    faults = dict(zip(rng.sample(range(EVENTS), FAULTS), kinds, strict=False))
    sends = iter(range(10**9))
    state.fault = lambda _, path, __: faults.pop(next(sends), "") if path.endswith("meter_events") else ""
    with tempfile.TemporaryDirectory() as home, StripeServer(state) as server:
        gateway = StripeGateway(SecretStr(state.key), server.url)
        for meter in catalog.wanted(plan_book()):
            if meter.kind == "meter":
                gateway.apply(catalog.Change(action="create", kind="meter", key=meter.key, after=meter.fields))
        store = SqlStore(f"duckdb:///{Path(home) / 'coach.duckdb'}", idle_s=3600)
        store.upgrade()
        users = [f"u{number}" for number in range(CUSTOMERS)]
        for user in users:
            store.run(billing.change_account, user, stripe_customer_id=gateway.ensure_customer(user))
        at = clock[0] - timedelta(hours=1)
        made = [used(number, rng.choice(users), at) for number in range(EVENTS)]
        for start in range(0, EVENTS, 500):
            store.run(interviews.add_usage, made[start : start + 500])
        before = len(state.requests)
        state.rate_per_s = RATE
        seconds, flushes = _flushed(store, gateway, clock)
        requests = len(state.requests) - before
        right = all(
            state.counted(METER, str(store.run(billing.account_of, user).stripe_customer_id))
            == sum(event.user_id == user for event in made)
            for user in users
        )
        store.close()
    head = ["events", "customers", "faults", "requests", "flushes", "seconds", "at the allowed rate", "ratio"]
    head += ["collisions", "billed = used"]
    allowed = requests / RATE
    row = [EVENTS, CUSTOMERS, len(state.faults), requests, flushes, round(seconds, 1), round(allowed, 1)]
    table(head, [[*row, round(seconds / allowed, 2), state.collisions, "yes" if right else "NO"]])


def _flushed(store: SqlStore, gateway: StripeGateway, clock: list[datetime]) -> tuple[float, int]:
    box = Outbox(store, gateway, clock=lambda: clock[0], rate_per_s=0.9 * RATE)
    started, flushes = time.monotonic(), 0
    while True:
        result = box.flush()
        flushes += 1
        if result.next_due is None:
            return time.monotonic() - started, flushes
        clock[0] = max(clock[0], result.next_due) + timedelta(minutes=2)


if __name__ == "__main__":
    main()
