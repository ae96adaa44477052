"""One answer without a browser: drives a conductor from start to stored feedback, as a page would."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from coach.contracts.commands import (
    ExchangeRef,
    ReadyForNext,
    ReadyForNextPayload,
    RetryQuestion,
    SpeechDone,
    SpeechDonePayload,
    StartInterview,
    StartPayload,
    SubmitTranscript,
    TranscriptPayload,
)
from coach.contracts.events import ErrorEvent, Event, Speak, TranscriptReview
from coach.contracts.interview import Attempt, Exchange, InterviewStatus, PlannedQuestion, ViewState
from coach.errors import CoachError, InputError, VendorError
from coach.interview.conductor import Conductor
from coach.interview.service import InitRequest, InterviewService

LISTEN_WITHIN_S = 10.0
ANSWER_WITHIN_S = 3600.0
LOOK_AGAIN_S = 0.5
"""Work that ends without an event is noticed after at most this long."""


async def answer_once(
    hub: InterviewService,
    question: PlannedQuestion,
    *,
    audio: Path | None = None,
    text: str = "",
    interview_id: str = "",
    job_description_id: str | None = None,
) -> tuple[Conductor, Attempt]:
    """Asks `question`, takes the recording or the text as its answer, and waits until feedback is stored.

    The same question in the same interview is a retry; another question is added to it.

    Raises:
        InputError: the interview is finished, or the answer cannot be used.
        VendorError: feedback is delayed; the answer is kept.
    """
    conductor = await _interview(hub, question, interview_id, job_description_id)
    async with _Page(conductor) as page:
        await _arm(page, question)
        attempt_id = conductor.snapshot().payload.attempt_id or ""
        if audio is not None:
            await conductor.submit_recording(audio, attempt_id=attempt_id)
        else:
            await conductor.send(_submit(attempt_id, text))
        return conductor, await page.settled(attempt_id)


class _Page:
    """Does what a page does by itself: says it has spoken, and hands a transcript under review back as it is."""

    def __init__(self, conductor: Conductor) -> None:
        self.conductor = conductor
        self._events = conductor.subscribe()
        self._failure: CoachError | None = None
        self._changed = asyncio.Condition()
        self._follower: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "_Page":
        self._follower = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._follower:
            self._follower.cancel()
        self._events.close()

    async def _follow(self) -> None:
        async for event in self._events:
            try:
                await self._answer(event)
            except CoachError as error:
                self._failure = error
            async with self._changed:
                self._changed.notify_all()

    async def _answer(self, event: Event) -> None:
        match event:
            case Speak(payload=payload):
                done = SpeechDonePayload(task_id=payload.task_id)
                await self.conductor.send(SpeechDone(payload=done))
            case TranscriptReview(payload=payload) if payload.text.strip():
                await self.conductor.send(_submit(payload.attempt_id, payload.text))
            case TranscriptReview():
                self._failure = InputError("No words were recognised in this recording.")
            case ErrorEvent(payload=payload):
                self._failure = VendorError(payload.message)

    async def listening(self) -> None:
        """Until the question has been asked."""
        await self._until(lambda: self.conductor.snapshot().payload.view_state != ViewState.ASKING, LISTEN_WITHIN_S)

    async def settled(self, attempt_id: str) -> Attempt:
        """Until feedback is stored.

        Raises:
            CoachError: what kept it from being produced.
        """
        board = self.conductor.board
        await self._until(lambda: board.attempt(attempt_id).evaluation is not None or self._given_up, ANSWER_WITHIN_S)
        await self.conductor.settle()
        if board.attempt(attempt_id).evaluation is None and self._failure:
            raise self._failure
        return board.attempt(attempt_id)

    @property
    def _given_up(self) -> bool:
        return self._failure is not None and not self.conductor.working

    async def _until(self, reached: Callable[[], bool], within_s: float) -> None:
        async with asyncio.timeout(within_s), self._changed:
            while not reached():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), LOOK_AGAIN_S)


async def _interview(
    hub: InterviewService, question: PlannedQuestion, interview_id: str, job_description_id: str | None
) -> Conductor:
    if not interview_id:
        request = InitRequest(q_count=1, job_description_id=job_description_id)
        made = await hub.init(request, questions=[question])
        return await hub.open(made.mock_interview_id)
    snapshot = await hub.parts.store.load_interview(interview_id)
    if snapshot and snapshot.interview.status == InterviewStatus.COMPLETED:
        raise InputError("This interview is finished.", mend="Start another one by leaving out --interview.")
    if snapshot and not any(_same(e, question) for e in snapshot.exchanges):
        last = max((e.order for e in snapshot.exchanges), default=-1)
        await hub.parts.store.add_exchange(
            Exchange(
                interview_id=interview_id,
                order=last + 1,
                question_text=question.text,
                competency=question.competency,
                question_type=question.type,
            )
        )
    await hub.resume(interview_id)
    return await hub.open(interview_id)


def _same(exchange: Exchange, question: PlannedQuestion) -> bool:
    return exchange.question_text.strip() == question.text.strip() and exchange.follow_up_of is None


async def _arm(page: _Page, question: PlannedQuestion) -> None:
    """Brings the interview to LISTENING on `question`."""
    conductor = page.conductor
    wanted = next(e for e in conductor.board.questions() if _same(e, question))
    for _ in range(2 * len(conductor.board.questions()) + 2):
        state = conductor.snapshot().payload
        at = state.current_question.id if state.current_question else ""
        if state.view_state == ViewState.LISTENING and at == wanted.id:
            return
        if state.view_state == ViewState.INTRO_LOADING:
            await conductor.send(StartInterview(payload=StartPayload(audio="upload")))
        elif state.view_state == ViewState.ASKING:
            await conductor.send(ReadyForNext(payload=ReadyForNextPayload(last_question_id=at)))
            await page.listening()
        elif at == wanted.id or conductor.board.attempts_of(wanted.id):
            await conductor.send(RetryQuestion(payload=ExchangeRef(question_id=wanted.id)))
        else:
            await conductor.send(ReadyForNext(payload=ReadyForNextPayload(last_question_id=at)))
    raise InputError("The interview waits for another answer first.", mend="Finish it in the browser.")


def _submit(attempt_id: str, text: str) -> SubmitTranscript:
    return SubmitTranscript(payload=TranscriptPayload(attempt_id=attempt_id, text=text))
