"""The colours of the charts, the same as on the stage, and the bands of a score."""

from typing import Literal

INK = "#1d2330"
INK_SOFT = "#6c7484"
LINE = "#e9e2d8"
FOX = "#c2451a"
GOOD = "#2f9e76"
MIDDLE = "#e0a12f"
LOW = "#d8574b"
BLUE = "#2f6fd6"

SERIES = (FOX, "#2f5d62", MIDDLE, "#7a5ea8", GOOD, "#46597a")

Band = Literal["low", "middle", "high", "none"]
LOW_BELOW = 5.0
HIGH_FROM = 7.5
BAND_COLOURS: dict[Band, str] = {"low": LOW, "middle": MIDDLE, "high": GOOD, "none": "#b9bfca"}
BAND_MARKS: dict[Band, str] = {"low": "🔴", "middle": "🟡", "high": "🟢", "none": "⚪"}


def band(score: float | None) -> Band:
    """Red, yellow or green: below 5, below 7.5, or above; `none` for an answer without a score."""
    if score is None or score != score:
        return "none"
    if score < LOW_BELOW:
        return "low"
    return "high" if score >= HIGH_FROM else "middle"
