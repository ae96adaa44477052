"""What `run_evaluation` reports while an evaluation streams, in order; consumed by the conductor."""

from dataclasses import dataclass, field
from typing import Any

from coach.contracts.brain import Care, EvaluationResult, Evidence, GuardFinding
from coach.contracts.evaluation import SectionName


@dataclass(frozen=True, slots=True)
class MarkReached:
    """A moment for the waterfall: `request_sent`, `first_token`, `follow_up_complete`."""

    name: str


@dataclass(frozen=True, slots=True)
class SectionReady:
    """One completed top-level section, validated and guarded; `value` is its pydantic model (a list for notes)."""

    name: SectionName
    value: Any
    guards: list[GuardFinding] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CareTaken:
    """Something was noticed that comes before coaching; always first, before any section."""

    care: Care


@dataclass(frozen=True, slots=True)
class StoodIn:
    """The brain brought nothing that could be used: the one of this name judges; before any section."""

    brain: str


@dataclass(frozen=True, slots=True)
class EvaluationFinished:
    """The end, exactly once: a valid evaluation in any case."""

    result: EvaluationResult


Progress = MarkReached | CareTaken | StoodIn | SectionReady | EvaluationFinished
