"""Recognising while the person speaks: each piece as it ends, so that *Finish* waits for the tail only.

When the person falls silent for 0.5 s, what was said since the last piece is recognised in advance; who pauses before
*Finish* waits for nothing. Where somebody goes on speaking, that work is thrown away.
"""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from coach.audio.decode import decode
from coach.audio.pcm import BYTES_PER_SECOND
from coach.contracts.transcript import TranscriptSource
from coach.contracts.usage import UsageEvent
from coach.errors import CoachError
from coach.speech.pieces.assemble import transcript_of
from coach.speech.pieces.cutter import PieceCutter, gated
from coach.speech.pieces.piece import Piece, PieceWords
from coach.speech.port import Heard

STEP_S = 0.25
MAX_MISSING_S = 0.5
MAX_BEHIND = 20
"""Pieces waiting for the recogniser; with more the live way gives up and the recording is used at *Finish*."""
SAME_END_S = 0.15
NICENESS = 5


def _give_way() -> None:
    """On Linux a thread has its own priority: cutting gives way to the loop that forwards the sound."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


_CUTTERS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="cutter", initializer=_give_way)

Batch = Callable[[Path, str], Awaitable[Heard]]
"""(recording, attempt id) -> its transcript."""


class AskPiece(Protocol):
    """Recognises one piece of an answer."""

    def __call__(self, piece: Piece, lane: str, *, urgent: bool) -> Awaitable[PieceWords]:
        """Its words; raises `VendorError`."""


class _Answer:
    """One segment: what came in, the pieces of it, and what is heard in them. Lives on the event loop."""

    def __init__(self, attempt_id: str, ask: AskPiece) -> None:
        self.attempt_id = attempt_id
        self.received_s = 0.0
        self.behind = False
        self._ask = ask
        self._cutter = PieceCutter()
        self._waiting = bytearray()
        self._cutting: asyncio.Task[None] | None = None
        self._heard: list[asyncio.Task[PieceWords]] = []
        self._resting: tuple[Piece, asyncio.Task[PieceWords]] | None = None
        self._abandoned = False

    def push(self, frame: bytes) -> None:
        self.received_s += len(frame) / BYTES_PER_SECOND
        self._waiting += frame
        enough = len(self._waiting) >= STEP_S * BYTES_PER_SECOND
        if enough and (self._cutting is None or self._cutting.done()):
            self._cutting = asyncio.get_running_loop().create_task(self._cut())

    async def finish(self) -> list[PieceWords]:
        """Waits for the words of everything that was pushed.

        Raises:
            CoachError: the recogniser failed on a piece.
        """
        if self._cutting:
            await self._cutting
        await self._cut()
        last = await asyncio.get_running_loop().run_in_executor(_CUTTERS, self._last_piece)
        if last:
            self._take(last, urgent=True)
        return list(await asyncio.gather(*self._heard))

    def abandon(self) -> None:
        """Forgets the segment and all work for it that has not begun."""
        self._abandoned = True
        for task in (*self._heard, *([self._resting[1]] if self._resting else [])):
            task.cancel()

    async def _cut(self) -> None:
        """Works off what came in, a step at a time."""
        while len(self._waiting) and not self._abandoned:
            size = int(STEP_S * BYTES_PER_SECOND)
            chunk = bytes(self._waiting[:size])
            del self._waiting[:size]
            done, resting = await asyncio.get_running_loop().run_in_executor(_CUTTERS, self._pieces_in, chunk)
            if done and not self._abandoned:
                self._take(done)
            elif resting and not self._abandoned:
                self._recognise_in_advance(resting)

    def _pieces_in(self, chunk: bytes) -> tuple[Piece | None, Piece | None]:
        cut = self._cutter.push(chunk)
        return cut.done and gated(cut.done), cut.resting and gated(cut.resting)

    def _last_piece(self) -> Piece | None:
        last = self._cutter.flush()
        return gated(last) if last else None

    def _take(self, piece: Piece, *, urgent: bool = False) -> None:
        waiting = sum(not task.done() for task in self._heard)
        if waiting >= MAX_BEHIND:
            self.behind = True
            return
        known, self._resting = self._resting, None
        if known and known[0].start_s == piece.start_s and abs(known[0].end_s - piece.end_s) <= SAME_END_S:
            self._heard.append(known[1])
            return
        if known:
            known[1].cancel()
        self._heard.append(self._start(piece, urgent=urgent))

    def _recognise_in_advance(self, piece: Piece) -> None:
        if self._resting:
            self._resting[1].cancel()
        self._resting = piece, self._start(piece, urgent=False)

    def _start(self, piece: Piece, *, urgent: bool) -> "asyncio.Task[PieceWords]":
        async def recognise() -> PieceWords:
            return await self._ask(piece, self.attempt_id, urgent=urgent)

        task = asyncio.get_running_loop().create_task(recognise())
        task.add_done_callback(_retrieved)
        return task


def _retrieved(task: "asyncio.Task[PieceWords]") -> None:
    """A failure nobody waits for (started over) is no news."""
    if not task.cancelled():
        task.exception()


class PieceStream:
    """A live stream in the sense of the port."""

    notice = ""

    def __init__(self, ask: AskPiece, hurry: Callable[[str], None], batch: Batch, *, name: str) -> None:
        """`hurry(lane)`: somebody waits; `batch` transcribes a recording where the live way missed something."""
        self._ask = ask
        self._hurry = hurry
        self._batch = batch
        self._name = name
        self._answer = _Answer("", ask)

    async def start_answer(self, attempt_id: str) -> None:
        """Begins a new segment."""
        self._answer.abandon()
        self._answer = _Answer(attempt_id, self._ask)

    def push(self, frame: bytes) -> None:
        """Takes 16 kHz mono Int16 bytes; costs microseconds."""
        self._answer.push(frame)

    def end_answer(self) -> None:
        """What waits of this answer goes before the others'."""
        self._hurry(self._answer.attempt_id)

    def used(self) -> tuple[UsageEvent, ...]:
        """Costs nothing."""
        return ()

    def take_usage(self) -> tuple[UsageEvent, ...]:
        """Costs nothing."""
        return ()

    async def finish_answer(self, recording: Path) -> Heard:
        """The words heard live; from the recording where sound was missed or the recogniser failed.

        Raises:
            AudioError: nothing was heard live and the recording cannot be used.
            VendorError: the recogniser fails on the recording, too.
        """
        answer, self._answer = self._answer, _Answer("", self._ask)
        self._hurry(answer.attempt_id)
        length = asyncio.create_task(asyncio.to_thread(_length_s, recording))
        try:
            heard = await answer.finish()
        except CoachError:
            heard = None
        duration_s = await length
        if heard is None or answer.behind or duration_s - answer.received_s > MAX_MISSING_S:
            return await self._batch(recording, answer.attempt_id)
        return Heard(transcript_of(heard, duration_s, TranscriptSource.LIVE, transcriber=self._name))

    async def reset(self) -> None:
        """Start over."""
        await self.start_answer(self._answer.attempt_id)

    @property
    def dropped_frames(self) -> int:
        """None: where recognition does not keep up, the recording is used at *Finish*."""
        return 0

    async def close(self) -> None:
        """Forgets the segment."""
        self._answer.abandon()


def _length_s(recording: Path) -> float:
    return decode(recording).duration_s
