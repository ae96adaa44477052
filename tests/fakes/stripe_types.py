"""Checks requests against the SDK's own parameter types, as Stripe checks them against its interface."""

import sys
import typing
from functools import cache
from typing import Any, Literal, get_args, get_origin

import typing_extensions
from stripe._request_options import RequestOptions
from stripe._stripe_context import StripeContext
from stripe.params import (
    CustomerCreateParams,
    PriceCreateParams,
    PriceUpdateParams,
    ProductCreateParams,
    ProductUpdateParams,
    SubscriptionListParams,
)
from stripe.params.billing import (
    CreditGrantCreateParams,
    MeterCreateParams,
    MeterDeactivateParams,
    MeterEventAdjustmentCreateParams,
    MeterEventCreateParams,
    MeterListEventSummariesParams,
    MeterListParams,
    MeterReactivateParams,
    MeterUpdateParams,
)
from stripe.params.billing_portal import SessionCreateParams as PortalParams
from stripe.params.checkout import SessionCreateParams as CheckoutParams
from stripe.params.checkout import SessionListParams as CheckoutListParams

PARAMS: dict[str, Any] = {
    "customer": CustomerCreateParams,
    "price.create": PriceCreateParams,
    "price.update": PriceUpdateParams,
    "product.create": ProductCreateParams,
    "product.update": ProductUpdateParams,
    "grant": CreditGrantCreateParams,
    "meter.create": MeterCreateParams,
    "meter.update": MeterUpdateParams,
    "meter.deactivate": MeterDeactivateParams,
    "meter.reactivate": MeterReactivateParams,
    "meter.list": MeterListParams,
    "meter_event": MeterEventCreateParams,
    "adjustment": MeterEventAdjustmentCreateParams,
    "summaries": MeterListEventSummariesParams,
    "portal": PortalParams,
    "checkout": CheckoutParams,
    "checkout.list": CheckoutListParams,
    "subscription.list": SubscriptionListParams,
}
OPTIONS = frozenset(RequestOptions.__annotations__)


def complaint(kind: str, body: dict[str, Any]) -> tuple[str, str] | None:
    """(code, text) of the first thing Stripe would refuse, or None."""
    return _complaint(PARAMS[kind], body, "")


@cache
def _hints(params: Any) -> dict[str, Any]:
    names = {**vars(sys.modules[RequestOptions.__module__]), "StripeContext": StripeContext}
    names |= vars(sys.modules[params.__module__])
    return typing_extensions.get_type_hints(params, globalns=names, localns=names)


def _complaint(params: Any, body: dict[str, Any], path: str) -> tuple[str, str] | None:
    hints = _hints(params)
    for name in body:
        if name not in hints or (not path and name in OPTIONS):
            return "parameter_unknown", f"Received unknown parameter: {path}{name}"
    for name in params.__required_keys__:
        if name not in body and name not in OPTIONS:
            return "parameter_missing", f"Missing required param: {path}{name}."
    found = (_value(hints[name], value, f"{path}{name}") for name, value in body.items())
    return next((each for each in found if each), None)


def _value(hint: Any, value: Any, path: str) -> tuple[str, str] | None:
    choices = _alternatives(hint)
    shapes = [choice for choice in choices if typing_extensions.is_typeddict(choice)]
    if isinstance(value, dict):
        return _complaint(shapes[0], value, f"{path}.") if shapes else None
    if isinstance(value, list):
        items = [get_args(choice)[0] for choice in choices if get_origin(choice) is list]
        found = (_value(items[0], each, path) for each in value) if items else iter(())
        return next((each for each in found if each), None)
    if int in choices and str not in choices and not str(value).lstrip("-").isdigit() and value != "":
        return "parameter_invalid_integer", f"Invalid integer: {value}"
    literals = [arg for choice in choices if get_origin(choice) is Literal for arg in get_args(choice)]
    open_ended = any(choice is str for choice in choices)
    if literals and not open_ended and value not in map(str, literals):
        return "parameter_invalid", f"Invalid {path}: must be one of {', '.join(map(str, literals))}"
    return None


def _alternatives(hint: Any) -> list[Any]:
    if get_origin(hint) in (typing.Union, getattr(typing, "UnionType", None)) or type(hint).__name__ == "UnionType":
        return [each for arg in get_args(hint) for each in _alternatives(arg)]
    return [hint]
