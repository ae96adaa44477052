"""Usage reaches Stripe exactly once, whatever fails: over the wire, through the SDK, against a stateful loopback."""

import itertools
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from coach.contracts.usage import UsageEvent, usage_event_id
from coach.economics.billing import catalog, outbox
from coach.economics.billing.gateway import MeterEvent
from coach.economics.billing.outbox import Outbox
from coach.economics.billing.reconcile import reconcile
from coach.economics.billing.stripe_gateway import StripeGateway
from coach.economics.plans import plan_book
from coach.errors import UsageError, VendorAuthError
from coach.store import SqlStore
from coach.store.repositories import billing, interviews, outbox_sums, records, uses
from coach.store.repositories import outbox as rows
from tests.fakes.stripe_server import FakeStripe, StripeServer
from tests.long import LONG, how_many

EXTRA, AVATAR = "jobfoxy_extra_retries", "jobfoxy_avatar_seconds"
START = datetime(2026, 11, 20, 9, 0, 30, tzinfo=UTC)


class Clock:
    """A clock that goes only when told."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **span: float) -> None:
        self.now += timedelta(**span)


class Crash(BaseException):
    """The process died."""


class CrashingGateway(StripeGateway):
    """Dies before or after certain sends, as a killed process would."""

    before: set[str] = set()
    after: set[str] = set()
    deaths: dict[int, str] = {}
    """By the number of the send, whichever event it carries: `before` it leaves, or `after`, whatever the answer."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.before, self.after, self.deaths, self._sends = set(), set(), {}, itertools.count()

    def send(self, event: MeterEvent) -> bool:
        death = self.deaths.pop(next(self._sends), "")
        if death == "before":
            raise Crash
        try:
            return self._send(event)
        finally:
            if death:
                raise Crash

    def _send(self, event: MeterEvent) -> bool:
        if event.identifier in self.before:
            self.before.discard(event.identifier)
            raise Crash
        fresh = super().send(event)
        if event.identifier in self.after:
            self.after.discard(event.identifier)
            raise Crash
        return fresh


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[StripeServer]:
    state = FakeStripe()
    state.now = clock
    with StripeServer(state) as running:
        yield running


