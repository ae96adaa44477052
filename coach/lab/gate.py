"""A gate for prompts: runs an experiment and says whether a change may pass, score by score.

A regression is what the paired statistics are sure of: the whole interval of a guarded scorer beyond its margin, the
primary scorer significantly worse, or a candidate's mean outside its bound. What was not compared does not pass.
"""

from collections.abc import Callable
from typing import Literal

from coach.contracts.base import Record
from coach.errors import InputError
from coach.lab.report import ComparisonReport
from coach.lab.runs.gate_rules import GateRules
from coach.lab.runs.replay import RunReport
from coach.lab.runs.workspace import Experiment
from coach.lab.service import Lab, RunResult
from coach.lab.statistics.paired import PairedComparison
from coach.lab.statistics.verdict import Margin, became_worse, not_worse

ALPHA = 0.05
Status = Literal["pass", "regression", "unsure", "watched"]
GateDecision = Literal["pass", "regression", "incomplete", "nothing compared"]


class GatedScorer(Record):
    """One scorer of one candidate. `watched` scorers are shown and decide nothing.

    Attributes:
        baseline, candidate: means over the answers both judged, in the scorer's unit.
        difference, low, high: candidate minus baseline with its 95 % interval.
        margin: how much worse it may be; None where it is not guarded.
        bound: what the candidate has to keep, in words; empty where nothing was asked.
        reason: why it does not pass, empty where it does.
    """

    variant: str
    scorer: str
    status: Status
    higher_is_better: bool
    baseline: float
    candidate: float
    difference: float
    low: float
    high: float
    p_adjusted: float | None
    n_items: int
    n_persons: int
    margin: float | None = None
    bound: str = ""
    reason: str = ""


class GateReport(Record):
    """What the gate says. Only `pass` lets a change through."""

    verdict: GateDecision
    sentence: str
    experiment: str
    run: str
    baseline: str
    candidates: list[str]
    dataset: str
    dataset_hash: str
    scorers: list[GatedScorer]
    sentences: dict[str, str]
    """The comparison's own verdict by candidate."""
    spent_usd: str
    notes: list[str] = []


async def pass_gate(
    lab: Lab, experiment: Experiment, *, on_progress: Callable[[RunReport], None] | None = None
) -> GateReport:
    """Runs what is left of `experiment` and judges every variant after the first against the first.

    Raises:
        InputError: fewer than two variants, or a rule about a scorer that does not exist.
    """
    if len(experiment.variants) < 2:
        raise InputError("A gate needs two variants: the baseline and the candidate.")
    result = await lab.run(experiment, on_progress=on_progress)
    first, *others = [variant.name for variant in experiment.variants]
    reports = {name: lab.compare(f"{result.run}:{first}", f"{result.run}:{name}") for name in others}
    rows = [row for report in reports.values() for row in gated(report, experiment.gate)]
    verdict, sentence = _decide(rows, reports, result, experiment)
    notes = [note for report in reports.values() for note in report.notes]
    return GateReport(
        verdict=verdict,
        sentence=sentence,
        experiment=experiment.name,
        run=result.run,
        baseline=first,
        candidates=others,
        dataset=next(iter(reports.values())).dataset,
        dataset_hash=result.dataset_hash,
        scorers=rows,
        sentences={name: report.verdict.sentence for name, report in reports.items()},
        spent_usd=str(result.spent_usd),
        notes=list(dict.fromkeys([*notes, *([result.note] if result.note else [])])),
    )


def gated(report: ComparisonReport, rules: GateRules) -> list[GatedScorer]:
    """Every scorer of a comparison under the rules.

    Raises:
        InputError: a rule names a scorer that nothing was measured by.
    """
    known = {c.scorer for c in report.comparisons}
    unknown = sorted({*rules.margins, *rules.bounds} - known)
    if unknown and known:
        raise InputError(
            f"The gate asks about {', '.join(unknown)}, which this comparison does not measure.",
            mend=f"Measured were: {', '.join(sorted(known))}.",
        )
    return [_gated(report, comparison, rules) for comparison in report.comparisons]


def _gated(report: ComparisonReport, comparison: PairedComparison, rules: GateRules) -> GatedScorer:
    name = comparison.scorer
    margin = rules.margins.get(name, report.margins.get(name, 0.0 if name == report.primary else None))
    bound = rules.bounds.get(name)
    better = report.better[name]
    status, reason = _status(comparison, Margin(name, margin, better) if margin is not None else None, rules)
    if bound and not bound.keeps(comparison.mean_b):
        status, reason = "regression", f"{comparison.mean_b:.3g} is not {bound}"
    if bound and status == "watched":
        status = "pass"
    return GatedScorer(
        variant=report.b,
        scorer=name,
        status=status,
        higher_is_better=better,
        baseline=comparison.mean_a,
        candidate=comparison.mean_b,
        difference=comparison.estimate,
        low=comparison.low,
        high=comparison.high,
        p_adjusted=comparison.p_adjusted,
        n_items=comparison.n_items,
        n_persons=comparison.n_clusters,
        margin=margin,
        bound=str(bound) if bound else "",
        reason=reason,
    )


def _status(comparison: PairedComparison, margin: Margin | None, rules: GateRules) -> tuple[Status, str]:
    if margin is None:
        return "watched", ""
    allowed = f"worse by more than {margin.margin:g}"
    if became_worse(comparison, margin) and comparison.p_value < ALPHA:
        return "regression", f"{allowed} ({comparison.estimate:+.3g} [{comparison.low:+.3g}, {comparison.high:+.3g}])"
    if not_worse(comparison, margin) or comparison.estimate == comparison.low == comparison.high == 0:
        return "pass", ""
    if rules.unsure == "fail":
        return "unsure", f"may be {allowed} ([{comparison.low:+.3g}, {comparison.high:+.3g}])"
    return "pass", ""


def _decide(
    rows: list[GatedScorer], reports: dict[str, ComparisonReport], result: RunResult, experiment: Experiment
) -> tuple[GateDecision, str]:
    regressions = [row for row in rows if row.status == "regression"]
    if regressions:
        worst = "; ".join(f"{row.variant}, {row.scorer}: {row.reason}" for row in regressions)
        return "regression", f"Regression: {worst}."
    if result.stopped or result.done < result.total:
        return "incomplete", f"Incomplete: {result.stopped or 'not every answer was judged.'}"
    allowed = experiment.gate.failures
    if result.failures > allowed * result.total:
        return "incomplete", f"Incomplete: {result.failures} of {result.total} calls failed, {allowed:.0%} are allowed."
    silent = [report for report in reports.values() if report.verdict.decision == "nothing compared"]
    if silent:
        return "nothing compared", silent[0].verdict.sentence
    unsure = [row for row in rows if row.status == "unsure"]
    if unsure:
        worst = "; ".join(f"{row.variant}, {row.scorer}: {row.reason}" for row in unsure)
        return "regression", f"A regression is not ruled out: {worst}."
    counted = sum(row.status == "pass" for row in rows)
    return "pass", f"No regression: {counted} guarded scores held."
