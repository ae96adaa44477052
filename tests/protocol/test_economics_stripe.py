"""Catalog sync, checkout and webhooks over the wire, against a stateful loopback Stripe."""

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.testclient import TestClient

from coach.economics.billing import catalog
from coach.economics.billing.checkout import Checkout
from coach.economics.billing.stripe_gateway import StripeGateway
from coach.economics.billing.webhook_facts import WebhookError
from coach.economics.billing.webhooks import HANDLERS, Webhooks
from coach.economics.plans import parse_plans, plan_book
from coach.errors import SettingsError, UsageError, VendorAuthError, VendorTimeoutError
from coach.store import SqlStore
from coach.store.repositories import billing
from coach.web.billing import billing_routes
from tests.fakes.stripe_server import FIXTURES, StripeServer

SECRET = "whsec_loopback"
PLANS = plan_book()
METERS = [meter.event_name for meter in PLANS.meters]


@pytest.fixture(scope="module")
def synced() -> Iterator[StripeServer]:
    with StripeServer() as server:
        gateway = StripeGateway(SecretStr(server.state.key), server.url)
        sync(gateway)
        yield server


@pytest.fixture
def server() -> Iterator[StripeServer]:
    with StripeServer() as running:
        yield running


@pytest.fixture
def gateway(server: StripeServer) -> StripeGateway:
    return StripeGateway(SecretStr(server.state.key), server.url, timeout_s=2)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with SqlStore(f"duckdb:///{tmp_path / 'coach.duckdb'}", idle_s=60) as opened:
        yield opened


def sync(gateway: StripeGateway, plans=PLANS) -> list[catalog.Change]:
    changes = catalog.difference(catalog.wanted(plans), gateway.catalog(METERS))
    for change in changes:
        gateway.apply(change)
    return changes


def edited(**changes: Any):
    raw = PLANS.model_dump()
    raw["plans"] = [{**plan, **changes.get(plan["id"], {})} for plan in raw["plans"] if changes.get(plan["id"]) != {}]
    return parse_plans(raw)


def test_sync_creates_everything_once_and_then_changes_nothing(server, gateway) -> None:
    first = sync(gateway)
    assert {change.action for change in first} == {"create"}
    kinds = [change.kind for change in first]
    assert kinds == sorted(kinds, key=["meter", "product", "price"].index)
    assert len(server.state.meters) == len(PLANS.meters) and len(server.state.products) == 5
    asked = len(server.state.requests)
    assert sync(gateway) == []
    assert all(method == "GET" for method, _ in server.state.requests[asked:])
    pro = next(price for price in server.state.prices.values() if price["lookup_key"] == "jobfoxy_pro_month")
    assert (pro["unit_amount"], pro["recurring"]["interval"], pro["type"]) == (3900, "month", "recurring")
    extra = next(price for price in server.state.prices.values() if price["lookup_key"] == "jobfoxy_pro_extra_retry")
    assert extra["recurring"]["usage_type"] == "metered"
    assert server.state.meters[extra["recurring"]["meter"]]["event_name"] == "jobfoxy_extra_retries"


def test_a_new_amount_replaces_the_price_under_the_same_key(server, gateway) -> None:
    sync(gateway)
    dearer = edited(plus={"price": "24"}, pack5={"name": "A handful"})
    changes = {(change.action, change.kind, change.key): change for change in sync(gateway, dearer)}
    assert set(changes) == {
        ("replace", "price", "jobfoxy_plus_month"),
        ("update", "price", "jobfoxy_pack5_pack"),
        ("update", "product", "jobfoxy_pack5"),
    }
    assert changes["replace", "price", "jobfoxy_plus_month"].before == {"unit_amount": 1900}
    prices = [price for price in server.state.prices.values() if price["product"] == "jobfoxy_plus"]
    active = [price for price in prices if price["active"] and price["unit_amount"] == 2400]
    assert [price["lookup_key"] for price in active] == ["jobfoxy_plus_month"]
    assert any(not price["active"] and price["unit_amount"] == 1900 for price in prices)
    assert sync(gateway, dearer) == []
    back = sync(gateway)
    assert ("replace", "price") in {(change.action, change.kind) for change in back}
    assert sync(gateway) == []


