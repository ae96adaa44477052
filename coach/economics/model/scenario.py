"""What-if scenarios: a small file or link that changes assumptions, prices and plans, never what was billed."""

import base64
import binascii
import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError, field_validator

from coach.avatar.policy import avatar_policies
from coach.contracts.base import Strict
from coach.economics.model.assumptions import Assumptions, assumptions
from coach.economics.model.margins import Market
from coach.economics.model.sensitivity import changed_market
from coach.economics.model.simulation import SESSIONS
from coach.economics.model.unit_cost import Service
from coach.economics.plans import Plan, PlanBook, PlanError, parse_plans, plan_book
from coach.economics.pricebook import PriceBook, price_book
from coach.errors import InputError
from coach.foreign_data import from_json, from_yaml

MAX_SHARED_BYTES = 20_000


class ScenarioError(InputError):
    """A scenario cannot be used; the message names the key."""

    code = "SCENARIO"


class ServiceChange(Strict):
    """Which parts a session runs on; empty = as in the plan."""

    avatar: str = "on_demand"
    model: str = "gpt-6-luna"
    speech: str = "nova-3"
    voice: str = "aura-2"
    short_rewrite: bool = False

    @field_validator("avatar")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in avatar_policies().policies:
            raise ValueError(f"there is no avatar policy called {value}")
        return value


class Scenario(Strict):
    """A named what-if.

    `assumptions`: expected values by name. `prices`: `vendor/meter` → USD price, variant name, or `×1.5`.
    `plans`: plan id → the keys of the plan file to change, nested (`{plus: {price: "24", limits: {interviews: 10}}}`).
    """

    name: str = Field(default="Base", min_length=1, max_length=80)
    note: str = Field(default="", max_length=500)
    assumptions: dict[str, float] = {}
    prices: dict[str, str | float] = {}
    plans: dict[str, dict[str, object]] = {}
    service: ServiceChange = ServiceChange()
    at: date | None = None
    seed: int = 7
    sessions: int = Field(default=SESSIONS, ge=1_000, le=1_000_000)


@dataclass(frozen=True, slots=True)
class Applied:
    """A scenario ready to compute with."""

    scenario: Scenario
    market: Market
    plans: PlanBook
    service: Service


def read_scenario(path: Path) -> Scenario:
    """Reads a scenario from YAML or JSON.

    Raises:
        ScenarioError: unreadable, unknown keys, impossible values.
    """
    try:
        raw = from_yaml(path.read_text(encoding="utf8"))
    except OSError as error:
        raise ScenarioError(f"The scenario {path.name} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ScenarioError(f"The scenario {path.name} is neither YAML nor JSON.") from error
    return parse_scenario(raw)


def parse_scenario(raw: object) -> Scenario:
    """Checks a scenario given as plain data (see `read_scenario`)."""
    try:
        return Scenario.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise ScenarioError(f"Scenario, {where}: {first['msg']}.") from error


def apply(
    scenario: Scenario,
    *,
    base: Assumptions | None = None,
    book: PriceBook | None = None,
    plans: PlanBook | None = None,
    today: date | None = None,
) -> Applied:
    """Base assumptions (shipped, or fitted), prices and plans with the scenario's changes.

    Raises:
        AssumptionError, PriceBookError, PlanError: naming what the scenario changes wrongly.
    """
    at = scenario.at or today or datetime.now(UTC).date()
    market = Market(base or assumptions(), book or price_book(), at)
    market = changed_market(market, scenario.assumptions, scenario.prices, scenario.name)
    return Applied(
        scenario, market, _changed_plans(plans or plan_book(), scenario.plans), Service(**scenario.service.model_dump())
    )


def share_token(scenario: Scenario) -> str:
    """The scenario as text short enough for a link."""
    plain = scenario.model_dump_json(exclude_defaults=True).encode()
    return base64.urlsafe_b64encode(zlib.compress(plain, 9)).decode().rstrip("=")


def from_share_token(token: str) -> Scenario:
    """The scenario of a link.

    Raises:
        ScenarioError: damaged, too large, or not a scenario.
    """
    try:
        packed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(packed, MAX_SHARED_BYTES)
        if unpacker.unconsumed_tail:
            raise ScenarioError("The shared scenario is too large.")
        return parse_scenario(from_json(plain))
    except (ValueError, binascii.Error, zlib.error) as error:
        raise ScenarioError("The link's scenario is damaged.", mend="Ask for the link again.") from error


def _changed_plans(plans: PlanBook, changes: dict[str, dict[str, object]]) -> PlanBook:
    if not changes:
        return plans
    for name in changes:
        plans.plan(name)
    raw = plans.model_dump()
    raw["plans"] = [_merged(plan, changes.get(plan["id"], {})) for plan in raw["plans"]]
    return parse_plans(raw)


def _merged(plan: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    unknown = set(change) - set(Plan.model_fields)
    if unknown or "id" in change:
        raise PlanError(f"Plan {plan['id']}: cannot change {', '.join(sorted(unknown)) or 'id'}.")
    nested = {
        key: {**(plan[key] or {}), **value}
        for key, value in change.items()
        if isinstance(value, dict) and isinstance(plan[key], dict | None)
    }
    return {**plan, **change, **nested}
