"""Units of vendor use, recorded when they happen and billed exactly once."""

import hashlib
from datetime import datetime
from decimal import Decimal

from pydantic import Field, TypeAdapter

from coach.contracts.base import Record


class UsageEvent(Record):
    """One metered quantity of one vendor call.

    `event_id` is permanent: the same call retried is the same event. `cost_usd` is the price as billed, written once
    with the price valid at `occurred_at`; None only before the ledger has priced it. Meters are named
    `<model or product>.<kind>`, e.g. `nova-3.live` (second), `aura-2.characters` (character),
    `gpt-6-luna.input|cached_input|cache_write|output` (token), `lite.connected` (second), `lite.credits` (credit).
    `reasoning` tokens are part of output and are recorded with quantity for the lab, billable=False.
    """

    event_id: str
    vendor: str
    meter: str
    quantity: Decimal = Field(ge=0)
    unit: str
    occurred_at: datetime
    attempt_id: str | None = None
    interview_id: str | None = None
    user_id: str | None = None
    bundle: str | None = None
    call_id: str = ""
    billable: bool = True
    estimated: bool = False
    cost_usd: Decimal | None = None
    price_entry: str | None = None


usage_list = TypeAdapter(list[UsageEvent])


def usage_event_id(attempt_id: str, call: str, meter: str) -> str:
    """The permanent identity of a usage event: a hash of attempt, vendor call and meter."""
    return hashlib.sha256(f"{attempt_id}\x1f{call}\x1f{meter}".encode()).hexdigest()[:32]
