"""Before a run: how small a difference it would find, and how many answers the smallest useful one needs.

The spread is that of the newest comparison made here on the same score, else an assumption that is named as one. The
power functions are those the verdict uses (`statistics.power`).
"""

import math

from coach.contracts.base import Record
from coach.errors import CoachError
from coach.lab.comparing import compare_runs
from coach.lab.report import SMALLEST_USEFUL_SHARE
from coach.lab.runs.dataset import Dataset
from coach.lab.runs.scorers import SCORER_BY_NAME
from coach.lab.runs.workspace import Experiment, Workspace
from coach.lab.statistics.power import Design, items_needed, minimum_detectable_effect, predicted_power
from coach.lab.statistics.verdict import MIN_PERSONS

ASSUMED_SD = {"points": 1.0, "share": 0.35}
ASSUMED_ICC = 0.3
"""Assumptions until something was measured: a paired difference of one point SD, answers of one person alike by 0.3."""
CURVE_STEPS = (0.25, 0.5, 1, 2, 4, 8)
RUNS_ASKED = 5


class RunPlan(Record):
    """What a run of this size can show.

    Attributes:
        primary: the score the verdict will rest on, and its `unit`.
        effect: the smallest useful difference.
        detectable: the difference found in four of five runs of this size.
        power: how often this size finds `effect`, 0-1.
        items_needed: answers, of as many people as keeps the answers per person, that find `effect` in four of five.
        persons_short: people missing until anything is decided at all.
        sd, icc: spread of paired differences and their likeness within a person; `source` says where from.
        curve: (answers, detectable difference) for smaller and larger runs.
    """

    primary: str
    unit: str
    items: int
    persons: int
    effect: float
    detectable: float
    power: float
    items_needed: int
    persons_short: int
    sd: float
    icc: float
    source: str
    curve: list[tuple[int, float]]

    @property
    def sentence(self) -> str:
        """The plan in words."""
        found = f"{self.items} answers of {self.persons} people find differences of {self.detectable:.2f} or more"
        need = f"{self.effect:g} on {self.primary} needs about {self.items_needed} answers"
        short = (
            f" {self.persons_short} more people are needed before anything is decided." if self.persons_short else ""
        )
        return f"{found} in four of five runs; {need}. {self.source}.{short}"


def plan_run(workspace: Workspace, data: Dataset, experiment: Experiment) -> RunPlan:
    """Plans `experiment` on `data`; nothing is called."""
    primary = primary_of(data)
    unit = SCORER_BY_NAME[primary].unit
    effect = SMALLEST_USEFUL_SHARE if unit == "share" else experiment.smallest_useful
    sd, icc, source = _spread(workspace, primary, unit)
    persons, per_person = max(2, data.persons), max(1.0, len(data.items) / max(1, data.persons))
    design = Design(persons, per_person, sd, icc)
    sizes = sorted({max(2, math.ceil(persons * step)) for step in CURVE_STEPS})
    return RunPlan(
        primary=primary,
        unit=unit,
        items=len(data.items),
        persons=data.persons,
        effect=effect,
        detectable=minimum_detectable_effect(design),
        power=predicted_power(design, effect),
        items_needed=max(items_needed(design, effect), math.ceil(MIN_PERSONS * per_person)),
        persons_short=max(0, MIN_PERSONS - data.persons),
        sd=sd,
        icc=icc,
        source=source,
        curve=[(round(n * per_person), minimum_detectable_effect(Design(n, per_person, sd, icc))) for n in sizes],
    )


def primary_of(data: Dataset) -> str:
    """The score a comparison on `data` will rest on; the order is that of the report."""
    gold = [item.gold for item in data.items]
    if any(g.content is not None for g in gold):
        return "content error"
    if any(g.overall is not None for g in gold):
        return "overall error"
    if any(g.follow_up is not None for g in gold):
        return "follow-up right"
    return "care right" if any(g.care is not None for g in gold) else "overall"


def _spread(workspace: Workspace, primary: str, unit: str) -> tuple[float, float, str]:
    made = [run for run in workspace.runs() if len(run.experiment.variants) > 1 and not run.recorded]
    for info in made[:RUNS_ASKED]:
        try:
            report = compare_runs(workspace, info.id, info.id, take_look=False)
        except CoachError:
            continue
        found = next((c for c in report.comparisons if c.scorer == primary and c.sd > 0), None)
        if found:
            return found.sd, found.icc, f"The spread is that of run {info.id}"
    return ASSUMED_SD[unit], ASSUMED_ICC, "The spread is assumed, nothing was measured here yet"
