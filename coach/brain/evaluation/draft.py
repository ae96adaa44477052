"""What one evaluation has gathered so far: sections handed over, findings, evidence, usage, outputs that failed."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

from coach.brain.evaluation.progress import SectionReady
from coach.brain.evaluation.repair import Failure, safe_minimal
from coach.brain.guards.care import told_rewrite
from coach.brain.guards.context import GuardContext
from coach.brain.guards.measured import Guarded, follow_up_type, gate_follow_up
from coach.brain.port import Brain
from coach.contracts.brain import Care, EvaluationResult, Evidence, GuardFinding
from coach.contracts.evaluation import SECTION_ORDER, Evaluation, FollowUp
from coach.contracts.interview import new_id
from coach.contracts.usage import UsageEvent, usage_event_id

MAX_FAILED_CHARS = 20_000
DRAIN_S = 1.5
"""How long the end waits for the usage of a call that was given up, seconds."""


class FailedCall(Protocol):
    """A call whose output could not be used; what is kept of it."""

    drain: asyncio.Task[None] | None

    @property
    def failure(self) -> Failure | None:
        """What went wrong."""

    @property
    def text(self) -> str:
        """What the model said."""

    @property
    def summary(self) -> str:
        """What went wrong, without content."""

    def settle(self) -> None:
        """Ends waiting for its usage."""


class Tally:
    """Mutable, one per evaluation."""

    def __init__(self, context: GuardContext, *, bundle: str, brain: str, judges_relevance: bool = True) -> None:
        self.context = context
        self.warming = asyncio.create_task(asyncio.to_thread(context.warm))
        self.usage: list[UsageEvent] = []
        self.marks: set[str] = set()
        self._bundle = bundle
        self._brain = brain
        self._judges_relevance = judges_relevance
        self._findings: list[GuardFinding] = []
        self._evidence: list[Evidence] = []
        self._concluded = False
        self._held: dict[str, Guarded] = {}
        self._shown: dict[str, Guarded] = {}
        self._failed_readers: list[FailedCall] = []
        self._minimal: set[str] = set()

    @property
    def complete(self) -> bool:
        """True when every section has been handed over."""
        return len(self._shown) == len(SECTION_ORDER)

    def wants(self, name: str) -> bool:
        """True for a section of the contract that is not there yet."""
        return name in SECTION_ORDER and name not in self._shown and name not in self._held

    def note(self, rule: str, detail: str) -> None:
        """Records a finding that belongs to no section."""
        self._findings.append(GuardFinding(rule=rule, detail=detail))

    def first_time(self, mark: str) -> bool:
        """True once per mark."""
        new = mark not in self.marks
        self.marks.add(mark)
        return new

    def hold(self, name: str, guarded: Guarded) -> list[SectionReady]:
        """Takes a section; returns those whose turn it is, in the contract's order."""
        self._held[name] = guarded
        if name != next(n for n in SECTION_ORDER if n not in self._shown):
            self.note("key_order", f"{name} came before its turn")
        return list(self._release())

    def _release(self) -> Iterator[SectionReady]:
        for name in SECTION_ORDER:
            if name in self._shown:
                continue
            if name not in self._held:
                return
            guarded = self._held.pop(name)
            self._shown[name] = guarded
            self._findings += guarded.findings
            self._evidence += guarded.evidence
            yield SectionReady(name, guarded.value, list(guarded.findings), list(guarded.evidence))

    def failed(self, reader: FailedCall) -> None:
        """Keeps a failed call's output for the lab."""
        self._failed_readers.append(reader)
        self.note("vendor_failed" if reader.failure in ("vendor", "timeout") else "repaired", reader.summary)

    def hand_over(self, judge: Brain) -> bool:
        """From now on `judge` judges, and the record says so; refused once something was handed to the person."""
        if self._shown:
            return False
        self._held.clear()
        self.note("stand_in", f"{self._brain} brought nothing that could be used; {judge.label} judged")
        self._brain, self._judges_relevance = judge.name, judge.judges_relevance
        self.context = replace(self.context, model=judge.model)
        return True

    def fill_with_minimal(self) -> Iterator[SectionReady]:
        """Hands over the safe minimal section for everything that is still missing."""
        if self.complete:
            return
        minimal = safe_minimal(self.context)
        for name in SECTION_ORDER:
            if self.wants(name):
                self._minimal.add(name)
                value = getattr(minimal, name)
                finding = GuardFinding(
                    rule="safe_minimal", detail=f"{name} stands in for one the model did not deliver"
                )
                self._held[name] = Guarded(value, value, (finding,))
        yield from self._release()

    async def result(self) -> EvaluationResult:
        """The end: cross-section guards, then everything in one record."""
        await self._collect_late_usage()
        evaluation = self._conclude()
        self._concluded = True
        status = "fallback" if self._minimal else "repaired" if self._failed_readers else "complete"
        return EvaluationResult.model_validate(
            {
                "evaluation": evaluation,
                "guards": self._findings,
                "evidence": self._evidence,
                "usage": self.usage,
                "status": status,
                "failed_outputs": [r.text[:MAX_FAILED_CHARS] for r in self._failed_readers if r.text],
                "brain": self._brain,
                "model": self.context.model,
                "bundle": self._bundle,
                "relevance_judged": self._judges_relevance and "scoring" not in self._minimal,
                "care": self._care(),
            }
        )

    def _care(self) -> Care | None:
        """What was noticed; with protected facts, also the rewrite that still tells them."""
        care = self.context.care
        if care is None:
            return None
        told = told_rewrite(self._shown["rewrite"].original, self.context.care_reading)
        return care.model_copy(update={"told_rewrite": self.context.truth.redact(told)[0]})

    def _conclude(self) -> Evaluation:
        values: dict[str, Any] = {name: self._shown[name].value for name in SECTION_ORDER}
        follow_up = self._settled_follow_up()
        kind = follow_up_type(follow_up, values["metadata"].follow_up_type, values["scoring"], self.context.policy)
        if kind is not values["metadata"].follow_up_type:
            self.note("follow_up_type", f"{values['metadata'].follow_up_type.value} set to {kind.value}")
        values["follow_up"] = follow_up
        values["metadata"] = values["metadata"].model_copy(update={"follow_up_type": kind})
        return Evaluation.model_construct(**values)

    def _settled_follow_up(self) -> FollowUp:
        follow_up: FollowUp = self._shown["follow_up"].value
        if follow_up.should_ask and self._minimal & {"scoring", "content_feedback"}:
            self.note("follow_up_withdrawn", "the scores that would justify it never came")
            return follow_up.model_copy(update={"should_ask": False, "question_text": ""})
        content = self._shown["content_feedback"].original
        settled, findings = gate_follow_up(follow_up, self._shown["scoring"].value, content, self.context)
        self._findings += findings
        return settled

    async def _collect_late_usage(self) -> None:
        tasks = [r.drain for r in self._failed_readers if r.drain]
        if tasks:
            await asyncio.wait(tasks, timeout=DRAIN_S)
        for reader in self._failed_readers:
            reader.settle()

    def abandon(self, sink: Callable[[Sequence[UsageEvent]], None] | None) -> None:
        """An evaluation without a result was given up: stop what still runs and tell what was used.

        Under identities of its own: the same attempt is evaluated again with the same numbers of calls after a restart.
        """
        if self._concluded:
            return
        for reader in self._failed_readers:
            reader.settle()
        if sink and self.usage:
            sink(tuple(map(_given_up, self.usage)))


def _given_up(event: UsageEvent) -> UsageEvent:
    return event.model_copy(update={"event_id": usage_event_id(event.event_id, new_id(), event.meter)})
