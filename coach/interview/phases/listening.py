"""LISTENING: the microphone is armed, frames are taken, *Start over* begins anew at no cost."""

import logging
from collections import deque
from typing import Literal

from coach.audio.takes import ClockedFrame
from coach.contracts.commands import EyeContactPayload
from coach.contracts.events import Level, LevelPayload
from coach.contracts.interview import Attempt, AttemptExtra, AttemptStatus, Exchange, ViewState
from coach.delivery.eye_contact import EyeSample, eye_contact
from coach.errors import CoachError, RateLimitError, VendorAuthError
from coach.interview.aggregate import InterviewAggregate
from coach.interview.answer.baseline import Baseline
from coach.interview.answer.recording import AnswerRecording
from coach.interview.answer.speech_context import speech_context
from coach.interview.dependencies import off_loop
from coach.speech.port import SpeechStream
from coach.vault import ambient

KEEPS_RECORDING = "The transcriber is not reachable. We keep recording; tap Finish to submit what we captured."
REFUSED = "{problem} We keep recording."
log = logging.getLogger(__name__)
Parting = Literal["resumed", "lost", "deleted"]
"""Why an interview is let go of: it is taken up again, another process has taken it up already, or nobody will."""
SPENT_TAKES = 64
"""Captures of this many answers are remembered, so that what arrives late of one never gets into another."""