def test_a_plan_taken_off_is_archived_and_one_brought_back_restored(server, gateway) -> None:
    sync(gateway)
    foreign = gateway._v1.products.create({"id": "jobfoxy_other", "name": "Not from the plan file"})
    changes = sync(gateway, edited(pack10={}))
    assert {(change.action, change.key) for change in changes} == {
        ("archive", "jobfoxy_pack10"),
        ("archive", "jobfoxy_pack10_pack"),
    }
    assert server.state.products[foreign.id]["active"] is True
    assert {change.action for change in sync(gateway)} == {"restore"}
    assert sync(gateway) == []


def test_a_crash_in_the_middle_of_a_sync_is_finished_by_the_next(server, gateway) -> None:
    done = iter(range(1_000))
    server.state.fault = lambda method, path, number: "swallow" if method == "POST" and next(done) == 8 else ""
    with pytest.raises(VendorTimeoutError):
        sync(gateway)
    sync(gateway)
    assert sync(gateway) == []
    keys = [price["lookup_key"] for price in server.state.prices.values() if price["active"]]
    assert len(keys) == len(set(keys)) == 7


def test_a_wrong_key_is_told_and_holds_no_secret(server) -> None:
    with pytest.raises(VendorAuthError) as refused:
        StripeGateway(SecretStr("sk_live_secret"), server.url).catalog(METERS)
    assert "sk_live" not in str(refused.value) and "STRIPE_API_KEY" in str(refused.value)
    with pytest.raises(SettingsError, match="STRIPE_API_KEY"):
        StripeGateway(None)


def test_the_loopback_refuses_what_stripes_interface_does_not_know(synced) -> None:
    gateway = StripeGateway(SecretStr(synced.state.key), synced.url)
    with pytest.raises(Exception, match="unknown parameter: colour"):
        gateway._v1.products.create({"name": "x", "colour": "red"})  # type: ignore[typeddict-unknown-key]
    with pytest.raises(Exception, match="Missing required param: name"):
        gateway._v1.products.create({})  # type: ignore[typeddict-item]
    meter = next(iter(synced.state.meters.values()))
    assert set(meter) == set(FIXTURES["billing.meter"])


def test_checkout_and_portal_links_know_the_person_and_the_plan(synced, store) -> None:
    gateway = StripeGateway(SecretStr(synced.state.key), synced.url)
    checkout = Checkout(store, gateway)
    links = {"success_url": "https://a.test/ok", "cancel_url": "https://a.test/no"}
    assert checkout.buy("ada", "pro", **links).startswith("https://")
    assert checkout.buy("ada", "pack5", **links).startswith("https://")
    subscribe, pack = synced.state.checkouts[-2:]
    assert subscribe["mode"] == "subscription" and len(subscribe["line_items"]) == 2
    assert subscribe["subscription_data"]["metadata"] == {"user_id": "ada", "plan_id": "pro"}
    assert pack["mode"] == "payment" and pack["customer"] == subscribe["customer"]
    assert checkout.manage("ada", return_url="https://a.test").startswith("https://")
    with pytest.raises(UsageError):
        checkout.manage("ben", return_url="https://a.test")
    with pytest.raises(UsageError):
        checkout.buy("ada", "trial", **links)


def test_a_subscriber_is_led_to_change_the_plan_and_never_to_a_second_subscription(synced, store) -> None:
    checkout = Checkout(store, StripeGateway(SecretStr(synced.state.key), synced.url))
    links = {"success_url": "https://a.test/ok", "cancel_url": "https://a.test/no"}
    synced.state.checkouts.clear()
    checkout.buy("ada", "plus", **links)
    checkout.buy("ada", "pro", **links)
    assert [session["status"] for session in synced.state.checkouts] == ["expired", "open"], "two tabs, one checkout"
    customer = synced.state.checkouts[0]["customer"]
    synced.state.subscriptions["sub_9"] = subscription("past_due", id="sub_9", customer=customer)
    assert "portal" in checkout.buy("ada", "pro", **links)
    assert len(synced.state.checkouts) == 2
    assert synced.state.portals[-1]["flow_data"]["subscription_update"] == {"subscription": "sub_9"}
    assert "checkout" in checkout.buy("ada", "pack5", **links), "packs can be bought beside a subscription"


