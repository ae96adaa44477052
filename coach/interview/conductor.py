"""One conductor per interview: commands in, events out; it alone changes state.

Commands are taken one at a time. An illegal one raises a typed error and changes nothing; one that repeats what was
done already is accepted and does nothing, so double clicks, two tabs and reconnects are harmless.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from coach.audio.takes import ClockedFrame
from coach.contracts.asking import asking
from coach.contracts.commands import (
    Command,
)
from coach.contracts.events import (
    SessionState,
    SoundKept,
    SoundKeptPayload,
    SummaryPayload,
)
from coach.contracts.interview import (
    Attempt,
    AttemptStatus,
    InterviewSnapshot,
    InterviewStatus,
    new_id,
)
from coach.errors import CoachError, IllegalCommandError
from coach.interview import state_machine as states
from coach.interview.aggregate import InterviewAggregate
from coach.interview.answer.baseline import Baseline
from coach.interview.answer.deferred_writes import DeferredWrites
from coach.interview.answer.path import AnswerPath
from coach.interview.answer.pending_reviews import PendingReviews
from coach.interview.answer.recording_files import RecordingFiles
from coach.interview.answer.results import Results
from coach.interview.answer.tasks import AnswerTasks
from coach.interview.answer.transcription import AnswerTranscription
from coach.interview.answer.verbatim_pass import VerbatimPass
from coach.interview.broadcast import Subscription
from coach.interview.command_handlers import CommandHandlers
from coach.interview.dependencies import Dependencies, off_loop
from coach.interview.live_state import LiveState
from coach.interview.phases.asking import Asking
from coach.interview.phases.closing import Closing
from coach.interview.phases.feedback import Feedback
from coach.interview.phases.listening import Listening, Parting
from coach.interview.phases.processing import Processing
from coach.interview.phases.resuming import Resuming
from coach.interview.speech_output import SpeechOutput
from coach.vault import ambient

log = logging.getLogger(__name__)


class Conductor:
    """Commands in (`send`, `push_audio`), events out (`subscribe`). Made and kept by `InterviewService`."""

    def __init__(self, parts: Dependencies, snapshot: InterviewSnapshot) -> None:
        """Nothing is opened yet."""
        self.id = snapshot.interview.id
        self.parts = parts
        voice = SpeechOutput(self._emit, self._speech_ended, parts.timing)
        self._s = InterviewAggregate(parts=parts, board=LiveState.of(snapshot), voice=voice)
        self._baseline = Baseline(self._s)
        self._listening = Listening(self._s, self._baseline)
        self._asking = Asking(self._s, self._listening)
        self._processing = Processing(self._s, answer_path(self._s, self._asking, self._baseline))
        self._closing = Closing(self._s, self._listening, self._processing)
        self._loop = asyncio.get_running_loop()
        self._commands = CommandHandlers(self._s, self._listening, self._asking, self._processing, self._closing)

    # -- the outside -----------------------------------------------------------------------------------------------

    async def send(self, command: Command) -> None:
        """Carries a command out.

        Raises:
            IllegalCommandError: the present state does not allow it; nothing was changed.
            RateLimitError, NotFoundError, StoreError: likewise.
        """
        async with self._alone():
            await self._commands.carry_out(command)

    def greet(self, notice: str) -> None:
        """A notice for the first client that connects."""
        self._s.notice = notice

    def tell(self, code: str, message: str) -> None:
        """A quiet notice to every listener."""
        self._s.tell(code, message)

    def subscribe(self, *, elsewhere: bool = False) -> Subscription:
        """A listener that starts with what puts a client where the interview is; `elsewhere`: for another process."""
        return self._s.subscribe(elsewhere=elsewhere)

    def snapshot(self) -> SessionState:
        """Where the interview is."""
        return self._s.state()

    @property
    def board(self) -> LiveState:
        """The facts (read only)."""
        return self._s.board

    @property
    def listeners(self) -> int:
        """How many clients listen."""
        return len(self._s.fanout)

    @property
    def working(self) -> bool:
        """Whether an answer is being processed."""
        return self._processing.busy()

    @property
    def over(self) -> bool:
        """Whether the interview is finished and nothing of it runs any more."""
        return self.board.interview.status == InterviewStatus.COMPLETED and self._processing.resting

    @property
    def avatar_config(self) -> dict[str, object]:
        """What the browser needs to show the avatar."""
        return self._s.voice.config

    def push_audio(self, pcm16: bytes, source: int = -1) -> bool:
        """Takes a frame without a clock on the event loop; False when no answer is being recorded.

        `source` (negative) says whose it is: of several, the one that began last is heard.
        """
        capture = self._listening.capture
        if capture is None:
            return False
        capture.push(pcm16, source)
        return True

    def push_clocked(self, frame: ClockedFrame) -> bool:
        """Takes a frame that knows its place, on the event loop; False when its answer is over.

        Raises:
            FrameClockError: the place cannot be.
        """
        return self._listening.hear(frame)

    def push_audio_threadsafe(self, pcm16: bytes, clock_s: float | None = None, source: int = 0) -> bool:
        """Takes a frame in any other thread (streamlit-webrtc); never waits for the loop.

        With `clock_s`, the frame's begin on the clock of its connection `source`, it stands in for what the socket
        does not bring; without one it is recorded as it comes. False when no answer is being recorded.
        """
        capture = self._listening.capture
        if capture is None:
            return False
        if clock_s is None:
            capture.push_from_thread(pcm16)
        else:
            capture.stand_in(clock_s, pcm16, source)
        return True

    def sound_kept(self) -> SoundKept:
        """What of the answer in hand rests on disk: a client need not keep or send it any more."""
        attempt_id, take, samples = self._listening.kept()
        return SoundKept(payload=SoundKeptPayload(attempt_id=attempt_id, take=take, samples=samples))

    async def submit_recording(self, path: Path, *, attempt_id: str = "") -> None:
        """An uploaded recording as the answer to the question in hand; it replaces what was recorded live.

        Raises:
            AudioError: it is no recording, or is empty.
            IllegalCommandError: no answer is awaited, or the person started over while it was read.
        """
        attempt_id = attempt_id or self._s.attempt_id
        async with self.parts.decoding:
            if not self.takes_recording(attempt_id):
                return
            taken = self.parts.journal_dir / f".{new_id()}.part"
            try:
                with ambient.belonging_to(self._s.board.interview.user_id):
                    notice = await off_loop(self.parts.take_upload, path, taken)
                if notice:
                    self.tell("RECORDING_DAMAGED", notice)
                async with self._alone():
                    if self.takes_recording(attempt_id):
                        await self._answer_with(taken, self._s.board.attempt(attempt_id))
            finally:
                taken.unlink(missing_ok=True)

    async def _answer_with(self, taken: Path, attempt: Attempt) -> None:
        await self._listening.drop()
        recording = taken.replace(self.parts.journal_dir / f"{attempt.id}.flac")
        self._processing.start_file(attempt, recording, self._commands.acknowledge(attempt))

    def takes_recording(self, attempt_id: str = "") -> bool:
        """Whether a recording would be this attempt's answer; False when it has one.

        Raises:
            IllegalCommandError: no answer is awaited, or that of another attempt.
            NotFoundError: there is no such attempt.
        """
        attempt = self._s.board.attempt(attempt_id or self._s.attempt_id)
        if attempt.status == AttemptStatus.DISCARDED:
            raise IllegalCommandError("This answer was started over.", mend="Send the recording again.")
        if not self._commands.awaited(attempt):
            return False
        states.after("FINISH_ANSWER", self._s.view)
        if attempt.id != self._s.attempt_id:
            raise IllegalCommandError("Another attempt is being recorded.")
        return True

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """One command at a time; what comes of it is the program's own work, whoever gave the command."""
        async with self._s.lock:
            with asking(None):
                yield

    async def finish(self) -> SummaryPayload:
        """*Finish interview*: its summary; a second call gives it again."""
        async with self._alone():
            return await self._commands.finish_now()

    async def open(self) -> None:
        """Starts the avatar and finds the place after a restart."""
        interview = self._s.board.interview
        resuming = Resuming(self._s, self._listening, self._asking, self._processing)
        if interview.status == InterviewStatus.COMPLETED:
            resuming.find_place()
            return
        await self._s.voice.open(self.parts.avatar, self.id, interview.persona_id)
        self.parts.rehearse([question.question_text for question in self._s.board.questions()], interview.persona_id)
        async with self._alone():
            await resuming.resume()

    async def settle(self, timeout_s: float = 10.0) -> None:
        """Waits until no answer is being processed any more."""
        await self._processing.settle(timeout_s)

    async def reawaken(self) -> None:
        """*Resume interview*: an abandoned one goes on."""
        async with self._alone():
            interview = self._s.board.interview
            if interview.status != InterviewStatus.ABANDONED:
                return
            begun = any(a.status != AttemptStatus.RECORDING for a in self._s.board.attempts.values())
            await self._s.touch(status=InterviewStatus.IN_PROGRESS if begun else InterviewStatus.PLANNED)

    async def close(self, parting: Parting = "resumed") -> None:
        """Ends every task and stream; what is unfinished is resumed from the store, unless it was deleted."""
        async with AsyncExitStack() as then:  # the last one first; each comes, whatever the one before it met
            then.callback(self._s.fanout.close)
            then.push_async_callback(self._s.voice.close)
            then.push_async_callback(self._meter_voice)
            then.push_async_callback(self._baseline.close)
            then.push_async_callback(self._processing.close)
            await self._listening.close(parting)

    async def _meter_voice(self) -> None:
        with suppress(CoachError):
            await self.parts.store.add_usage(await self._s.voice.usage())

    async def end(self, parting: Parting = "resumed") -> None:
        """`close`; whatever it meets, the other interviews and what follows go on."""
        try:
            await self.close(parting)
        except Exception:
            log.exception("an interview was not closed in order", extra={"interview_id": self.id})

    def _emit(self, event: Any) -> None:
        self._s.emit(event)

    async def _speech_ended(self, task_id: str) -> None:
        await self._asking.ended(task_id)


def answer_path(session: InterviewAggregate, asking: Asking, baseline: Baseline) -> AnswerPath:
    """The way of an answer, wired for one interview."""
    tasks, files, transcription = AnswerTasks(), RecordingFiles(session), AnswerTranscription(session)
    writes, results = DeferredWrites(session, files, tasks), Results(session, tasks)
    return AnswerPath(
        session,
        tasks,
        files,
        transcription,
        writes,
        reviews=PendingReviews(session),
        baseline=baseline,
        feedback=Feedback(session, asking, writes, results, tasks),
        verbatim=VerbatimPass(session, transcription, files, writes, results, baseline, tasks),
    )
