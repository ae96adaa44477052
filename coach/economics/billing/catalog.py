"""What should be on sale at Stripe, derived from the plan file, and how that differs from what is there."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from coach.contracts.base import Record
from coach.economics.plans import Plan, PlanBook

ObjectKind = Literal["meter", "product", "price"]
Action = Literal["create", "update", "replace", "archive", "restore"]
MANAGED = {"managed_by": "jobfoxy"}


class CatalogObject(Record):
    """One Stripe object as wanted or found. `key` is permanent: event name, product id or lookup key.

    `fields` are what is compared; `id` is Stripe's own (empty while it does not exist); `fixed` names the fields that
    cannot be changed, so that a difference there means a new object under the same key.
    """

    kind: ObjectKind
    key: str
    fields: dict[str, Any]
    id: str = ""
    active: bool = True


FIXED: dict[str, frozenset[str]] = {
    "meter": frozenset({"event_name", "aggregation"}),
    "product": frozenset(),
    "price": frozenset({"unit_amount", "currency", "interval", "usage_type", "meter", "product"}),
}
ORDER: tuple[ObjectKind, ...] = ("meter", "product", "price")


class Change(Record):
    """One step of a sync: what is done to which object, and the fields that differ."""

    action: Action
    kind: ObjectKind
    key: str
    before: dict[str, object] = {}
    after: dict[str, Any] = {}
    id: str = ""


def wanted(plans: PlanBook) -> list[CatalogObject]:
    """Meters, products and prices of the plan file. The trial is not sold, so it is not there."""
    objects = [_meter(meter.event_name, meter.display_name) for meter in plans.meters]
    for plan in plans.plans:
        if plan.kind != "trial":
            objects += [_product(plan, plans.version), *_prices(plan, plans)]
    return objects


def difference(target: Iterable[CatalogObject], found: Iterable[CatalogObject]) -> list[Change]:
    """The steps from what is found to what is wanted, in an order that works (meters before prices).

    Only objects marked as ours are ever archived.
    """
    actual = {(each.kind, each.key): each for each in found}
    goals = {(each.kind, each.key): each for each in target}
    changes = [change for key, goal in goals.items() if (change := _step(goal, actual.get(key)))]
    changes += [
        Change(action="archive", kind=each.kind, key=each.key, before=each.fields, id=each.id)
        for key, each in actual.items()
        if key not in goals
        and each.active
        and each.fields.get("metadata", {}).get("managed_by") == MANAGED["managed_by"]
    ]
    return sorted(changes, key=lambda change: (change.action == "archive", ORDER.index(change.kind)))


def product_id(plan_id: str) -> str:
    """Our own id of a plan's product."""
    return f"jobfoxy_{plan_id}"


def price_key(plan: Plan) -> str:
    """Lookup key of a plan's price."""
    return f"jobfoxy_{plan.id}_{'month' if plan.kind == 'monthly' else 'pack'}"


def overage_key(plan: Plan) -> str:
    """Lookup key of a tier's price for extra retries."""
    return f"jobfoxy_{plan.id}_extra_retry"


def _step(goal: CatalogObject, found: CatalogObject | None) -> Change | None:
    if found is None:
        return Change(action="create", kind=goal.kind, key=goal.key, after=goal.fields)
    names = [name for name, value in goal.fields.items() if _differs(found.fields.get(name), value)]
    step = {
        "kind": goal.kind,
        "key": goal.key,
        "id": found.id,
        "before": {name: found.fields.get(name) for name in names},
        "after": {name: goal.fields[name] for name in names},
    }
    if FIXED[goal.kind] & set(names):
        return Change(action="replace", **{**step, "after": goal.fields})
    if not found.active:
        return Change(action="restore", **step)
    return Change(action="update", **step) if names else None


def _differs(found: Any, goal: Any) -> bool:
    """Metadata somebody added at Stripe is theirs; only our keys count."""
    if isinstance(goal, Mapping):
        return any((found or {}).get(key) != value for key, value in goal.items())
    return bool(found != goal)


def _meter(event_name: str, display_name: str) -> CatalogObject:
    fields = {"event_name": event_name, "display_name": display_name, "aggregation": "sum"}
    return CatalogObject(kind="meter", key=event_name, fields=fields)


def _product(plan: Plan, version: str) -> CatalogObject:
    limits = {name: str(value) for name, value in plan.limits.model_dump().items()}
    metadata = {**MANAGED, "plan_id": plan.id, "kind": plan.kind, "plan_file": version, **limits}
    per = "a month" if plan.kind == "monthly" else "a pack"
    description = (
        f"{plan.limits.interviews} interviews {per}, up to {plan.limits.questions_per_interview} questions and "
        f"{plan.limits.retries_per_interview} retries each"
    )
    fields = {"name": f"Job Foxy {plan.name}", "description": description, "metadata": metadata}
    return CatalogObject(kind="product", key=product_id(plan.id), fields=fields)


def _prices(plan: Plan, plans: PlanBook) -> list[CatalogObject]:
    monthly = plan.kind == "monthly"
    base = _price(price_key(plan), plan, int(plan.price * 100), interval="month" if monthly else None)
    if not plan.overage:
        return [base]
    meter = next(meter.event_name for meter in plans.meters if meter.bills == "retry")
    extra = _price(overage_key(plan), plan, int(plan.overage.retry * 100), interval="month", meter=meter)
    return [base, extra]


def _price(key: str, plan: Plan, cents: int, *, interval: str | None, meter: str | None = None) -> CatalogObject:
    fields = {
        "unit_amount": cents,
        "currency": "usd",
        "interval": interval,
        "usage_type": ("metered" if meter else "licensed") if interval else None,
        "meter": meter,
        "product": product_id(plan.id),
        "nickname": f"{plan.name}, extra retry" if meter else plan.name,
        "metadata": {**MANAGED, "plan_id": plan.id, "interviews": "0" if meter else str(plan.limits.interviews)},
    }
    return CatalogObject(kind="price", key=key, fields=fields)