def test_the_plan_in_force_is_that_of_the_price_not_of_stale_metadata(store, webhooks) -> None:
    moved = subscription("active")
    moved["items"]["data"][0]["price"] = {"id": "price_1", "lookup_key": None, "product": "jobfoxy_pro", "metadata": {}}
    extra = {"price": {"id": "price_2", "lookup_key": "jobfoxy_pro_extra_retry", "product": "jobfoxy_pro"}}
    moved["items"]["data"].insert(0, {**moved["items"]["data"][0], **extra})
    webhooks.receive(*signed(webhook("customer.subscription.updated", moved)))
    assert store.run(billing.account_of, "ada").plan_id == "pro"
    strange = subscription("active")
    strange["items"]["data"][0]["price"] = {"id": "price_3", "lookup_key": "x", "product": "x", "metadata": {}}
    with pytest.raises(WebhookError, match="not in the plan file"):
        webhooks.receive(*signed(webhook("customer.subscription.updated", strange, number=2, created=1_790_000_009)))


def test_past_due_is_remembered_from_its_beginning(store, webhooks) -> None:
    for number, (status, created) in enumerate((("past_due", 1_790_000_000), ("past_due", 1_790_100_000))):
        webhooks.receive(
            *signed(webhook("customer.subscription.updated", subscription(status), number=number, created=created))
        )
    assert store.run(billing.account_of, "ada").past_due_since == datetime.fromtimestamp(1_790_000_000, UTC)
    webhooks.receive(
        *signed(webhook("customer.subscription.updated", subscription("active"), number=9, created=1_790_200_000))
    )
    assert store.run(billing.account_of, "ada").past_due_since is None


def signed(event: dict[str, Any], *, secret: str = SECRET, at: float | None = None) -> tuple[bytes, str]:
    body = json.dumps(event).encode()
    stamp = int(at or time.time())
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return body, f"t={stamp},v1={mac}"


def webhook(kind: str, thing: dict[str, Any], *, number: int = 1, created: int = 1_790_000_000) -> dict[str, Any]:
    base = {**FIXTURES["event"], "id": f"evt_{number}", "type": kind, "created": created}
    return {**base, "data": {"object": thing}}


def paid_checkout(**changes: Any) -> dict[str, Any]:
    return {
        **FIXTURES["checkout.session"], "id": "cs_1", "mode": "payment", "payment_status": "paid", "customer": "cus_1",
        "payment_intent": "pi_1", "client_reference_id": "ada", "metadata": {"user_id": "ada", "plan_id": "pack5"},
        **changes,
    }  # fmt: skip


def subscription(status: str, **changes: Any) -> dict[str, Any]:
    item = {"current_period_start": 1_790_000_000, "current_period_end": 1_792_592_000}
    return {
        **FIXTURES["subscription"], "id": "sub_1", "status": status, "customer": "cus_1",
        "metadata": {"user_id": "ada", "plan_id": "plus"}, "items": {"object": "list", "data": [item]}, **changes,
    }  # fmt: skip


@pytest.fixture
def webhooks(store: SqlStore) -> Webhooks:
    return Webhooks(store, SecretStr(SECRET))


