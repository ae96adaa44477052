"""How loud the voice is, second by second, and how much it moves: EBU R128 / Tech 3342, by FFmpeg's `ebur128`."""

import av
import av.error
import av.filter
import numpy as np

from coach.audio.pcm import SAMPLE_RATE_HZ, Pcm, Samples

MIN_DURATION_S = 3.0
_RANGE, _MOMENTARY = "lavfi.r128.LRA", "lavfi.r128.M"
SILENCE_LUFS = -70.0
"""Below it there is nothing: the absolute gate of EBU R128."""
_BLOCK = 10 * SAMPLE_RATE_HZ


class LoudnessRange:
    """The range of a recording that may still be growing. Not thread-safe."""

    def __init__(self) -> None:
        self._graph = av.filter.Graph()
        source = self._graph.add_abuffer(sample_rate=SAMPLE_RATE_HZ, format="s16", layout="mono")
        meter = self._graph.add("ebur128", "metadata=1:framelog=quiet")
        sink = self._graph.add("abuffersink")
        source.link_to(meter)
        meter.link_to(sink)
        self._graph.configure()
        self._samples = 0
        self._sounded = False
        self._found: float | None = None
        self._heard: dict[int, list[float]] = {}

    def push(self, samples: Samples) -> None:
        """Takes 16 kHz mono samples; half a millisecond of work per second of sound."""
        for start in range(0, len(samples), _BLOCK):
            block = np.ascontiguousarray(samples[start : start + _BLOCK]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, self._samples
            self._graph.push(frame)
            self._samples += block.shape[1]
            self._sounded = self._sounded or bool(block.any())
            self._pull()

    def finish(self) -> float | None:
        """Loudness range in LU; None under 3 s (the length of one short-term window) or without sound."""
        self._graph.push(None)
        self._pull()
        if self._samples < MIN_DURATION_S * SAMPLE_RATE_HZ or not self._sounded or self._found is None:
            return None
        return round(self._found, 1)

    @property
    def by_second(self) -> list[tuple[float, float]]:
        """The middle of every second with sound (s) and its loudness (LUFS): the mean power of its 400 ms windows."""
        found = ((at + 0.5, 10 * np.log10(np.mean(np.power(10, np.array(v) / 10)))) for at, v in self._heard.items())
        return [(at, round(float(lufs), 1)) for at, lufs in sorted(found) if lufs > SILENCE_LUFS]

    def _pull(self) -> None:
        while (frame := _next(self._graph)) is not None:
            told = frame.metadata
            if _RANGE in told:
                self._found = float(told[_RANGE])
            if _MOMENTARY in told and frame.time is not None:
                self._heard.setdefault(int(frame.time), []).append(max(float(told[_MOMENTARY]), -120.0))


def heard_loudness(pcm: Pcm) -> tuple[float | None, list[tuple[float, float]]]:
    """Range and loudness by second of a whole recording."""
    meter = LoudnessRange()
    meter.push(pcm.samples)
    return meter.finish(), meter.by_second


def loudness_range_lu(pcm: Pcm) -> float | None:
    """The range of a whole recording."""
    return heard_loudness(pcm)[0]


def _next(graph: av.filter.Graph) -> av.AudioFrame | None:
    try:
        frame = graph.pull()
    except (av.error.BlockingIOError, av.error.EOFError):
        return None
    assert isinstance(frame, av.AudioFrame)
    return frame
