"""ASKING: the question is spoken (or shown), then the microphone is armed by itself."""

import asyncio
import logging

from coach.contracts.interview import Attempt, Exchange, InterviewStatus, ViewState, new_id
from coach.errors import CoachError
from coach.interview.aggregate import InterviewAggregate, clip_key
from coach.interview.latency import Timeline
from coach.interview.manner import follow_up_lead_in, lead_in
from coach.interview.phases.listening import Listening
from coach.interview.speech_output import text_hash

log = logging.getLogger(__name__)


class Asking:
    """Moves the interview to a question and speaks it."""

    def __init__(self, session: InterviewAggregate, listening: Listening) -> None:
        """Both are the conductor's."""
        self._s = session
        self._listening = listening
        self._task_id = ""
        self._follow_up_tasks: dict[str, str] = {}

    async def ask(self, exchange: Exchange, *, after: Exchange | None = None) -> None:
        """Shows ASKING for `exchange` and has its text spoken, led in by how the answer to `after` went."""
        await self._s.voice.stop()
        said_before = self._lead_in(after) if after else ""
        await self._enter(exchange, said_before)
        purpose = "follow_up" if exchange.follow_up_of else "question"
        self._task_id = new_id()
        await self._s.voice.say(
            exchange.question_text,
            purpose,  # type: ignore[arg-type]
            task_id=self._task_id,
            lead_in=said_before,
            clip_key=exchange.avatar_clip_key or clip_key(exchange.question_text, self._s.board.interview.persona_id),
        )

    def _lead_in(self, before: Exchange) -> str:
        turn = self._s.board.question_number(before)
        return lead_in(self._tried(before.id), self._s.parts.policy, turn=turn)

    def _tried(self, exchange_id: str) -> list[Attempt]:
        """Attempts at a question, discarded ones included, as they were made."""
        tried = [each for each in self._s.board.attempts.values() if each.exchange_id == exchange_id]
        return sorted(tried, key=lambda attempt: attempt.created_at)

    def _follow_up_lead_in(self, attempt_id: str) -> str:
        attempt = self._s.board.attempts.get(attempt_id)
        if attempt is None:
            return ""
        tried = self._tried(attempt.exchange_id)
        return follow_up_lead_in(tried, self._s.parts.policy, turn=len(self._follow_up_tasks))

    async def ask_follow_up(self, exchange: Exchange, asked_by: str) -> None:
        """The follow-up was queued with the feedback of `asked_by`: it is not generated twice.

        While it is still being said, ASKING lasts until it ends; when it was said already, listening starts at once.
        """
        task_id = self._follow_up_tasks.get(asked_by, "")
        if not task_id:
            await self.ask(exchange)
            return
        self._task_id = task_id
        await self._enter(exchange)
        if not self._s.voice.speaking(task_id):
            await self._listen()

    async def _enter(self, exchange: Exchange, said_before: str = "") -> None:
        attempt = await self._listening.new_attempt(exchange, lead_in=said_before)
        self._s.exchange_id, self._s.attempt_id = exchange.id, attempt.id
        self._s.change(ViewState.ASKING)

    async def speak_follow_up(self, attempt_id: str, text: str, task_id: str, timeline: Timeline) -> None:
        """Has the follow-up spoken while the feedback is being read; never into another question or its answer."""
        if self._reads(attempt_id):
            await self._s.voice.stop()
        if not self._reads(attempt_id):
            return
        self._follow_up_tasks[attempt_id] = task_id
        await self._s.voice.say(
            text,
            "follow_up",
            task_id=task_id,
            lead_in=self._follow_up_lead_in(attempt_id),
            clip_key=text_hash(text),
            asked=lambda: timeline.mark("speak_requested"),
            started=lambda: timeline.mark("speech_start"),
        )

    def _reads(self, attempt_id: str) -> bool:
        """Whether the person waits for, or reads, the feedback on this attempt, and its follow-up still stands."""
        here = self._s.attempt_id == attempt_id and attempt_id not in self._s.withdrawn
        return here and self._s.view in (ViewState.PROCESSING, ViewState.FEEDBACK)

    async def withdraw(self, attempt_id: str) -> None:
        """Stops a follow-up that was taken back."""
        if self._s.voice.speaking(self._follow_up_tasks.get(attempt_id, "none")):
            await self._s.voice.stop()

    def done(self, task_id: str) -> None:
        """The browser has finished speaking."""
        self._s.voice.done(task_id)

    async def done_current(self) -> None:
        """The client says the question was asked; where nobody says it any more, listening begins here."""
        if self._s.voice.speaking(self._task_id):
            self._s.voice.done(self._task_id)
        else:
            await self._listen()

    async def ended(self, task_id: str) -> None:
        """A speech is over: if it was the question in hand, listen; what stands in the way is told and tried again."""
        told = ""
        while trouble := await self._listened(task_id):
            if str(trouble) != told:
                self._s.fail(trouble)
            told = str(trouble)
            await asyncio.sleep(self._s.parts.timing.listen_again_s)

    async def _listened(self, task_id: str) -> CoachError | None:
        """Begins to listen where the question in hand was asked; gives what kept it from that."""
        async with self._s.lock:
            over = self._s.board.interview.status == InterviewStatus.COMPLETED
            if over or self._s.view != ViewState.ASKING or task_id != self._task_id:
                return None
            try:
                await self._listen()
            except CoachError as error:
                return error
            except Exception:
                log.exception("listening did not begin")
                return CoachError("Something failed on our side; we listen as soon as we can.")
        return None

    async def _listen(self) -> None:
        attempt = self._s.attempt
        if attempt:
            await self._listening.arm(attempt)
