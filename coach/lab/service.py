"""The lab as page, notebook and command line use it: run, compare, promote, roll back."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
from filelock import Timeout as LockTimeout

from coach.brain.prompts.bundle import PromptBundle
from coach.contracts.base import Record
from coach.contracts.evaluation import Evaluation
from coach.contracts.usage import UsageEvent
from coach.errors import InputError, SettingsError
from coach.lab.comparing import compare_runs, evidence_for, look_at, variant_of
from coach.lab.live import interview_outcomes
from coach.lab.live_looks import LiveLooks
from coach.lab.planner import RunPlan, plan_run
from coach.lab.playground import Playground
from coach.lab.promotion import PromotionEvidence, Promotions
from coach.lab.report import ComparisonReport
from coach.lab.runs.budget import CallCeilings, RunBudget, unpriced, with_given_prices
from coach.lab.runs.dataset import Dataset, Item
from coach.lab.runs.experiment import Estimate, estimate_cost
from coach.lab.runs.judge import BrainFactory, Meter, PipelineJudge, Pricer
from coach.lab.runs.judged_scores import JudgeFactory, PromptScoring, ScoreBook
from coach.lab.runs.looks import Look
from coach.lab.runs.outcome import Outcome
from coach.lab.runs.own_scorers import own_scorers
from coach.lab.runs.prefetch import BatchFactory, Prefetch
from coach.lab.runs.replay import Replay, RunLimits, RunReport
from coach.lab.runs.workspace import Experiment, RunInfo, Workspace
from coach.lab.split import Split
from coach.lab.statistics.agreement import stability
from coach.lab.statistics.pairwise import PairJudge, PairReport, PairVote, Winner, pairs, report, vote
from coach.store.engine.alone import alone
from coach.store.repositories import lab as rows
from coach.store.repositories import lab_runs as rows_lab_runs
from coach.store.repositories import live_split as rows_live_split
from coach.store.sqlstore import SqlStore


class RunResult(Record):
    """What a finished (or stopped) run came to. `comparison` stands when it had two variants or more."""

    run: str
    dataset_hash: str
    total: int
    done: int
    resumed: int
    cached: int
    failures: int
    spent_usd: Decimal
    estimate_usd: Decimal | None
    stopped: str = ""
    comparison: dict[str, Any] | None = None
    note: str = ""


class Lab:
    """Everything the lab does, wired once."""

    def __init__(
        self,
        *,
        workspace: Workspace,
        store: SqlStore,
        make_brain: BrainFactory,
        price: Pricer,
        meter: Meter,
        default_model: str,
        default_brain: str = "offline",
        make_batch: BatchFactory | None = None,
        make_score_judge: JudgeFactory | None = None,
    ) -> None:
        """Takes where runs are kept, how brains and judges are built, how usage is priced and who writes it down."""
        self._make_score_judge = make_score_judge
        self._meter = meter
        self.default_brain = default_brain
        self.playground = Playground(workspace, make_brain, price, meter)
        self._make_batch = make_batch
        self.workspace = workspace
        self.store = store
        self.promotions, self.live_looks = Promotions(store), LiveLooks(store)
        self._make_brain = make_brain
        self._price = price
        self._default_model = default_model

    def estimate(self, experiment: Experiment) -> Estimate:
        """What a run may cost at most, before anything is called."""
        data = self.workspace.dataset_of(experiment)
        return estimate_cost(experiment, data, default_model=self._default_model, price=self._price)

    def plan(self, experiment: Experiment) -> RunPlan:
        """How small a difference a run would find, before anything is called."""
        return plan_run(self.workspace, self.workspace.dataset_of(experiment), experiment)

    async def run(self, experiment: Experiment, *, on_progress: Callable[[RunReport], None] | None = None) -> RunResult:
        """Runs an experiment, or what is left of it, and stores what came of it.

        Raises:
            InputError: unknown bundle, empty dataset, another definition that could show nothing, a cost limit with a
                model that has no price, or the same run under way in another process.
        """
        for variant in experiment.variants:
            variant.resolve()
        estimate = self.estimate(experiment)
        if experiment.limits.cost_usd is not None and estimate.unpriced:
            raise unpriced(*estimate.unpriced)
        if experiment.limits.cost_usd is not None and own_scorers(v.bundle for v in experiment.variants).judges:
            price = with_given_prices(self._price, experiment.prices)
            CallCeilings(price, self._default_model).judged(self._default_model, (1, 1))
        info, data = self.workspace.prepare(experiment)
        with self._alone(info.id):
            done = await self._run(info, data, on_progress or (lambda _: None))
            done.outcomes = self.workspace.still_there(done.outcomes)
            notes = await self._score(info, data, done)
        await self._keep(info, done)
        return self._result(info, done, estimate, notes)

    @contextlib.contextmanager
    def _alone(self, run_id: str) -> Iterator[None]:
        """A run is one process's at a time: by its folder on one machine, by its name on a database of several.

        Raises:
            InputError: another process is at it.
        """
        shared = self.store.database.path is None
        try:
            with (
                self.workspace.alone(run_id),
                alone(self.store.database, f"lab-run-{run_id}") if shared else contextlib.nullcontext(True) as mine,
            ):
                if not mine:
                    raise LockTimeout(run_id)
                yield
        except LockTimeout as error:
            raise InputError(
                f"The run '{run_id}' is under way in another process.", mend="Wait for it, or stop it first."
            ) from error

    async def _run(self, info: RunInfo, data: Dataset, on_progress: Callable[[RunReport], None]) -> RunReport:
        experiment = info.experiment
        price = with_given_prices(self._price, experiment.prices)
        limits = experiment.limits
        judge = PipelineJudge(self._make_brain, price, self._meter)
        replay = Replay(
            data,
            experiment.variants,
            judge,
            self.workspace.journal(info.id),
            cache=self.workspace.cache if experiment.use_cache else None,
            repeats=experiment.repeats,
            limits=RunLimits(limits.concurrency, limits.calls_per_s, limits.cost_usd, limits.answers),
            on_progress=on_progress,
        )
        prefetch = Prefetch(CallCeilings(price, self._default_model), price, self._meter, self.workspace, info.id)
        replay.ceiling = prefetch.ceiling
        replay.spent_beside = ScoreBook(self.workspace.score_file(info.id)).spent_usd
        try:
            if experiment.batch and self._make_batch:
                replay.budget, replay.already_spent = prefetch.budget, prefetch.already_spent
                await prefetch.answer(replay, judge, self._make_batch)
            return await replay.run()
        finally:
            await judge.close()

    async def _score(self, info: RunInfo, data: Dataset, done: RunReport) -> list[str]:
        """Has the judge prompts of the run's bundles score its answers; what could not be scored, in sentences."""
        prompts = own_scorers(v.bundle for v in info.experiment.variants).judges
        if not prompts:
            return []
        names = ", ".join(prompt.head.name for prompt in prompts)
        if self._make_score_judge is None or not any(o.result for o in done.outcomes):
            return [f"Nobody scored {names}."]
        price = with_given_prices(self._price, info.experiment.prices)
        book = ScoreBook(self.workspace.score_file(info.id))
        limits = info.experiment.limits
        budget = RunBudget(limits.cost_usd, done.spent_usd + book.spent_usd)

        def used(events: Sequence[UsageEvent]) -> None:
            self._meter([e.model_copy(update={"billable": False}) for e in events])
            cost = sum((e.cost_usd or Decimal(0) for e in price(list(events))), Decimal(0))
            budget.spent_usd += cost
            book.pay(cost)

        try:
            judge = self._make_score_judge(used)
        except SettingsError as error:
            return [f"Nobody scored {names}: {error.message}"]
        ceiling = CallCeilings(price, self._default_model).judged
        scoring = PromptScoring(judge, book, concurrency=limits.concurrency, budget=budget, ceiling=ceiling)
        try:
            await scoring.score(prompts, done.outcomes, data.items)
        finally:
            await judge.close()
            done.spent_usd = budget.spent_usd
        return scoring.notes

    def compare(self, run_a: str, run_b: str) -> ComparisonReport:
        """Compares two variants, each named `RUN` or `RUN:VARIANT`; of a run that is not complete it is a look."""
        return compare_runs(self.workspace, run_a, run_b)

    def standing_look(self, run_a: str, run_b: str) -> Look:
        """The look that comparing these two would be; nothing is compared or written."""
        return look_at(self.workspace, run_a, run_b, take=False)

    def evidence(self, bundle: str, *, run: str = "") -> PromotionEvidence | None:
        """What the runs made here say of a bundle, as its folder stands, against the one in force."""
        candidate, in_force = PromptBundle.load(bundle), self.promotions.active()
        return evidence_for(self.workspace, candidate.label, in_force.label, run=run)

    async def judge_pairs(
        self, run_a: str, run_b: str, judge: PairJudge, human: Mapping[str, Winner] | None = None
    ) -> PairReport:
        """Has a judge prefer one of two variants' coaching on every answer of a run, each pair in both orders.

        Raises:
            InputError: unknown run or variant, no shared answer.
            VendorError: the judge cannot be reached.
        """
        info, data, outcomes = self._load(run_a)
        name_a = variant_of(run_a, info, first=True)
        name_b = variant_of(run_b, self._load(run_b)[0], first=run_a != run_b)
        gate = asyncio.Semaphore(info.experiment.limits.concurrency)

        async def one(item: Item, a: Evaluation, b: Evaluation) -> PairVote:
            async with gate:
                return await vote(judge, item, a, b)

        both = pairs(outcomes, data.items, a=name_a, b=name_b)
        return report(await asyncio.gather(*(one(*pair) for pair in both)), human)

    def measure_noise(self, run_id: str) -> dict[str, float]:
        """Keeps the scoring noise of every bundle of a run with repeats; the interview's "about the same" rests on it.

        Of two variants that judged by the same bundle the noisier one counts: nothing is called better by chance.

        Raises:
            InputError: unknown run, or no repeats.
        """
        info, _, outcomes = self.workspace.load(run_id)
        found: dict[str, float] = {}
        for variant in info.experiment.variants:
            scored = [(o.item_id, o.result) for o in outcomes if o.variant == variant.name and o.result]
            overall = [r.evaluation.scoring.overall for _, r in scored]
            noise = stability(pd.Series([item for item, _ in scored]), pd.Series(overall, dtype=float))
            label = scored[0][1].bundle or variant.resolve().label  # what judged, whatever its folder says by now
            found[label] = max(noise.sd, found.get(label, 0.0))
        at, repeats = datetime.now(UTC), info.experiment.repeats
        for label, sd in found.items():
            self.store.run(rows_lab_runs.keep_noise, bundle=label, sd_overall=sd, repeats=repeats, at=at)
        return found

    def stored_answers(self) -> list[dict[str, object]]:
        """Stored answers the lab may look at: of people who agreed, and the sample content."""
        return self.store.run(rows.stored_answers, include_sample=True)

    def judged_answers(self, *, of_samples: bool) -> list[dict[str, object]]:
        """Stored answers with what people scored, of those who agreed, or of invented people alone."""
        return self.store.run(rows.stored_answers, of_samples=of_samples)

    def sample_split(self) -> tuple[Split, pd.DataFrame] | None:
        """The split between invented people and its interviews, as `live_outcomes`; None where there are none."""
        found = self.store.run(rows_live_split.sample_split)
        if found is None:
            return None
        split = Split(name=found["name"], shares=found["shares"], salt=found["salt"])
        return split, interview_outcomes(
            self.store.run(rows_live_split.live_outcomes, found["created_at"], of_samples=True)
        )

    def live_outcomes(self) -> pd.DataFrame:
        """One row per interview since the running split began; empty when none runs."""
        running = self.store.run(rows_live_split.live_split)
        found = self.store.run(rows_live_split.live_outcomes, running["created_at"]) if running else []
        return interview_outcomes(found)

    def consent(self, user_id: str) -> bool:
        """Whether a person agreed that their answers are used here."""
        return self.store.run(rows.has_consent, user_id)

    def set_consent(self, user_id: str, agreed: bool) -> None:
        """Remembers what the person decided."""
        self.store.run(rows.set_consent, user_id, agreed, datetime.now(UTC))

    def _load(self, reference: str) -> tuple[RunInfo, Any, list[Outcome]]:
        return self.workspace.load(reference.split(":", 1)[0])

    def _result(self, info: RunInfo, report: RunReport, estimate: Estimate, notes: Sequence[str]) -> RunResult:
        names = [v.name for v in info.experiment.variants]
        comparison, note = None, " ".join(notes)
        if len(names) > 1:
            try:
                comparison = self.compare(f"{info.id}:{names[0]}", f"{info.id}:{names[1]}").summary()
            except InputError as error:
                note = f"{note} {error}".strip()
        return RunResult(
            run=info.id,
            dataset_hash=info.dataset_hash,
            total=report.total,
            done=report.done,
            resumed=report.resumed,
            cached=report.cached,
            failures=report.failures,
            spent_usd=report.spent_usd,
            estimate_usd=estimate.cost_usd,
            stopped=report.stopped,
            comparison=comparison,
            note=note,
        )

    async def _keep(self, info: RunInfo, report: RunReport) -> None:
        run = {
            "id": info.id,
            "experiment_id": info.id,
            "name": info.experiment.name,
            "status": "stopped" if report.stopped else "done",
            "definition": info.experiment.model_dump(mode="json"),
            "dataset_hash": info.dataset_hash,
            "totals": {"total": report.total, "done": report.done, "spent_usd": str(report.spent_usd)},
            "started_at": info.started_at,
            "ended_at": datetime.now(UTC),
        }
        kept = self.workspace.still_there(report.outcomes)
        await self.store.arun(rows_lab_runs.keep_run, run, [_result_row(o) for o in kept])


def _result_row(outcome: Outcome) -> dict[str, object]:
    result = outcome.result
    return {
        "item_id": outcome.item_id,
        "variant": outcome.variant,
        "repeat": outcome.repeat,
        "status": outcome.error or (result.status if result else "failed"),
        "output": None,
        "scores": result.evaluation.scoring.model_dump() if result else None,
        "overall_score": result.evaluation.scoring.overall if result else None,
        "latency_ms": outcome.total_ms,
        "cost_usd": outcome.cost_usd,
        "cached": outcome.cached,
        "created_at": outcome.finished_at,
    }
