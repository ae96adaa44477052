"""One answer being recorded: disk first, then the live stream, then level and voice activity for the stage.

Frames may come on the event loop (`push`, `push_clocked`) or from any thread (`push_from_thread`, streamlit-webrtc's
loop). Either way they are in the journal before the call returns, each sample once (`coach/audio/takes.py`). The
hand-over to the loop is bounded: when the loop does not keep up, the oldest frames are left out of the live path and
counted, never out of the recording. A frame that is missing is waited for before the live path goes on.
"""

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from coach.audio.level import FinishFade, FinishState, rms_dbfs
from coach.audio.second_path import SecondPath
from coach.audio.takes import ClockedFrame, TakeMap
from coach.contracts.commands import PROTOCOL_SAMPLE_RATE_HZ
from coach.contracts.events import LevelPayload
from coach.contracts.usage import usage_list
from coach.errors import CoachError, StoreError
from coach.interview.recording_ports import Ear, Follower, Journal
from coach.speech.port import SpeechStream

HANDOVER_FRAMES = 250
"""5 s of 20 ms frames wait for the loop at most."""
EAR_NICENESS = 5
FOLLOW_EVERY_S = 2.0
"""How often the sound measured at *Finish* is caught up with."""
NOTE_USE_EVERY_S = 1.0
BYTES_PER_S = PROTOCOL_SAMPLE_RATE_HZ * 2
LIVE_FRAME_BYTES = BYTES_PER_S // 10


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
        monotonic: Callable[[], float] = time.monotonic,
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
        self._takes = TakeMap(journal)
        self._second_path = SecondPath()
        self._monotonic = monotonic
        self._noted_at = monotonic()

    @property
    def seconds(self) -> float:
        """Length of the recording so far."""
        return self._takes.samples / PROTOCOL_SAMPLE_RATE_HZ

    @property
    def kept(self) -> tuple[int, int]:
        """(take in hand, its samples that need not be sent again)."""
        with self._lock:
            return self._takes.kept

    @property
    def take_ids(self) -> list[int]:
        """The client's takes this recording consists of."""
        return self._takes.ids

    @property
    def heard_live(self) -> bool:
        """Whether the live path got exactly what is recorded; if not, the words are in the recording only."""
        return self._takes.live_whole and not self.lost_frames

    @property
    def followed(self) -> Follower | None:
        """The follower, where it could read along; None when earlier parts of the recording came later."""
        return self.follower if self._takes.read_whole else None

    @property
    def dropped_frames(self) -> int:
        """Frames left out of the live path: by our hand-over and by the transcriber's."""
        return self.lost_frames + (self.stream.dropped_frames if self.stream else 0)

    def push(self, pcm16: bytes, source: int = -1) -> None:
        """Takes a frame without a clock on the loop; `source` (negative) says whose: the newest one is heard."""
        self._live(self._keep(lambda: self._takes.append(source, pcm16), pcm16))

    def push_clocked(self, frame: ClockedFrame) -> None:
        """Takes a frame that knows its place, on the loop.

        Raises:
            FrameClockError: the place cannot be.
        """
        self._live(self._keep(lambda: self._place(frame), frame.pcm16))

    def push_from_thread(self, pcm16: bytes, source: int = -2) -> None:
        """Takes a frame in any thread; never waits for the loop."""
        ready = self._keep(lambda: self._takes.append(source, pcm16), pcm16)
        if not ready:
            return
        with self._lock:
            if len(self._handover) >= HANDOVER_FRAMES:
                self._handover.popleft()
                self.lost_frames += 1
            self._handover.append(ready)
            wake, self._draining = not self._draining, True
        if wake:
            self._loop.call_soon_threadsafe(self.drain)

    def stand_in(self, clock_s: float, pcm16: bytes, source: int = 0) -> None:
        """Sound of the second path, in any thread: kept while the first path is silent.

        `clock_s`: where the frame begins on the own clock of that path, whose connection is `source`.
        """
        with self._lock:
            if self.closed:
                return
            try:
                for first_sample, sound in self._second_path.offer(clock_s, pcm16, self._monotonic(), source):
                    self._takes.stand_in(first_sample, sound)
            except CoachError as error:
                self.trouble = error

    def drain(self) -> None:
        """Hands everything waiting to the live path (on the loop)."""
        with self._lock:
            waiting, self._handover = self._handover, deque()
            self._draining = False
        for frame in waiting:
            self._live(frame)

    def _place(self, frame: ClockedFrame) -> bytes:
        if frame.take != self._takes.kept[0]:
            self._second_path.new_take()
        ready = self._takes.place(frame)
        self._second_path.first_path(frame.first_sample + len(frame.pcm16) // 2, self._monotonic())
        return ready

    def _keep(self, write: Callable[[], bytes], frame: bytes) -> bytes:
        """Writes one frame; gives what is ready for the live path (all of it, where the disk does not take it)."""
        with self._lock:
            if self.closed:
                return b""
            if self.seconds >= self._longest_s:
                self.full = True
                return b""
            self.frames += 1
            try:
                return write()
            except StoreError as error:
                self.trouble = error
                return frame

    def _live(self, pcm16: bytes) -> None:
        if not pcm16:
            return
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
        self._note_use()
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

    def _note_use(self) -> None:
        """Once a second what the live stream used goes beside the sound, should this process die."""
        if self.stream is None or self._monotonic() - self._noted_at < NOTE_USE_EVERY_S:
            return
        self._noted_at = self._monotonic()
        if used := self.stream.used():
            with suppress(StoreError):
                self.journal.note_use(usage_list.dump_json([*used]).decode())

    def close(self, take: int | None = None, clock_ms: float = 0.0) -> None:
        """No frame is taken from now on; what waits still reaches the live path.

        Where `take` is the capture in hand, the recording ends at `clock_ms` of that client's clock; else now.
        """
        self.drain()
        rest = b""
        with self._lock:
            if not self.closed:
                self.closed = True
                try:
                    rest = self._takes.end(take, clock_ms)
                except StoreError as error:
                    self.trouble = error
        if self.stream:
            for at in range(0, len(rest), LIVE_FRAME_BYTES):
                self.stream.push(rest[at : at + LIVE_FRAME_BYTES])

    def abandon(self) -> None:
        """No frame is taken from now on, and what waits reaches nobody (on the loop)."""
        with self._lock:
            self.closed = True
            self._handover.clear()

    def seal(self) -> Path:
        """The finished recording (blocking)."""
        return self.journal.seal()

    def rest(self) -> None:
        """Waits until the sealed recording would outlive this machine (blocking)."""
        self.journal.rest()

    def put_down(self) -> None:
        """Lets go of the recording unfinished, for whoever goes on with it (blocking)."""
        self.close()
        self.journal.put_down()

    def leave(self) -> None:
        """Lets go of the recording, with which another process goes on already (blocking)."""
        self.close()
        self.journal.close()

    def discard(self) -> None:
        """Removes the recording (blocking)."""
        self.close()
        self.journal.discard()
