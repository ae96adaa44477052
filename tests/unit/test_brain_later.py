"""Delayed feedback is produced later from the stored attempt: once, with new usage, into the roll-up."""

import pytest

from coach.brain.prompts.policy import Policy
from coach.contracts.evaluation import Evaluation
from coach.contracts.interview import Attempt, AttemptStatus, Interview
from coach.errors import NotFoundError
from coach.interview.answer.delayed_feedback import produce_delayed
from tests.fakes import brain_samples as samples
from tests.fakes import records
from tests.fakes.store import FakeStore
from tests.unit.test_brain_guards import Says


async def stored(*statuses: AttemptStatus) -> tuple[FakeStore, Interview, list[Attempt]]:
    store, interview = FakeStore(), records.interview()
    exchange = records.exchange(interview)
    await store.create_interview(interview, [exchange])
    attempts = []
    for number, status in enumerate(statuses, 1):
        judged = Evaluation.model_validate(samples.evaluation()) if status is AttemptStatus.EVALUATED else None
        attempt = Attempt(
            exchange_id=exchange.id,
            interview_id=interview.id,
            attempt_number=number,
            status=status,
            transcript=samples.transcript(),
            delivery=samples.delivery(),
            evaluation=judged,
            overall_score=2.0 if judged else None,
            created_at=records.START,
        )
        await store.add_attempt(attempt)
        attempts.append(attempt)
    return store, interview, attempts


async def test_delayed_attempts_are_judged_and_rolled_up_and_others_left_alone() -> None:
    store, interview, (judged, delayed) = await stored(AttemptStatus.EVALUATED, AttemptStatus.DELAYED)
    brain = Says(samples.output())
    (done,) = await produce_delayed(store, brain, Policy(), interview.id)
    assert done.id == delayed.id and store.attempts[done.id].status is AttemptStatus.EVALUATED
    assert store.attempts[judged.id] == judged
    assert store.exchanges[done.exchange_id].final_attempt_id == done.id
    assert store.interviews[interview.id].overall_score == done.overall_score
    assert brain.calls[0].call_number > 1
    assert await produce_delayed(store, brain, Policy(), interview.id) == []
    assert len(brain.calls) == 1


async def test_what_fails_again_stays_delayed_and_counts_its_tries() -> None:
    store, interview, _ = await stored(AttemptStatus.DELAYED)
    brain = Says("no json", "no json", samples.output())
    (again,) = await produce_delayed(store, brain, Policy(), interview.id)
    assert again.status is AttemptStatus.DELAYED and again.overall_score is None
    assert again.failed_outputs == ["no json", "no json"]
    (done,) = await produce_delayed(store, brain, Policy(), interview.id)
    assert done.status is AttemptStatus.EVALUATED
    assert len({call.call_number for call in brain.calls}) == 3


async def test_an_unknown_interview_is_told() -> None:
    with pytest.raises(NotFoundError):
        await produce_delayed(FakeStore(), Says("x"), Policy(), "nope")
