"""What a live stream used: seconds of sound sent, one event for each connection and answer."""

from datetime import UTC, datetime
from decimal import Decimal

from coach.audio.pcm import SAMPLE_RATE_HZ
from coach.contracts.usage import UsageEvent, usage_event_id
from coach.speech.streaming.link_port import LiveVendor
from coach.speech.streaming.segment import Segment


def sound_sent(
    vendor: LiveVendor, interview_id: str, segment: Segment | None, connection: str, samples: int
) -> UsageEvent:
    """`samples` at 16 kHz sent over `connection` for an answer (None: for none) as a usage event, in seconds."""
    call_id = f"{connection}.{segment.generation if segment else 0}"
    attempt_id = segment.attempt_id if segment else None
    return UsageEvent(
        event_id=usage_event_id(attempt_id or "", call_id, vendor.meter),
        vendor=vendor.vendor,
        meter=vendor.meter,
        quantity=(Decimal(samples) / SAMPLE_RATE_HZ).quantize(Decimal("0.001")),
        unit="second",
        occurred_at=datetime.now(UTC),
        attempt_id=attempt_id,
        interview_id=interview_id or None,
        call_id=call_id,
    )
