"""Stripe behind the billing port, through its own SDK; `STRIPE_BASE_URL` may name any server that speaks it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import stripe
from pydantic import SecretStr

from coach.economics.billing.catalog import CatalogObject, Change
from coach.economics.billing.gateway import MeterEvent, Purchase
from coach.errors import (
    SettingsError,
    VendorAuthError,
    VendorError,
    VendorLimitError,
    VendorProtocolError,
    VendorTimeoutError,
)

TIMEOUT_S = 20.0
PAGE = 100
RUNNING = frozenset({"active", "trialing", "past_due", "unpaid", "paused"})
ALREADY_THERE = "already exists with identifier"


class StripeGateway:
    """Implements `coach.economics.billing.gateway.BillingGateway`."""

    def __init__(
        self, api_key: SecretStr | None, base_url: str = "https://api.stripe.com", *, timeout_s: float = TIMEOUT_S
    ):
        """Connects to nothing yet. The SDK's own retries are off: the outbox decides about trying again.

        Raises:
            SettingsError: no key.
        """
        if api_key is None:
            raise SettingsError("Stripe needs a key.", mend="Set STRIPE_API_KEY.")
        base = base_url.rstrip("/")
        self._v1 = stripe.StripeClient(
            api_key.get_secret_value(),
            base_addresses={"api": base, "meter_events": base},
            http_client=stripe.RequestsClient(timeout=timeout_s),
            max_network_retries=0,
        ).v1
        self._meter_ids: dict[str, str] = {}

    def catalog(self, meters: Sequence[str]) -> list[CatalogObject]:
        """See the port. Archived objects are listed too: they are restored rather than made twice."""
        with _plain_errors():
            found = self._v1.billing.meters.list({"limit": PAGE}).auto_paging_iter()
            known = [meter for meter in found if meter.event_name in meters]
            names = {meter.id: meter.event_name for meter in known}
            products = [
                product
                for active in (True, False)
                for product in self._v1.products.list({"limit": PAGE, "active": active}).auto_paging_iter()
                if product.id.startswith("jobfoxy_")
            ]
            prices = [price for product in products for price in self._prices(product.id)]
        self._meter_ids = {meter.event_name: meter.id for meter in known}
        return [
            *(_meter_object(meter) for meter in known),
            *(_product_object(product) for product in products),
            *(_price_object(price, names) for price in prices if price.lookup_key),
        ]

    def apply(self, change: Change) -> str:
        """See the port."""
        steps = {"meter": self._apply_meter, "product": self._apply_product, "price": self._apply_price}
        with _plain_errors():
            return steps[change.kind](change)

    def send(self, event: MeterEvent) -> bool:
        """See the port."""
        payload = {"stripe_customer_id": event.customer_id, "value": str(event.value)}
        try:
            with _plain_errors():
                self._v1.billing.meter_events.create(
                    {
                        "event_name": event.event_name,
                        "identifier": event.identifier,
                        "timestamp": int(event.at.timestamp()),
                        "payload": payload,
                    }
                )
        except VendorProtocolError as error:
            if ALREADY_THERE in error.message:
                return False
            raise
        return True

    def cancel(self, event_name: str, identifier: str) -> None:
        """See the port."""
        with _plain_errors():
            self._v1.billing.meter_event_adjustments.create(
                {"event_name": event_name, "type": "cancel", "cancel": {"identifier": identifier}}
            )

    def used(self, event_name: str, customer_id: str, start: datetime, end: datetime) -> int:
        """See the port."""
        with _plain_errors():
            found = self._v1.billing.meters.event_summaries.list(
                self._meter_id(event_name),
                {
                    "customer": customer_id,
                    "start_time": int(start.timestamp()),
                    "end_time": int(end.timestamp()),
                    "limit": PAGE,
                },
            )
            return round(sum(summary.aggregated_value for summary in found.auto_paging_iter()))

    def customers(self) -> list[str]:
        """See the port."""
        with _plain_errors():
            return [customer.id for customer in self._v1.customers.list({"limit": PAGE}).auto_paging_iter()]

    def grant(self, customer_id: str, cents: int, *, name: str, key: str) -> str:
        """See the port."""
        with _plain_errors():
            granted = self._v1.billing.credit_grants.create(
                {
                    "customer": customer_id,
                    "name": name,
                    "category": "promotional",
                    "amount": {"type": "monetary", "monetary": {"currency": "usd", "value": cents}},
                    "applicability_config": {"scope": {"price_type": "metered"}},
                },
                {"idempotency_key": key},
            )
            return granted.id

    def ensure_customer(self, user_id: str) -> str:
        """See the port; created at most once per user within Stripe's idempotency window."""
        with _plain_errors():
            made = self._v1.customers.create(
                {"metadata": {"user_id": user_id}}, {"idempotency_key": f"customer-{user_id}"}
            )
            return made.id

    def checkout(self, purchase: Purchase) -> str:
        """See the port."""
        items = [{"price": price} | ({"quantity": count} if count else {}) for price, count in purchase.prices]
        metadata = {"user_id": purchase.user_id, "plan_id": purchase.plan_id}
        params: dict[str, object] = {
            "mode": "subscription" if purchase.subscription else "payment",
            "customer": purchase.customer_id,
            "client_reference_id": purchase.user_id,
            "line_items": items,
            "metadata": metadata,
            "success_url": purchase.success_url,
            "cancel_url": purchase.cancel_url,
        }
        if purchase.subscription:
            params["subscription_data"] = {"metadata": metadata}
        with _plain_errors():
            session = self._v1.checkout.sessions.create(params)  # type: ignore[arg-type]
        return session.url or ""

    def portal(self, customer_id: str, return_url: str, *, change: str = "") -> str:
        """See the port."""
        params: dict[str, object] = {"customer": customer_id, "return_url": return_url}
        if change:
            params["flow_data"] = {"type": "subscription_update", "subscription_update": {"subscription": change}}
        with _plain_errors():
            return self._v1.billing_portal.sessions.create(params).url  # type: ignore[arg-type]

    def running_subscription(self, customer_id: str) -> str:
        """See the port."""
        with _plain_errors():
            found = self._v1.subscriptions.list({"customer": customer_id, "status": "all", "limit": PAGE})
            running = (each.id for each in found.auto_paging_iter() if each.status in RUNNING)
            return next(running, "")

    def end_checkouts(self, customer_id: str) -> None:
        """See the port."""
        with _plain_errors():
            found = self._v1.checkout.sessions.list({"customer": customer_id, "status": "open", "limit": PAGE})
            for session in [each for each in found.auto_paging_iter() if each.mode == "subscription"]:
                self._v1.checkout.sessions.expire(session.id)

    def customer_of_charge(self, charge_id: str) -> str:
        """See the port."""
        with _plain_errors():
            found = self._v1.charges.retrieve(charge_id).customer
        return found if isinstance(found, str) else found.id if found else ""

    def subscription(self, subscription_id: str) -> dict[str, object]:
        """See the port."""
        with _plain_errors():
            return self._v1.subscriptions.retrieve(subscription_id).to_dict()

    def _prices(self, product: str) -> list[Any]:
        return [
            price
            for active in (True, False)
            for price in self._v1.prices.list({"product": product, "active": active, "limit": PAGE}).auto_paging_iter()
        ]

    def _meter_id(self, event_name: str) -> str:
        if event_name not in self._meter_ids:
            listed = self._v1.billing.meters.list({"limit": PAGE}).auto_paging_iter()
            self._meter_ids = {meter.event_name: meter.id for meter in listed}
        if event_name not in self._meter_ids:
            raise VendorProtocolError(f"Stripe has no meter {event_name}.", mend="Run `python -m coach billing sync`.")
        return self._meter_ids[event_name]

    def _apply_meter(self, change: Change) -> str:
        meters, fields = self._v1.billing.meters, change.after
        if change.action == "replace":
            raise VendorProtocolError(f"The meter {change.key} differs in what cannot be changed: {change.before}.")
        if change.action == "archive":
            return meters.deactivate(change.id).id
        if change.action == "create":
            made = meters.create(
                {
                    "event_name": fields["event_name"],
                    "display_name": fields["display_name"],
                    "default_aggregation": {"formula": "sum"},
                    "customer_mapping": {"type": "by_id", "event_payload_key": "stripe_customer_id"},
                    "value_settings": {"event_payload_key": "value"},
                }
            )
            self._meter_ids[made.event_name] = made.id
            return made.id
        if change.action == "restore":
            meters.reactivate(change.id)
        if fields:
            meters.update(change.id, {"display_name": fields["display_name"]})
        return change.id

    def _apply_product(self, change: Change) -> str:
        products, fields = self._v1.products, change.after
        if change.action == "create":
            return products.create({"id": change.key, **fields}).id  # type: ignore[typeddict-item]
        if change.action == "archive":
            return products.update(change.id, {"active": False}).id
        return products.update(change.id, {"active": True, **fields}).id  # type: ignore[arg-type]

    def _apply_price(self, change: Change) -> str:
        prices, fields = self._v1.prices, change.after
        if change.action in ("create", "replace"):
            made = prices.create(self._new_price(change.key, fields))  # type: ignore[arg-type]
            if change.id:
                prices.update(change.id, {"active": False})
            return made.id
        if change.action == "archive":
            return prices.update(change.id, {"active": False}).id
        return prices.update(change.id, {"active": True, **fields}).id  # type: ignore[arg-type]

    def _new_price(self, key: str, fields: dict[str, Any]) -> dict[str, Any]:
        params = {name: fields[name] for name in ("unit_amount", "currency", "product", "nickname", "metadata")}
        params |= {"lookup_key": key, "transfer_lookup_key": True}
        if fields["interval"]:
            recurring = {"interval": fields["interval"], "usage_type": fields["usage_type"]}
            if fields["meter"]:
                recurring["meter"] = self._meter_id(fields["meter"])
            params["recurring"] = recurring
        return params


