"""What one replayed call produced."""

from datetime import datetime
from decimal import Decimal

from coach.contracts.base import Record
from coach.contracts.brain import EvaluationResult
from coach.contracts.usage import UsageEvent


class Outcome(Record):
    """One item, one variant, one repeat.

    `result` is None when the provider failed (`error` has its code): such calls say nothing about quality. `cached`
    answers carry the result of an earlier identical call and enter neither latency nor cost.
    """

    variant: str
    variant_key: str
    item_id: str
    repeat: int
    result: EvaluationResult | None = None
    error: str = ""
    cached: bool = False
    first_section_ms: float | None = None
    total_ms: float | None = None
    usage: list[UsageEvent] = []
    cost_usd: Decimal = Decimal(0)
    finished_at: datetime

    @property
    def tokens(self) -> int:
        """Tokens in and out of the call, reasoning counted once."""
        return int(sum(u.quantity for u in self.usage if u.unit == "token" and u.billable))

    @property
    def identity(self) -> tuple[str, str, str, int]:
        """What makes it the same call; two variants of the same content (A/A) are two calls."""
        return self.variant, self.variant_key, self.item_id, self.repeat
