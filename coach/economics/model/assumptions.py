"""What a session uses: parameters with bounds, their distributions, and whether each was fitted, assumed or set."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from coach.contracts.base import Record
from coach.errors import InputError
from coach.settings import DATA

ASSUMPTIONS_PATH = DATA / "plans" / "assumptions.yaml"
Case = Literal["best", "expected", "worst"]
CASES: tuple[Case, ...] = ("best", "expected", "worst")
NEVER_ZERO = frozenset({"characters_per_s", "answer_spread", "retries_dispersion"})
RATES = frozenset(
    {"follow_up_rate", "restart_share", "batch_share", "cache_hit_rate", "credits_used", "overage_uptake", "churn"}
)
MAX_QUESTIONS = 5
MAX_REPAIRS = 2
"""Calls after the first for one answer (`coach.brain.evaluation.repair.MAX_CALLS` less one)."""
MAX_ANSWER_S = 180.0
MIN_ANSWER_S = 5.0
MAX_SPREAD = 3.0
"""Of the logarithm of answer lengths; beyond it nearly every answer lies at one of its ends."""
HIGHEST = 1_000_000.0
"""Nothing that is assumed of a session comes near it; beyond it money would leave its exact digits."""


class AssumptionError(InputError):
    """An assumption is missing, unknown or impossible; the message names it."""

    code = "ASSUMPTION"


class Parameter(Record):
    """One assumption. `n` is the number of observations when it was fitted."""

    name: str
    best: float = Field(ge=0, le=HIGHEST)
    expected: float = Field(ge=0, le=HIGHEST)
    worst: float = Field(ge=0, le=HIGHEST)
    unit: str
    distribution: str
    fitted_by: str = ""
    source: Literal["assumed", "fitted", "scenario"] = "assumed"
    n: int = 0
    note: str = ""

    @model_validator(mode="after")
    def _possible(self) -> "Parameter":
        if self.name in RATES and max(self.best, self.expected, self.worst) > 1:
            raise ValueError("a rate cannot exceed 1")
        if self.name == "repair_rate" and max(self.best, self.expected, self.worst) > MAX_REPAIRS:
            raise ValueError(f"at most {MAX_REPAIRS} repairs per attempt are made")
        if self.name == "questions" and not 1 <= min(self.best, self.expected, self.worst) <= MAX_QUESTIONS:
            raise ValueError("questions are 1 to 5")
        if self.name == "questions" and max(self.expected, self.worst) > MAX_QUESTIONS:
            raise ValueError("questions are 1 to 5")
        if self.name == "answer_s" and not MIN_ANSWER_S < self.expected < MAX_ANSWER_S:
            raise ValueError("the mean answer must lie between 5 and 180 s")
        if self.name == "answer_spread" and max(self.best, self.expected, self.worst) > MAX_SPREAD:
            raise ValueError(f"the spread of answers is at most {MAX_SPREAD:g}")
        if self.name in NEVER_ZERO and not min(self.best, self.expected, self.worst):
            raise ValueError("must be more than 0")
        return self


@dataclass(frozen=True, slots=True)
class Point:
    """One value per parameter: the case (best, expected, worst) the model is evaluated at. Units as in Parameter."""

    questions: float
    follow_up_rate: float
    retries: float
    retries_dispersion: float
    answer_s: float
    answer_spread: float
    restarts: float
    restart_share: float
    batch_share: float
    words_per_minute: float
    tokens_per_word: float
    prefix_tokens: float
    context_tokens: float
    output_tokens: float
    cache_hit_rate: float
    repair_rate: float
    session_input_tokens: float
    session_output_tokens: float
    question_characters: float
    follow_up_characters: float
    characters_per_s: float
    avatar_overhead_s: float
    feedback_s: float
    interviews_used: float
    credits_used: float
    overage_uptake: float
    churn: float
    trial_conversion: float

    @property
    def follow_ups(self) -> float:
        """Mean follow-ups of a session."""
        return self.questions * self.follow_up_rate

    @property
    def attempts(self) -> float:
        """Mean evaluated answers of a session: questions, follow-ups and retries."""
        return self.questions + self.follow_ups + self.retries


NAMES = tuple(field.name for field in fields(Point))


class Assumptions:
    """All parameters. Immutable; `with_overrides` and fitting return copies."""

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        missing = [name for name in NAMES if name not in parameters]
        unknown = [name for name in parameters if name not in NAMES]
        if missing or unknown:
            raise AssumptionError(
                f"Assumptions missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}."
            )
        self.parameters = {name: parameters[name] for name in NAMES}

    def point(self, case: Case) -> Point:
        """The values of one case."""
        return Point(**{name: getattr(parameter, case) for name, parameter in self.parameters.items()})

    def with_overrides(
        self, values: Mapping[str, float], *, source: Literal["fitted", "scenario"] = "scenario", n: int = 0
    ) -> "Assumptions":
        """A copy with other expected values; bounds widen where the new value lies outside them.

        Raises:
            AssumptionError: unknown name or impossible value.
        """
        parameters = dict(self.parameters)
        for name, value in values.items():
            if name not in parameters:
                raise AssumptionError(f"There is no assumption called {name}.", mend=f"Known: {', '.join(NAMES)}.")
            parameters[name] = _changed(parameters[name], value, source=source, n=n)
        return Assumptions(parameters)


def load_assumptions(path: Path = ASSUMPTIONS_PATH) -> Assumptions:
    """Reads the assumptions.

    Raises:
        AssumptionError: the file or a parameter cannot be used; names it.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf8"))["parameters"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise AssumptionError(f"The assumptions in {path.name} cannot be read: {type(error).__name__}.") from error
    return Assumptions({name: _parameter({"name": name, **values}) for name, values in raw.items()})


@lru_cache(maxsize=1)
def assumptions() -> Assumptions:
    """The shipped assumptions, read once per process."""
    return load_assumptions()


def _parameter(values: dict[str, object]) -> Parameter:
    try:
        return Parameter.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise AssumptionError(f"Assumption {values['name']}: {first['msg']}.") from error


def _changed(parameter: Parameter, value: object, *, source: str, n: int) -> Parameter:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AssumptionError(f"Assumption {parameter.name}: {value!r} is not a number.")
    low, high = sorted((parameter.best, parameter.worst))
    rising = parameter.best <= parameter.worst
    low, high = min(low, value), max(high, value)
    best, worst = (low, high) if rising else (high, low)
    changed = {"expected": float(value), "best": best, "worst": worst, "source": source, "n": n}
    return _parameter({**parameter.model_dump(), **changed})