def _meter_object(meter: Any) -> CatalogObject:
    fields = {
        "event_name": meter.event_name,
        "display_name": meter.display_name,
        "aggregation": meter.default_aggregation.formula,
    }
    return CatalogObject(
        kind="meter", key=meter.event_name, id=meter.id, active=meter.status == "active", fields=fields
    )


def _product_object(product: Any) -> CatalogObject:
    fields = {"name": product.name, "description": product.description, "metadata": product.metadata.to_dict()}
    return CatalogObject(kind="product", key=product.id, id=product.id, active=product.active, fields=fields)


def _price_object(price: Any, meters: dict[str, str]) -> CatalogObject:
    recurring = price.recurring
    fields = {
        "unit_amount": price.unit_amount,
        "currency": price.currency,
        "interval": recurring.interval if recurring else None,
        "usage_type": recurring.usage_type if recurring else None,
        "meter": meters.get(recurring.meter, recurring.meter) if recurring and recurring.meter else None,
        "product": price.product if isinstance(price.product, str) else price.product.id,
        "nickname": price.nickname,
        "metadata": price.metadata.to_dict(),
    }
    return CatalogObject(kind="price", key=price.lookup_key, id=price.id, active=price.active, fields=fields)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turns the SDK's errors into ours; their text holds no key."""
    try:
        yield
    except stripe.AuthenticationError as error:
        raise VendorAuthError("Stripe refused the key.", mend="Check STRIPE_API_KEY.") from error
    except stripe.PermissionError as error:
        raise VendorAuthError("The Stripe key may not do this.", mend="Give it billing rights.") from error
    except stripe.RateLimitError as error:
        raise VendorLimitError("Stripe asks to go slower.") from error
    except stripe.InvalidRequestError as error:
        if error.http_status == 429:
            raise VendorLimitError("Stripe asks to go slower.") from error
        raise VendorProtocolError(f"Stripe refuses: {error.user_message or error}") from error
    except stripe.APIConnectionError as error:
        raise VendorTimeoutError("Stripe did not answer.") from error
    except stripe.StripeError as error:
        raise VendorError(f"Stripe failed ({error.http_status}).") from error
