"""Feedback that failed, produced later from the stored attempts, without a session being open."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

from coach.brain.evaluation.pipeline import UsageSink, evaluate_to_end
from coach.brain.port import Brain, EvaluationCall
from coach.brain.prompts.policy import Policy
from coach.contracts.brain import EvaluationResult
from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.interview import Attempt, AttemptStatus, Interview, InterviewSnapshot, new_id
from coach.contracts.transcript import typed_transcript
from coach.errors import NotFoundError
from coach.interview.answer.completed import CompletedAnswer, completed_answer
from coach.interview.answer.evaluation_call import evaluation_call, judged
from coach.interview.answer.late_hearing import LateHearing
from coach.interview.dependencies import Materials
from coach.interview.ports import InterviewStore
from coach.interview.rollup import best_attempt, session_score


async def produce_delayed(
    store: InterviewStore,
    brain: Brain,
    policy: Policy,
    interview_id: str,
    *,
    materials: Materials | None = None,
    bundle: str = "",
    on_abandoned: UsageSink | None = None,
    hearing: LateHearing | None = None,
) -> list[Attempt]:
    """Evaluates every delayed attempt of an interview; returns them as they are now stored.

    One that nobody heard (*Finish interview* cut it off) is heard first, where `hearing` is given. What fails again
    stays delayed, with what was used. An attempt that another process has claimed is left to it.

    Raises:
        NotFoundError: there is no such interview.
        StoreError: nothing was half-written.
    """
    snapshot = await store.load_interview(interview_id)
    if snapshot is None:
        raise NotFoundError(f"There is no interview {interview_id}.")
    resume_id = snapshot.interview.resume_id
    resume_text = await materials.resume_text(resume_id) if materials and resume_id else ""
    done: list[Attempt] = []
    for attempt in snapshot.attempts:
        unheard = hearing if is_unheard(attempt) else None
        if not (unheard or has_words(attempt)) or not await store.claim_evaluation(attempt.id, owner=new_id()):
            continue
        attempt = await _ready(attempt, snapshot.interview, unheard)
        if unheard and attempt.id in unheard.troubles:
            done.append(await _put_back(store, snapshot, attempt))
            continue
        fresh = _with_those(snapshot, done)
        judge = partial(evaluate_to_end, brain, policy=policy, bundle=bundle, on_abandoned=on_abandoned)
        result = await _judged(judge, fresh, attempt, _call(fresh, attempt, policy, resume_text))
        done.append(await _keep(store, fresh, attempt, result))
    await _score_session(store, interview_id)
    return done


def _with_those(snapshot: InterviewSnapshot, done: list[Attempt]) -> InterviewSnapshot:
    current = [*(a for a in snapshot.attempts if a.id not in {d.id for d in done}), *done]
    return InterviewSnapshot(interview=snapshot.interview, exchanges=snapshot.exchanges, attempts=current)


async def _ready(attempt: Attempt, interview: Interview, unheard: LateHearing | None) -> Attempt:
    attempt = attempt.noting(feedback_retries=attempt.extra.feedback_retries + 1)
    return await unheard.heard(attempt, interview) if unheard else attempt


def has_words(attempt: Attempt) -> bool:
    """Whether only feedback is missing."""
    words = attempt.transcript
    return attempt.status is AttemptStatus.DELAYED and words is not None and bool(words.text.strip())


def is_unheard(attempt: Attempt) -> bool:
    """Whether there may be a recording that nobody heard yet; an empty transcript says that nothing was said."""
    return attempt.status is AttemptStatus.DELAYED and attempt.transcript is None and attempt.audio_deleted_at is None


async def _put_back(store: InterviewStore, snapshot: InterviewSnapshot, attempt: Attempt) -> Attempt:
    """An attempt that could not be heard is as it was, and its claim ends."""
    exchange = next(e for e in snapshot.exchanges if e.id == attempt.exchange_id)
    await store.complete_attempt(attempt, exchange, ())
    return attempt


async def _judged(
    judge: Callable[..., Awaitable[EvaluationResult]],
    snapshot: InterviewSnapshot,
    attempt: Attempt,
    call: EvaluationCall,
) -> EvaluationResult:
    completed = _completed(snapshot, attempt)
    return await judge(
        call,
        transcript=completed.transcript if completed else attempt.transcript or typed_transcript(""),
        delivery=attempt.delivery or DeliveryMetrics(),
    )


def _call(snapshot: InterviewSnapshot, attempt: Attempt, policy: Policy, resume_text: str) -> EvaluationCall:
    exchange = next(e for e in snapshot.exchanges if e.id == attempt.exchange_id)
    siblings = [a for a in snapshot.attempts if a.exchange_id == exchange.id]
    earlier = [a for a in siblings if a.attempt_number < attempt.attempt_number]
    completed = _completed(snapshot, attempt)
    return evaluation_call(exchange, attempt, earlier, snapshot.interview.job, policy.version, resume_text, completed)


def _completed(snapshot: InterviewSnapshot, attempt: Attempt) -> CompletedAnswer | None:
    exchange = next(e for e in snapshot.exchanges if e.id == attempt.exchange_id)
    return completed_answer(exchange, attempt, snapshot.exchanges, snapshot.attempts)


async def _keep(
    store: InterviewStore, snapshot: InterviewSnapshot, attempt: Attempt, result: EvaluationResult
) -> Attempt:
    exchange = next(e for e in snapshot.exchanges if e.id == attempt.exchange_id)
    completed = _completed(snapshot, attempt)
    attempt = judged(attempt, result, completed=completed)
    siblings = [a for a in snapshot.attempts if a.exchange_id == exchange.id and a.id != attempt.id]
    best = best_attempt([*siblings, attempt])
    exchange = exchange.model_copy(update={"final_attempt_id": best.id if best else None})
    await store.complete_attempt(attempt, exchange, result.usage)
    return attempt


async def _score_session(store: InterviewStore, interview_id: str) -> None:
    snapshot = cast(InterviewSnapshot, await store.load_interview(interview_id))
    score = session_score(snapshot.exchanges, snapshot.attempts)
    await store.update_interview(snapshot.interview.model_copy(update={"overall_score": score}))
