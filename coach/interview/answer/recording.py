"""One answer being recorded: disk first, then the live stream, then level and voice activity for the stage.

Frames may come on the event loop (`push`) or from any thread (`push_from_thread`, streamlit-webrtc's loop). Either
way they are in the journal before the call returns. The hand-over to the loop is bounded: when the loop does not keep
up, the oldest frames are left out of the live path and counted, never out of the recording.
"""

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from coach.audio.level import FinishFade, FinishState, rms_dbfs
from coach.contracts.events import PROTOCOL_SAMPLE_RATE_HZ, LevelPayload
from coach.errors import CoachError
from coach.interview.dependencies import Ear, Follower, Journal
from coach.speech.port import SpeechStream

HANDOVER_FRAMES = 250
"""5 s of 20 ms frames wait for the loop at most."""
EAR_NICENESS = 5
FOLLOW_EVERY_S = 2.0
"""How often the sound measured at *Finish* is caught up with."""
BYTES_PER_S = PROTOCOL_SAMPLE_RATE_HZ * 2


def _give_way() -> None:
    """On Linux a thread has its own priority: hearing gives way to the loop that forwards the sound."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), EAR_NICENESS)


_EARS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="ear", initializer=_give_way)


class AnswerRecording:
    """The recording of one attempt while it lasts."""

    def __init__(
        self,
        attempt_id: str,
        journal: Journal,
        stream: SpeechStream | None,
        *,
        ear: Ear | None,
        follower: Follower | None = None,
        tell: Callable[[LevelPayload], None],
        level_every_s: float = 0.1,
        longest_s: float = 3600.0,
    ) -> None:
        """`tell` is called on the loop about every `level_every_s` of sound."""
        self.attempt_id = attempt_id
        self.journal = journal
        self.stream = stream
        self.closed = False
        self.full = False
        self.trouble: CoachError | None = None
        self._longest_s = longest_s
        self.lost_frames = 0
        self.frames = 0
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._handover: deque[bytes] = deque()
        self._draining = False
        self._ear = ear
        self._tell = tell
        self._block = bytearray()
        self._block_bytes = int(level_every_s * BYTES_PER_S) & ~1
        self._listening = False
        self._speaking = False
        self.follower = follower
        self._follow_at_s = journal.seconds + FOLLOW_EVERY_S
        self._fade = FinishFade()

    @property
    def seconds(self) -> float:
        """Length of the recording so far."""
        return self.journal.seconds

    @property
    def dropped_frames(self) -> int:
        """Frames left out of the live path: by our hand-over and by the transcriber's."""
        return self.lost_frames + (self.stream.dropped_frames if self.stream else 0)

    def push(self, pcm16: bytes) -> None:
        """Takes a frame on the loop."""
        if self._write(pcm16):
            self._live(pcm16)

    def push_from_thread(self, pcm16: bytes) -> None:
        """Takes a frame in any thread; never waits for the loop."""
        if not self._write(pcm16):
            return
        with self._lock:
            if len(self._handover) >= HANDOVER_FRAMES:
                self._handover.popleft()
                self.lost_frames += 1
            self._handover.append(pcm16)
            wake, self._draining = not self._draining, True
        if wake:
            self._loop.call_soon_threadsafe(self.drain)

    def drain(self) -> None:
        """Hands everything waiting to the live path (on the loop)."""
        with self._lock:
            waiting, self._handover = self._handover, deque()
            self._draining = False
        for frame in waiting:
            self._live(frame)

    def _write(self, pcm16: bytes) -> bool:
        with self._lock:
            if self.closed:
                return False
            if self.journal.seconds >= self._longest_s:
                self.full = True
                return False
            try:
                self.journal.append(pcm16)
            except CoachError as error:
                self.trouble = error
            self.frames += 1
        return True

    def _live(self, pcm16: bytes) -> None:
        if self.stream:
            self.stream.push(pcm16)
        if self.follower and self.journal.seconds >= self._follow_at_s and not self.closed:
            self._follow_at_s = self.journal.seconds + FOLLOW_EVERY_S
            self._loop.run_in_executor(_EARS, self.follower.follow)
        self._block += pcm16
        if len(self._block) >= self._block_bytes and not self._listening and not self.closed:
            block = bytes(self._block)
            self._block.clear()
            self._listening = True
            self._loop.run_in_executor(_EARS, self._hear, block).add_done_callback(self._heard)

    def _hear(self, block: bytes) -> tuple[float, bool, float]:
        level = round(rms_dbfs(block), 1)
        if self._ear:
            self._speaking = bool(self._ear.push(block))
        else:
            self._speaking = level > -45
        return level, self._speaking, len(block) / BYTES_PER_S

    def _heard(self, done: "asyncio.Future[tuple[float, bool, float]]") -> None:
        self._listening = False
        if self.closed or done.cancelled() or done.exception():
            return
        level, speaking, seconds = done.result()
        self._fade.step(speaking=speaking, seconds=seconds)
        self._tell(
            LevelPayload(
                rms_dbfs=level,
                speaking=speaking,
                finish_ready=self._fade.state is FinishState.READY,
                seconds=round(self.seconds, 2),
                dropped_frames=self.dropped_frames,
            )
        )

    def close(self) -> None:
        """No frame is taken from now on; what waits still reaches the live path."""
        self.drain()
        with self._lock:
            self.closed = True

    def seal(self) -> Path:
        """The finished recording (blocking)."""
        return self.journal.seal()

    def discard(self) -> None:
        """Removes the recording (blocking)."""
        self.close()
        self.journal.discard()
