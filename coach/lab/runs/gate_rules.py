"""The `gate` block of an experiment: when a change is stopped."""

from typing import Literal

from pydantic import Field, model_validator

from coach.contracts.base import Strict


class Bound(Strict):
    """What the candidate's mean has to keep, whatever the baseline has; in the scorer's unit."""

    least: float | None = None
    most: float | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Bound":
        if self.least is None and self.most is None:
            raise ValueError("a bound needs least or most")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError("least is above most")
        return self

    def keeps(self, value: float) -> bool:
        """Whether `value` lies within."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def __str__(self) -> str:
        """As a person reads it."""
        ends = [
            f"at least {self.least:g}" if self.least is not None else "",
            f"at most {self.most:g}" if self.most is not None else "",
        ]
        return " and ".join(end for end in ends if end)


class GateRules(Strict):
    """When `lab gate` says no.

    Attributes:
        margins: by scorer, how much worse the candidate may be than the baseline, in the scorer's unit. The primary
            scorer has 0 and guarded scorers their own margin unless they stand here.
        bounds: by scorer, what the candidate's mean has to keep.
        unsure: whether an interval that still holds a regression beyond the margin passes or fails.
        failures: share of calls the provider may fail before the comparison counts as incomplete.
    """

    margins: dict[str, float] = {}
    bounds: dict[str, Bound] = {}
    unsure: Literal["pass", "fail"] = "pass"
    failures: float = Field(default=0.02, ge=0, le=1)
