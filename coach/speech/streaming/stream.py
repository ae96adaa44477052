"""A live stream that does not lose an answer.

`LiveStream` keeps one connection to a transcriber over a whole interview, opens a new one with back-off when it is
lost, replays what no final result covered, and turns to the recording where the stream failed. It is vendor-neutral: a
vendor supplies connections (`LiveVendor`) and a way to transcribe the recording.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential_jitter

from coach.audio.pcm import SAMPLE_RATE_HZ
from coach.contracts.transcript import Transcript, TranscriptSource
from coach.contracts.usage import UsageEvent
from coach.errors import CoachError, UsageError, VendorError
from coach.speech.port import Heard, SpeechContext
from coach.speech.streaming.clock_map import Span
from coach.speech.streaming.connection import Link, SpeechProbe
from coach.speech.streaming.link_port import DeafLinkError, LiveSocket, LiveVendor
from coach.speech.streaming.segment import LinkLedger, LiveOptions, Segment
from coach.speech.streaming.silence_watch import silero_speech_s
from coach.speech.streaming.usage import sound_sent
from coach.speech.streaming.word_merge import completed_by_live_words, joined

_log = logging.getLogger(__name__)

Repair = Callable[[Path, str], Awaitable[Heard]]

LOST = "We keep recording; the live transcript is interrupted. Tap Finish to submit what we captured."
REFUSED = "The transcriber refused us, we keep recording: {problem}"
LEFT_OUT = "The live transcriber cannot keep up with the sound; {seconds:.1f} s will come from the recording."
STRAGGLER_SPEECH_S = 0.25


class LiveStream:
    """Implements `coach.speech.port.SpeechStream` over connections of a `LiveVendor`.

    Args:
        vendor: opens connections.
        context: the interview's language, terms and identity.
        repair: transcribes `(recording, attempt_id)` when the stream failed or left holes.
        probe: seconds of speech in a piece of audio.
    """

    def __init__(
        self,
        vendor: LiveVendor,
        context: SpeechContext,
        repair: Repair,
        *,
        probe: SpeechProbe = silero_speech_s,
        options: LiveOptions | None = None,
        verbatim: Callable[[], bool] = lambda: False,
    ) -> None:
        self._vendor = vendor
        self._context = context
        self._repair = repair
        self._probe = probe
        self._options = options or LiveOptions()
        self._verbatim = verbatim
        self._segment: Segment | None = None
        self._link: Link | None = None
        self._generation = 0
        self._links = 0
        self._unclaimed: Counter[str] = Counter()
        self._usage: list[UsageEvent] = []
        self._task: asyncio.Task[None] | None = None
        self._decided = asyncio.Event()
        self.trouble: VendorError | None = None

    # -- the port ------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connects; returns when connected, or with the stream trying on in the background when that takes long.

        Raises:
            VendorAuthError, VendorError: refused for good (key, quota of the account, request); nothing keeps running.
        """
        self._task = asyncio.create_task(self._keep_connected(), name="speech-stream")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._options.open_wait_s):
                await self._decided.wait()
        if self.trouble is not None and not self.trouble.retryable:
            await self.close()
            raise self.trouble

    async def start_answer(self, attempt_id: str) -> None:
        """Begins a new segment on the same connection."""
        self._leave_segment()
        self._begin(attempt_id)

    def push(self, frame: bytes) -> None:
        """Takes one frame of the current answer; frames outside an answer are ignored."""
        segment = self._segment
        if segment is None or segment.closed or not frame:
            return
        link = self._link
        segment.buffer.append(frame, live=link is not None and link.live)
        if link is not None:
            link.wake()

    def end_answer(self) -> None:
        """Asks for the last result at once, unless so much waits to be sent that the recording is faster."""
        segment, link = self._segment, self._link
        if segment is None or segment.closed:
            return
        segment.closed = True
        if link is not None and segment.buffer.unsent_s <= self._options.catch_up_s:
            segment.asked = link.ledger.number
            link.finalize()

    async def finish_answer(self, recording: Path) -> Heard:
        """See the port. The stream's own words where they are complete, else the recording's."""
        segment = self._segment
        if segment is None:
            raise UsageError("No answer is being heard.")
        self.end_answer()
        try:
            await self._settle(segment)
            missing = segment.missing(self._link.ledger if self._link else None)
            if not missing:
                return Heard(self._transcript(segment, TranscriptSource.LIVE, []), self._take_usage(segment))
            return await self._from_recording(segment, recording, missing)
        finally:
            self._leave_segment()

    async def reset(self) -> None:
        """Start over: the same attempt from zero, on the same connection."""
        segment = self._segment
        self._leave_segment()
        if segment is not None:
            self._begin(segment.attempt_id)

    @property
    def dropped_frames(self) -> int:
        """Frames of this answer left out of the live path."""
        return self._segment.buffer.dropped_frames if self._segment else 0

    @property
    def notice(self) -> str:
        """What the person should know now, else empty."""
        if self._segment is None:
            return ""
        if self._link is None:
            refused = self.trouble is not None and not self.trouble.retryable
            return REFUSED.format(problem=self.trouble) if refused else LOST
        dropped = self._segment.buffer.dropped_samples / SAMPLE_RATE_HZ
        return LEFT_OUT.format(seconds=dropped) if dropped else ""

    async def close(self) -> None:
        """Ends the connection and every task."""
        self._leave_segment()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._book(None)

    def used(self) -> tuple[UsageEvent, ...]:
        """See the port."""
        segment = self._segment
        sent = segment.sent if segment else Counter[str]()
        context = self._context.interview_id
        return tuple(sound_sent(self._vendor, context, segment, call, samples) for call, samples in sent.items())

    def take_usage(self) -> tuple[UsageEvent, ...]:
        """Usage not yet handed out with a transcript: answers started over, or never finished."""
        usage, self._usage = tuple(self._usage), []
        return usage

    # -- connection ----------------------------------------------------------------------------------------------------

    async def _keep_connected(self) -> None:
        backoff = wait_exponential_jitter(
            initial=self._options.backoff_first_s,
            max=self._options.backoff_most_s,
            jitter=self._options.backoff_first_s,
        )
        retrying = AsyncRetrying(
            wait=backoff, retry=retry_if_exception(lambda e: isinstance(e, VendorError) and e.retryable), reraise=True
        )
        try:
            async for attempt in retrying:
                with attempt:
                    await self._serve(attempt.retry_state)
        except VendorError as problem:
            _log.warning("speech stream gave up: %s", problem.code)
            self.trouble = problem
        finally:
            self._decided.set()

    async def _serve(self, state: RetryCallState) -> None:
        """One connection from opening to its end; one that worked for a while starts the back-off anew."""
        try:
            async with self._vendor.connect() as socket:
                await self._use(socket, state)
        except VendorError as problem:
            _log.info("speech connection ended: %s", problem.code)
            self.trouble = problem
            self._decided.set()
            raise

    async def _use(self, socket: LiveSocket, state: RetryCallState) -> None:
        self._links += 1
        ledger = LinkLedger(number=self._links, call_id=f"live-{uuid4().hex}")
        link = self._link = Link(socket, ledger, self._options, self._probe, self._unclaimed)
        link.adopt(self._segment)
        self.trouble = None
        self._decided.set()
        deaf = False
        try:
            await link.run()
        except DeafLinkError:
            deaf = True
            raise
        finally:
            self._link = None
            if ledger.watermark_s > 0:
                state.attempt_number = 1
            if self._segment is not None:
                self._segment.link_lost(ledger, deaf=deaf)
            await self._say_goodbye(socket)

    async def _say_goodbye(self, socket: LiveSocket) -> None:
        with contextlib.suppress(VendorError, TimeoutError):
            async with asyncio.timeout(self._options.close_s):
                await socket.end()

    # -- the answer ----------------------------------------------------------------------------------------------------

    def _begin(self, attempt_id: str) -> None:
        self._generation += 1
        self._segment = Segment(self._generation, attempt_id, self._options)
        if self._link is not None:
            self._link.adopt(self._segment)

    def _leave_segment(self) -> None:
        """Books what was sent and lets the answer go; what the transcriber still holds of it is flushed out."""
        segment, self._segment = self._segment, None
        if segment is None:
            return
        self._book(segment)
        if self._link is not None:
            self._link.adopt(None)
            if not segment.closed:
                self._link.finalize()

    async def _settle(self, segment: Segment) -> None:
        """Waits for the last result, as long as that makes sense."""
        link = self._link
        if link is None or segment.asked != link.ledger.number:
            return
        rest = asyncio.create_task(self._probe_rest(segment))
        try:
            await self._await_last_result(segment, link)
            await self._await_stragglers(segment, link)
        finally:
            await rest

    async def _await_last_result(self, segment: Segment, link: Link) -> None:
        options = self._options
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(options.quiet_tail_s):
                await segment.settled.wait()
                return
        if await self._only_silence_left(segment, link):
            segment.excuse_tail(link.ledger)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(options.finalize_s - options.quiet_tail_s):
                await segment.settled.wait()

    async def _await_stragglers(self, segment: Segment, link: Link) -> None:
        """A stretch that later results passed over: waits a moment for it, then asks voice activity if it matters."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._options.straggler_s):
                while segment.gaps(link.ledger):
                    await segment.next_result()
        for start, end in segment.gaps(link.ledger):
            if await self._probe(segment.buffer.audio(start, end)) >= STRAGGLER_SPEECH_S:
                segment.hearing.unheard.append((start, end))

    async def _only_silence_left(self, segment: Segment, link: Link) -> bool:
        start, end = segment.uncovered_tail(link.ledger)
        short = start > 0 and end - start <= self._options.quiet_tail_most_s
        if not short or segment.merge.interim or self._link is not link:
            return False
        return await self._probe(segment.buffer.audio(start, end)) == 0

    async def _probe_rest(self, segment: Segment) -> None:
        """Looks, beside the wait, at stretches without words that nobody looked at yet."""
        for span in segment.hearing.due_at_end(segment.end_s):
            segment.hearing.judged(span, await self._probe(segment.buffer.audio(*span)))

    async def _from_recording(self, segment: Segment, recording: Path, missing: list[Span]) -> Heard:
        seconds = sum(end - start for start, end in missing)
        try:
            heard = await self._repair(recording, segment.attempt_id)
        except CoachError as problem:
            return self._what_there_is(segment, seconds, problem)
        own = segment.merge.words(with_interim=True)
        if not heard.transcript.words and own:
            note = "The recording gave no words; the live transcript stands."
            return Heard(self._transcript(segment, TranscriptSource.LIVE, [note]), self._take_usage(segment, heard))
        beyond = [w for w in own if w.start_s >= heard.transcript.duration_s] if heard.transcript.duration_s else []
        return Heard(completed_by_live_words(heard.transcript, beyond, seconds), self._take_usage(segment, heard))

    def _what_there_is(self, segment: Segment, seconds: float, problem: CoachError) -> Heard:
        """The recording could not be transcribed: the live words stand, with a loud note; no words are an error."""
        if not segment.merge.words(with_interim=True):
            raise problem
        _log.warning("recording not transcribed: %s", problem.code)
        note = f"About {seconds:.1f} s may be missing: {problem} The recording is kept."
        return Heard(self._transcript(segment, TranscriptSource.LIVE, [note]), self._take_usage(segment))

    def _transcript(self, segment: Segment, source: TranscriptSource, notes: list[str]) -> Transcript:
        words = segment.merge.words(with_interim=True)
        return Transcript(
            text=joined(words),
            words=[w.to_word() for w in words],
            duration_s=round(segment.end_s, 3),
            transcriber=self._vendor.name,
            source=source,
            verbatim=self._verbatim(),
            language=self._context.language,
            notes=notes,
        )

    # -- usage ---------------------------------------------------------------------------------------------------------

    def _book(self, segment: Segment | None) -> None:
        """Turns seconds sent into usage events: one for each connection and answer. Silence that only kept a fresh
        connection open is booked with the answer that follows it.
        """
        sent = self._unclaimed + (segment.sent if segment else Counter())
        self._unclaimed.clear()
        for call, samples in sent.items():
            self._usage.append(sound_sent(self._vendor, self._context.interview_id, segment, call, samples))
        if segment is not None:
            segment.sent.clear()

    def _take_usage(self, segment: Segment, also: Heard | None = None) -> tuple[UsageEvent, ...]:
        self._book(segment)
        return self.take_usage() + (also.usage if also else ())
