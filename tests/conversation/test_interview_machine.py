"""Random commands and faults against the conductor: whatever comes in whatever order, the invariants hold."""

import asyncio
import itertools
import logging
import tempfile
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from coach.contracts import commands as cmd
from coach.contracts import events as ev
from coach.contracts.interview import AttemptStatus, InterviewStatus, ViewState
from coach.errors import CoachError, IllegalCommandError
from coach.interview import rollup
from coach.interview import store_and_forward as spool
from coach.interview.answer import recording as capture
from coach.interview.dependencies import InterviewTiming
from coach.interview.service import InitRequest
from coach.interview.store_and_forward import SPOOL
from tests.conversation.driver import make_hub, tone
from tests.fakes.memory import MemoryArchive, MemoryJournal
from tests.fakes.store import FakeStore
from tests.fakes.vendors import FakeAvatar, FakeBrain, FakeTranscriber, ScriptedEvaluation
from tests.long import how_many

NOWHERE = Path(tempfile.mkdtemp(prefix="machine-"))
TIMING = InterviewTiming(min_display_s=0, speech_grace_s=1e6, restart_every_s=0, restarts_per_minute=99, settle_s=5)
FRAME = tone(0.2)
DONE = (AttemptStatus.EVALUATED, AttemptStatus.DELAYED, AttemptStatus.REVIEW)


