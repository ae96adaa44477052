"""A session's quantities at a book's prices: lines, vendors, parts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from coach.economics.model.assumptions import Point
from coach.economics.model.unit_cost import CostLine, Service, mean_counts, quantities
from coach.economics.money import ZERO_USD
from coach.economics.pricebook import PriceBook, PriceEntry


@dataclass(frozen=True, slots=True)
class Priced:
    """One meter of one session, without the words: what margins are computed from, thousands of times."""

    entry: PriceEntry
    quantity: Decimal
    cost_usd: Decimal

    @property
    def part(self) -> str:
        """The part of the service it pays for."""
        return part_of(self.entry.vendor, self.entry.meter)


def priced_session(point: Point, service: Service, book: PriceBook, at: date) -> list[Priced]:
    """The mean session of a point, priced.

    Raises:
        PriceBookError: a meter has no price on that day.
    """
    used = quantities(mean_counts(point), point, service)
    return [_priced(book.find(*key, at), value) for key, value in used.items()]


def session_lines(point: Point, service: Service, book: PriceBook, at: date) -> list[CostLine]:
    """Like `priced_session`, with everything that is said about each meter."""
    return [_line(each) for each in priced_session(point, service, book, at)]


def cost_usd(lines: Iterable[CostLine | Priced]) -> Decimal:
    """Sum of lines."""
    return sum((line.cost_usd for line in lines), ZERO_USD)


def by_vendor(lines: Iterable[CostLine]) -> dict[str, Decimal]:
    """Speech, model, voice and avatar: cost per part of the service."""
    parts: dict[str, Decimal] = {}
    for line in lines:
        parts[part_of(line.vendor, line.meter)] = parts.get(part_of(line.vendor, line.meter), ZERO_USD) + line.cost_usd
    return parts


def part_of(vendor: str, meter: str) -> str:
    """The part of the service a meter pays for."""
    if meter.endswith(".characters"):
        return "voice"
    return {"deepgram": "speech", "openai": "model", "liveavatar": "avatar"}.get(vendor, vendor)


def _priced(entry: PriceEntry, value: float) -> Priced:
    quantity = Decimal(str(round(value, 6)))
    return Priced(entry, quantity, entry.cost(quantity))


def _line(priced: Priced) -> CostLine:
    entry = priced.entry
    return CostLine(
        vendor=entry.vendor,
        meter=entry.meter,
        quantity=priced.quantity,
        unit=entry.unit,
        price_usd=entry.price,
        per=entry.per,
        cost_usd=priced.cost_usd,
        price_entry=entry.id,
        source=entry.source,
        retrieved_on=entry.retrieved_on,
    )
