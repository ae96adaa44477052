"""This answer against the speaker's own median: progress is judged against oneself before any band."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from coach.contracts.delivery import DeliveryMetrics
from coach.delivery.curves import off_band

MIN_ANSWERS = 3


@dataclass(frozen=True, slots=True)
class BaselineComparison:
    """One metric now and usually; `better` is None where neither direction is better."""

    metric: str
    label: str
    now: float
    usual: float
    better: bool | None


def _per_100_words(metrics: DeliveryMetrics) -> float | None:
    if metrics.filler_count is None or not metrics.word_count:
        return None
    return 100 * metrics.filler_count / metrics.word_count


def _pauses_per_minute(metrics: DeliveryMetrics) -> float | None:
    return 60 * metrics.long_pause_count / metrics.duration_s if metrics.duration_s >= 1 else None


_METRICS: dict[str, tuple[str, Callable[[DeliveryMetrics], float | None]]] = {
    "wpm": ("words per minute", lambda m: m.wpm),
    "fillers_per_100_words": ("fillers per 100 words", _per_100_words),
    "long_pauses_per_min": ("long pauses per minute", _pauses_per_minute),
    "clarity": ("mean word confidence", lambda m: m.clarity),
}


def medians(earlier: Sequence[DeliveryMetrics]) -> dict[str, float]:
    """Median of each metric over the answers where it was measured, at least three of them."""
    found = {}
    for name, (_, read) in _METRICS.items():
        values = [v for m in earlier if (v := read(m)) is not None]
        if len(values) >= MIN_ANSWERS:
            found[name] = float(median(values))
    return found


def compare(now: DeliveryMetrics, earlier: Sequence[DeliveryMetrics]) -> list[BaselineComparison]:
    """`now` against the speaker's own medians; empty until three earlier answers were measured.

    `earlier` should come from the same transcriber: clarity and fillers of two transcribers cannot be compared.
    """
    usual = medians(earlier)
    rows = []
    for name, (label, read) in _METRICS.items():
        value = read(now)
        if value is not None and name in usual:
            rows.append(
                BaselineComparison(
                    name, label, value, usual[name], _is_better(name, value, usual[name], now.pace_band_wpm)
                )
            )
    return rows


SENTENCES = {
    "wpm": ("{share} % faster than your usual {usual:.0f} wpm", "{share} % slower than your usual {usual:.0f} wpm"),
    "fillers_per_100_words": (
        "{share} % more fillers than your usual {usual:.1f} in 100 words",
        "{share} % fewer fillers than your usual {usual:.1f} in 100 words",
    ),
    "long_pauses_per_min": (
        "More long pauses than your usual {usual:.1f} a minute",
        "Fewer long pauses than your usual {usual:.1f} a minute",
    ),
    "clarity": ("Clearer than your usual {usual:.0%}", "Less clear than your usual {usual:.0%}"),
}
SAME_SHARE = 0.03
NONE_USUALLY = {
    "fillers_per_100_words": "Usually you have no fillers",
    "long_pauses_per_min": "Usually you make no long pauses",
}


def sentence(row: BaselineComparison) -> str:
    """The comparison in words, "12 % faster than your usual 138 wpm"; within 3 % counts as usual."""
    if not row.usual:
        return NONE_USUALLY.get(row.metric, "") if row.now else "As usual for you"
    share = row.now / row.usual - 1
    if abs(share) < SAME_SHARE:
        return "As usual for you"
    more, less = SENTENCES[row.metric]
    return (more if share > 0 else less).format(share=round(100 * abs(share)), usual=row.usual)


def _is_better(name: str, now: float, usual: float, band: tuple[float, float]) -> bool | None:
    if name == "wpm":
        now_off, usual_off = (off_band(v, band) for v in (now, usual))
        return None if now_off == usual_off else now_off < usual_off
    if now == usual:
        return None
    return now > usual if name == "clarity" else now < usual