class InlineExecutor(ThreadPoolExecutor):
    """Runs work where it is asked for: memory does not block, and without threads a failure can be replayed."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


def _new_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.set_default_executor(InlineExecutor())
    return loop


_runner = asyncio.Runner(loop_factory=_new_loop)


class Interviews(RuleBasedStateMachine):
    """One interview, its clients, its faults."""

    def run(self, work: Any) -> Any:
        return _runner.run(work)

    @initialize(
        questions=st.integers(1, 3),
        needs_review=st.booleans(),
        depth=st.integers(0, 4),
        scripts=st.lists(
            st.fixed_dictionaries(
                {"overall": st.sampled_from([3.0, 6.5, 6.6, 9.0])},
                optional={
                    "follow_up": st.just("Which numbers?"),
                    "contradict": st.just(True),
                    "fallback": st.just(True),
                    "fail": st.sampled_from(["follow_up", "scoring", "rewrite"]),
                },
            ),
            min_size=1,
            max_size=4,
        ),
    )
    def begin(self, questions: int, needs_review: bool, depth: int, scripts: list[dict[str, Any]]) -> None:
        MemoryJournal.disk.clear()
        (NOWHERE / SPOOL).unlink(missing_ok=True)
        logging.disable(logging.CRITICAL)
        ticks = itertools.count()
        self.clock = lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(ticks))
        self._patches = (patch.object(spool, "REPLAY_EVERY_S", 1e6), patch.object(capture, "_EARS", InlineExecutor()))
        for each in self._patches:
            each.start()
        self.store = FakeStore()
        self.transcriber = FakeTranscriber(needs_review=needs_review)
        self.avatar = FakeAvatar(speaks_for_s=0.0)
        self.brain = FakeBrain()
        self.archive = MemoryArchive()
        self.evaluations = ScriptedEvaluation(*scripts)
        self.scripts = scripts
        self.log: list[list[Any]] = []
        self.finished_answers: set[str] = set()
        self.questions = questions
        self.run(self._boot(None))
        if depth >= 1:
            self.start()
            self.settle()
        if depth >= 2:
            self.speak(2)
            self.finish_answer(1)
            self.submit("I led the migration.", 1)
        if depth >= 3:
            self.settle()
        if depth >= 4:
            self.answer_follow_up(1)
            self.settle()
            self.retry()
            self.settle()
            self.speak(2)
            self.finish_answer(1)
            self.submit("We did it.", 1)
            self.settle()

    async def _boot(self, interview_id: str | None) -> None:
        self.hub = make_hub(
            NOWHERE,
            store=self.store,
            transcriber=self.transcriber,
            avatar=self.avatar,
            brain=self.brain,
            evaluate=self.evaluations,
            journals=MemoryJournal,
            archive=self.archive,
            journal_dir=NOWHERE,
            timing=TIMING,
            clock=self.clock,
        )
        if interview_id is None:
            interview_id = (await self.hub.init(InitRequest(q_count=self.questions))).mock_interview_id
        else:
            for attempt in await self.store.unfinished_attempts():
                await self.hub.open(attempt.interview_id)
        self.conductor = await self.hub.open(interview_id)
        self._listen()
        await self._breathe()

    def _listen(self) -> None:
        seen: list[Any] = []
        listener = self.conductor.subscribe()
        listener.put = seen.append  # type: ignore[method-assign, assignment]
        seen.extend(listener._events)
        self.log.append(seen)

    async def _breathe(self, times: int = 12) -> None:
        for _ in range(times):
            await asyncio.sleep(0)

    @property
    def state(self) -> ev.SessionStatePayload:
        return self.conductor.snapshot().payload

    def facts(self) -> tuple[Any, ...]:
        board = self.conductor.board
        return board.interview.status, dict(board.exchanges), dict(board.attempts), self.state.view_state

    def send(self, command: Any, times: int = 1) -> bool:
        """Sends; an error is a typed one and changes nothing."""

        async def work() -> bool:
            done = True
            for _ in range(times):
                async with self.conductor._s.lock:
                    before = self.facts()
                    try:
                        await self.conductor._commands.carry_out(command)
                    except CoachError as error:
                        done = False
                        if isinstance(error, IllegalCommandError):
                            assert self.facts() == before
            await self._breathe()
            return done

        return bool(self.run(work()))

    @rule()
    def start(self) -> None:
        self.send(cmd.StartInterview())

    @rule(frames=st.integers(1, 3))
    def speak(self, frames: int) -> None:
        for _ in range(frames):
            self.run(self._push())

    async def _push(self) -> None:
        self.conductor.push_audio(FRAME)

    @rule(times=st.integers(1, 3))
    def finish_answer(self, times: int) -> None:
        state = self.state
        if not state.attempt_id or not state.current_question:
            return
        heard = self.conductor._listening.capture is not None and self.conductor._listening.capture.frames > 0
        view = state.view_state
        payload = cmd.FinishAnswerPayload(
            question_id=state.current_question.id, attempt_id=state.attempt_id, timestamp_ms=0
        )
        if self.send(cmd.FinishAnswer(payload=payload), times) and view == ViewState.LISTENING and heard:
            self.finished_answers.add(state.attempt_id)

    @rule(times=st.integers(1, 2))
    def start_over(self, times: int) -> None:
        if self.state.attempt_id:
            asked, spoken = len(self.evaluations.calls), len(self.avatar.spoken)
            restarting = self.state.view_state == ViewState.LISTENING
            payload = cmd.RestartAnswerPayload(attempt_id=self.state.attempt_id)
            self.send(cmd.RestartAnswer(payload=payload), times)
            if restarting:
                assert (len(self.evaluations.calls), len(self.avatar.spoken)) == (asked, spoken)

    @rule(times=st.integers(1, 2))
    def next_question(self, times: int) -> None:
        question = self.state.current_question
        if question:
            self.send(cmd.ReadyForNext(payload=cmd.ReadyForNextPayload(last_question_id=question.id)), times)

    @rule()
    def retry(self) -> None:
        if self.state.current_question:
            self.send(cmd.RetryQuestion(payload=cmd.ExchangeRef(question_id=self.state.current_question.id)))

    @rule(times=st.integers(1, 2))
    def answer_follow_up(self, times: int) -> None:
        if self.state.current_question:
            self.send(cmd.AnswerFollowUp(payload=cmd.ExchangeRef(question_id=self.state.current_question.id)), times)

    @rule(text=st.sampled_from(["I led the migration.", "  ", "We did it."]), times=st.integers(1, 2))
    def submit(self, text: str, times: int) -> None:
        if self.state.attempt_id:
            payload = cmd.TranscriptPayload(attempt_id=self.state.attempt_id, text=text)
            self.send(cmd.SubmitTranscript(payload=payload), times)

    @rule(times=st.integers(1, 2))
    def retry_feedback(self, times: int) -> None:
        if self.state.attempt_id:
            self.send(cmd.RetryFeedback(payload=cmd.AttemptRef(attempt_id=self.state.attempt_id)), times)

    @rule()
    def strangers(self) -> None:
        for command in (
            cmd.FinishAnswer(payload=cmd.FinishAnswerPayload(question_id="x", attempt_id="x", timestamp_ms=0)),
            cmd.RetryQuestion(payload=cmd.ExchangeRef(question_id="x")),
            cmd.SpeechDone(payload=cmd.SpeechDonePayload(task_id="x")),
            cmd.EyeContactSample(payload=cmd.EyeContactPayload(at_ms=0, face=True)),
        ):
            self.send(command)

    @rule()
    def second_tab(self) -> None:
        if len(self.log) < 6:
            self._listen()

    @rule()
    def settle(self) -> None:
        self.run(self._settled())

    async def _settled(self) -> None:
        await self.conductor.settle(5)
        await self._breathe()

    @rule(busy=st.integers(1, 4))
    def busy_database(self, busy: int) -> None:
        self.store.fail = busy

    @rule(down=st.booleans())
    def transcriber_down(self, down: bool) -> None:
        self.transcriber.fail_live = self.transcriber.fail_batch = down

    @rule(down=st.booleans())
    def avatar_down(self, down: bool) -> None:
        self.avatar.fail_speak = down

    @rule()
    def restart(self) -> None:
        if not self.hub._spool.waiting:
            self.run(self._crash())

    async def _crash(self) -> None:
        self.store.fail = 0
        await self.conductor._processing.close()
        self.conductor._s.fanout.close()
        await self._boot(self.conductor.id)

    @rule()
    def finish_interview(self) -> None:
        if len(self.conductor.board.attempts) > 1:
            self.send(cmd.FinishInterview())

    @rule()
    def browser_has_spoken(self) -> None:
        spoken = [e for e in self.log[-1] if e.type == "SPEAK"]
        if spoken:
            self.send(cmd.SpeechDone(payload=cmd.SpeechDonePayload(task_id=spoken[-1].payload.task_id)))

    # -- what must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def decisions_come_once_and_in_order(self) -> None:
        for seen in self.log:
            decided: Counter[str] = Counter()
            scored: set[str] = set()
            for event in seen:
                if event.type in ("FOLLOW_UP_QUEUED", "NO_FOLLOW_UP"):
                    decided[event.payload.attempt_id] += 1
                elif event.type == "UPDATE_SCORES":
                    assert decided[event.payload.attempt_id], "scores before the decision on a follow-up"
                    scored.add(event.payload.attempt_id)
                elif event.type == "UPDATE_REWRITE":
                    assert event.payload.attempt_id in scored, "rewrite before scores"
                elif event.type == "SPEAK" and event.payload.purpose == "follow_up" and not self.state.is_follow_up:
                    assert decided, "spoken before it was queued"
            assert all(count == 1 for count in decided.values())

    @invariant()
    def numbers_have_no_gap_and_the_best_is_the_maximum(self) -> None:
        board = self.conductor.board
        for exchange in board.exchanges.values():
            listed = board.attempts_of(exchange.id)
            assert [a.attempt_number for a in listed] == list(range(1, len(listed) + 1))
            scores = [a.overall_score for a in listed if a.overall_score is not None]
            best = rollup.best_attempt(listed)
            assert (best.overall_score if best else None) == (max(scores) if scores else None)

    @invariant()
    def a_question_has_one_follow_up_at_most_and_a_follow_up_none(self) -> None:
        board = self.conductor.board
        parents = Counter(e.follow_up_of for e in board.exchanges.values() if e.follow_up_of)
        assert all(count == 1 for count in parents.values())
        assert all(not board.exchange(parent).follow_up_of for parent in parents)

    @invariant()
    def nothing_is_evaluated_or_billed_twice(self) -> None:
        done = Counter(self.store.completions)
        for attempt_id, count in done.items():
            retries = self.conductor.board.attempt(attempt_id).extra.feedback_retries
            assert count <= 1 + retries
        billed = [e.attempt_id for e in self.store.usage.values() if e.meter == "fake.output" and e.attempt_id]
        calls = {(c.attempt_id, c.call_number) for c in self.evaluations.calls}
        assert len([b for b in billed if b != self.conductor.id]) <= len(calls)

    def teardown(self) -> None:
        logging.disable(logging.NOTSET)
        if not hasattr(self, "hub"):
            return
        for each in self._patches:
            each.stop()
        self.store.fail = 0

        async def end() -> None:
            await self._settled()
            for _ in range(3):
                if self.hub._spool.waiting:
                    async with self.hub._spool._lock:
                        await self.hub._spool._replay()
            await self.hub.close()

        self.run(end())
        for attempt_id in self.finished_answers:
            kept = self.store.attempts[attempt_id]
            assert kept.status in DONE, f"a finished answer ended as {kept.status}"
            assert MemoryJournal.disk.get(attempt_id) or kept.audio_uri
        for attempt in self.store.attempts.values():
            if attempt.status == AttemptStatus.EVALUATED:
                assert attempt.transcript and attempt.transcript.text.strip()
        interview = self.store.interviews[self.conductor.id]
        assert interview.status != InterviewStatus.PLANNED or not self.finished_answers


TestInterviews = pytest.mark.timeout(900)(Interviews.TestCase)
TestInterviews.settings = settings(
    max_examples=how_many("random interviews"),
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
