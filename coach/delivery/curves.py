"""The curves from measured delivery to 0-10 sub-scores: straight lines between the points below, flat outside.

Full score for pace lies in the band of the policy. The other points are the product's own choice, reasoned in
`docs/delivery-metrics.md`; they are computed here and override whatever a model says, so that the same delivery always
scores the same. Nothing counts "I" or "we".
"""

from collections.abc import Sequence

import numpy as np

from coach.contracts.delivery import PACE_BAND_WPM, DeliverySubScores

Curve = Sequence[tuple[float, float]]

PACE_BESIDE: Curve = ((0, 10), (30, 6), (60, 2), (90, 0))
"""Score by words per minute outside the band."""
FILLERS_PER_100_WORDS: Curve = ((0, 10), (1, 9.5), (2, 9), (4, 7), (6, 5), (10, 2), (15, 0))
LONG_PAUSES_PER_MIN: Curve = ((0, 10), (0.5, 8), (1, 6), (2, 3), (4, 0))
SILENCE_SHARE: Curve = ((0.3, 10), (0.4, 8), (0.5, 5), (0.7, 1), (0.8, 0))
STUMBLES_PER_100_WORDS: Curve = ((0, 10), (1, 9), (3, 7), (6, 4), (12, 0))
CLARITY: Curve = ((0.3, 0), (0.5, 3), (0.7, 6), (0.85, 9), (0.92, 10))

WEIGHTS = {"pace": 0.25, "fillers": 0.25, "pauses": 0.2, "confidence": 0.2, "eye_contact": 0.1}
MIN_MINUTES = 0.5


def on_curve(value: float, curve: Curve) -> float:
    """The score of `value`, 0-10."""
    xs, ys = zip(*curve, strict=True)
    return float(np.interp(value, xs, ys))


def off_band(wpm: float, band: tuple[float, float]) -> float:
    """Words per minute outside the band, 0 within."""
    return max(band[0] - wpm, wpm - band[1], 0.0)


def pace_score(
    wpm: float | None,
    wpm_range: tuple[float, float] | None = None,
    band: tuple[float, float] = PACE_BAND_WPM,
) -> float | None:
    """By distance from the band; where only a range is known, that of the value in it that is nearest to the band."""
    if wpm is None:
        return None
    low, high = wpm_range or (wpm, wpm)
    return on_curve(
        min(off_band(v, band) for v in (low, wpm, high, *(b for b in band if low <= b <= high))), PACE_BESIDE
    )


def fillers_score(filler_count: int | None, word_count: int) -> float | None:
    """By fillers per 100 words; None when fillers cannot be measured."""
    if filler_count is None or not word_count:
        return None
    return on_curve(100 * filler_count / word_count, FILLERS_PER_100_WORDS)


def pauses_score(long_pauses: int, span_s: float, speech_s: float | None) -> float | None:
    """0.7 x long pauses per minute + 0.3 x share of silence; answers under half a minute count as half a minute."""
    if span_s <= 0:
        return None
    by_count = on_curve(long_pauses / max(span_s / 60, MIN_MINUTES), LONG_PAUSES_PER_MIN)
    if speech_s is None:
        return by_count
    return 0.7 * by_count + 0.3 * on_curve(max(0.0, 1 - speech_s / span_s), SILENCE_SHARE)


def confidence_score(stumbles: int | None, word_count: int, clarity: float | None) -> float | None:
    """0.6 x stumbles (repetitions, restarts, hesitation clusters, trailing sentences) per 100 words + 0.4 x clarity.

    None without words; where one of both is not measurable the other counts alone.
    """
    parts = []
    if stumbles is not None and word_count:
        parts.append((0.6, on_curve(100 * stumbles / word_count, STUMBLES_PER_100_WORDS)))
    if clarity is not None:
        parts.append((0.4, on_curve(clarity, CLARITY)))
    return sum(w * s for w, s in parts) / sum(w for w, _ in parts) if parts else None


def combine(
    *,
    pace: float | None,
    fillers: float | None,
    pauses: float | None,
    confidence: float | None,
    eye_contact: float | None,
) -> DeliverySubScores:
    """Rounds to one decimal and adds the weighted mean of what was measured, the weights renormalised."""
    parts = {"pace": pace, "fillers": fillers, "pauses": pauses, "confidence": confidence, "eye_contact": eye_contact}
    known = {name: round(value, 1) for name, value in parts.items() if value is not None}
    weight = sum(WEIGHTS[name] for name in known)
    total = sum(WEIGHTS[name] * value for name, value in known.items()) / weight if weight else None
    return DeliverySubScores(**known, delivery=None if total is None else round(total, 1))
