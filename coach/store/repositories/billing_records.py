"""Rows of billing as records."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

RESERVATION = timedelta(hours=24)
"""An interview that was started but never gave feedback is not charged; its place is free again after this."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person's standing with billing. `status` is the subscription's ("none" without one)."""

    user_id: str
    stripe_customer_id: str | None = None
    plan_id: str | None = None
    subscription_id: str | None = None
    status: str = "none"
    period_start: datetime | None = None
    period_end: datetime | None = None
    payment_failed: bool = False
    overage_agreed: bool = False
    state_at: datetime | None = None
    payment_at: datetime | None = None
    past_due_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Credits:
    """One bought pack. `id` is the checkout session, so that buying is idempotent."""

    id: str
    user_id: str
    plan_id: str
    interviews: int
    payment_id: str
    bought_at: datetime
    expires_at: datetime
    refunded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """One interview taken from a source (`trial`, `pack:<credits id>`, `subscription:<id>`)."""

    use_id: str
    plan_id: str
    source: str
    level: str
    reserved_at: datetime
    used: bool
    returned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AvatarUse:
    """Credits the vendor counted and seconds connected, of one interview."""

    credits: Decimal = Decimal(0)
    seconds: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Standing:
    """All that an entitlement is decided from. Reservations that ran out and uses given back are left out."""

    account: Account
    credits: tuple[Credits, ...]
    uses: tuple[Use, ...]
    avatar: dict[str, AvatarUse]
    """What the avatar used, by the use (interview) it was for."""


@dataclass(frozen=True, slots=True)
class Payment:
    """Money of one customer: `paid`, `refunded` or `disputed`, in cents. Negative where it went back."""

    id: str
    customer_id: str
    kind: str
    cents: int
    paid_at: datetime
