"""Bundles in use over both databases: summed by day, told once, worst answers only of those who agreed."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from coach.contracts.alert_message import AlertMessage, Delivery
from coach.contracts.brain import GuardFinding
from coach.contracts.interview import AttemptStatus
from coach.errors import InputError
from coach.lab.runs.workspace import Workspace
from coach.lab.watch.desk import BundleWatch
from coach.lab.watch.rules import watch_rules
from coach.store import SqlStore
from coach.store.repositories import lab as answers
from coach.store.repositories import watch as rows
from tests.fakes import records as make

TODAY = datetime(2026, 11, 20, tzinfo=UTC)
NOON = TODAY + timedelta(hours=12)
BUNDLE = "jobfoxy_v1@1.0#abc"


def practise(store: SqlStore, user: str, at: datetime, overall: float | None = 6.0, **changes: Any) -> str:
    """One person's answer at a moment; returns the attempt's id."""
    label = changes.pop("bundle", BUNDLE)
    sample = user.startswith("sample-")
    interview = make.interview(user_id=user, created_at=at, last_activity_at=at, is_sample=sample, bundle=label)
    question = make.exchange(interview)
    usage_usd = changes.pop("usd", None)
    values: dict[str, Any] = {
        "created_at": at,
        "prompt_version": BUNDLE,
        "guards": [],
        "timeline": {"first_scores": 2000.0},
    }
    attempt = make.evaluated(question, overall=overall or 0.0, **(values | changes))
    if overall is None:
        attempt = attempt.model_copy(update={"overall_score": None, "evaluation": None})

    async def keep() -> None:
        await store.create_interview(interview, [question])
        await store.add_attempt(attempt)
        if usage_usd is not None:
            event = make.usage(attempt, occurred_at=at, user_id=user, cost_usd=Decimal(usage_usd))
            await store.add_usage([event])

    asyncio.run(keep())
    return attempt.id


@pytest.fixture
def watch(sql_store: SqlStore, tmp_path: Path) -> Iterator[BundleWatch]:
    yield BundleWatch(sql_store, Workspace(tmp_path), watch_rules(), webhook="http://127.0.0.1:9/alerts")


def test_the_day_is_summed_by_bundle_and_person_and_in_utc(sql_store: SqlStore) -> None:
    late = TODAY.replace(hour=23, minute=59)
    reviewed = {"transcript_final": 500.0, "reviewed": 4500.0, "first_scores": 6000.0}
    practise(sql_store, "ada", late, 6.0, usd="0.02", timeline=reviewed)
    practise(sql_store, "ada", late, 8.0, usd="0.04", guards=[GuardFinding(rule="r", detail="d")])
    practise(sql_store, "bo", late, None, status=AttemptStatus.DELAYED, timeline={})
    practise(sql_store, "ada", late + timedelta(minutes=2), 3.0)
    practise(sql_store, "sample-cy", late, 1.0)
    found = sql_store.run(rows.by_person_and_day, TODAY, TODAY + timedelta(days=2))
    assert [(row.day, row.user_id) for row in found] == [
        (TODAY, "ada"), (TODAY, "bo"), (TODAY + timedelta(days=1), "ada")
    ]  # fmt: skip
    ada, bo = found[0], found[1]
    assert ada.sums == {
        "overall": 14.0, "guards": 1.0, "delayed": 0.0, "first_scores_s": 4.0, "cost_usd": pytest.approx(0.06)
    }  # fmt: skip
    assert (bo.sums["delayed"], bo.counts["overall"], bo.counts["first_scores_s"], bo.counts["guards"]) == (1, 0, 0, 1)
    invented = sql_store.run(lambda c: rows.by_person_and_day(c, TODAY, NOON + timedelta(days=1), of_samples=True))
    assert [row.user_id for row in invented] == ["sample-cy"]


def bad_day(store: SqlStore) -> None:
    """A week of twelve people around 7, then a day of eleven around 5."""
    for day in range(1, 8):
        for person in range(12 if day == 1 else 2):
            practise(store, f"p{person}", NOON - timedelta(days=day), 6.5 + person % 3 / 2)
    for person in range(11):
        practise(store, f"p{person}", NOON, 4.5 + person % 3 / 2)


def test_a_worse_day_is_told_once_whoever_looks_and_again_when_it_did_not_arrive(
    sql_store: SqlStore, watch: BundleWatch
) -> None:
    bad_day(sql_store)
    got: list[AlertMessage] = []
    lines = ["the webhook answered 503"]

    def tell(notice: AlertMessage) -> Delivery:
        got.append(notice)
        return Delivery(arrived=("email",), error=lines.pop() if lines else "")

    assert watch.check(tell, NOON + timedelta(hours=1)).failed == 1
    assert watch.raised(now=NOON)[0].error == "the webhook answered 503"
    later = NOON + timedelta(hours=2)
    looks = [threading.Thread(target=watch.check, args=(tell, later)) for _ in range(3)]
    for each in looks:
        each.start()
    for each in looks:
        each.join()
    assert watch.check(tell, NOON + timedelta(hours=9)).told == 0
    assert [(notice.id, notice.arrived) for notice in got] == [(got[0].id, ()), (got[0].id, ("email",))]
    assert got[0].webhook == "http://127.0.0.1:9/alerts" and got[0].body["metric"] == "overall"
    assert "overall score 4.95 points, where it had 6.88" in got[0].text and "11 people" in got[0].text
    (raised,) = watch.raised(now=NOON)
    assert raised.told_at == later and raised.alarm.bundle == BUNDLE


def test_a_new_bundle_is_compared_with_what_judged_before(sql_store: SqlStore, watch: BundleWatch) -> None:
    for person in range(12):
        practise(sql_store, f"p{person}", NOON - timedelta(days=2), 6.5 + person % 3 / 2)
        practise(sql_store, f"p{person}", NOON, 4.5 + person % 3 / 2, prompt_version="new@2#f")
    (alarm,) = watch.worse(NOON + timedelta(minutes=1))
    assert (alarm.bundle, alarm.against) == ("new@2#f", "all bundles")
    assert "all bundles had 7.00" in alarm.sentence


def test_worst_answers_are_of_those_who_agreed_and_who_takes_it_back_is_left_out(
    sql_store: SqlStore, watch: BundleWatch
) -> None:
    ids = [practise(sql_store, user, NOON, score) for user, score in (("ada", 5.0), ("bo", 1.0), ("cy", 3.0))]
    assert watch.worst(BUNDLE, now=NOON) == []
    for user in ("ada", "cy"):
        sql_store.run(answers.set_consent, user, True, NOON)
    worst = watch.worst(BUNDLE, now=NOON)
    assert [row["id"] for row in worst] == [ids[2], ids[0]]
    assert watch.worst("other@1#a", now=NOON) == [] and len(watch.worst(BUNDLE, most=1, now=NOON)) == 1
    data, added = watch.collect("Worst", worst)
    assert ({item.id for item in data.items}, added) == ({ids[0], ids[2]}, 2)
    assert watch.collect("Worst", worst)[1] == 0, "twice is once"
    sql_store.run(answers.set_consent, "cy", False, NOON)
    assert [item.id for item in watch.collect("Later", worst)[0].items] == [ids[0]]
    with pytest.raises(InputError):
        watch.collect("None", [{"id": ids[1]}])
