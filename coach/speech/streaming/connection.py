"""One connection of a live stream: sends, receives, keeps it alive, and ends when any of these fails.

Vendor-neutral: a vendor supplies a `LiveSocket`. `LiveStream` (live.py) opens one link after the other.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable

from coach.audio.pcm import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from coach.errors import VendorError
from coach.speech.streaming.clock_map import NOBODY
from coach.speech.streaming.frame_buffer import Frame, Pace
from coach.speech.streaming.link_port import DeafLinkError, LinkLostError, LiveSocket
from coach.speech.streaming.segment import LinkLedger, LiveOptions, Segment

SILENCE = bytes(int(0.02 * SAMPLE_RATE_HZ) * BYTES_PER_SAMPLE)
MOST_AT_ONCE = int(0.1 * SAMPLE_RATE_HZ)


SpeechProbe = Callable[[bytes], Awaitable[float]]


class Link:
    """Drives one connection. `segment` is whose audio is sent now; the stream sets it by `adopt` and calls `wake()` for
    every frame. `unclaimed` counts samples sent outside an answer.
    """

    def __init__(
        self,
        socket: LiveSocket,
        ledger: LinkLedger,
        options: LiveOptions,
        probe: SpeechProbe,
        unclaimed: Counter[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ledger = ledger
        self.segment: Segment | None = None
        self._socket = socket
        self._options = options
        self._probe = probe
        self._unclaimed = unclaimed
        self._clock = clock
        self._pace = Pace(clock, options.replay_rate)
        self._wake = asyncio.Event()
        self._finalizes = 0
        self._quiet_since = self._opened = clock()
        self._sending_since: float | None = None

    @property
    def live(self) -> bool:
        """Whether frames go out as they come, with no replay to catch up with."""
        return not self._pace.replaying

    def adopt(self, segment: Segment | None) -> None:
        """Sends the audio of `segment` from now on."""
        if segment is not None:
            self.ledger.timeline.forget_before(segment.generation)
            self._pace.replay(segment.buffer.unsent_s > self._options.catch_up_s / 2)
        self.segment = segment
        self._wake.set()

    def wake(self) -> None:
        """There is a new frame."""
        self._wake.set()

    def finalize(self) -> None:
        """Asks for the final result once all waiting audio is sent."""
        self._finalizes += 1
        self._wake.set()

    async def run(self) -> None:
        """Serves until the connection ends.

        Raises:
            VendorError: always, saying why it ended.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send())
                group.create_task(self._receive())
                group.create_task(self._watch())
        except BaseExceptionGroup as problems:
            raise _worst(problems) from None

    async def _send(self) -> None:
        while True:
            frame, wait_s = self._next()
            if frame is not None:
                await self._transmit(frame)
            elif wait_s > 0:
                await asyncio.sleep(wait_s)
            elif self._finalizes:
                await self._send_finalize()
            else:
                self._wake.clear()
                await self._wake.wait()

    def _next(self) -> tuple[Frame | None, float]:
        """The frame to send now, or how long the pace asks to wait; (None, 0) when nothing waits."""
        segment = self.segment
        if segment is None or not segment.buffer.unsent_s:
            if self._pace.replaying:
                self._pace.replay(False)
            return None, 0.0
        allowance = self._pace.allowance()
        if allowance < len(SILENCE) // BYTES_PER_SAMPLE:
            return None, max(0.001, self._pace.wait_s(len(SILENCE) // BYTES_PER_SAMPLE))
        return segment.buffer.take(min(allowance, MOST_AT_ONCE)), 0.0

    async def _transmit(self, frame: Frame, generation: int | None = None) -> None:
        segment = self.segment
        samples = frame.end - frame.position
        owner = generation if generation is not None else segment.generation if segment else NOBODY
        self._pace.spend(samples)
        self.ledger.timeline.add(owner, frame.position, samples)
        self._sending_since = self._clock()
        await self._socket.send(frame.pcm)
        self._quiet_since, self._sending_since = self._sending_since, None
        sent = self._unclaimed if segment is None else segment.sent
        sent[self.ledger.call_id] += samples

    async def _send_finalize(self) -> None:
        segment = self.segment
        self._finalizes -= 1
        self.ledger.finalizes_open += 1
        await self._socket.finalize()
        self._quiet_since = self._clock()
        if segment is not None and segment.closed:
            segment.finalize_sent(self.ledger)

    async def _receive(self) -> None:
        async for result in self._socket.results():
            if result.is_final:
                self.ledger.watermark_s = max(self.ledger.watermark_s, result.end_s)
            if self.segment is not None:
                self.segment.take(self.ledger, result)
            if result.from_finalize:
                self.ledger.finalizes_open = max(0, self.ledger.finalizes_open - 1)
        raise LinkLostError("The transcriber closed the connection.")

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._options.tick_s)
            now = self._clock()
            if self._sending_since is not None and now - self._sending_since > self._options.stall_s:
                raise LinkLostError("The transcriber takes no more audio.")
            await self._stay_alive(now)
            if self.segment is not None and not self.segment.closed:
                await self._listen_for_deafness(self.segment)

    async def _stay_alive(self, now: float) -> None:
        if self.ledger.timeline.sent and now - self._quiet_since >= self._options.keep_alive_s:
            await self._socket.keep_alive()
            self._quiet_since = now
        elif not self.ledger.timeline.sent and now - self._opened >= self._options.prime_after_s:
            await self._transmit(Frame(0, SILENCE), NOBODY)

    async def _listen_for_deafness(self, segment: Segment) -> None:
        sent_until_s = self.ledger.timeline.moment(self.ledger.timeline.sent_s, segment.generation)
        span = segment.hearing.due(sent_until_s)
        if span is None:
            return
        segment.hearing.judged(span, await self._probe(segment.buffer.audio(*span)))
        if segment.hearing.is_deaf(segment.link_audio_s(self.ledger)):
            raise DeafLinkError("The transcriber stays silent although somebody speaks.")


def _worst(problems: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one exception of a group that says most: cancellation, then the vendor's word, then any."""
    flat = [e for e in problems.exceptions if not isinstance(e, BaseExceptionGroup)]
    vendor = [e for e in flat if isinstance(e, VendorError)]
    programming = [e for e in flat if not isinstance(e, VendorError)]
    return (programming or vendor or [problems])[0]
