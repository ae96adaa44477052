"""Where exactly speech begins and ends: voice activity says that there is speech, energy says since when.

A voice activity network needs a few windows to be sure, so its edges lie up to 0.4 s off. Each edge is moved to where
the 10 ms level leaves the background of the neighbouring silence, at most `REACH_S` away.
"""

import numpy as np
from numpy.typing import NDArray

from coach.audio.pcm import FULL_SCALE, SAMPLE_RATE_HZ, Samples

FRAME = SAMPLE_RATE_HZ // 100
FRAMES_PER_S = 100
REACH_S = 0.25
ABOVE_BACKGROUND_DB = 3.0
SPEECH_RANGE_DB = 35.0
BRIDGE_FRAMES = 4
MIN_BACKGROUND_FRAMES = 10

Segments = list[tuple[float, float]]
Levels = NDArray[np.float64]


def levels_dbfs(samples: Samples) -> Levels:
    """RMS level of each 10 ms frame in dB below full scale; digital silence is -100."""
    whole = len(samples) // FRAME
    frames = samples[: whole * FRAME].astype(np.float64).reshape(whole, FRAME) / FULL_SCALE
    return 10 * np.log10((frames**2).mean(axis=1) + 1e-10)


def refine(samples: Samples, segments: Segments) -> Segments:
    """Moves every edge of `segments` (seconds) to the nearby change of level."""
    if not segments:
        return []
    levels = levels_dbfs(samples)
    loud = np.percentile(np.concatenate([levels[_frame(a) : _frame(b) + 1] for a, b in segments]), 90)
    gaps = _gaps(segments, len(levels) / FRAMES_PER_S)
    limits = [_limit(levels, gap, float(loud)) for gap in gaps]
    refined = []
    for i, (start, end) in enumerate(segments):
        start = _onset(levels, start, limits[i], gaps[i][0], end)
        mirrored = len(levels) / FRAMES_PER_S
        onset = _onset(levels[::-1], mirrored - end, limits[i + 1], mirrored - gaps[i + 1][1], mirrored - start)
        refined.append((start, max(start, mirrored - onset)))
    return refined


def _frame(at_s: float) -> int:
    return max(0, round(at_s * FRAMES_PER_S))


def _gaps(segments: Segments, length_s: float) -> Segments:
    edges = [0.0, *(t for segment in segments for t in segment), length_s]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _limit(levels: Levels, gap: tuple[float, float], loud: float) -> float | None:
    """Level above which a frame next to `gap` counts as speech; None when the gap is too short to know."""
    frames = levels[_frame(gap[0]) : _frame(gap[1])]
    if len(frames) < MIN_BACKGROUND_FRAMES:
        return None
    trim = min(20, len(frames) // 4)
    background = np.percentile(frames[trim : len(frames) - trim], 75)
    return max(float(background) + ABOVE_BACKGROUND_DB, loud - SPEECH_RANGE_DB)


def _onset(levels: Levels, start: float, limit: float | None, lowest: float, highest: float) -> float:
    """The refined start of speech near `start`, never before `lowest` nor after `highest` (seconds)."""
    if limit is None:
        return start
    at = _frame(start)
    last = min(_frame(highest), at + _frame(REACH_S), len(levels))
    loud = levels > limit
    inward = next((k for k in range(at, last) if loud[k]), None)
    if inward is None:
        return start
    if inward > at + 1:
        return inward / FRAMES_PER_S
    return _run_start(loud, inward, max(_frame(lowest), at - _frame(REACH_S))) / FRAMES_PER_S


def _run_start(loud: NDArray[np.bool_], at: int, first: int) -> int:
    """Walks back through loud frames, bridging short dips (stop consonants)."""
    quiet = 0
    for frame in range(at - 1, first - 1, -1):
        if loud[frame]:
            at, quiet = frame, 0
        elif (quiet := quiet + 1) > BRIDGE_FRAMES:
            break
    return at
