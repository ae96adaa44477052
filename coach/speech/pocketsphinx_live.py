"""Recognising while the person speaks: each utterance at the pause that ends it, so that Finish waits for the last one.

One thread per answer takes the frames, finds pauses and asks the recognising process; the event loop only appends.
"""

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

from coach.audio.decode import decode
from coach.audio.pcm import BYTES_PER_SECOND
from coach.contracts.transcript import TranscriptSource, Word
from coach.contracts.usage import UsageEvent
from coach.errors import CoachError
from coach.speech.pocketsphinx_process import RecogniserProcess
from coach.speech.pocketsphinx_text import recognise, transcript_of
from coach.speech.pocketsphinx_utterances import UtteranceCutter
from coach.speech.port import Heard

MAX_BACKLOG_S = 120.0
MAX_MISSING_S = 0.5

Batch = Callable[[Path], Awaitable[Heard]]


class _Answer:
    """One segment: a bounded queue of frames and the thread that works it off."""

    def __init__(self, process: RecogniserProcess) -> None:
        self.dropped_frames = 0
        self.received_s = 0.0
        self.failed = False
        self._process = process
        self._words: list[Word] = []
        self._frames: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._queued = 0
        self._lock = threading.Lock()
        self._abandoned = False
        self._thread: threading.Thread | None = None

    def push(self, frame: bytes) -> None:
        """Appends; over 120 s of backlog the oldest frames go, and the recording is used at Finish."""
        self.received_s += len(frame) / BYTES_PER_SECOND
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="pocketsphinx-live", daemon=True)
            self._thread.start()
        with self._lock:
            self._queued += len(frame)
            self._frames.put(frame)
            while self._queued > MAX_BACKLOG_S * BYTES_PER_SECOND:
                self._queued -= len(self._frames.get() or b"")
                self.dropped_frames += 1

    async def finish(self) -> list[Word]:
        """Waits for the words of what was pushed."""
        self._frames.put(None)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
        return self._words

    def abandon(self) -> None:
        """Forgets the segment; the thread ends by itself."""
        self._abandoned = True
        self._frames.put(None)

    def _run(self) -> None:
        cutter = UtteranceCutter()
        while not self._abandoned:
            frame = self._take()
            ended = cutter.flush() if frame is None else cutter.push(frame)
            if ended is not None and not self.dropped_frames and not self._abandoned:
                try:
                    self._words += recognise(self._process, ended)
                except CoachError:
                    self.failed = True
            if frame is None:
                return

    def _take(self) -> bytes | None:
        frame = self._frames.get()
        with self._lock:
            self._queued -= len(frame or b"")
        return frame


class PocketsphinxStream:
    """A live stream in the sense of the port."""

    def __init__(self, process: RecogniserProcess, batch: Batch) -> None:
        """`batch` transcribes a recording, for when the live way missed something."""
        self._process = process
        self._batch = batch
        self._answer = _Answer(process)

    async def start_answer(self, attempt_id: str) -> None:
        """Begins a new segment."""
        self._renew()

    def push(self, frame: bytes) -> None:
        """Takes 16 kHz mono Int16 bytes; costs microseconds."""
        self._answer.push(frame)

    def end_answer(self) -> None:
        """Nothing to hurry: recognition runs behind already."""

    def take_usage(self) -> tuple[UsageEvent, ...]:
        """Costs nothing."""
        return ()

    async def finish_answer(self, recording: Path) -> Heard:
        """The words heard live; from the recording where frames were missed or the recogniser failed.

        Raises:
            AudioError: nothing was heard live and the recording cannot be used.
        """
        answer = self._answer
        words = await answer.finish()
        self._answer = _Answer(self._process)
        duration = (await asyncio.to_thread(decode, recording)).duration_s
        complete = duration - answer.received_s <= MAX_MISSING_S
        if not complete or answer.dropped_frames or answer.failed:
            return await self._batch(recording)
        return Heard(transcript_of(words, duration, TranscriptSource.LIVE))

    async def reset(self) -> None:
        """Start over."""
        self._renew()

    @property
    def dropped_frames(self) -> int:
        """Frames of this segment dropped because recognition did not keep up."""
        return self._answer.dropped_frames

    @property
    def notice(self) -> str:
        """Nothing to tell: everything is recovered from the recording at Finish."""
        return ""

    async def close(self) -> None:
        """Forgets the segment."""
        self._answer.abandon()

    def _renew(self) -> None:
        self._answer.abandon()
        self._answer = _Answer(self._process)