@pytest.fixture
def gateway(server: StripeServer) -> CrashingGateway:
    made = CrashingGateway(SecretStr(server.state.key), server.url)
    for meter in catalog.wanted(plan_book()):
        if meter.kind == "meter":
            made.apply(catalog.Change(action="create", kind="meter", key=meter.key, after=meter.fields))
    return made


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database, made once."""
    path = tmp_path_factory.mktemp("billing") / "empty.duckdb"
    with SqlStore(f"duckdb:///{path}") as made:
        made.upgrade()
    return path


@pytest.fixture
def store(tmp_path: Path, migrated: Path, gateway: CrashingGateway) -> Iterator[SqlStore]:
    shutil.copy(migrated, tmp_path / "coach.duckdb")
    with SqlStore(f"duckdb:///{tmp_path / 'coach.duckdb'}", idle_s=60) as opened:
        for user in ("ada", "ben"):
            opened.run(billing.change_account, user, stripe_customer_id=gateway.ensure_customer(user))
        yield opened


def used(number: int, at: datetime, *, user: str = "ada", quantity: str = "1", meter: str = "") -> UsageEvent:
    vendor, name, unit = (
        ("liveavatar", "lite.connected", "second") if meter else ("jobfoxy", "answer.retried_extra", "retry")
    )
    return UsageEvent(
        event_id=usage_event_id(f"attempt-{number}", "call", name),
        vendor=vendor,
        meter=name,
        quantity=Decimal(quantity),
        unit=unit,
        occurred_at=at,
        user_id=user,
    )


def flush_until_done(boxes: list[Outbox], store: SqlStore, clock: Clock, *, crash_waits: list[timedelta]) -> int:
    """Flushes, restarts after each crash and waits for retries until nothing is open; returns the crashes survived.

    The process that comes after a crash is the next of `boxes`.
    """
    crashes = 0
    for _ in range(2_000):
        try:
            result = boxes[crashes % len(boxes)].flush()
        except Crash:
            clock.now += crash_waits[crashes % len(crash_waits)]
            crashes += 1
            continue
        if result.next_due is None:
            return crashes
        clock.now = max(clock.now, result.next_due) + timedelta(minutes=2)
    raise AssertionError(store.run(outbox_sums.counts))


@pytest.mark.slow
@pytest.mark.timeout(1800 if LONG else 420)
def test_many_events_with_faults_in_one_of_twenty_are_billed_to_the_last_unit(
    server: StripeServer, gateway: CrashingGateway, store: SqlStore, clock: Clock
) -> None:
    """500 events and 25 faults; the long form has 10,000 and 500."""
    times = how_many("billed events, in five hundreds")
    count, deaths, faults = 500 * times, 4 * times, 21 * times
    rng = random.Random(20261122)
    events = [_random_event(number, rng) for number in range(count)]
    rng.shuffle(events)
    store.run(_insert_all, events)
    store.run(interviews.add_usage, rng.sample(events, 10 * times))  # the same calls reported twice

    hasty = CrashingGateway(SecretStr(server.state.key), server.url, timeout_s=0.4)
    hasty.deaths = dict(zip(rng.sample(range(count), deaths), ["before", "after"] * (deaths // 2), strict=True))
    kinds = (["refuse"] * 6 + ["swallow"] * 8 + ["500"] * 3 + ["429"] * 3 + ["slow"]) * times
    rng.shuffle(kinds)
    planned = dict(zip(rng.sample(range(count), faults), kinds, strict=True))
    sends = iter(range(1_000_000))
    server.state.fault = lambda method, path, number: (
        planned.pop(next(sends), "") if path == "/v1/billing/meter_events" else ""
    )
    boxes = [
        Outbox(store, hasty, clock=clock, senders=senders, rate_per_s=10_000, sleep=lambda _: None)
        for senders in (1, 1, 1, 2)
    ]
    waits = [timedelta(minutes=3)] * 3 + [timedelta(hours=25)]
    crashes = flush_until_done(boxes, store, clock, crash_waits=waits)

    # Faults and deaths go by the number of the send, and no event is sent less than once: every one of them fires.
    assert (hasty.deaths, planned) == ({}, {}) and crashes > 0
    assert len(server.state.faults) == faults
    assert store.run(outbox_sums.counts) == {"sent": count}
    for user in ("ada", "ben"):
        customer = store.run(billing.account_of, user).stripe_customer_id
        for name, meter in ((EXTRA, "answer.retried_extra"), (AVATAR, "lite.connected")):
            mine = [int(event.quantity) for event in events if (event.user_id, event.meter) == (user, meter)]
            assert server.state.counted(name, customer) == sum(mine)
    comparison = reconcile(store, gateway)
    assert [each for each in comparison.differences if each.kind != "unpriced"] == []
    assert sum(row.stripe or 0 for row in comparison.rows) == sum(int(event.quantity) for event in events)


def _insert_all(connection: Any, events: list[UsageEvent]) -> None:
    """Many rows at once, as DuckDB likes them."""
    rows = pd.DataFrame([records.usage_row(event) for event in events])
    connection.connection.dbapi_connection.register("rows", rows)
    names = ", ".join(rows.columns)
    connection.exec_driver_sql(f"INSERT INTO usage_tracking ({names}) SELECT {names} FROM rows")
    connection.connection.dbapi_connection.unregister("rows")


def _random_event(number: int, rng: random.Random) -> UsageEvent:
    """Mostly of the last days; some older than 35 days, some up to 20 minutes ahead of the clock."""
    ages = [timedelta(minutes=rng.uniform(0, 4_000))] * 18
    age = rng.choice([*ages, timedelta(days=rng.uniform(34.9, 50)), -timedelta(minutes=rng.uniform(0, 20))])
    user = rng.choice(["ada", "ben"])
    if rng.random() < 0.5:
        return used(number, START - age, user=user)
    return used(number, START - age, user=user, quantity=str(rng.randint(1, 900)), meter="avatar")


def test_sixty_events_of_one_customer_are_sent_in_one_go(server, gateway, store, clock) -> None:
    store.run(_insert_all, [used(n, START, user="ada") for n in range(60)])
    result = Outbox(store, gateway, clock=clock, rate_per_s=10_000).flush()
    assert (result.sent, result.retry, result.next_due) == (60, 0, None)
    assert server.state.collisions == 0 and server.state.counted(EXTRA) == 60


def test_a_call_of_somebody_else_is_waited_for(server, gateway, store, clock) -> None:
    store.run(interviews.add_usage, [used(1, START)])
    answers = iter(["429", "429"])
    server.state.fault = lambda method, path, number: next(answers, "") if path.endswith("meter_events") else ""
    waits: list[float] = []
    assert Outbox(store, gateway, clock=clock, sleep=waits.append).flush().sent == 1
    assert [wait for wait in waits if wait >= 0.25] == [0.25, 0.5]


def test_go_slower_means_not_arrived_and_never_becomes_doubtful(server, gateway, store, clock) -> None:
    store.run(interviews.add_usage, [used(1, START)])
    server.state.fault = lambda method, path, number: "429" if path.endswith("meter_events") else ""
    box = Outbox(store, gateway, clock=clock, sleep=lambda _: None)
    assert box.flush().retry == 1
    server.state.fault = lambda method, path, number: ""
    clock.wait(hours=30)
    requests = len(server.state.requests)
    assert box.flush().sent == 1
    assert [path for _, path in server.state.requests[requests:]] == ["/v1/billing/meter_events"], "no sums are asked"


def test_an_event_whose_answer_was_lost_is_not_counted_twice(server, gateway, store, clock) -> None:
    store.run(interviews.add_usage, [used(1, START)])
    server.state.fault = lambda method, path, number: "swallow" if len(server.state.events) == 0 else ""
    box = Outbox(store, gateway, clock=clock)
    assert box.flush().retry == 1
    clock.wait(seconds=30)
    result = box.flush()
    assert (result.sent, result.already_there) == (0, 1)
    assert server.state.counted(EXTRA) == 1


@pytest.mark.parametrize("arrived", [True, False])
def test_after_a_day_stripes_own_sums_decide_whether_it_arrived(server, gateway, store, clock, arrived) -> None:
    event, earlier = used(1, START), used(2, START + timedelta(seconds=9))
    store.run(interviews.add_usage, [earlier])
    box = Outbox(store, gateway, clock=clock)
    assert box.flush().sent == 1
    store.run(interviews.add_usage, [event])
    (gateway.after if arrived else gateway.before).add(event.event_id)
    with pytest.raises(Crash):
        box.flush()
    clock.wait(hours=25)
    result = box.flush()
    assert (result.sent, result.already_there, result.unknown) == ((0, 1, 0) if arrived else (1, 0, 0))
    assert server.state.counted(EXTRA) == 2


def _crashed_pair(values: tuple[str, str], server, gateway, store, clock) -> tuple[Outbox, list[UsageEvent]]:
    """Two events of one minute, both sent by a process that died; then Stripe loses the second."""
    pair = [used(n, START, quantity=value, meter="avatar") for n, value in enumerate(values)]
    store.run(interviews.add_usage, pair)
    box = Outbox(store, gateway, clock=clock, senders=1)
    for event in pair:
        gateway.send(
            MeterEvent(
                event.event_id,
                AVATAR,
                store.run(billing.account_of, "ada").stripe_customer_id,
                int(event.quantity),
                START,
            )
        )
    gateway.before = {pair[0].event_id, pair[1].event_id}
    with pytest.raises(Crash):
        box.flush()
    gateway.before = set()
    server.state.events.pop()
    clock.wait(hours=30)
    return box, pair


def test_part_of_a_minute_arrived_its_sums_tell_which(server, gateway, store, clock) -> None:
    customer = store.run(billing.account_of, "ada").stripe_customer_id
    box, _ = _crashed_pair(("40", "25"), server, gateway, store, clock)
    first = box.flush()
    assert first.retry == 2 and first.next_due == clock() + timedelta(hours=19)
    clock.now = first.next_due
    result = box.flush()
    assert (result.sent, result.already_there) == (1, 1)
    assert server.state.counted(AVATAR, customer) == 65


def test_what_nobody_can_tell_any_more_is_named_and_never_guessed(server, gateway, store, clock) -> None:
    box, _ = _crashed_pair(("40", "25"), server, gateway, store, clock)
    server.state.events[0]["payload"]["value"] = "17"
    clock.now = box.flush().next_due
    assert box.flush().unknown == 2
    named = next(each for each in reconcile(store, gateway).differences if each.kind == "unknown")
    assert named.units == 65 and "17 of 65 units in doubt" in named.detail


def test_future_events_wait_and_late_ones_are_billed_in_the_current_period(server, gateway, store, clock) -> None:
    store.run(interviews.add_usage, [used(1, START + timedelta(minutes=12)), used(2, START - timedelta(days=40))])
    box = Outbox(store, gateway, clock=clock)
    first = box.flush()
    assert (first.sent, first.restamped, first.rejected) == (1, 1, 0)
    assert server.state.events[0]["timestamp"] == int(START.timestamp())
    clock.wait(minutes=7, seconds=1)
    assert box.flush().sent == 1
    assert server.state.counted(EXTRA) == 2


def test_reconcile_counts_a_late_event_in_the_period_it_was_told_in(gateway, store, clock) -> None:
    """In all three books: what occurred in October and was too old to be told is November's."""
    store.run(interviews.add_usage, [used(1, START), used(2, START - timedelta(days=40))])
    assert Outbox(store, gateway, clock=clock).flush().restamped == 1
    middle, soon = START - timedelta(days=1), clock() + timedelta(minutes=1)
    late = reconcile(store, gateway, since=middle, until=soon, now=clock())
    assert [(row.ledger, row.outbox, row.stripe) for row in late.rows if row.event_name == EXTRA] == [(2, 2, 2)]
    early = reconcile(store, gateway, since=START - timedelta(days=60), until=middle, now=clock())
    assert [row for row in early.rows if row.event_name == EXTRA] == []
    for compared in (late, early, reconcile(store, gateway, now=clock())):
        assert {each.kind for each in compared.differences} <= {"unpriced"}


