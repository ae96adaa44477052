"""Frames on their way to the transcriber: what waits, what could be replayed, and how fast it may go out.

Bounded by design. The recording on disk is complete whatever happens here.
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from coach.audio.pcm import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from coach.speech.streaming.clock_map import Span


class Frame(NamedTuple):
    """Int16 mono 16 kHz bytes beginning at sample `position` of the attempt."""

    position: int
    pcm: bytes

    @property
    def end(self) -> int:
        """First sample after the frame."""
        return self.position + len(self.pcm) // BYTES_PER_SAMPLE


Held = tuple[int, bytes]
"""A frame as it is held: position and bytes. A plain tuple, because the garbage collector lets go of those; with named
tuples its full collections stopped a server of 200 sessions for tens of milliseconds.
"""


def _end(held: Held) -> int:
    return held[0] + len(held[1]) // BYTES_PER_SAMPLE


class FrameBuffer:
    """Two queues: frames not yet sent, and frames sent but not yet covered by a final result.

    Args:
        ring_s: most seconds held in all; bounds memory (32 kB a second) and what a reconnect can replay.
        live_limit_s: most seconds waiting while the connection works; more means that sound arrives too fast.
        keep_s: seconds kept behind what is covered, for voice activity to look at.
    """

    def __init__(self, ring_s: float = 30.0, live_limit_s: float = 2.0, keep_s: float = 12.0) -> None:
        self._ring = int(ring_s * SAMPLE_RATE_HZ)
        self._live_limit = int(live_limit_s * SAMPLE_RATE_HZ)
        self._keep = int(keep_s * SAMPLE_RATE_HZ)
        self._sent: deque[Held] = deque()
        self._unsent: deque[Held] = deque()
        self._unsent_samples = 0
        self._sent_samples = 0
        self.end = 0
        self.dropped_frames = 0
        self.dropped_samples = 0

    @property
    def unsent_s(self) -> float:
        """Seconds waiting to be sent."""
        return self._unsent_samples / SAMPLE_RATE_HZ if self._unsent_samples else 0.0

    def append(self, pcm: bytes, *, live: bool) -> None:
        """Takes one frame; `live` while the connection works and has nothing to catch up with.

        Over the limit the oldest waiting frames go first.
        """
        samples = len(pcm) // BYTES_PER_SAMPLE
        self._unsent.append((self.end, pcm))
        self.end += samples
        self._unsent_samples += samples
        while self._unsent_samples > (self._live_limit if live else self._ring):
            self._drop_oldest()
        while self._sent and self._sent_samples + self._unsent_samples > self._ring:
            self._forget_oldest()

    def take(self, most: int) -> Frame | None:
        """The next waiting audio, up to `most` samples but at least one frame; neighbours are joined."""
        if not self._unsent:
            return None
        start = end = self._unsent[0][0]
        parts: list[bytes] = []
        while self._unsent and self._unsent[0][0] == end:
            held = self._unsent[0]
            if parts and _end(held) - start > most:
                break
            self._unsent.popleft()
            self._sent.append(held)
            parts.append(held[1])
            end = _end(held)
        self._unsent_samples -= end - start
        self._sent_samples += end - start
        return Frame(start, parts[0] if len(parts) == 1 else b"".join(parts))

    def covered(self, until_s: float) -> None:
        """Final results reach to `until_s`: what lies before need not be replayed."""
        limit = min(round(until_s * SAMPLE_RATE_HZ), self.end - self._keep)
        while self._sent and _end(self._sent[0]) <= limit:
            self._forget_oldest()

    def rewind(self, covered: list[Span]) -> None:
        """The connection is gone: sent frames that no final result covers wait again, in order."""
        again = [f for f in self._sent if not _inside(f, covered)]
        self._sent = deque(f for f in self._sent if _inside(f, covered))
        self._unsent.extendleft(reversed(again))
        moved = sum(_end(f) - f[0] for f in again)
        self._sent_samples -= moved
        self._unsent_samples += moved

    def audio(self, start_s: float, end_s: float) -> bytes:
        """What is still held of `[start_s, end_s)`."""
        start, end = round(start_s * SAMPLE_RATE_HZ), round(end_s * SAMPLE_RATE_HZ)
        held = sorted((*self._sent, *self._unsent))
        return b"".join(_cut(f, start, end) for f in held if _end(f) > start and f[0] < end)

    def clear(self) -> None:
        """Lets everything go."""
        self._sent.clear()
        self._unsent.clear()
        self._sent_samples = self._unsent_samples = 0

    def _drop_oldest(self) -> None:
        _, pcm = self._unsent.popleft()
        samples = len(pcm) // BYTES_PER_SAMPLE
        self._unsent_samples -= samples
        self.dropped_samples += samples
        self.dropped_frames += 1

    def _forget_oldest(self) -> None:
        self._sent_samples -= len(self._sent.popleft()[1]) // BYTES_PER_SAMPLE


def _inside(held: Held, covered: list[Span]) -> bool:
    start, end = held[0] / SAMPLE_RATE_HZ, _end(held) / SAMPLE_RATE_HZ
    return any(a <= start + 1e-6 and end <= b + 1e-6 for a, b in covered)


def _cut(held: Held, start: int, end: int) -> bytes:
    position, pcm = held
    first = max(0, start - position) * BYTES_PER_SAMPLE
    return pcm[first : max(0, end - position) * BYTES_PER_SAMPLE]


class Pace:
    """How much may be sent now: at most `rate` x real time, the limit Deepgram sets for replayed audio.

    A token bucket in samples. Live it allows a burst of a second, so that a hiccup of the network does not matter;
    while there is a replay to catch up with it allows hardly any.
    """

    def __init__(
        self, clock: Callable[[], float], rate: float = 1.25, burst_s: float = 1.0, replay_burst_s: float = 0.06
    ) -> None:
        self._clock = clock
        self._rate = rate * SAMPLE_RATE_HZ
        self._burst = {False: burst_s * SAMPLE_RATE_HZ, True: replay_burst_s * SAMPLE_RATE_HZ}
        self._tokens = self._burst[False]
        self._at = clock()
        self._replaying = False

    @property
    def replaying(self) -> bool:
        """Whether a replay is being caught up with."""
        return self._replaying

    def replay(self, active: bool) -> None:
        """Turns the replay limit on or off."""
        self._refill()
        self._replaying = active
        self._tokens = min(self._tokens, self._burst[active])

    def allowance(self) -> int:
        """Samples that may be sent now."""
        self._refill()
        return int(self._tokens)

    def spend(self, samples: int) -> None:
        """Notes samples sent."""
        self._tokens -= samples

    def wait_s(self, samples: int) -> float:
        """Seconds until `samples` may be sent."""
        return max(0.0, (samples - self._tokens) / self._rate)

    def _refill(self) -> None:
        now = self._clock()
        self._tokens = min(self._burst[self._replaying], self._tokens + (now - self._at) * self._rate)
        self._at = now
