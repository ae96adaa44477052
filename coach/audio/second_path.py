"""The microphone's sound over a second path (WebRTC), placed on the clock of the first.

The two captures of one device share no clock, so their positions are compared by arrival: the frame that travelled
fastest says how a path's own clock relates to ours. What the second path brings is held back and written only while
the first is silent; it stands in until the first delivers, and for good only where that never does (a browser that
dies during a stall). Its place is exact to the difference of the two paths' smallest delays, some 0.1 s; the length of
a recording never depends on it.
"""

from collections import deque

from coach.audio.pcm import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ

WINDOW_FRAMES = 250
"""5 to 10 s of frames: long enough to hold a fast one, short enough to follow two clocks that drift apart."""
SILENT_AFTER_S = 0.5
HELD_S = 1.5


class _Lead:
    """How far a path's clock is ahead of ours, by its fastest frame of late. Seconds."""

    def __init__(self) -> None:
        self._leads: deque[float] = deque(maxlen=WINDOW_FRAMES)

    def note(self, clock_s: float, now_s: float) -> None:
        self._leads.append(clock_s - now_s)

    def __bool__(self) -> bool:
        return bool(self._leads)

    @property
    def seconds(self) -> float:
        return max(self._leads)

    def clear(self) -> None:
        self._leads.clear()


class SecondPath:
    """Holds the second path's latest sound and says where it belongs. Not thread-safe."""

    def __init__(self) -> None:
        """Nothing was heard on either path."""
        self._first, self._second = _Lead(), _Lead()
        self._heard_s = 0.0
        self._source = 0
        self._held: deque[tuple[float, bytes]] = deque()

    def first_path(self, end_sample: int, now_s: float) -> None:
        """The first path has brought its take up to `end_sample`."""
        self._first.note(end_sample / SAMPLE_RATE_HZ, now_s)
        self._heard_s = now_s

    def new_take(self) -> None:
        """The first path counts from 0 again."""
        self._first.clear()
        self._held.clear()

    def offer(self, clock_s: float, pcm16: bytes, now_s: float, source: int = 0) -> list[tuple[int, bytes]]:
        """Takes a frame that begins at `clock_s` of the second path's own clock; another `source` has another clock.

        Gives what has to stand in now: (first sample of the first path's take, sound).
        """
        if source != self._source:
            self._source = source
            self._second.clear()
            self._held.clear()
        self._second.note(clock_s + len(pcm16) / BYTES_PER_SAMPLE / SAMPLE_RATE_HZ, now_s)
        self._held.append((clock_s, pcm16))
        while clock_s - self._held[0][0] > HELD_S:
            self._held.popleft()
        if not self._first or now_s - self._heard_s < SILENT_AFTER_S:
            return []
        shift_s = self._first.seconds - self._second.seconds
        due = [(round((at_s + shift_s) * SAMPLE_RATE_HZ), sound) for at_s, sound in self._held]
        self._held.clear()
        return due
