"""Which sample of a recording is which, whatever way and in whatever order it comes: each is kept once.

A *take* is one unbroken capture in a client: from arming to *Finish*, a reload or another microphone. Its samples are
numbered from 0 at 16 kHz; every frame says its first one and the client's clock then. So a frame that comes twice
changes nothing, one that comes late finds its place, what never comes is silence of the right length, and the end is
where the client's clock says. Takes follow each other without a gap: nobody spoke to us between them.
"""

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from coach.audio.pcm import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from coach.audio.spans import Span, Spans
from coach.errors import InputError

SAMPLES_PER_MS = SAMPLE_RATE_HZ / 1000
LONGEST_GAP_S = 120.0
"""A frame farther behind what is known is a mistake of the client, no stall."""
GAP_PATIENCE_S = 2.0
"""The live path waits this much sound for a missing frame before it goes on; the recording still takes it later."""
LATE_WITHIN_S = 60.0
"""A capture that ended is completed only while the one behind it is this short: what follows has to be moved."""
END_TOLERANCE_S = 0.05
"""A clock that differs by less from the samples that came is not believed over them."""

MOST_TAKES = 200
"""Captures of one answer: each reload, lost connection or other microphone begins one. No answer has a tenth of it."""


class FrameClockError(InputError):
    """A frame whose place cannot be."""

    code = "BAD_FRAME"


class TooManyTakesError(InputError):
    """The capture of an answer was begun anew too often; what was recorded stays."""

    code = "TOO_MANY_TAKES"


@dataclass(frozen=True, slots=True)
class ClockedFrame:
    """Sound that knows its place: `first_sample` of `take` (16 kHz), spoken at `clock_ms` of the client's clock."""

    take: int
    sequence: int
    first_sample: int
    clock_ms: float
    pcm16: bytes


class TakeJournal(Protocol):
    """What the map needs of a recording on disk; positions and lengths in samples."""

    @property
    def seconds(self) -> float:
        """Length so far."""

    @property
    def resting(self) -> int:
        """Samples from the beginning that are kept where a client need not send them again."""

    def append(self, pcm16: bytes) -> object:
        """Adds to the end."""

    def write_at(self, sample: int, pcm16: bytes) -> None:
        """Writes anywhere; what lies between the end and there becomes silence."""

    def insert(self, sample: int, pcm16: bytes, begins: list[Span]) -> None:
        """Moves what follows, writes between, and keeps where takes begin then; all or nothing."""

    def cut(self, sample: int) -> None:
        """Makes the recording exactly this long."""

    def read_samples(self, start: int, end: int) -> bytes:
        """What is recorded of `[start, end)`."""

    def note_takes(self, begins: list[Span]) -> None:
        """Keeps (take, first sample) beside the recording."""

    def noted_takes(self) -> list[Span]:
        """What was kept, after a restart."""


@dataclass(slots=True)
class Take:
    """One capture: where it lies in the recording and what of it is there. Samples."""

    id: int
    base: int
    length: int = 0
    exact: Spans = field(default_factory=Spans)
    filled: Spans = field(default_factory=Spans)
    clock: tuple[int, float] | None = None
    """(sample, client's ms) of the newest frame."""
    restored: bool = False
    """It was recorded before a restart, and its client has not been heard since."""

    def at_ms(self, clock_ms: float) -> int | None:
        """The sample spoken at `clock_ms`; None when the client gives no clock."""
        return None if self.clock is None else self.clock[0] + round((clock_ms - self.clock[1]) * SAMPLES_PER_MS)