class Listening:
    """Owns the speech stream of the interview and the recording of the attempt in hand."""

    def __init__(self, session: InterviewAggregate, baseline: Baseline) -> None:
        """Nothing is opened yet."""
        self._s = session
        self._baseline = baseline
        self._stream: SpeechStream | None = None
        self._opened = False
        self._restarts: deque[float] = deque(maxlen=session.parts.timing.restarts_per_minute)
        self._eyes: list[EyeSample] = []
        self._speech: list[tuple[float, float]] = []
        self._heard_s = 0.0
        self._refused = ""
        self._told_notice = ""
        self._told_drops = False
        self._told_trouble = False
        self._spent: deque[int] = deque(maxlen=SPENT_TAKES)
        self.capture: AnswerRecording | None = None
        session.recorded_s = lambda: self.capture.seconds if self.capture else 0.0

    async def open_stream(self) -> None:
        """Opens the live stream when the interview starts; without one, the recording is transcribed at *Finish*."""
        if self._opened:
            return
        self._opened = True
        try:
            self._stream = await self._s.parts.transcriber.open_stream(await speech_context(self._s))
        except VendorAuthError as error:
            self._refused = REFUSED.format(problem=error)
            self._s.tell(error.code, self._refused)
        except CoachError:
            self._s.tell("STT_STREAM_FAILED", KEEPS_RECORDING)

    async def new_attempt(self, exchange: Exchange, *, lead_in: str = "") -> Attempt:
        """The next attempt at `exchange`; one that has not begun is taken again."""
        latest = self._s.board.latest(exchange.id)
        if latest and latest.status == AttemptStatus.RECORDING:
            return latest
        return await self._s.save(
            Attempt(
                exchange_id=exchange.id,
                interview_id=exchange.interview_id,
                attempt_number=self._s.board.next_number(exchange.id),
                prompt_version=self._s.parts.bundle,
                transcriber=self._s.parts.transcriber.name,
                created_at=self._s.parts.clock(),
                extra=AttemptExtra(lead_in=lead_in),
            )
        )

    async def arm(self, attempt: Attempt, *, notice: str = "") -> None:
        """Starts taking frames for `attempt` and shows LISTENING; tried again it goes on with what was opened."""
        known = self.capture
        if known is None or known.closed or known.attempt_id != attempt.id:
            await self._record(attempt)
        await self._s.begin()
        self._s.exchange_id, self._s.attempt_id = attempt.exchange_id, attempt.id
        self._baseline.load(attempt.id)
        self._s.change(ViewState.LISTENING, notice=" ".join(filter(None, (notice, self._refused))))

    async def _record(self, attempt: Attempt) -> None:
        parts = self._s.parts
        await self.open_stream()
        with ambient.belonging_to(self._s.board.interview.user_id):
            journal = await off_loop(parts.journals.create, parts.journal_dir, attempt.id)
        stream = self._stream
        if stream:
            try:
                await stream.start_answer(attempt.id)
            except CoachError:
                stream = None
                self._s.tell("STT_STREAM_FAILED", KEEPS_RECORDING)
        self._eyes, self._speech, self._heard_s = [], [], 0.0
        self._told_drops, self._told_trouble, self._told_notice = False, False, ""
        self.capture = AnswerRecording(
            attempt.id,
            journal,
            stream,
            ear=parts.ear() if parts.ear else None,
            follower=parts.follow(journal) if parts.follow else None,
            tell=self._level,
            level_every_s=parts.timing.level_every_s,
            longest_s=parts.timing.longest_answer_s,
            monotonic=parts.monotonic,
        )

    async def restart(self) -> str:
        """*Start over*: forgets the recording, resets the stream, and gives the new attempt's id.

        Raises:
            RateLimitError: too often.
        """
        self.guard_rate()
        old = self._s.board.attempt(self._s.attempt_id)
        await self.forget(old)
        attempt = await self.new_attempt(self._s.board.exchange(old.exchange_id))
        await self._record(attempt)
        self._s.attempt_id, self._s.since = attempt.id, self._s.parts.monotonic()
        return attempt.id

    async def forget(self, attempt: Attempt) -> None:
        """What was recorded for an attempt is dropped, and the attempt does not count."""
        recorded = self.capture is not None
        await self.drop()
        if self._stream and recorded:
            await self._stream.reset()
            await self._meter()
        await self._s.discard(attempt)

    def guard_rate(self) -> None:
        """Lets nobody begin anew so often that it could only be a machine.

        Raises:
            RateLimitError: too often.
        """
        now, timing = self._s.parts.monotonic(), self._s.parts.timing
        recent = [t for t in self._restarts if now - t < 60]
        if len(recent) >= timing.restarts_per_minute or (recent and now - recent[-1] < timing.restart_every_s):
            raise RateLimitError("Start over was used very often; wait a moment.")
        self._restarts.append(now)

    async def _meter(self) -> None:
        """Sound that was sent and then started over was used all the same."""
        usage = self._stream.take_usage() if self._stream else ()
        if usage:
            await self._s.parts.store.add_usage(usage)

    async def drop(self) -> None:
        """Forgets the recording in hand."""
        capture, self.capture = self.capture, None
        if capture:
            self._spent.extend(capture.take_ids)
            capture.abandon()
            await off_loop(capture.discard)

    def take(self, take: int | None = None, clock_ms: float = 0.0) -> AnswerRecording | None:
        """Ends the recording in hand and hands it over; no frame is taken any more.

        `take` is the client's capture that *Finish* was clicked in, at `clock_ms` of its clock.
        """
        capture, self.capture = self.capture, None
        if take is not None:
            self._spent.append(take)
        if capture:
            self._spent.extend(capture.take_ids)
            capture.close(take, clock_ms)
        return capture

    def hear(self, frame: ClockedFrame) -> bool:
        """Takes a frame that knows its place; False when no answer is being recorded or its capture is over."""
        if self.capture is None or frame.take in self._spent:
            return False
        self.capture.push_clocked(frame)
        return True

    def kept(self) -> tuple[str, int, int]:
        """(attempt, take in hand, its samples that need not be sent again)."""
        return (self.capture.attempt_id, *self.capture.kept) if self.capture else ("", 0, 0)

    def look(self, sample: EyeContactPayload) -> None:
        """One browser-side sample of the eye-contact proxy, put on the recording's clock as it comes."""
        if self.capture:
            self._eyes.append(EyeSample(self.capture.seconds, sample.face, sample.towards_camera))

    def eye_contact(self) -> float | None:
        """0-10: share of speaking time towards the camera; None where it was not measured."""
        return eye_contact(self._eyes, self._speech)

    def _hear(self, level: LevelPayload) -> None:
        """Keeps the stretches of speech that live voice activity hears."""
        since, self._heard_s = self._heard_s, level.seconds
        if not level.speaking:
            return
        if self._speech and self._speech[-1][1] == since:
            since = self._speech.pop()[0]
        self._speech.append((since, level.seconds))

    def _level(self, level: LevelPayload) -> None:
        self._hear(level)
        self._s.emit(Level(payload=level))
        if level.dropped_frames and not self._told_drops:
            self._told_drops = True
            self._s.tell(
                "AUDIO_DROPPED", "Sound arrives faster than it can be transcribed live; the recording is whole."
            )
        trouble = self.capture.trouble if self.capture else None
        if trouble and not self._told_trouble:
            self._told_trouble = True
            self._s.fail(trouble, code="RECORDING_FAILED")
        notice = self._stream.notice if self._stream else ""
        if notice and notice != self._told_notice:
            self._s.tell("STT_STREAM_FAILED", notice)
        self._told_notice = notice

    async def close(self, parting: Parting = "resumed") -> None:
        """Ends stream and recording; what was recorded stays in its journal, unless it was deleted."""
        capture = self.take()
        if capture:
            ends = {"resumed": capture.put_down, "lost": capture.leave, "deleted": capture.discard}
            try:
                await off_loop(ends[parting])
            except CoachError as error:
                log.warning("a recording was not let go of in order (%s)", error.code)
        stream = self._stream
        if stream:
            await stream.close()
            await self._meter()
        self._stream, self._opened = None, False
