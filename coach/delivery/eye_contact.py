"""Eye-contact proxy: the share of speaking time in which a face looks towards the camera.

The browser looks (pages/components/stage/static/js/eye_contact.js) and sends a few samples a second; pictures never
leave it. What this measures, and how well: docs/eye-contact.md.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SAMPLES_LEAST = 5
SHARE_LEAST = 0.5


@dataclass(frozen=True, slots=True)
class EyeSample:
    """One look: when (seconds on the attempt's clock), whether a face was there, and whether it looked towards the
    camera (None: a face, but too small to tell).
    """

    at_s: float
    face: bool
    towards_camera: bool | None = None


def eye_contact(samples: Iterable[EyeSample], speech: Sequence[tuple[float, float]]) -> float | None:
    """The proxy, 0-10, or None where it was not measured.

    10 x (samples towards the camera / samples that can tell), over samples taken while speaking. No face counts as not
    towards; a face that cannot be judged counts neither way.

    Args:
        samples: in any order.
        speech: stretches of speech in seconds on the same clock, in order, from voice activity.

    Returns:
        None with fewer than 5 samples that can tell while speaking, or when less than half of them can tell.
    """
    starts = [start for start, _ in speech]
    spoken = [s for s in samples if _inside(s.at_s, starts, speech)]
    telling = [s for s in spoken if not s.face or s.towards_camera is not None]
    if len(telling) < SAMPLES_LEAST or len(telling) < SHARE_LEAST * len(spoken):
        return None
    return round(10 * sum(s.face and s.towards_camera is True for s in telling) / len(telling), 1)


def _inside(at_s: float, starts: Sequence[float], speech: Sequence[tuple[float, float]]) -> bool:
    at = bisect_right(starts, at_s) - 1
    return at >= 0 and at_s <= speech[at][1]
