"""Spoken sentences become one sound in which nobody waits: edges trimmed, pauses of a sentence, none too long."""

from itertools import pairwise

import numpy as np

from coach.speech.voice.kokoro import SAMPLE_RATE_HZ, Samples

PAUSE_S = 0.3
"""Silence between two sentences."""
LONGEST_PAUSE_S = 0.4
"""No silence inside a text is longer: Kokoro now and then rests for more than half a second at a comma."""
EDGE_S = 0.06
QUIET = 0.004
"""Below -48 dB of full scale it is silence; Kokoro's own breath lies above."""
FRAME = SAMPLE_RATE_HZ // 100


def pcm16(sound: Samples, *, after: float = 0.0) -> bytes:
    """A part of a text as Int16: silence trimmed, none inside longer than 0.4 s, `after` seconds of it behind."""
    said = _tightened(sound)
    whole = np.concatenate([said, np.zeros(int(after * SAMPLE_RATE_HZ), np.float32)]) if len(said) else said
    return bytes((np.clip(whole, -1, 1) * 32_767).astype("<i2").tobytes())


def _tightened(sound: Samples) -> Samples:
    """The sound without the silence around it; a silence inside that is too long is cut in its middle."""
    frames = len(sound) // FRAME
    loud = np.flatnonzero(np.abs(sound[: frames * FRAME]).reshape(frames, FRAME).max(axis=1) > QUIET)
    if not len(loud):
        return sound[:0]
    edge, longest = int(EDGE_S * SAMPLE_RATE_HZ), int(LONGEST_PAUSE_S * SAMPLE_RATE_HZ)
    keep = np.ones(len(sound), bool)
    keep[: max(0, loud[0] * FRAME - edge)] = False
    keep[(loud[-1] + 1) * FRAME + edge :] = False
    for before, after in pairwise(loud):
        start, end = (before + 1) * FRAME, after * FRAME
        if end - start > longest:
            keep[start + longest // 2 : end - longest // 2] = False
    return sound[keep]
