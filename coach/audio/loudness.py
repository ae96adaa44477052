"""How much the voice moves between loud and soft: loudness range after EBU R128 / Tech 3342, by FFmpeg's `ebur128`."""

import av
import av.error
import av.filter
import numpy as np

from coach.audio.pcm import SAMPLE_RATE_HZ, Pcm

MIN_DURATION_S = 3.0
_RANGE = "lavfi.r128.LRA"
_BLOCK = 10 * SAMPLE_RATE_HZ


def loudness_range_lu(pcm: Pcm) -> float | None:
    """Loudness range in LU; None under 3 s (the length of one short-term window) or without sound."""
    if pcm.duration_s < MIN_DURATION_S or not pcm.samples.any():
        return None
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=SAMPLE_RATE_HZ, format="s16", layout="mono")
    meter = graph.add("ebur128", "metadata=1:framelog=quiet")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    found: float | None = None
    for start in range(0, len(pcm.samples), _BLOCK):
        block = np.ascontiguousarray(pcm.samples[start : start + _BLOCK]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, start
        graph.push(frame)
        found = _last_range(graph, found)
    graph.push(None)
    last = _last_range(graph, found)
    return None if last is None else round(last, 1)


def _last_range(graph: av.filter.Graph, found: float | None) -> float | None:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return found
        if _RANGE in frame.metadata:
            found = float(frame.metadata[_RANGE])
