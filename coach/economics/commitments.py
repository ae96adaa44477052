"""What monthly commitments would have cost on the recorded use: unused units are cost, further ones are paid."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

from coach.contracts.base import Record
from coach.economics.money import ZERO_USD
from coach.economics.pricebook import Commitment, PriceBook
from coach.store import SqlStore
from coach.store.repositories import ledger


class CommitmentMonth(Record):
    """One commitment in one calendar month (UTC); money in USD.

    `as_billed_usd` is what the ledger has for the same use, `per_used_unit_usd` what a used unit came to (None for an
    unused month), `cheapest` marks the commitment of that vendor and month that would have cost least.
    """

    month: str
    vendor: str
    commitment: str
    used: Decimal
    included: Decimal
    unused: Decimal
    over: Decimal
    cost_usd: Decimal
    unused_usd: Decimal
    per_used_unit_usd: Decimal | None
    as_billed_usd: Decimal
    cheapest: bool = False


def commitment_months(store: SqlStore, book: PriceBook) -> list[CommitmentMonth]:
    """Every commitment on every recorded month of its vendor's units, oldest first; empty where none was used."""
    used: dict[tuple[date, str, str], tuple[Decimal, Decimal]] = defaultdict(lambda: (ZERO_USD, ZERO_USD))
    for each in store.run(ledger.usage_sums, "vendor"):
        key = (each.day.replace(day=1), each.vendor, each.meter)
        used[key] = used[key][0] + each.quantity, used[key][1] + each.cost_usd
    months = sorted({(month, vendor) for month, vendor, _ in used})
    found = [
        _month(commitment, month, used)
        for month, vendor in months
        for commitment in book.commitments
        if commitment.vendor == vendor and commitment.covers(month)
    ]
    counted = [
        row for row in found if row.used or any(o.used for o in found if (o.month, o.vendor) == (row.month, row.vendor))
    ]
    least: dict[tuple[str, str], Decimal] = {}
    for row in counted:
        key_ = (row.month, row.vendor)
        least[key_] = min(row.cost_usd, least.get(key_, row.cost_usd))
    return [row.model_copy(update={"cheapest": row.cost_usd == least[row.month, row.vendor]}) for row in counted]


def _month(
    commitment: Commitment, month: date, used: dict[tuple[date, str, str], tuple[Decimal, Decimal]]
) -> CommitmentMonth:
    mine = [
        used[month, commitment.vendor, meter]
        for meter in commitment.meters
        if (month, commitment.vendor, meter) in used
    ]
    units = sum((quantity for quantity, _ in mine), Decimal(0))
    unused, cost = max(Decimal(0), commitment.included - units), commitment.cost(units)
    return CommitmentMonth(
        month=f"{month:%Y-%m}",
        vendor=commitment.vendor,
        commitment=commitment.name,
        used=units,
        included=commitment.included,
        unused=unused,
        over=max(Decimal(0), units - commitment.included),
        cost_usd=cost,
        unused_usd=commitment.price * unused / commitment.included,
        per_used_unit_usd=cost / units if units else None,
        as_billed_usd=sum((usd for _, usd in mine), ZERO_USD),
    )
