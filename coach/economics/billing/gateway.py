"""What billing needs from Stripe, as a port: so that outbox, sync and reconcile know no SDK."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from coach.economics.billing.catalog import CatalogObject, Change


@dataclass(frozen=True, slots=True)
class MeterEvent:
    """One usage event as Stripe is told it. `at` has whole seconds, UTC."""

    identifier: str
    event_name: str
    customer_id: str
    value: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a checkout is for: Stripe price ids with their quantity (None for metered)."""

    user_id: str
    customer_id: str
    plan_id: str
    subscription: bool
    prices: tuple[tuple[str, int | None], ...]
    success_url: str
    cancel_url: str


class BillingGateway(Protocol):
    """Stripe, or a double of it. Blocking; call it from a thread.

    Raises (all methods):
        VendorTimeoutError, VendorLimitError, VendorError: try again later, it is not known whether it happened.
        VendorAuthError: the key is refused.
        VendorProtocolError: Stripe refuses this request for good; the message says why.
    """

    def catalog(self, meters: Sequence[str]) -> list[CatalogObject]:
        """Our products and prices, and the meters with these event names, as they are."""

    def apply(self, change: Change) -> str:
        """Carries out one step of a sync; returns the object's id."""

    def send(self, event: MeterEvent) -> bool:
        """Tells one event; False when Stripe had it already (which is as good)."""

    def cancel(self, event_name: str, identifier: str) -> None:
        """Takes an event back, within 24 hours of its arrival."""

    def used(self, event_name: str, customer_id: str, start: datetime, end: datetime) -> int:
        """Units Stripe counts in [start, end), both on whole minutes."""

    def customers(self) -> list[str]:
        """Ids of all customers there are, ours or not."""

    def grant(self, customer_id: str, cents: int, *, name: str, key: str) -> str:
        """Gives billing credit for metered prices; `key` makes it idempotent."""

    def ensure_customer(self, user_id: str) -> str:
        """Finds or creates the person's customer."""

    def checkout(self, purchase: Purchase) -> str:
        """A link to pay."""

    def portal(self, customer_id: str, return_url: str, *, change: str = "") -> str:
        """A link to the customer portal; with `change`, a subscription's id, to where its plan is changed."""

    def running_subscription(self, customer_id: str) -> str:
        """The customer's subscription that is paid for or waits for payment; empty without one."""

    def end_checkouts(self, customer_id: str) -> None:
        """Ends checkouts for subscriptions that the customer has still open."""

    def customer_of_charge(self, charge_id: str) -> str:
        """Whose charge it is; empty when it is nobody's."""

    def subscription(self, subscription_id: str) -> dict[str, object]:
        """A subscription as it is now."""
