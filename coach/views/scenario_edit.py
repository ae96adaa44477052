"""A what-if scenario as a form changes it: what was touched is changed, everything else it says stays."""

from collections.abc import Mapping
from typing import Any

from coach.economics.model.scenario import Scenario, ServiceChange
from coach.economics.plans import plan_book

SAME = 1e-6
"""Values nearer to each other are one: sliders send binary fractions."""
Plain = dict[str, Any]


def edited(
    scenario: Scenario,
    *,
    name: str,
    values: Mapping[str, float],
    factors: Mapping[str, int],
    avatar: str,
    base: Mapping[str, float],
) -> Plain:
    """The scenario with what somebody touched.

    Args:
        scenario: as it was; a link or a file may have brought more than a form shows.
        name: what it is called now.
        values: touched assumptions.
        factors: touched prices, by how many per cent they move; 0 is the price of the book.
        avatar: when the avatar is connected.
        base: assumptions without a scenario; what equals them is no part of it.
    """
    plain = scenario.model_dump(mode="json", exclude_defaults=True)
    assumed = {**scenario.assumptions, **values}
    prices = {key: told for key, told in scenario.prices.items() if factors.get(key) != 0}
    plain |= {
        "name": name.strip() or "My scenario",
        "assumptions": {key: value for key, value in assumed.items() if abs(value - base.get(key, -1)) > SAME},
        "prices": prices | {key: f"×{1 + percent / 100:g}" for key, percent in factors.items() if percent},
    }
    return plain if avatar == scenario.service.avatar else _with_avatar(plain, avatar)


def _with_avatar(plain: Plain, avatar: str) -> Plain:
    """Every plan that has an avatar gets this policy; the default one is no change."""
    default = ServiceChange().avatar
    service = {key: value for key, value in plain.get("service", {}).items() if key != "avatar"}
    service |= {} if avatar == default else {"avatar": avatar}
    plans = dict(plain.get("plans", {}))
    for plan in plan_book().plans:
        if plan.avatar == "drawn":
            continue
        change = {key: value for key, value in plans.get(plan.id, {}).items() if key not in ("avatar", "limits")}
        change |= {} if avatar == default else {"avatar": avatar}
        limits = dict(plans.get(plan.id, {}).get("limits", {}))
        if limits.get("avatar_minutes") == 0:
            del limits["avatar_minutes"]
        limits |= {"avatar_minutes": 0} if avatar == "drawn" else {}
        plans[plan.id] = change | ({"limits": limits} if limits else {})
    rest = {key: value for key, value in plain.items() if key not in ("service", "plans")}
    plans = {key: change for key, change in plans.items() if change}
    return rest | ({"service": service} if service else {}) | ({"plans": plans} if plans else {})
