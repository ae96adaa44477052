"""What one connection to a paid avatar used, as usage events."""

from datetime import UTC, datetime
from decimal import Decimal

from coach.avatar.policy import AvatarTariff
from coach.contracts.usage import UsageEvent, usage_event_id


def connection_usage(
    tariff: AvatarTariff, *, interview_id: str, session_id: str, seconds: float, credits: float, estimated: bool
) -> tuple[UsageEvent, ...]:
    """Connected seconds and the credits they cost; told again of the same connection they are the same events.

    `estimated` says that the vendor has not told its own count.
    """
    counts = ((f"{tariff.mode}.connected", seconds, "second"), (tariff.meter, credits, "credit"))
    return tuple(
        UsageEvent(
            event_id=usage_event_id(interview_id, session_id, meter),
            vendor=tariff.vendor,
            meter=meter,
            quantity=Decimal(str(round(quantity, 3))),
            unit=unit,
            occurred_at=datetime.now(UTC),
            interview_id=interview_id,
            call_id=session_id,
            estimated=estimated,
        )
        for meter, quantity, unit in counts
    )
