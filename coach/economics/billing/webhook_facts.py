"""What Stripe's objects say about people and plans, read from plain values."""

from datetime import UTC, datetime
from typing import Any

from coach.contracts.base import Record
from coach.economics.billing.catalog import price_key, product_id
from coach.economics.plans import Plan, PlanBook
from coach.errors import InputError
from coach.store.repositories import billing


class WebhookError(InputError):
    """The webhook is forged, stale, malformed or of a kind we never asked for; nothing was changed."""

    code = "WEBHOOK"


class WebhookOutcome(Record):
    """What a webhook led to; `duplicate` and `older` changed nothing."""

    event_id: str
    type: str
    outcome: str


def person_of(connection: Any, thing: dict[str, Any]) -> str:
    """Whose object it is.

    Raises:
        WebhookError: nobody here.
    """
    metadata = thing.get("metadata") or {}
    known = billing.account_by_customer(connection, str(thing.get("customer")))
    user = known.user_id if known else metadata.get("user_id") or thing.get("client_reference_id")
    if not user:
        raise WebhookError("The webhook is about a customer nobody here knows.")
    return str(user)


def plan_of(plans: PlanBook, thing: dict[str, Any]) -> Plan:
    """The plan its metadata names.

    Raises:
        WebhookError: none of the plan file.
    """
    metadata = thing.get("metadata") or {}
    named = metadata.get("plan_id") or (first_item(thing).get("price") or {}).get("metadata", {}).get("plan_id")
    plan = next((plan for plan in plans.plans if plan.id == named), None)
    if plan is None:
        raise WebhookError("The webhook is about a plan that is not in the plan file.")
    return plan


def subscribed_plan(plans: PlanBook, subscription: dict[str, Any]) -> Plan:
    """The plan whose price is in the subscription; metadata was written once and is stale after a change of plan.

    Asked only where no item carries a price at all.
    """
    prices = [item["price"] for item in (subscription.get("items") or {}).get("data") or [] if item.get("price")]
    if not prices:
        return plan_of(plans, subscription)
    for price in prices:
        product = price.get("product")
        names = {price.get("lookup_key"), product["id"] if isinstance(product, dict) else product}
        plan = next((p for p in plans.plans if p.kind == "monthly" and {price_key(p), product_id(p.id)} & names), None)
        if plan is not None:
            return plan
    return plan_of(plans, {"items": subscription["items"]})


def first_item(subscription: dict[str, Any]) -> dict[str, Any]:
    """Since 2025-03-31 the period belongs to the items of a subscription."""
    items = (subscription.get("items") or {}).get("data") or [{}]
    return {
        key: items[0].get(key) for key in ("current_period_start", "current_period_end", "price") if key in items[0]
    }


def refund_of(payment: str) -> str:
    """The outcome that a full refund of a payment leaves behind."""
    return f"refund {payment}"[:40]


def instant(epoch_s: int | None) -> datetime | None:
    """Stripe's seconds as a time."""
    return datetime.fromtimestamp(epoch_s, UTC) if epoch_s else None
