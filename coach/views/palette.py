"""The colours of the charts, the same as on the stage, and the bands of a score.

All of them stand out on the light and on the dark page (3:1 at least, the least for graphics by WCAG 2.1, 1.4.11).
"""

from typing import Literal

INK = "#66738f"
INK_SOFT = "#808a9e"
LINE = "rgba(128, 128, 128, 0.35)"
FOX = "#c2451a"
GOOD = "#2f9e76"
MIDDLE = "#b97f14"
LOW = "#d8574b"
BLUE = "#2f6fd6"

SERIES = (FOX, "#3d7c83", MIDDLE, "#7a5ea8", GOOD, "#6a7fa6")

Band = Literal["low", "middle", "high", "none"]
LOW_BELOW = 5.0
HIGH_FROM = 7.5
BAND_COLOURS: dict[Band, str] = {"low": LOW, "middle": MIDDLE, "high": GOOD, "none": "#868d9c"}
ON_BAND = "#10141c"
"""What is written on a band's colour."""
BAND_MARKS: dict[Band, str] = {"low": "🔴", "middle": "🟡", "high": "🟢", "none": "⚪"}


def band(score: float | None) -> Band:
    """Red, yellow or green: below 5, below 7.5, or above; `none` for an answer without a score."""
    if score is None or score != score:
        return "none"
    if score < LOW_BELOW:
        return "low"
    return "high" if score >= HIGH_FROM else "middle"
