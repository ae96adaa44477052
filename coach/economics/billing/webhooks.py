"""What Stripe tells us: verified, applied once, in any order. A webhook that cannot be used changes nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe
from pydantic import SecretStr

from coach.economics.billing.gateway import BillingGateway
from coach.economics.billing.webhook_facts import (
    WebhookError,
    WebhookOutcome,
    first_item,
    instant,
    person_of,
    plan_of,
    refund_of,
    subscribed_plan,
)
from coach.economics.plans import PlanBook, plan_book
from coach.errors import SettingsError
from coach.store import SqlStore
from coach.store.repositories import billing
from coach.store.repositories.billing_records import Account, Credits, Payment

CREDITS_LAST = timedelta(days=365)
ENDED = frozenset({"canceled", "incomplete_expired", "unpaid"})


class Webhooks:
    """Receives Stripe's webhooks."""

    def __init__(
        self,
        store: SqlStore,
        secret: SecretStr | None,
        *,
        gateway: BillingGateway | None = None,
        plans: PlanBook | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """`gateway` is asked for the present state when two events carry the same second.

        Raises:
            SettingsError: no signing secret.
        """
        if secret is None:
            raise SettingsError("Webhooks need the signing secret.", mend="Set STRIPE_WEBHOOK_SECRET.")
        self._store = store
        self._secret = secret
        self._gateway = gateway
        self._plans = plans or plan_book()
        self._clock = clock or _now

    def receive(self, payload: bytes, signature: str) -> WebhookOutcome:
        """Verifies and applies one webhook; blocking.

        Args:
            payload: the body as it came.
            signature: the `Stripe-Signature` header.

        Raises:
            WebhookError: tampered, older than 300 s, not an event, of an unknown type, or about somebody unknown.
        """
        event = self._verified(payload, signature)
        handler = HANDLERS.get(event["type"])
        if handler is None:
            raise WebhookError(f"Webhooks of type {event['type']} are not expected here.")
        return self._store.run(self._apply, event, handler)

    def _verified(self, payload: bytes, signature: str) -> dict[str, Any]:
        try:
            event = stripe.Webhook.construct_event(payload, signature, self._secret.get_secret_value())
        except stripe.SignatureVerificationError as error:
            raise WebhookError("The webhook's signature is wrong or too old.") from error
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise WebhookError("The webhook is not a Stripe event.") from error
        plain: dict[str, object] = event.to_dict()
        if not all(plain.get(key) for key in ("id", "type", "created", "data")):
            raise WebhookError("The webhook is not a Stripe event.")
        return plain

    def _apply(self, connection: Any, event: dict[str, Any], handler: "Handler") -> WebhookOutcome:
        created = datetime.fromtimestamp(event["created"], UTC)
        fresh = billing.keep_webhook(connection, event["id"], event["type"], created, self._clock())
        outcome = handler(self, connection, event["data"]["object"], created) if fresh else "duplicate"
        if fresh:
            billing.webhook_outcome(connection, event["id"], outcome)
        return WebhookOutcome(event_id=event["id"], type=event["type"], outcome=outcome)

    def bought(self, connection: Any, session: dict[str, Any], created: datetime) -> str:
        """A paid checkout: credits for a pack, the customer for a subscription."""
        user = person_of(connection, session)
        billing.change_account(connection, user, stripe_customer_id=session["customer"])
        if session["mode"] != "payment":
            return "customer known"
        if session["payment_status"] != "paid":
            return "waits for payment"
        self._keep(connection, "", session, "paid", session.get("amount_total"), created)
        plan, payment = plan_of(self._plans, session), str(session.get("payment_intent") or session["id"])
        pack = Credits(
            id=session["id"],
            user_id=user,
            plan_id=plan.id,
            interviews=plan.limits.interviews,
            payment_id=payment,
            bought_at=created,
            expires_at=created + CREDITS_LAST,
            refunded_at=created if billing.had_outcome(connection, refund_of(payment)) else None,
        )
        return "credits added" if billing.add_credits(connection, pack) else "credits were there"

    def subscribed(self, connection: Any, subscription: dict[str, Any], created: datetime) -> str:
        """A subscription's state, applied only when it is the newest known."""
        user = person_of(connection, subscription)
        account = billing.account_of(connection, user)
        if account.state_at and created < account.state_at:
            return "older"
        if account.state_at == created and self._gateway is not None:
            subscription = self._gateway.subscription(subscription["id"])
        if subscription["status"] in ENDED and account.subscription_id not in (None, subscription["id"]):
            return "another subscription is in force"
        billing.change_account(connection, user, **self._state(subscription, account, created), state_at=created)
        return f"subscription {subscription['status']}"

    def payment_failed(self, connection: object, invoice: dict[str, object], created: datetime) -> str:
        """A payment that failed; the person is told at the next interview."""
        return self._payment(connection, invoice, created, failed=True)

    def paid(self, connection: Any, invoice: dict[str, Any], created: datetime) -> str:
        """A payment that succeeded."""
        self._keep(connection, "", invoice, "paid", invoice.get("amount_paid"), created)
        return self._payment(connection, invoice, created, failed=False)

    def refunded(self, connection: Any, charge: dict[str, Any], created: datetime) -> str:
        """A full refund takes the pack back; also when it arrives before the purchase."""
        self._keep(connection, "refund ", charge, "refunded", -int(charge["amount_refunded"] or 0), created)
        if charge["amount_refunded"] < charge["amount"]:
            return "partial refund, credits stay"
        billing.refund_credits(connection, str(charge["payment_intent"]), created)
        return refund_of(str(charge["payment_intent"]))

    def disputed(self, connection: Any, dispute: dict[str, Any], created: datetime) -> str:
        """A bank asked for the money back: gone until the dispute is won. An inquiry (`warning_…`) takes nothing."""
        customer = self._gateway.customer_of_charge(str(dispute["charge"])) if self._gateway else ""
        if not customer:
            return "dispute of nobody known"
        back = 0 if dispute["status"].startswith(("won", "warning_")) else -int(dispute["amount"] or 0)
        self._keep(connection, "", {"id": dispute["id"], "customer": customer}, "disputed", back, created)
        return f"dispute {dispute['status']}"[:40]

    def _keep(
        self, connection: Any, prefix: str, thing: dict[str, Any], kind: str, cents: int | None, at: datetime
    ) -> None:
        """Notes what was paid; a webhook without identity, customer or amount says nothing about money."""
        if cents is not None and thing.get("customer") and thing.get("id"):
            identity, customer = f"{prefix}{thing['id']}", str(thing["customer"])
            billing.keep_payment(connection, Payment(identity, customer, kind, int(cents), at))

    def _payment(self, connection: Any, invoice: dict[str, Any], created: datetime, *, failed: bool) -> str:
        user = person_of(connection, invoice)
        account = billing.account_of(connection, user)
        if account.payment_at and created < account.payment_at:
            return "older"
        billing.change_account(connection, user, payment_failed=failed, payment_at=created)
        return "payment failed" if failed else "paid"

    def _state(self, subscription: dict[str, object], account: Account, created: datetime) -> dict[str, object]:
        period = {**subscription, **first_item(subscription)}
        due = account.past_due_since or created if subscription["status"] == "past_due" else None
        return {
            "stripe_customer_id": subscription["customer"],
            "subscription_id": subscription["id"],
            "plan_id": subscribed_plan(self._plans, subscription).id,
            "past_due_since": due,
            "status": subscription["status"],
            "period_start": instant(period.get("current_period_start")) or account.period_start,
            "period_end": instant(period.get("current_period_end")) or account.period_end,
        }


Handler = Callable[[Webhooks, object, dict[str, object], datetime], str]
HANDLERS: dict[str, Handler] = {
    "checkout.session.completed": Webhooks.bought,
    "checkout.session.async_payment_succeeded": Webhooks.bought,
    "customer.subscription.created": Webhooks.subscribed,
    "customer.subscription.updated": Webhooks.subscribed,
    "customer.subscription.deleted": Webhooks.subscribed,
    "invoice.payment_failed": Webhooks.payment_failed,
    "invoice.paid": Webhooks.paid,
    "charge.refunded": Webhooks.refunded,
    "charge.dispute.created": Webhooks.disputed,
    "charge.dispute.closed": Webhooks.disputed,
}
"""Every type the endpoint is registered for at Stripe; anything else is an error."""


def _now() -> datetime:
    return datetime.now(UTC)
