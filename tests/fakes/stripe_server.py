"""A loopback server that speaks Stripe's wire protocol for what billing uses, keeps state, and can be told to fail.

Requests are checked against the SDK's parameter types, answers are built on Stripe's own sample objects. Meter events
are deduplicated by identifier for 24 hours only, refused when older than 35 days or more than 5 minutes ahead; one call
at a time per customer and meter, and with `rate_per_s` so many requests a second: 429 for what comes sooner.
"""

import asyncio
import itertools
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import uvicorn

from tests.fakes.stripe_types import complaint

FIXTURES = json.loads((Path(__file__).parent.parent / "protocol" / "stripe_contract" / "fixtures.json").read_text())
DAY_S = 86_400
Handler = Callable[["FakeStripe", dict[str, Any], tuple[str, ...]], dict[str, Any]]


class Refused(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, message: str, *, code: str = "", kind: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "message": message, **({"code": code} if code else {})}}


class FakeStripe:
    """State and behaviour. `now` is the server's clock; `fault(method, path, number)` names a fault per request.

    Faults: `refuse` (connection closed, nothing done), `swallow` (done, but the answer is lost), `slow` (done, but not
    answered until the client gave up), `500`, `429`, `401`.
    """

    def __init__(self, *, key: str = "sk_test_loopback") -> None:
        self.key = key
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.fault: Callable[[str, str, int], str] = lambda method, path, number: ""
        self.meters: dict[str, dict[str, Any]] = {}
        self.products: dict[str, dict[str, Any]] = {}
        self.prices: dict[str, dict[str, Any]] = {}
        self.customers: dict[str, dict[str, Any]] = {}
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.grants: list[dict[str, Any]] = []
        self.checkouts: list[dict[str, Any]] = []
        self.charges: dict[str, dict[str, Any]] = {}
        self.portals: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str]] = []
        self.faults: list[str] = []
        self.event_takes_s = 0.002
        self.rate_per_s = 0.0
        self.collisions = 0
        self.too_fast = 0
        self._busy: set[tuple[str, str]] = set()
        self._tokens, self._filled = 0.0, 0.0
        self._seen: dict[str, dict[str, Any]] = {}
        self._idempotent: dict[str, dict[str, Any]] = {}
        self._numbers = itertools.count(1)

    def counted(self, event_name: str, customer: str = "") -> int:
        """Units that will be on the invoice."""
        return sum(
            int(event["payload"]["value"])
            for event in self.events
            if event["event_name"] == event_name
            and not event["cancelled"]
            and customer in ("", event["payload"]["stripe_customer_id"])
        )

    def handle(self, method: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        """One request."""
        if headers.get("authorization") != f"Bearer {self.key}":
            raise Refused(401, "Invalid API Key provided", kind="invalid_request_error")
        for verb, pattern, handler in ROUTES:
            match = pattern.fullmatch(path) if verb == method else None
            if match:
                return self._once(headers.get("idempotency-key", ""), handler, body, match.groups())
        raise Refused(404, f"Unrecognized request URL ({method}: {path}).")

    def _once(self, key: str, handler: Handler, body: dict[str, Any], found: tuple[str, ...]) -> dict[str, Any]:
        """The SDK sends a random key with every POST; only the same key again is the same request."""
        if not key:
            return handler(self, body, found)
        if key not in self._idempotent:
            self._idempotent[key] = handler(self, body, found)
        return self._idempotent[key]

    def within_rate(self) -> bool:
        """A bucket of one second's requests, filled at `rate_per_s`."""
        if not self.rate_per_s:
            return True
        now = time.monotonic()
        self._tokens = min(self.rate_per_s, self._tokens + (now - self._filled) * self.rate_per_s)
        self._filled = now
        if self._tokens < 1:
            self.too_fast += 1
            return False
        self._tokens -= 1
        return True

    async def in_turn(self, path: str, body: dict[str, Any], work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Meter events of a customer and meter, one call at a time, each taking its time."""
        if not self.within_rate():
            raise Refused(429, "Request rate limit exceeded.", code="rate_limit")
        if path != "/v1/billing/meter_events":
            return work()
        key = (str(body.get("event_name")), str(body.get("payload", {}).get("stripe_customer_id")))
        if key in self._busy:
            self.collisions += 1
            raise Refused(
                429, "This object cannot be accessed right now: another request holds it.", code="lock_timeout"
            )
        self._busy.add(key)
        try:
            await asyncio.sleep(self.event_takes_s)
            return work()
        finally:
            self._busy.discard(key)

    def new_id(self, prefix: str) -> str:
        return f"{prefix}_{next(self._numbers):06d}"

    def seconds(self) -> int:
        return int(self.now().timestamp())


def made(resource: str, **values: Any) -> dict[str, Any]:
    """An object with every key Stripe's sample has; unknown keys would be our mistake."""
    sample = deepcopy(FIXTURES[resource])
    assert set(values) <= set(sample), set(values) - set(sample)
    return sample | {"livemode": False} | values


def listed(items: list[dict[str, Any]], body: dict[str, Any], url: str) -> dict[str, Any]:
    """A page of a list, with `starting_after` and `limit`."""
    after = body.get("starting_after")
    start = next((n + 1 for n, item in enumerate(items) if item["id"] == after), 0)
    limit = int(body.get("limit", 10))
    page = items[start : start + limit]
    return {"object": "list", "url": url, "has_more": len(items) > start + limit, "data": page}


def checked(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    wrong = complaint(kind, body)
    if wrong:
        raise Refused(400, wrong[1], code=wrong[0])
    return body


def create_meter(server: FakeStripe, body: dict[str, Any], _: tuple[str, ...]) -> dict[str, Any]:
    checked("meter.create", body)
    if any(
        meter["event_name"] == body["event_name"] and meter["status"] == "active" for meter in server.meters.values()
    ):
        raise Refused(400, f"There is already an active meter with event_name {body['event_name']}.")
    meter = made("billing.meter", id=server.new_id("mtr"), created=server.seconds(), status="active", **body)
    server.meters[meter["id"]] = meter
    return meter


def change_meter(server: FakeStripe, body: dict[str, Any], found: tuple[str, ...]) -> dict[str, Any]:
    server.meters[found[0]].update(checked("meter.update", body))
    return server.meters[found[0]]


def list_meters(server: FakeStripe, body: dict[str, Any], _: tuple[str, ...]) -> dict[str, Any]:
    return listed(list(server.meters.values()), body, "/v1/billing/meters")


def switch_meter(server: FakeStripe, body: dict[str, Any], found: tuple[str, ...]) -> dict[str, Any]:
    checked(f"meter.{found[1]}", body)
    server.meters[found[0]]["status"] = "active" if found[1] == "reactivate" else "inactive"
    return server.meters[found[0]]


def create_event(server: FakeStripe, body: dict[str, Any], _: tuple[str, ...]) -> dict[str, Any]:
    checked("meter_event", body)
    now, at = server.seconds(), int(body.get("timestamp", server.seconds()))
    if not any(m["event_name"] == body["event_name"] and m["status"] == "active" for m in server.meters.values()):
        raise Refused(400, f"No active meter found matching event_name '{body['event_name']}'.", code="no_meter")
    if body["payload"].get("stripe_customer_id") not in server.customers:
        raise Refused(400, "No such customer in payload.", code="resource_missing")
    if not re.fullmatch(r"-?\d{1,15}", body["payload"].get("value", "")):
        raise Refused(400, "The payload value must be a number with at most 15 digits.")
    if at < now - 35 * DAY_S or at > now + 5 * 60:
        raise Refused(400, "The timestamp must be within the past 35 calendar days or up to 5 minutes in the future.")
    known = server._seen.get(body["identifier"])
    if known is not None and now - known["received"] < DAY_S:
        raise Refused(400, f"An event already exists with identifier {body['identifier']}.")
    event = {**body, "timestamp": at, "received": now, "cancelled": False}
    server._seen[body["identifier"]] = event
    server.events.append(event)
    return made("billing.meter_event", created=now, **{**body, "timestamp": at})


def adjust(server: FakeStripe, body: dict[str, Any], _: tuple[str, ...]) -> dict[str, Any]:
    checked("adjustment", body)
    event = server._seen.get(body["cancel"]["identifier"])
    if event is None or event["event_name"] != body["event_name"]:
        raise Refused(404, "No such meter event.", code="resource_missing")
    if server.seconds() - event["received"] > DAY_S:
        raise Refused(400, "Events can be cancelled within 24 hours of receipt only.")
    event["cancelled"] = True
    return made("billing.meter_event_adjustment", status="pending", **body)


def summaries(server: FakeStripe, body: dict[str, Any], found: tuple[str, ...]) -> dict[str, Any]:
    checked("summaries", body)
    start, end, meter = int(body["start_time"]), int(body["end_time"]), server.meters[found[0]]
    if start % 60 or end % 60:
        raise Refused(400, "start_time and end_time must be aligned with minute boundaries.")
    value = sum(
        int(event["payload"]["value"])
        for event in server.events
        if event["event_name"] == meter["event_name"]
        and event["payload"]["stripe_customer_id"] == body["customer"]
        and start <= event["timestamp"] < end
        and not event["cancelled"]
    )
    summary = made(
        "billing.meter_event_summary", id=server.new_id("mtrsum"), aggregated_value=value, start_time=start,
        end_time=end, meter=meter["id"],
    )  # fmt: skip
    return listed([summary] if value else [], body, f"/v1/billing/meters/{found[0]}/event_summaries")


def create_product(server: FakeStripe, body: dict[str, Any], _: tuple[str, ...]) -> dict[str, Any]:
    checked("product.create", body)
    product_id = body.get("id") or server.new_id("prod")
    if product_id in server.products:
        raise Refused(400, f"Product already exists. {product_id}", code="resource_already_exists")
    product = made("product", **{"metadata": {}, **body, "id": product_id, "active": True, "created": server.seconds()})
    server.products[product_id] = product
    return product


def change_product(server: FakeStripe, body: dict[str, Any], found: tuple[str, ...]) -> dict[str, Any]:
    _merge(_known(server.products, found[0]), checked("product.update", body))
    return server.products[found[0]]


def list_products(server: FakeStripe, body: dict[str, Any], _: tuple[str, ...]) -> dict[str, Any]:
    wanted = [p for p in server.products.values() if "active" not in body or p["active"] == (body["active"] == "true")]
    return listed(wanted, body, "/v1/products")


def create_price(server: FakeStripe, body: dict[str, Any], _: tuple[str, ...]) -> dict[str, Any]:
    checked("price.create", body)
    values = {key: value for key, value in body.items() if key != "transfer_lookup_key"}
    _known(server.products, values["product"])
    holder = next((p for p in server.prices.values() if p["lookup_key"] == values.get("lookup_key")), None)
    if holder and body.get("transfer_lookup_key") != "true":
        raise Refused(400, "A price with this lookup key already exists.", code="resource_already_exists")
    if holder:
        holder["lookup_key"] = None
    values["unit_amount"] = int(values["unit_amount"])
    recurring = None
    if "recurring" in values:
        recurring = FIXTURES["price"]["recurring"] | {"meter": None, "usage_type": "licensed"} | values.pop("recurring")
        if recurring["usage_type"] == "metered":
            _known(server.meters, recurring["meter"] or "")
    values |= {"recurring": recurring, "type": "recurring" if recurring else "one_time", "active": True}
    price = made("price", **{"metadata": {}, **values, "id": server.new_id("price"), "created": server.seconds()})
    server.prices[price["id"]] = price
    return price


def change_price(server: FakeStripe, body: dict[str, Any], found: tuple[str, ...]) -> dict[str, Any]:
    _merge(_known(server.prices, found[0]), checked("price.update", body))
    return server.prices[found[0]]


def list_prices(server: FakeStripe, body: dict[str, Any], _: tuple[str, ...]) -> dict[str, Any]:
    wanted = [
        price
        for price in server.prices.values()
        if price["product"] == body["product"] and price["active"] == (body["active"] == "true")
    ]
    return listed(wanted, body, "/v1/prices")


def create_customer(server: FakeStripe, body: dict[str, Any], _: tuple[str, ...]) -> dict[str, Any]:
    customer = made(
        "customer", **{**checked("customer", body), "id": server.new_id("cus"), "created": server.seconds()}
    )
    server.customers[customer["id"]] = customer
    return customer


def list_customers(server: FakeStripe, body: dict[str, Any], _: tuple[str, ...]) -> dict[str, Any]:
    return listed(list(server.customers.values()), body, "/v1/customers")


def create_grant(server: FakeStripe, body: dict[str, Any], _: tuple[str, ...]) -> dict[str, Any]:
    checked("grant", body)
    _known(server.customers, body["customer"])
    grant = made("billing.credit_grant", **{**body, "id": server.new_id("credgr"), "created": server.seconds()})
    server.grants.append(grant)
    return grant


def create_checkout(server: FakeStripe, body: dict[str, Any], _: tuple[str, ...]) -> dict[str, Any]:
    checked("checkout", body)
    for item in body["line_items"]:
        metered = _known(server.prices, item["price"])["recurring"] or {}
        if metered.get("usage_type") == "metered" and "quantity" in item:
            raise Refused(400, "You cannot set quantity for metered prices.")
    kept = {key: value for key, value in body.items() if key in FIXTURES["checkout.session"]}
    session = made(
        "checkout.session",
        **{**kept, "id": server.new_id("cs"), "url": "https://checkout.stripe.test/pay", "status": "open"},
    )
    server.checkouts.append(
        {**session, "line_items": body["line_items"], "subscription_data": body.get("subscription_data")}
    )
    return session


def list_checkouts(server: FakeStripe, body: dict[str, Any], _: tuple[str, ...]) -> dict[str, Any]:
    checked("checkout.list", body)
    wanted = [c for c in server.checkouts if c["customer"] == body["customer"] and c["status"] == body["status"]]
    return listed(
        [{key: c[key] for key in FIXTURES["checkout.session"]} for c in wanted], body, "/v1/checkout/sessions"
    )


def expire_checkout(server: FakeStripe, body: dict[str, Any], found: tuple[str, ...]) -> dict[str, Any]:
    session = next((c for c in server.checkouts if c["id"] == found[0]), None)
    if session is None or session["status"] != "open":
        raise Refused(400, 'Only Checkout Sessions with a status in ["open"] can be expired.')
    session["status"] = "expired"
    return {key: session[key] for key in FIXTURES["checkout.session"]}


def list_subscriptions(server: FakeStripe, body: dict[str, Any], _: tuple[str, ...]) -> dict[str, Any]:
    checked("subscription.list", body)
    wanted = [s for s in server.subscriptions.values() if s["customer"] == body["customer"]]
    return listed(wanted, body, "/v1/subscriptions")


def create_portal(server: FakeStripe, body: dict[str, Any], _: tuple[str, ...]) -> dict[str, Any]:
    checked("portal", body)
    _known(server.customers, body["customer"])
    flow = body.get("flow_data") or {}
    if flow.get("type") == "subscription_update":
        _known(server.subscriptions, flow["subscription_update"]["subscription"])
    kept = {key: value for key, value in body.items() if key != "flow_data"}
    server.portals.append(body)
    return made("billing_portal.session", **kept, id=server.new_id("bps"), url="https://billing.stripe.test/portal")


def get_charge(server: FakeStripe, body: dict[str, Any], found: tuple[str, ...]) -> dict[str, Any]:
    return _known(server.charges, found[0])


def get_subscription(server: FakeStripe, body: dict[str, Any], found: tuple[str, ...]) -> dict[str, Any]:
    return _known(server.subscriptions, found[0])


def _known(things: dict[str, dict[str, Any]], key: str) -> dict[str, Any]:
    if key not in things:
        raise Refused(404, f"No such object: '{key}'", code="resource_missing")
    return things[key]


def _merge(thing: dict[str, Any], change: dict[str, Any]) -> None:
    for key, value in change.items():
        if key == "metadata":
            thing["metadata"] = {**thing["metadata"], **value}
        else:
            thing[key] = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _route(method: str, path: str, handler: Handler) -> tuple[str, re.Pattern[str], Handler]:
    return method, re.compile(path), handler


ROUTES = [
    _route("POST", r"/v1/billing/meter_events", create_event),
    _route("POST", r"/v1/billing/meter_event_adjustments", adjust),
    _route("POST", r"/v1/billing/meters", create_meter),
    _route("GET", r"/v1/billing/meters", list_meters),
    _route("POST", r"/v1/billing/meters/(\w+)/(deactivate|reactivate)", switch_meter),
    _route("GET", r"/v1/billing/meters/(\w+)/event_summaries", summaries),
    _route("POST", r"/v1/billing/meters/(\w+)", change_meter),
    _route("POST", r"/v1/billing/credit_grants", create_grant),
    _route("POST", r"/v1/products", create_product),
    _route("GET", r"/v1/products", list_products),
    _route("POST", r"/v1/products/(\w+)", change_product),
    _route("POST", r"/v1/prices", create_price),
    _route("GET", r"/v1/prices", list_prices),
    _route("POST", r"/v1/prices/(\w+)", change_price),
    _route("POST", r"/v1/customers", create_customer),
    _route("GET", r"/v1/customers", list_customers),
    _route("POST", r"/v1/checkout/sessions", create_checkout),
    _route("GET", r"/v1/checkout/sessions", list_checkouts),
    _route("POST", r"/v1/checkout/sessions/(\w+)/expire", expire_checkout),
    _route("GET", r"/v1/subscriptions", list_subscriptions),
    _route("POST", r"/v1/billing_portal/sessions", create_portal),
    _route("GET", r"/v1/charges/(\w+)", get_charge),
    _route("GET", r"/v1/subscriptions/(\w+)", get_subscription),
]


def parsed(text: str) -> dict[str, Any]:
    """Stripe's form encoding: `a[b][0][c]=d` → nested dicts and lists."""
    body: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        keys = re.findall(r"[^\[\]]+", name)
        place = body
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = value
    return {key: _lists(value) for key, value in body.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_lists(value[key]) for key in sorted(value, key=int)]
    return {key: _lists(each) for key, each in value.items()}


class StripeServer:
    """`FakeStripe` on a free loopback port, in a thread with a loop of its own."""

    def __init__(self, state: FakeStripe | None = None) -> None:
        self.state = state or FakeStripe()
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(self._app, interface="asgi3", log_level="critical", lifespan="off", access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def __enter__(self) -> "StripeServer":
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the loopback server did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()

    async def _app(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        text = scope["query_string"].decode()
        more = True
        while more:
            message = await receive()
            text += message.get("body", b"").decode()
            more = message.get("more_body", False)
        method, path = scope["method"], scope["path"]
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        self.state.requests.append((method, path))
        fault = self.state.fault(method, path, len(self.state.requests) - 1)
        if fault:
            self.state.faults.append(fault)
        await self._answer(fault, method, path, parsed(text), headers, receive, send)

    async def _answer(
        self,
        fault: str,
        method: str,
        path: str,
        body: dict[str, Any],
        headers: dict[str, str],
        receive: Any,
        send: Any,
    ) -> None:
        status, answer = 200, {}
        if fault in ("500", "429"):
            status, answer = int(fault), {"error": {"type": "api_error", "message": "try again"}}
        elif fault != "refuse":
            try:
                answer = await self.state.in_turn(path, body, lambda: self.state.handle(method, path, body, headers))
            except Refused as refused:
                status, answer = refused.status, refused.body
        if fault == "slow":
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        if fault in ("refuse", "swallow"):
            await _hang_up(send)
        else:
            await _reply(send, status, answer)


async def _hang_up(send: Any) -> None:
    """Begins an answer and closes the connection in the middle of it."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100000")]})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})


async def _reply(send: Any, status: int, body: dict[str, Any]) -> None:
    headers = [(b"content-type", b"application/json"), (b"request-id", b"req_loopback")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