def state_of(store: SqlStore) -> tuple[Any, ...]:
    return store.run(billing.accounts), store.run(billing.standing, "ada", datetime.now(UTC)).credits


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body, sign: (body.replace(b"pack5", b"pack9"), sign),
        lambda body, sign: (body, "t=1,v1=00"),
        lambda body, sign: (body, ""),
        lambda body, sign: signed(json.loads(body), secret="whsec_other"),
        lambda body, sign: signed(json.loads(body), at=time.time() - 301),
        lambda body, sign: signed({"id": "evt_1"}),
        lambda body, sign: signed({**json.loads(body), "type": "customer.created"}),
        lambda body, sign: signed(webhook("checkout.session.completed", paid_checkout(metadata={"user_id": "ada"}))),
        lambda body, sign: signed(
            webhook("checkout.session.completed", paid_checkout(metadata={}, client_reference_id=None))
        ),
        lambda body, sign: (b"\xff\xfe not json", sign),
    ],
    ids=[
        "tampered",
        "forged",
        "unsigned",
        "other secret",
        "stale",
        "no event",
        "unknown type",
        "no plan",
        "no user",
        "noise",
    ],
)
def test_a_webhook_that_cannot_be_used_is_an_error_and_changes_nothing(store, webhooks, spoil) -> None:
    before = state_of(store)
    body, signature = spoil(*signed(webhook("checkout.session.completed", paid_checkout())))
    with pytest.raises(WebhookError):
        webhooks.receive(body, signature)
    assert state_of(store) == before
    assert webhooks.receive(*signed(webhook("checkout.session.completed", paid_checkout()))).outcome == "credits added"


def test_credits_are_added_once_whatever_is_replayed(store, webhooks) -> None:
    event = webhook("checkout.session.completed", paid_checkout())
    later = webhook("checkout.session.async_payment_succeeded", paid_checkout(), number=2)
    outcomes = [webhooks.receive(*signed(each)).outcome for each in (event, event, later)]
    assert outcomes == ["credits added", "duplicate", "credits were there"]
    credits = state_of(store)[1]
    assert [(pack.interviews, pack.plan_id) for pack in credits] == [(5, "pack5")]
    unpaid = webhook("checkout.session.completed", paid_checkout(id="cs_2", payment_status="unpaid"), number=3)
    assert webhooks.receive(*signed(unpaid)).outcome == "waits for payment"
    assert len(state_of(store)[1]) == 1


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_refund_takes_the_pack_back_also_when_it_arrives_first(store, webhooks, order) -> None:
    charge = {"amount": 1900, "amount_refunded": 1900, "payment_intent": "pi_1", "customer": "cus_1"}
    events = [
        webhook("checkout.session.completed", paid_checkout()),
        webhook("charge.refunded", charge, number=2, created=1_790_000_900),
    ]
    for index in order:
        webhooks.receive(*signed(events[index]))
    (pack,) = state_of(store)[1]
    assert pack.refunded_at is not None


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_subscription_events_in_any_order_end_in_the_same_state(store, webhooks, order) -> None:
    events = [
        webhook("customer.subscription.created", subscription("incomplete"), number=1, created=1_790_000_000),
        webhook("customer.subscription.updated", subscription("active"), number=2, created=1_790_000_005),
        webhook("customer.subscription.deleted", subscription("canceled"), number=3, created=1_790_500_000),
    ]
    for index in order:
        webhooks.receive(*signed(events[index]))
    (account,) = store.run(billing.accounts)
    assert (account.status, account.plan_id, account.subscription_id) == ("canceled", "plus", "sub_1")
    assert account.period_end == datetime.fromtimestamp(1_792_592_000, UTC)


def test_events_of_the_same_second_are_settled_by_asking_stripe(synced, store) -> None:
    synced.state.subscriptions["sub_1"] = subscription("active")
    gateway = StripeGateway(SecretStr(synced.state.key), synced.url)
    hooks = Webhooks(store, SecretStr(SECRET), gateway=gateway)
    for number, status in enumerate(("active", "incomplete")):
        hooks.receive(*signed(webhook("customer.subscription.updated", subscription(status), number=number)))
    assert store.run(billing.account_of, "ada").status == "active"


def test_an_ended_old_subscription_does_not_end_the_new_one(store, webhooks) -> None:
    webhooks.receive(*signed(webhook("customer.subscription.created", subscription("active", id="sub_2"))))
    old = webhook("customer.subscription.deleted", subscription("canceled"), number=2, created=1_790_000_100)
    assert webhooks.receive(*signed(old)).outcome == "another subscription is in force"
    assert store.run(billing.account_of, "ada").status == "active"


