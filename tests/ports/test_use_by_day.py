"""What PostgreSQL adds up by itself is what the single events come to, whatever happens to them."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from coach.contracts.asking import asking
from coach.contracts.people import Reach
from coach.contracts.usage import UsageEvent
from coach.store import SqlStore
from coach.store.engine import schema
from coach.store.repositories import interviews, ledger, people, use_by_day
from coach.store.tables.core import usage_tracking
from tests.fakes import records as make
from tests.fakes import town

BEGIN = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
BY_SUMS = ("vendor", "meter", "day", "user", "bundle")


def events(dice: random.Random, count: int):
    session = make.interview(user_id=dice.choice(["ada", "bob", "sample-x"]))
    answer = make.attempt(make.exchange(session))
    for number in range(count):
        yield make.usage(
            answer, call=str(number), user_id=session.user_id, occurred_at=BEGIN + timedelta(hours=dice.randrange(80)),
            meter=dice.choice(["a", "b"]), quantity=str(dice.randrange(1, 90) / 8), billable=dice.random() < 0.7,
            cost_usd=None if dice.random() < 0.2 else Decimal(dice.randrange(1, 90)) / 1000,
        )  # fmt: skip


def as_single_events_say(store: SqlStore, monkeypatch: pytest.MonkeyPatch, by: str, **asked: Any):
    """The same question with the sums left aside."""
    with monkeypatch.context() as patched:
        patched.setattr(use_by_day, "is_kept", lambda _: False)
        return store.run(ledger.usage_sums, by, **asked)


def agree(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    midnight = datetime(2026, 3, 3, tzinfo=UTC)
    for by in BY_SUMS:
        questions: list[dict[str, Any]] = [{}, {"since": midnight}, {"of_samples": True}]
        for asked in questions:
            told = store.run(ledger.usage_sums, by, **asked)
            assert told == as_single_events_say(store, monkeypatch, by, **asked), (by, asked)
    with monkeypatch.context() as patched:
        costs = sorted(store.run(ledger.costs_by_month))
        patched.setattr(use_by_day, "is_kept", lambda _: False)
        assert costs == sorted(store.run(ledger.costs_by_month))


def test_the_sums_follow_every_change(postgres_url, monkeypatch):
    dice = random.Random(7)
    u = usage_tracking.c
    changes = [
        lambda c: interviews.add_usage(c, [*events(dice, 9)]),
        lambda c: c.execute(sa.update(usage_tracking).where(u.cost_usd.is_(None)).values(cost_usd=2, price_entry="p")),
        lambda c: c.execute(sa.update(usage_tracking).where(u.user_id == "bob").values(user_id=None)),
        lambda c: c.execute(sa.update(usage_tracking).where(u.meter == "a").values(billed_state="sent")),
        lambda c: c.execute(sa.delete(usage_tracking).where(u.quantity > 10, u.meter == "b")),
        use_by_day.put_together,
    ]
    with SqlStore(postgres_url) as store:
        for _ in range(6):
            store.run(lambda c: interviews.add_usage(c, [*events(dice, 12)]))
        for _ in range(12):
            store.run(dice.choice(changes))
            agree(store, monkeypatch)
        before = store.run(rows)
        store.run(lambda c: c.execute(sa.update(usage_tracking).values(billed_state="confirmed")))
        assert store.run(rows) == before, "its way to billing adds nothing"
        with pytest.raises(ZeroDivisionError):
            store.run(broken_off, [*events(dice, 3)])
        agree(store, monkeypatch)
        store.run(use_by_day.put_together)
        assert store.run(rows) == store.run(keys) and store.run(use_by_day.put_together) == 0
        agree(store, monkeypatch)
        store.run(people.forget, "ada")
        assert "bob" in store.run(people_in) and "ada" not in store.run(people_in)
        agree(store, monkeypatch)
        store.run(lambda c: c.execute(sa.delete(usage_tracking)))
        store.run(use_by_day.put_together)
        assert store.run(rows) == [0, 0]


def broken_off(connection: sa.Connection, written: list[UsageEvent]) -> None:
    interviews.add_usage(connection, written)
    raise ZeroDivisionError


def rows(connection: sa.Connection) -> list[int]:
    return [connection.execute(sa.select(sa.func.count()).select_from(each)).scalar_one() for each in use_by_day.KEPT]


def people_in(connection: sa.Connection) -> set[str]:
    return {str(each) for table in use_by_day.KEPT for each in connection.execute(sa.select(table.c.user_id)).scalars()}


def keys(connection: sa.Connection) -> list[int]:
    def told_apart(table: sa.Table) -> sa.ColumnElement[int]:
        key = [sa.func.coalesce(sa.cast(table.c[name], sa.String()), "-") for name in use_by_day.key_of(table)]
        return sa.func.count(sa.distinct(sa.tuple_(*key)))

    return [connection.execute(sa.select(told_apart(each))).scalar_one() for each in use_by_day.KEPT]


@pytest.mark.parametrize("version", ["0014", "0016"])
def test_what_was_there_before_is_counted_once(empty_postgres_url, monkeypatch, version):
    with SqlStore(empty_postgres_url) as store, store.database.engine().begin() as connection:
        schema.upgrade(connection, version)
        interviews.add_usage(connection, [*events(random.Random(3), 20)])
    with SqlStore(empty_postgres_url) as store:
        store.upgrade()
        assert store.run(ledger.usage_sums)
        assert store.run(ledger.costs_by_month)
        agree(store, monkeypatch)


@pytest.mark.parametrize(("who", "reach"), [("ana", Reach.MONEY), ("carl", Reach.OWN), ("ruth", Reach.MONEY)])
def test_whoever_asks_gets_the_sums_of_whom_they_reach(sql_store, who, reach, monkeypatch):
    town.fill(sql_store)
    with asking(town.asker(who, reach)):
        told = {each.key for each in sql_store.run(ledger.usage_sums, "user")}
        assert told == {("ana", Reach.MONEY): {"carl", "dora"}, ("carl", Reach.OWN): {"carl"}}.get((who, reach), set())
        agree(sql_store, monkeypatch)