def test_late_events_can_be_written_off_by_the_plan_file(server, gateway, store, clock) -> None:
    store.run(interviews.add_usage, [used(1, START - timedelta(days=40))])
    plans = plan_book().model_copy(update={"late_usage": "write_off"})
    assert Outbox(store, gateway, plans=plans, clock=clock).flush().written_off == 1
    assert server.state.events == []
    assert {each.kind for each in reconcile(store, gateway).differences} >= {"written_off"}


def test_a_refusal_for_good_is_kept_and_named(server, gateway, store, clock) -> None:
    store.run(billing.change_account, "ada", stripe_customer_id="cus_gone")
    store.run(interviews.add_usage, [used(1, START)])
    assert Outbox(store, gateway, clock=clock).flush().rejected == 1
    rejected = next(each for each in reconcile(store, gateway).differences if each.kind == "rejected")
    assert "No such customer" in rejected.detail and rejected.events == (used(1, START).event_id,)


def test_a_refused_key_stops_the_flush_and_loses_nothing(server, gateway, store, clock) -> None:
    store.run(interviews.add_usage, [used(1, START)])
    wrong = StripeGateway(SecretStr("sk_test_wrong"), server.url)
    with pytest.raises(VendorAuthError):
        Outbox(store, wrong, clock=clock).flush()
    clock.wait(minutes=3)
    assert Outbox(store, gateway, clock=clock).flush().sent == 1


