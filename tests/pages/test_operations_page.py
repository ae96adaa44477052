"""Operations: with nothing and with samples, every tab has something to say."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from streamlit.testing.v1 import AppTest

from coach import bootstrap
from coach.bootstrap import build_services
from coach.economics.billing.entitlements import PlanEntitlements
from coach.store.maintenance.sample import load_sample
from coach.store.repositories import billing
from tests.fakes import records as make

PAGE = Path(__file__).resolve().parents[2] / "pages" / "operations.py"


def page() -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=30).run()
    assert not app.exception
    return app


def test_an_empty_page_stands(services):
    app = page()
    assert app.title[0].value == "Operations"
    assert {m.label: m.value for m in app.metric}["Answers"] == "0"


def test_a_provider_that_does_not_answer_needs_somebody(tmp_path, monkeypatch):
    parts = build_services(
        coach_home=tmp_path, coach_database_url="", coach_audio_url="", coach_brain="openai", coach_transcriber="typed",
        openai_api_key="k", openai_base_url="http://127.0.0.1:9/v1",
    )  # fmt: skip
    monkeypatch.setattr(bootstrap, "_services", parts)
    app = page()
    assert not any("openai" in each.value for each in app.warning)
    button(app, "Ask providers now").click().run()
    assert not app.exception
    (told,) = [each.value for each in app.warning if "openai" in each.value]
    assert "not reachable" in told and "OPENAI_BASE_URL" in told
    parts.store.close()


def test_samples_are_timed(services):
    load_sample(services.store, lambda: services.archive)
    app = page()
    assert len(app.tabs) >= 5
    assert {m.label: m.value for m in app.metric}["Answers"] == "0"
    app.toggle(key="show_samples").set_value(True).run()
    assert not app.exception
    assert {m.label: m.value for m in app.metric}["Answers"] == "15"


async def take_two(store) -> list[str]:
    """Two interviews of one person, taken from the same plan in the same minute."""
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    period = {"period_start": now - timedelta(days=10), "period_end": now + timedelta(days=20)}
    store.run(billing.change_account, "ada", plan_id="plus", subscription_id="sub_1", status="active", **period)
    gate = PlanEntitlements(store, clock=lambda: now)
    taken = []
    for _ in range(2):
        interview = make.interview(user_id="ada")
        assert (await gate.before_session("ada", interview.id, questions=3)).allowed
        exchange = make.exchange(interview)
        await store.create_interview(interview, [exchange])
        attempt = make.evaluated(exchange)
        await store.add_attempt(attempt)
        await store.complete_attempt(attempt, exchange, [])
        taken.append(interview.id)
    return taken


def test_of_two_interviews_that_look_alike_the_chosen_one_is_given_back_once_and_after_a_question(services):
    first, second = asyncio.run(take_two(services.store))
    app = page()
    app.selectbox(key="give-back-pick").set_value(second).run()
    button(app, "Give this interview back").click().run()
    states = {row["interview_id"]: row["state"] for row in services.taken_interviews()}
    assert states == {first: "used", second: "used"}, "nothing happens before it is confirmed"
    button(app, "Give back").click().run()
    assert not app.exception and any("free again" in each.value for each in app.success)
    states = {row["interview_id"]: row["state"] for row in services.taken_interviews()}
    assert states == {first: "used", second: "given back"}
    assert button(app, "Give back what Stripe still has of it")


def button(app: AppTest, label: str):
    return next(each for each in app.button if each.label == label)


def test_nothing_taken_is_said(services):
    assert any("No interview was taken from a plan yet" in each.value for each in page().caption)
