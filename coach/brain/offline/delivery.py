"""Words about the measured delivery. The figures and sub-scores are measured elsewhere and put in by the server."""

from coach.contracts.brain import DeliveryInput
from coach.contracts.delivery import PACE_BAND_WPM
from coach.contracts.evaluation import DeliveryBreakdown, DeliveryFeedback, DeliveryNumbers

_NEUTRAL = 7.0


def delivery_feedback(measured: DeliveryInput, words: int) -> DeliveryFeedback:
    """Headline and one tip on the most pressing of pace, pauses and fillers."""
    headline, tip = _remark(measured, words)
    return DeliveryFeedback(
        headline=headline,
        metrics=DeliveryNumbers(
            wpm=min(400, round(measured.wpm or 0)),
            filler_count=min(999, measured.filler_count or 0),
            long_pause_count=min(999, measured.long_pause_count or 0),
            clarity_note=measured.clarity_note[:160],
        ),
        one_action_tip=tip,
    )


def _remark(measured: DeliveryInput, words: int) -> tuple[str, str]:
    low, high = PACE_BAND_WPM
    if measured.wpm is None and measured.filler_count is None:
        return (
            "Delivery was not measured for this answer",
            "Speak it once aloud; pace, pauses and fillers are then measured.",
        )
    if (measured.long_pause_count or 0) >= 2:
        return (
            "Long pauses break the story",
            "When you need to think, finish the sentence first, then breathe for one beat.",
        )
    if measured.filler_count and measured.filler_count > max(3, words / 40):
        return (
            "Fillers are louder than they need to be",
            "Let the filler be a silence: close your mouth between two thoughts.",
        )
    if measured.wpm is not None and measured.wpm > high:
        return "A little fast to take in", "Slow down on names and figures; they are what should be remembered."
    if measured.wpm is not None and 0 < measured.wpm < low - 15:
        return "Calm, on the slow side", "Say the setting in one breath; keep the slow pace for what you did."
    return "Easy to follow", "Keep this pace, and leave one beat of silence before the outcome."


def delivery_scores(measured: DeliveryInput, *, otherwise: float) -> DeliveryBreakdown:
    """Stand-ins in the contract's shape, which the server replaces by what was measured.

    A typed answer has no delivery: `otherwise`, the content score, then pulls neither way.
    """
    spoken = measured.wpm is not None or measured.filler_count is not None
    score = _NEUTRAL if spoken else otherwise
    eye = measured.eye_contact_proxy_score_0_to_10
    return DeliveryBreakdown(pace=score, fillers=score, pauses=score, confidence=score, eye_contact_proxy=eye or 0.0)