def test_a_refund_cancels_within_a_day_and_credits_later(server, gateway, store, clock) -> None:
    early, late = used(1, START), used(2, START)
    store.run(interviews.add_usage, [early, late])
    box = Outbox(store, gateway, clock=clock)
    box.flush()
    assert box.take_back(early.event_id, cents=35) == "cancelled"
    assert server.state.counted(EXTRA) == 1
    clock.wait(hours=24)
    assert box.take_back(late.event_id, cents=35) == "credited"
    assert box.take_back(late.event_id, cents=35) == "credited"
    assert [grant["amount"]["monetary"]["value"] for grant in server.state.grants] == ["35"]
    with pytest.raises(UsageError):
        box.take_back("never-billed", cents=35)


def test_reconcile_names_what_is_not_queued_not_sent_missing_and_extra(server, gateway, store, clock) -> None:
    store.run(interviews.add_usage, [used(1, START), used(2, START, quantity="30", meter="avatar")])
    kinds = {each.kind for each in reconcile(store, None).differences}
    assert kinds == {"not_queued", "unpriced"}
    box = Outbox(store, gateway, clock=clock)
    server.state.fault = lambda method, path, number: "500" if path.endswith("meter_events") else ""
    box.flush()
    assert "not_sent_yet" in {each.kind for each in reconcile(store, gateway).differences}
    server.state.fault = lambda method, path, number: ""
    clock.wait(minutes=1)
    box.flush()
    for event in server.state.events:
        event["payload"]["value"] = "3" if event["event_name"] == EXTRA else "28"
    found = {each.kind: (each.event_name, each.units) for each in reconcile(store, gateway).differences}
    assert found["extra_at_stripe"] == (EXTRA, 2) and found["missing_at_stripe"] == (AVATAR, 2)


