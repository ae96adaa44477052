"""Where one interview stands: the facts, the place in them, and the listeners. Shared by the conductor's helpers."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from coach.contracts.events import (
    CurrentQuestion,
    ErrorEvent,
    ErrorPayload,
    Event,
    Notice,
    NoticePayload,
    ProcessingHint,
    ProcessingHintPayload,
    SessionState,
    SessionStatePayload,
)
from coach.contracts.interview import Attempt, AttemptStatus, Exchange, InterviewStatus, OwnView, ViewState
from coach.errors import CoachError
from coach.interview import event_builders as payloads
from coach.interview import state_machine as states
from coach.interview.broadcast import Broadcast, Subscription
from coach.interview.dependencies import Dependencies
from coach.interview.live_state import LiveState
from coach.interview.question_trail import question_dots
from coach.interview.speech_output import SpeechOutput

_REMEMBERED = frozenset({"FOLLOW_UP_QUEUED", "NO_FOLLOW_UP", "UPDATE_SCORES", "UPDATE_REWRITE", "TRANSCRIPT_REVIEW"})
_WITH_FEEDBACK = frozenset({ViewState.PROCESSING, ViewState.FEEDBACK, ViewState.ERROR_RECOVERABLE})


def clip_key(text: str, persona_id: str) -> str:
    """Key of a cached clip: what is said, by whom."""
    return hashlib.sha256(f"{persona_id}\x1f{text}".encode()).hexdigest()[:24]


@dataclass(slots=True)
class InterviewAggregate:
    """Facts, place and listeners of one interview; changed by the conductor and its helpers alone."""

    parts: Dependencies
    board: LiveState
    voice: SpeechOutput
    fanout: Broadcast = field(default_factory=Broadcast)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    rows: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Rows of attempts are written one after the other: none forgets what the one before it brought."""
    view: ViewState = ViewState.INTRO_LOADING
    since: float = 0.0
    exchange_id: str = ""
    attempt_id: str = ""
    notice: str = ""
    recorded_s: Callable[[], float] = lambda: 0.0
    """How much of the answer in hand is recorded."""
    hinted: dict[str, float] = field(default_factory=dict)
    told: dict[str, dict[str, Event]] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)

    @property
    def exchange(self) -> Exchange | None:
        """The exchange in hand."""
        return self.board.exchanges.get(self.exchange_id)

    @property
    def attempt(self) -> Attempt | None:
        """The attempt in hand."""
        return self.board.attempts.get(self.attempt_id)

    def emit(self, event: Event) -> None:
        """Tells every listener."""
        self.fanout.emit(event)

    def emit_for(self, attempt_id: str, event: Event) -> None:
        """Tells every listener, and those who connect later while this attempt is in hand."""
        if event.type in _REMEMBERED:
            self.told.setdefault(attempt_id, {})[event.type] = event
        self.fanout.emit(event)

    def tell(self, code: str, message: str) -> None:
        """A quiet notice."""
        self.emit(Notice(payload=NoticePayload(code=code, message=message)))

    def fail(self, error: CoachError, *, code: str = "", recoverable: bool = True) -> None:
        """Tells every listener of a failure."""
        payload = ErrorPayload(code=code or error.code, message=str(error), recoverable=recoverable)
        self.emit(ErrorEvent(payload=payload))

    def change(self, view: ViewState, *, notice: str = "", quiet: bool = False) -> None:
        """Changes the view along the table and tells it (`quiet`: another event tells it)."""
        self.view = states.check_view(self.view, view)
        self.since = self.parts.monotonic()
        self.notice = notice
        if not quiet:
            self.emit(self.state())

    def broken(self, attempt_id: str, notice: str) -> None:
        """The work on an attempt failed: where its skeleton stands, that gives way to what happened."""
        if self.skeleton_stands(attempt_id):
            self.change(ViewState.ERROR_RECOVERABLE, notice=notice)

    def hint(self, attempt_id: str) -> None:
        """*Finish* is acknowledged: the skeleton may stand, for at least its minimum."""
        self.hinted[attempt_id] = self.parts.monotonic()
        minimum = round(self.parts.timing.min_display_s * 1000)
        self.emit(ProcessingHint(payload=ProcessingHintPayload(min_display_ms=minimum, attempt_id=attempt_id)))

    def skeleton_left_s(self, attempt_id: str) -> float:
        """Seconds the skeleton of this attempt still has to stand."""
        shown_s = self.parts.monotonic() - self.hinted.get(attempt_id, 0.0)
        return max(0.0, self.parts.timing.min_display_s - shown_s)

    def skeleton_stands(self, attempt_id: str) -> bool:
        """Whether the person waits for the feedback on this attempt."""
        return self.attempt_id == attempt_id and self.view == ViewState.PROCESSING

    async def save(self, attempt: Attempt) -> Attempt:
        """Stores an attempt, then believes it."""
        async with self.rows:
            return await self._written(self.with_own_view(attempt))

    async def amend(self, attempt_id: str, change: Callable[[Attempt], Attempt]) -> Attempt:
        """Stores an attempt with `change` made to it as it is then, whatever else is being written of it."""
        async with self.rows:
            return await self._written(change(self.board.attempt(attempt_id)))

    def with_own_view(self, attempt: Attempt) -> Attempt:
        """`attempt` with what the person thought of it, which may have come while it was judged."""
        known = self.board.attempts.get(attempt.id)
        own = known.extra.self_rating if known else None
        return attempt if own is None or attempt.extra.self_rating else attempt.noting(self_rating=own)

    def told_own_view(self, attempt_id: str, own: OwnView) -> None:
        """Who connects later sees the person's own view beside the scores."""
        told = self.told.get(attempt_id, {})
        scores = told.get("UPDATE_SCORES")
        if scores is not None and scores.type == "UPDATE_SCORES":
            payload = scores.payload.model_copy(update={"self_rating": own})
            told["UPDATE_SCORES"] = scores.model_copy(update={"payload": payload})

    async def _written(self, attempt: Attempt) -> Attempt:
        known = self.board.attempts.get(attempt.id)
        if known:
            states.check_attempt(known.status, attempt.status)
        await (self.parts.store.update_attempt(attempt) if known else self.parts.store.add_attempt(attempt))
        self.board.attempts[attempt.id] = attempt
        return attempt

    async def claim(self, attempt: Attempt) -> bool:
        """Stores the attempt and wins the right to evaluate it; False when someone else has it."""
        states.check_attempt(self.board.attempt(attempt.id).status, attempt.status)
        won = await self.parts.store.keep_and_claim(attempt, owner=self.parts.owner)
        status = AttemptStatus.EVALUATING if won else attempt.status
        self.board.attempts[attempt.id] = attempt.model_copy(update={"status": status})
        return won

    async def discard(self, attempt: Attempt) -> None:
        """An attempt that does not count; its number is free again."""
        await self.save(attempt.model_copy(update={"status": AttemptStatus.DISCARDED}))

    async def touch(self, **changes: object) -> None:
        """Stores the interview's row with `changes` and the moment of this activity."""
        now = self.parts.clock()
        interview = self.board.interview.model_copy(update={"last_activity_at": now, **changes})
        states.check_interview(self.board.interview.status, interview.status)
        await self.parts.store.update_interview(interview)
        self.board.interview = interview

    async def begin(self) -> None:
        """From now on the interview is in progress."""
        interview = self.board.interview
        if interview.status != InterviewStatus.IN_PROGRESS:
            started = interview.started_at or self.parts.clock()
            await self.touch(status=InterviewStatus.IN_PROGRESS, started_at=started)

    def follow_up_text(self) -> str:
        """The follow-up that may be accepted now; empty when there is none."""
        exchange, attempt = self.exchange, self.attempt
        if not exchange or not attempt or exchange.follow_up_of or self.board.follow_up_to(exchange):
            return ""
        queued = self.told.get(attempt.id, {}).get("FOLLOW_UP_QUEUED")
        if queued is None or queued.type != "FOLLOW_UP_QUEUED" or attempt.id in self.withdrawn:
            return ""
        return queued.payload.question_text

    def state(self) -> SessionState:
        """SESSION_STATE as of now."""
        return SessionState(payload=_state_of(self))

    def welcome(self) -> list[Event]:
        """What puts a client that has just come where it was."""
        out: list[Event] = [self.state()]
        if self.view == ViewState.PROCESSING:
            left = round(self.skeleton_left_s(self.attempt_id) * 1000)
            hint = ProcessingHintPayload(min_display_ms=left, attempt_id=self.attempt_id)
            out.append(ProcessingHint(payload=hint))
        if self.view in _WITH_FEEDBACK:
            out += self.told.get(self.attempt_id, {}).values()
        return [*out, *self.voice.resend()]

    def subscribe(self, *, elsewhere: bool = False) -> Subscription:
        """A new listener, put where the interview is; `elsewhere`: it passes events to another process."""
        return self.fanout.subscribe(self.welcome(), elsewhere=elsewhere)

    def remember_stored(self, attempt: Attempt) -> None:
        """After a restart: what would have been told of an attempt that has its evaluation."""
        evaluation = attempt.evaluation
        if evaluation is None:
            return
        asked = attempt.extra.follow_up_asked
        if asked is None:
            asked = evaluation.follow_up.should_ask
        first: Event = payloads.no_follow_up(attempt.id)
        if asked:
            first = payloads.follow_up(attempt.id, evaluation.follow_up.question_text)
        siblings = self.board.attempts_of(attempt.exchange_id)
        late = [payloads.DELAYED] if attempt.status == AttemptStatus.DELAYED else []
        label = self.parts.judge_label(attempt.brain)
        scores = payloads.stored_scores(attempt, siblings, evaluation, label=label, extra_notices=late)
        events: list[Event] = [first, scores, payloads.stored_rewrite(attempt, evaluation)]
        self.told[attempt.id] = {event.type: event for event in events}


def _state_of(session: InterviewAggregate) -> SessionStatePayload:
    board, exchange, attempt = session.board, session.exchange, session.attempt
    questions = board.questions()
    question = None
    if exchange:
        question = CurrentQuestion(id=exchange.id, text=exchange.question_text)
    return SessionStatePayload(
        status=board.interview.status.value,
        view_state=session.view,
        current_question=question,
        attempt_number=attempt.attempt_number if attempt else 0,
        attempt_id=attempt.id if attempt else None,
        question_number=board.question_number(exchange) if exchange else 0,
        question_count=len(questions),
        is_follow_up=bool(exchange and exchange.follow_up_of),
        can_follow_up=bool(session.follow_up_text()),
        is_last_question=bool(exchange and board.after(exchange) is None),
        persona_id=board.interview.persona_id,
        history=payloads.dots(board.attempts_of(exchange.id)) if exchange else [],
        questions=question_dots(board, exchange),
        elapsed_ms=round((session.parts.monotonic() - session.since) * 1000, 1) if session.since else 0,
        notice=session.notice,
        recoverable_s=round(session.recorded_s(), 1),
    )
