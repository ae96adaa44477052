"""The plan on Practice: what is left, links to pay and manage, the switch for paid extras, over a loopback Stripe."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from coach import bootstrap
from coach.bootstrap import Services, build_services
from coach.economics.billing import catalog
from coach.economics.plans import plan_book
from coach.store.repositories import billing
from tests.fakes.stripe_server import StripeServer

PAGE = Path(__file__).resolve().parents[2] / "pages" / "practice.py"


@pytest.fixture(scope="module")
def stripe() -> Iterator[StripeServer]:
    with StripeServer() as server:
        yield server


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stripe: StripeServer) -> Iterator[Services]:
    made = build_services(
        transcriber="typed",
        brain="offline",
        coach_home=tmp_path,
        stripe_api_key=stripe.state.key,
        stripe_base_url=stripe.url,
    )
    monkeypatch.setattr(bootstrap, "_services", made)
    yield made
    made.store.close()


def on_sale(services: Services) -> None:
    gateway = services.billing.checkout._gateway
    meters = [meter.event_name for meter in plan_book().meters]
    for change in catalog.difference(catalog.wanted(plan_book()), gateway.catalog(meters)):
        gateway.apply(change)


def page() -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=60).run()
    assert not app.exception, app.exception
    return app


def links(app: AppTest) -> list[tuple[str, str]]:
    return [(each.proto.label, each.proto.url) for each in app.get("link_button")]


def subscribe(services: Services) -> None:
    now = datetime.now(UTC)
    services.store.run(
        billing.change_account,
        "local",
        stripe_customer_id=services.billing.checkout._gateway.ensure_customer("local"),
        plan_id="plus",
        subscription_id="sub_1",
        status="active",
        period_start=now - timedelta(days=2),
        period_end=now + timedelta(days=28),
    )


def test_nothing_is_sold_where_billing_is_not_set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = build_services(transcriber="typed", brain="offline", coach_home=tmp_path)
    monkeypatch.setattr(bootstrap, "_services", made)
    assert not [each for each in page().button if each.key and each.key.startswith("buy_")]
    made.store.close()


def test_before_the_catalog_is_synced_the_person_is_told(services: Services, stripe: StripeServer) -> None:
    stripe.state.products.clear()
    stripe.state.prices.clear()
    app = page()
    app.button(key="buy_single").click().run()
    assert "not at Stripe yet" in app.error[0].value and links(app) == []


def test_the_trial_offers_credits_and_plans_and_leads_to_checkout(services: Services, stripe: StripeServer) -> None:
    on_sale(services)
    app = page()
    assert any("Free trial" in each.label and "1 interview left" in each.label for each in app.expander)
    keys = {each.key for each in app.button}
    assert {"buy_single", "buy_pack5", "buy_pack10", "buy_plus", "buy_pro"} <= keys and "account_manage" not in keys
    app.button(key="buy_pack5").click().run()
    assert links(app) == [("Pay for Five interviews at Stripe", "https://checkout.stripe.test/pay")]
    bought = stripe.state.checkouts[-1]
    assert bought["mode"] == "payment" and bought["metadata"] == {"user_id": "local", "plan_id": "pack5"}
    assert bought["success_url"].endswith("/practice")
    app.button(key="account_manage").click().run()
    assert links(app)[0][1] == "https://billing.stripe.test/portal"


def test_a_subscriber_sees_what_is_left_and_agrees_to_extras(services: Services) -> None:
    subscribe(services)
    app = page()
    assert any("Plus" in each.label and "10 interviews left" in each.label for each in app.expander)
    assert not [each for each in app.button if each.key in ("buy_plus", "buy_pro")]
    assert not app.toggle(key="account_overage").value
    app.toggle(key="account_overage").set_value(True).run()
    assert services.store.run(billing.account_of, "local").overage_agreed
    app.toggle(key="account_overage").set_value(False).run()
    assert not services.store.run(billing.account_of, "local").overage_agreed


async def test_a_refusal_unfolds_the_offer(services: Services) -> None:
    for number in range(2):
        leave = await services.billing.entitlements.before_session("local", f"i{number}", questions=3)
    assert not leave.allowed and "One interview" in leave.offer
    app = page()
    app.session_state["practice_desk"].refused = True
    app.run()
    shown = next(each for each in app.expander if "Free trial" in each.label)
    assert shown.proto.expanded and "0 interviews left" in shown.label
    assert any("All interviews are used" in each.value for each in app.warning)