@pytest.mark.parametrize("meanwhile", ["written", "given back"])
def test_use_written_while_a_flush_queues_waits_for_the_next_one(gateway, store, clock, meanwhile: str) -> None:
    """On a server every statement sees what others have done by then; what came late stands for them."""
    names = outbox.meter_names(plan_book())
    store.run(interviews.add_usage, [used(1, START).model_copy(update={"interview_id": "i-1"})])
    came: list[str] = []

    def late(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE usage_tracking") and not came:  # it is queued already, but not yet marked
            came.append(meanwhile)
            if meanwhile == "written":
                interviews.add_usage(connection, [used(2, START)])
            else:
                uses.not_billable(connection, "i-1", "jobfoxy")

    def queue(connection: Any) -> int:
        sa.event.listen(connection, "before_cursor_execute", late)
        return rows.enqueue(connection, names, clock())

    assert store.run(queue) == (meanwhile == "written") and came
    sent = Outbox(store, gateway, clock=clock).flush().sent
    assert sent == (2 if meanwhile == "written" else 0), (
        "what came late goes with the next; nothing goes that was taken back"
    )


def test_reconcile_sees_unknown_customers_foreign_units_and_goes_on_after_a_429(server, gateway, store, clock) -> None:
    store.run(interviews.add_usage, [used(1, START)])
    Outbox(store, gateway, clock=clock).flush()
    stranger = gateway.ensure_customer("stranger")
    known = store.run(billing.account_of, "ada").stripe_customer_id
    for who, name, at in ((stranger, EXTRA, START), (known, AVATAR, START - timedelta(days=3))):
        gateway.send(MeterEvent(f"by-hand-{who}-{name}", name, who, 7, at))
    odd = used(2, START, meter="avatar").model_copy(update={"unit": "minute"})
    store.run(interviews.add_usage, [odd])
    asked = iter(["429", "429", "", "", *["429"] * 5])
    server.state.fault = lambda method, path, number: next(asked, "") if "summaries" in path else ""
    found = reconcile(store, gateway, now=clock(), sleep=lambda _: None).differences
    named = {(each.kind, each.customer_id, each.event_name): each.units for each in found}
    assert named["unknown_customer", stranger, EXTRA] == 7
    assert named["extra_at_stripe", known, AVATAR] == 7
    assert any(each.kind == "foreign_unit" and "minute instead of second" in each.detail for each in found)
    assert [each.kind for each in found].count("not_compared") == 1
    later = [
        each
        for each in reconcile(store, gateway, now=clock(), since=START).differences
        if each.kind == "extra_at_stripe"
    ]
    assert later == [], "outside the period"
