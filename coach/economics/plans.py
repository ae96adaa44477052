"""The plans on sale: price, limits in the product's own terms, guardrails and overage, read from data and checked."""

from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from coach.avatar.policy import avatar_policies
from coach.contracts.base import Strict
from coach.economics.model.assumptions import MAX_QUESTIONS
from coach.economics.model.unit_cost import Service
from coach.errors import InputError
from coach.settings import DATA

PLANS_PATH = DATA / "plans" / "plans.yaml"
PlanKind = Literal["trial", "pack", "monthly"]
MAX_INTERVIEWS = 200
"""Included interviews no plan exceeds: six a day. What is computed of a plan grows with them."""
MAX_BEYOND = Decimal(5)
"""Times the included interviews that no guardrail exceeds; with `MAX_INTERVIEWS` at most 1,000 of one person."""
MAX_PRICE = Decimal(1_000_000)
MAX_RETRIES = 10
"""Retries per interview no plan exceeds: two per question of the longest interview."""


class PlanError(InputError):
    """A plan cannot be sold as written; the message names it."""

    code = "PLAN"


class Limits(Strict):
    """What a plan includes. Interviews and avatar minutes are per month, per pack or, for the trial, once."""

    interviews: int = Field(gt=0, le=MAX_INTERVIEWS)
    questions_per_interview: int = Field(gt=0, le=MAX_QUESTIONS)
    retries_per_interview: int = Field(gt=0, le=MAX_RETRIES)
    avatar_minutes: int = Field(ge=0, le=100_000)


class Guardrails(Strict):
    """Shares of the included interviews at which the person is told, served cheaper, and offered more."""

    soft_cap: Decimal = Field(gt=0, le=1)
    throttle_at: Decimal = Field(gt=0, le=MAX_BEYOND)
    hard_cap: Decimal = Field(gt=0, le=MAX_BEYOND)

    @model_validator(mode="after")
    def _ordered(self) -> "Guardrails":
        if not self.soft_cap <= self.throttle_at <= self.hard_cap:
            raise ValueError("soft_cap ≤ throttle_at ≤ hard_cap")
        return self


class Overage(Strict):
    """What units over the limit cost, where the person has agreed to pay for them."""

    retry: Decimal = Field(gt=0, le=MAX_PRICE)

    @model_validator(mode="after")
    def _chargeable(self) -> "Overage":
        if self.retry != self.retry.quantize(Decimal("0.01")):
            raise ValueError("a price has whole cents")
        return self


class Plan(Strict):
    """One plan. `price` is per month, per pack, or 0; without taxes."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{1,30}$")
    name: str = Field(min_length=1, max_length=60)
    kind: PlanKind
    price: Decimal = Field(ge=0, le=MAX_PRICE)
    avatar: str
    limits: Limits
    guardrails: Guardrails
    overage: Overage | None = None

    @model_validator(mode="after")
    def _sellable(self) -> "Plan":
        if (self.kind == "trial") != (self.price == 0):
            raise ValueError("only the trial is free")
        if self.avatar not in avatar_policies().policies:
            raise ValueError(f"there is no avatar policy called {self.avatar}")
        if self.price != self.price.quantize(Decimal("0.01")):
            raise ValueError("a price has whole cents")
        if self.avatar == "drawn" and self.limits.avatar_minutes:
            raise ValueError("a plan with the drawn avatar includes no avatar minutes")
        if self.avatar != "drawn" and not self.limits.avatar_minutes:
            raise ValueError("a plan with an avatar needs avatar_minutes above 0")
        if self.kind != "monthly" and (self.guardrails.hard_cap != 1 or self.overage):
            raise ValueError("only monthly tiers go beyond what is included")
        return self

    @property
    def service(self) -> Service:
        """The full service of this plan."""
        return Service(avatar=self.avatar)

    @property
    def throttle_after(self) -> int:
        """Interviews at full service."""
        return int(self.limits.interviews * self.guardrails.throttle_at)

    @property
    def hard_cap(self) -> int:
        """Interviews of any service."""
        return int(self.limits.interviews * self.guardrails.hard_cap)

    @property
    def soft_cap(self) -> int:
        """Interviews after which the person is told how many are left."""
        return int(self.limits.interviews * self.guardrails.soft_cap)


class MeterPlan(Strict):
    """One thing that is counted, when, with which identity, and the Stripe meter it maps to."""

    event_name: str = Field(pattern=r"^[a-z][a-z0-9_]{1,60}$")
    display_name: str
    vendor: str
    meter: str
    unit: str
    counted: str
    identity: str
    bills: Literal["", "retry"] = ""


class LocalPlan(Strict):
    """The laptop without billing: everything, for nothing."""

    id: str = "local"
    name: str


class PlanBook(Strict):
    """Everything in the plan file."""

    version: str
    currency: Literal["USD"] = "USD"
    minimum_worst_margin: Decimal = Field(ge=0, lt=1)
    late_usage: Literal["current_period", "write_off"]
    local_plan: LocalPlan
    plans: tuple[Plan, ...] = Field(min_length=1)
    meters: tuple[MeterPlan, ...]

    @model_validator(mode="after")
    def _unique(self) -> "PlanBook":
        for label, names in (
            ("plan id", [plan.id for plan in self.plans] + [self.local_plan.id]),
            ("plan name", [plan.name for plan in self.plans]),
            ("meter", [meter.event_name for meter in self.meters]),
            ("metered use", [f"{meter.vendor}/{meter.meter}" for meter in self.meters]),
        ):
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice:
                raise ValueError(f"{label} {twice} is there twice")
        trials = [plan.id for plan in self.plans if plan.kind == "trial"]
        if len(trials) != 1 or len(self.plans) < 2:
            raise ValueError(f"one trial is needed, and something that is sold; trials: {', '.join(trials) or 'none'}")
        return self

    def plan(self, plan_id: str) -> Plan:
        """One plan.

        Raises:
            PlanError: unknown.
        """
        found = next((plan for plan in self.plans if plan.id == plan_id), None)
        if found is None:
            raise PlanError(f"There is no plan called {plan_id}.")
        return found


def load_plans(path: Path = PLANS_PATH) -> PlanBook:
    """Reads and checks the plan file.

    Raises:
        PlanError: names the plan and what is wrong with it.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf8"))
    except (OSError, yaml.YAMLError) as error:
        raise PlanError(f"The plan file {path.name} cannot be read: {type(error).__name__}.") from error
    return parse_plans(raw)


def parse_plans(raw: object) -> PlanBook:
    """Checks plans given as plain data (see `load_plans`)."""
    try:
        return PlanBook.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        raise PlanError(f"Plan {_name(raw, first['loc'])}: {first['msg']}.") from error


@lru_cache(maxsize=1)
def plan_book() -> PlanBook:
    """The shipped plans, read once per process."""
    return load_plans()


def _name(raw: object, where: tuple[int | str, ...]) -> str:
    if isinstance(raw, dict) and len(where) > 1 and where[0] == "plans" and isinstance(where[1], int):
        plan = raw["plans"][where[1]]
        name = plan.get("id", where[1]) if isinstance(plan, dict) else where[1]
        return f"{name}, {'.'.join(map(str, where[2:])) or 'as a whole'}"
    return f"file, {'.'.join(map(str, where)) or 'as a whole'}"