def test_a_failed_payment_is_noted_and_an_older_one_does_not_come_back(store, webhooks) -> None:
    webhooks.receive(*signed(webhook("customer.subscription.created", subscription("active"))))
    invoice = {"customer": "cus_1", "metadata": {}}
    paid = webhook("invoice.paid", invoice, number=2, created=1_790_000_300)
    failed = webhook("invoice.payment_failed", invoice, number=3, created=1_790_000_200)
    assert webhooks.receive(*signed(paid)).outcome == "paid"
    assert webhooks.receive(*signed(failed)).outcome == "older"
    assert store.run(billing.account_of, "ada").payment_failed is False
    again = webhook("invoice.payment_failed", invoice, number=4, created=1_790_000_400)
    webhooks.receive(*signed(again))
    assert store.run(billing.account_of, "ada").payment_failed is True


def test_the_route_answers_as_stripe_needs_it(webhooks) -> None:
    client = TestClient(Starlette(routes=billing_routes(webhooks)))
    body, signature = signed(webhook("checkout.session.completed", paid_checkout()))
    answers = [
        client.post("/billing/webhook", content=body, headers={"stripe-signature": sign}).status_code
        for sign in (signature, signature, "t=1,v1=0")
    ]
    assert answers == [200, 200, 400]
    assert client.post("/billing/webhook", content=b"x" * 600_000).status_code == 413
    assert "charge.refunded" in HANDLERS


def test_payments_refunds_and_disputes_are_kept_once_each(synced, store) -> None:
    synced.state.charges["ch_1"] = {"object": "charge", "id": "ch_1", "customer": "cus_1"}
    hooks = Webhooks(store, SecretStr(SECRET), gateway=StripeGateway(SecretStr(synced.state.key), synced.url))
    dispute = {"id": "du_1", "charge": "ch_1", "amount": 1900, "status": "needs_response"}
    invoice = {"id": "in_1", "customer": "cus_1", "amount_paid": 1900, "metadata": {"user_id": "ada"}}
    hooks.receive(*signed(webhook("customer.subscription.created", subscription("active"), number=1)))
    for number, (kind, thing) in enumerate(
        [("invoice.paid", invoice), ("invoice.paid", invoice), ("charge.dispute.created", dispute)], 2
    ):
        hooks.receive(*signed(webhook(kind, thing, number=number)))
    assert [(p.id, p.cents) for p in store.run(billing.payments)] == [("du_1", -1900), ("in_1", 1900)]
    hooks.receive(*signed(webhook("charge.dispute.closed", {**dispute, "status": "won"}, number=9)))
    assert sum(p.cents for p in store.run(billing.payments)) == 1900


def test_refunds_and_disputes_count_the_same_in_whatever_order_they_come(synced, store) -> None:
    synced.state.charges["ch_1"] = {"object": "charge", "id": "ch_1", "customer": "cus_1"}
    hooks = Webhooks(store, SecretStr(SECRET), gateway=StripeGateway(SecretStr(synced.state.key), synced.url))
    told = itertools.count(1)

    def tell(kind: str, thing: dict[str, Any], created: int) -> None:
        hooks.receive(*signed(webhook(kind, thing, number=next(told), created=1_790_000_000 + created)))

    charge = {"id": "ch_1", "customer": "cus_1", "payment_intent": "pi_1", "amount": 3400}
    for back, created in ((500, 10), (1900, 30), (1200, 20)):  # each is the sum of all refunds so far
        tell("charge.refunded", {**charge, "amount_refunded": back}, created)
    lost, won, asked = ({"id": f"du_{n}", "charge": "ch_1", "amount": 700} for n in range(3))
    for dispute, end in ((won, "won"), (lost, "lost")):
        tell("charge.dispute.closed", {**dispute, "status": end}, 90)
        tell("charge.dispute.created", {**dispute, "status": "needs_response"}, 40)
    tell("charge.dispute.created", {**asked, "status": "warning_needs_response"}, 50)
    found = {p.id: p.cents for p in store.run(billing.payments)}
    assert found == {"refund ch_1": -1900, "du_0": -700, "du_1": 0, "du_2": 0}
    tell("charge.dispute.closed", {**asked, "status": "lost"}, 99)
    assert {p.id: p.cents for p in store.run(billing.payments)}["du_2"] == -700