class TakeMap:
    """Places frames in a journal and says what of them has become ready for the live path, in order, once.

    Not thread-safe. `live_whole` turns False when the live path did not get exactly what the recording holds;
    `read_whole` when somebody who read the file as it grew did not.
    """

    def __init__(self, journal: TakeJournal) -> None:
        """Goes on with what `journal` holds."""
        self._journal = journal
        self._takes: list[Take] = []
        self._restored = False
        self._size = self._told = round(journal.seconds * SAMPLE_RATE_HZ)
        self.live_whole = not self._size
        self.read_whole = True

    @property
    def samples(self) -> int:
        """Length of what the client itself has delivered, stand-in sound not counted."""
        return self._takes[-1].base + self._takes[-1].length if self._takes else self._size

    @property
    def kept(self) -> tuple[int, int]:
        """(newest take, its samples without a gap from the start): what the client need not send again."""
        if not self._takes:
            return 0, 0
        take = self._takes[-1]
        return take.id, max(0, min(take.exact.reach(0), self._journal.resting - take.base))

    @property
    def ids(self) -> list[int]:
        """The takes this recording consists of."""
        return [take.id for take in self._takes]

    def append(self, source: int, pcm16: bytes) -> bytes:
        """A frame without a clock goes behind the last one of its source; an older source is not heard any more."""
        take = self._find(source)
        if take is not None and take is not self._takes[-1]:
            return b""
        take = take or self._begin(source)
        return self._place(take, take.length, pcm16)

    def place(self, frame: ClockedFrame) -> bytes:
        """Keeps what of `frame` is not there yet; gives what is ready for the live path.

        Raises:
            FrameClockError: its place lies far behind everything known.
        """
        take = self._find(frame.take) or self._begin(frame.take, frame.clock_ms - frame.first_sample / SAMPLES_PER_MS)
        if take.restored:
            _go_on(take, frame.first_sample)
        end = frame.first_sample + len(frame.pcm16) // BYTES_PER_SAMPLE
        if end - take.length > LONGEST_GAP_S * SAMPLE_RATE_HZ:
            raise FrameClockError("The frame is minutes ahead of the sound before it.")
        if take is not self._takes[-1]:
            self._late(take, frame)
            return b""
        if take.clock is None or frame.first_sample >= take.clock[0]:
            take.clock = (frame.first_sample, frame.clock_ms)
        return self._place(take, frame.first_sample, frame.pcm16)

    def stand_in(self, first_sample: int, pcm16: bytes) -> None:
        """Sound of another path for what the newest take's own has not brought yet; that one replaces it."""
        if not self._takes:
            return
        take = self._takes[-1]
        start, end = max(0, first_sample), first_sample + len(pcm16) // BYTES_PER_SAMPLE
        if end - take.length > LONGEST_GAP_S * SAMPLE_RATE_HZ:
            return
        for first, last in take.exact.missing(start, end):
            for a, b in take.filled.missing(first, last):
                self._write(take.base + a, _part(pcm16, a - first_sample, b - first_sample))
                take.filled.add(a, b)
                self.read_whole = False

    def end(self, take_id: int | None, clock_ms: float) -> bytes:
        """The answer is over at `clock_ms` of the client's clock, where the newest take is `take_id`; else now.

        Gives what is still missing on the live path.
        """
        if not self._takes:
            return b""
        take = self._takes[-1]
        end = take.length
        stated = take.at_ms(clock_ms) if take_id == take.id and math.isfinite(clock_ms) else None
        if stated is not None and abs(stated - end) > END_TOLERANCE_S * SAMPLE_RATE_HZ:
            end = max(0, min(stated, end + round(LONGEST_GAP_S * SAMPLE_RATE_HZ)))
        take.length = end
        if self._size != take.base + end:
            self._journal.cut(take.base + end)
            self._size, self.read_whole = take.base + end, False
        if self._told > self._size:
            self._told, self.live_whole = self._size, False
        return self._tell(self._size)

    def _find(self, take_id: int) -> Take | None:
        if not self._restored and take_id >= 0:
            self._restore()
        return next((take for take in reversed(self._takes) if take.id == take_id), None)

    def _restore(self) -> None:
        """After a restart of the server: a take that goes on finds the samples it had on disk."""
        self._restored = True
        end = self._takes[0].base if self._takes else self._size
        restored = []
        for (take_id, base), (_, after) in pairwise([*self._journal.noted_takes(), (-1, end)]):
            length = max(0, after - base)
            filled = Spans((0, length)) if length else Spans()
            restored.append(Take(take_id, base, length, filled=filled, restored=True))
        self._takes[:0] = restored

    def _begin(self, take_id: int, begun_ms: float | None = None) -> Take:
        """A new take behind everything; what stood in for the one before it ends where the new one began.

        Raises:
            TooManyTakesError: there are `MOST_TAKES`.
        """
        if len(self._takes) >= MOST_TAKES:
            raise TooManyTakesError(
                "This answer was interrupted too often.", mend="Finish it with what was recorded, or start over."
            )
        if self._takes and begun_ms is not None:
            before = self._takes[-1]
            stated = before.at_ms(begun_ms)
            if stated is not None and before.base + max(before.length, stated) < self._size:
                self._size = before.base + max(before.length, stated)
                self._journal.cut(self._size)
        take = Take(take_id, self._size)
        self._takes.append(take)
        if take_id >= 0:
            self._journal.note_takes([(t.id, t.base) for t in self._takes if t.id >= 0])
        if self._told < self._size:
            self.live_whole = False
        self._told = self._size
        return take

    def _place(self, take: Take, first: int, pcm16: bytes) -> bytes:
        end = first + len(pcm16) // BYTES_PER_SAMPLE
        missing = take.exact.missing(first, end)
        for a, b in missing:
            self._write(take.base + a, _part(pcm16, a - first, b - first))
            self.live_whole = self.live_whole and take.base + a >= self._told
        take.exact.add(first, end)
        take.length = max(take.length, end)
        ready = take.base + self._ready(take, self._told - take.base)
        if ready == take.base + end and self._told >= take.base + first and missing:
            return self._tell(ready, _part(pcm16, self._told - take.base - first, end - first))
        return self._tell(ready)

    def _ready(self, take: Take, told: int) -> int:
        """How far the live path may go: to the next gap, or over it once patience is spent. Samples of the take."""
        ready = take.exact.reach(told)
        while take.length - ready > GAP_PATIENCE_S * SAMPLE_RATE_HZ:
            behind = take.exact.next_after(ready)
            if behind is None:
                break
            ready = take.exact.reach(behind)
        return ready

    def _tell(self, until: int, pcm16: bytes | None = None) -> bytes:
        if until <= self._told:
            return b""
        told, self._told = self._told, until
        return self._journal.read_samples(told, until) if pcm16 is None else pcm16

    def _late(self, take: Take, frame: ClockedFrame) -> None:
        """A frame of a capture that another has followed: taken as far as it was spoken before that one began."""
        following = self._takes[self._takes.index(take) + 1]
        room = following.base - take.base
        if self._size - following.base > LATE_WITHIN_S * SAMPLE_RATE_HZ:
            return
        end = frame.first_sample + len(frame.pcm16) // BYTES_PER_SAMPLE
        if following.clock is not None:
            begun_ms = following.clock[1] - following.clock[0] / SAMPLES_PER_MS
            end = min(end, frame.first_sample + max(0, round((begun_ms - frame.clock_ms) * SAMPLES_PER_MS)))
        if end <= frame.first_sample:
            return
        if end > room:
            self._make_room(take, end - room)
        for a, b in take.exact.missing(frame.first_sample, end):
            self._write(take.base + a, _part(frame.pcm16, a - frame.first_sample, b - frame.first_sample))
            self.live_whole = self.read_whole = False
        take.exact.add(frame.first_sample, end)
        take.length = max(take.length, end)

    def _make_room(self, take: Take, samples: int) -> None:
        """Moves the takes behind `take` by `samples`."""
        following = self._takes[self._takes.index(take) + 1 :]
        moved = {later.id: later.base + samples for later in following}
        begins = [(t.id, moved.get(t.id, t.base)) for t in self._takes if t.id >= 0]
        self._journal.insert(following[0].base, bytes(samples * BYTES_PER_SAMPLE), begins)
        for later in following:
            later.base += samples
        self._size += samples
        self._told += samples

    def _write(self, sample: int, pcm16: bytes) -> None:
        end = sample + len(pcm16) // BYTES_PER_SAMPLE
        if sample == self._size:
            self._journal.append(pcm16)
        else:
            self._journal.write_at(sample, pcm16)
            self.read_whole = False
        self._size = max(self._size, end)


def _go_on(take: Take, first_sample: int) -> None:
    """A client that comes back begins with what it was never told to be kept; what came before that is there.

    Of the rest nobody knows whether it is sound or a gap: it gives way to what comes now.
    """
    take.restored = False
    take.exact = Spans((0, first_sample)) if first_sample else Spans()
    take.filled = Spans((first_sample, take.length)) if first_sample < take.length else Spans()


def _part(pcm16: bytes, start: int, end: int) -> bytes:
    return pcm16[start * BYTES_PER_SAMPLE : end * BYTES_PER_SAMPLE]
