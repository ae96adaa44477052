"""How much the voice moves between loud and soft: loudness range after EBU R128 / Tech 3342, by FFmpeg's `ebur128`."""

import av
import av.error
import av.filter
import numpy as np

from coach.audio.pcm import SAMPLE_RATE_HZ, Pcm, Samples

MIN_DURATION_S = 3.0
_RANGE = "lavfi.r128.LRA"
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

    def push(self, samples: Samples) -> None:
        """Takes 16 kHz mono samples; half a millisecond of work per second of sound."""
        for start in range(0, len(samples), _BLOCK):
            block = np.ascontiguousarray(samples[start : start + _BLOCK]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, self._samples
            self._graph.push(frame)
            self._samples += block.shape[1]
            self._sounded = self._sounded or bool(block.any())
            self._found = _last_range(self._graph, self._found)

    def finish(self) -> float | None:
        """Loudness range in LU; None under 3 s (the length of one short-term window) or without sound."""
        self._graph.push(None)
        self._found = _last_range(self._graph, self._found)
        if self._samples < MIN_DURATION_S * SAMPLE_RATE_HZ or not self._sounded or self._found is None:
            return None
        return round(self._found, 1)


def loudness_range_lu(pcm: Pcm) -> float | None:
    """The range of a whole recording."""
    meter = LoudnessRange()
    meter.push(pcm.samples)
    return meter.finish()


def _last_range(graph: av.filter.Graph, found: float | None) -> float | None:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return found
        if _RANGE in frame.metadata:
            found = float(frame.metadata[_RANGE])
