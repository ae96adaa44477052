"""One answer, a few variants, side by side in seconds: what is tried before a run is worth its price.

The variants are asked at the same time and every section is handed over the moment it closes. What was answered is kept
beside the runs, so that the side that did not change comes from the cache and is not paid for again.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal

from coach.contracts.base import Record
from coach.contracts.brain import EvaluationInput, EvaluationResult, Question, UserAnswer
from coach.errors import CoachError, InputError
from coach.lab.runs.dataset import Item
from coach.lab.runs.journal import RunJournal, content_key
from coach.lab.runs.judge import BrainFactory, Meter, OnSection, PipelineJudge, Pricer
from coach.lab.runs.outcome import Outcome
from coach.lab.runs.variant import Variant
from coach.lab.runs.workspace import Workspace

WORDS_PER_S = 2.4
"""Speed at which a typed answer is taken to be spoken (145 words a minute), for its duration alone."""

_WARM = Variant(name="warm", brain="offline")
_WARM_WORDS = ("Tell me about a change.", "Last year I led a change of our shop, so that queues fell by half.")


class Trial(Record):
    """What one answer brought, in the order of the variants. `paid_usd` leaves out what came from the cache."""

    item: Item
    variants: tuple[Variant, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def paid_usd(self) -> Decimal:
        """What this trial cost."""
        return sum((o.cost_usd for o in self.outcomes if not o.cached), Decimal(0))

    def results(self) -> list[EvaluationResult | None]:
        """What each variant said; None where its provider failed."""
        return [outcome.result for outcome in self.outcomes]


class Playground:
    """Asks several variants about one answer."""

    def __init__(self, workspace: Workspace, make_brain: BrainFactory, price: Pricer, meter: Meter) -> None:
        """Keeps what it asked below `workspace`; brains, prices and the ledger are those of the runs."""
        self._workspace = workspace
        self._make_brain, self._price, self._meter = make_brain, price, meter

    async def warm(self, variant: Variant) -> None:
        """Loads what the first call needs, while somebody still chooses; trouble is left for that call to tell."""
        with suppress(CoachError):
            await PipelineJudge(self._make_brain, self._price, lambda _: None)(_WARM, typed_item(*_WARM_WORDS), 0)
            brain = self._make_brain(variant, variant.resolve())
            await brain.warm_up()
            await brain.close()

    async def ask(
        self,
        item: Item,
        variants: Sequence[Variant],
        *,
        on_section: OnSection = lambda _, __: None,
        fresh: bool = False,
    ) -> Trial:
        """Has every variant judge `item`, all at once; `fresh` asks again what the cache could answer.

        Raises:
            InputError: no variant, two of one name, or texts that make no bundle.
            SettingsError: a brain that cannot be had.
        """
        if not variants or len({v.name for v in variants}) < len(variants):
            raise InputError("Name each side of the playground differently.")
        for variant in variants:
            variant.resolve()
        judge = PipelineJudge(self._make_brain, self._price, self._meter, on_section)
        journal = RunJournal(self._workspace.folder / "playground" / "outcomes.jsonl", self._workspace.folder)
        try:
            found = await asyncio.gather(
                *(self._one(judge, journal, variant, item, fresh=fresh) for variant in variants)
            )
        finally:
            await judge.close()
            journal.close()
            self._workspace.cache.close()
        return Trial(item=item, variants=tuple(variants), outcomes=tuple(found))

    async def _one(
        self, judge: PipelineJudge, journal: RunJournal, variant: Variant, item: Item, *, fresh: bool
    ) -> Outcome:
        known = None if fresh else self._workspace.cache.get(variant.key, item, 0)
        if known:
            return known.model_copy(update={"cached": True, "variant": variant.name, "item_id": item.id})
        try:
            outcome = await judge(variant, item, 0)
        except CoachError as error:
            raise InputError(f"{variant.name}: {error.message}", mend=error.mend) from error
        self._workspace.cache.put(item, outcome, journal.append(outcome, item.person))
        return outcome


def typed_item(question: str, answer: str, *, kind: str = "behavioral", competency: str = "") -> Item:
    """An answer written down to be tried, its id made of its words; it is nobody's, and nothing of it was measured.

    Raises:
        InputError: no question, or no answer.
    """
    if not question.strip() or not answer.strip():
        raise InputError("A question and an answer are needed.", mend="Write both, or choose an answer.")
    data = EvaluationInput(
        question=Question(text=question.strip(), type=kind, competency=competency),
        user_answer=UserAnswer(transcript=answer.strip(), duration_seconds=round(len(answer.split()) / WORDS_PER_S, 1)),
    )
    draft = Item(id="typed", person="typed", stratum=competency, input=data)
    identity = f"typed-{content_key('', draft, 0)[:10]}"
    return draft.model_copy(update={"id": identity, "person": identity})
