"""A vendor's invoice beside the ledger, day by day and meter by meter, so that prices are proven.

The file is a CSV with a header, as vendors' usage pages export it: a day, a meter (or model, product), a quantity and a
cost; a unit where it is not the ledger's. Names of columns are recognised in their usual spellings.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from coach.contracts.base import Record
from coach.economics.money import ZERO_USD
from coach.errors import InputError
from coach.store import SqlStore
from coach.store.repositories import ledger

LARGEST_BYTES = 20_000_000
TOLERANCE = Decimal("0.01")
"""Share of the larger side below which a difference is rounding: vendors bill in whole cents or whole seconds."""
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "day": ("day", "date", "usage_date", "start_date", "start_time", "timestamp"),
    "meter": ("meter", "model", "product", "line_item", "service", "sku"),
    "quantity": ("quantity", "usage", "units", "count", "credits", "credits_consumed", "seconds", "minutes", "hours"),
    "cost_usd": ("cost_usd", "cost", "amount_usd", "amount", "total", "price_usd"),
    "unit": ("unit", "uom"),
}
REQUIRED = ("day", "meter", "quantity", "cost_usd")
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
"""Commas that part thousands: 1,234.50. Any other comma may be a decimal one: 0,35 is never read as 35."""
_SURELY_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}((,\d{3})+\.\d+|(,\d{3}){2,})")
"""The same where columns are parted by something else than commas: there 1,234 may be one and a bit."""
SECONDS = {"second": 1, "minute": 60, "hour": 3600}
"""What units of time are in the ledger's seconds."""


class InvoiceLine(Record):
    """One line, in the ledger's units."""

    day: date
    meter: str
    quantity: Decimal
    cost_usd: Decimal


class InvoiceComparison(Record):
    """One day and meter in both books.

    `verdict`: agrees, quantity differs, price differs, only in the ledger, only on the invoice.
    """

    day: date
    meter: str
    invoice_quantity: Decimal
    ledger_quantity: Decimal
    quantity_difference: Decimal
    invoice_usd: Decimal
    ledger_usd: Decimal
    usd_difference: Decimal
    verdict: str


def read_invoice(path: Path) -> list[InvoiceLine]:
    """Reads the file.

    Raises:
        InputError: unreadable, too large, a column is missing, or a cell is no day or number; names line and column.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise InputError(f"{path.name} is larger than {LARGEST_BYTES // 1_000_000} MB.", mend="Export fewer days.")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"The invoice {path.name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"The invoice {path.name} is not UTF-8 text.", mend="Export it as CSV.") from error
    first = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=first.count)
    try:
        reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
        names = _columns(reader.fieldnames or (), path.name)
        lines = [
            _line(row, names, number, _thousands(delimiter))
            for number, row in enumerate(reader, 2)
            if any(row.values())
        ]
    except csv.Error as error:
        raise InputError(f"The invoice {path.name} is no CSV: {error}.", mend="Export it as CSV.") from error
    if not lines:
        raise InputError(f"The invoice {path.name} holds no lines.", mend="Export the days to be compared.")
    return lines


def compare_invoice(store: SqlStore, vendor: str, lines: Iterable[InvoiceLine]) -> list[InvoiceComparison]:
    """Invoice and ledger side by side for the days of the invoice; only what the vendor is paid for.

    Raises:
        InputError: the ledger knows no such vendor.
    """
    billed: dict[tuple[date, str], list[Decimal]] = defaultdict(lambda: [ZERO_USD, ZERO_USD])
    for line in lines:
        billed[line.day, line.meter][0] += line.quantity
        billed[line.day, line.meter][1] += line.cost_usd
    days = [day for day, _ in billed]
    sums = store.run(ledger.usage_sums, "meter", since=datetime.combine(min(days), datetime.min.time(), UTC))
    mine = [each for each in sums if each.vendor == vendor]
    if not mine and not any(each.vendor == vendor for each in store.run(ledger.usage_sums, "vendor")):
        known = ", ".join(sorted({each.vendor for each in store.run(ledger.usage_sums, "vendor")})) or "none yet"
        raise InputError(f"The ledger holds no use of {vendor}.", mend=f"Known: {known}.")
    kept: dict[tuple[date, str], list[Decimal]] = defaultdict(lambda: [ZERO_USD, ZERO_USD])
    for each in mine:
        if each.day < max(days) + timedelta(days=1) and (each.cost_usd or (each.day, each.meter) in billed):
            kept[each.day, each.meter][0] += each.quantity
            kept[each.day, each.meter][1] += each.cost_usd
    return [_compared(key, billed.get(key), kept.get(key)) for key in sorted({*billed, *kept})]


def _compared(key: tuple[date, str], billed: list[Decimal] | None, kept: list[Decimal] | None) -> InvoiceComparison:
    (units, cost), (own_units, own_cost) = billed or [ZERO_USD, ZERO_USD], kept or [ZERO_USD, ZERO_USD]
    return InvoiceComparison(
        day=key[0],
        meter=key[1],
        invoice_quantity=units,
        ledger_quantity=own_units,
        quantity_difference=units - own_units,
        invoice_usd=cost,
        ledger_usd=own_cost,
        usd_difference=cost - own_cost,
        verdict=_verdict(units, own_units, cost, own_cost, only=(billed is None, kept is None)),
    )


def _verdict(units: Decimal, own_units: Decimal, cost: Decimal, own_cost: Decimal, *, only: tuple[bool, bool]) -> str:
    if only[0]:
        return "only in the ledger"
    if only[1]:
        return "only on the invoice"
    if not _near(units, own_units):
        return "quantity differs"
    return "agrees" if _near(cost, own_cost) else "price differs"


def _near(a: Decimal, b: Decimal) -> bool:
    return abs(a - b) <= TOLERANCE * max(abs(a), abs(b))


def _columns(header: Iterable[str], name: str) -> dict[str, str]:
    spelled = {column.strip().lower().replace(" ", "_"): column for column in header if column}
    found = {key: spelled[alias] for key, names in COLUMNS.items() for alias in reversed(names) if alias in spelled}
    missing = [key for key in REQUIRED if key not in found]
    if missing:
        known = "; ".join(f"{key}: {', '.join(COLUMNS[key])}" for key in missing)
        raise InputError(f"{name} has no column for {', '.join(missing)}.", mend=f"Name it one of: {known}.")
    return found


def _thousands(delimiter: str) -> re.Pattern[str]:
    return _THOUSANDS if delimiter == "," else _SURELY_THOUSANDS


def _line(
    row: Mapping[str, str | None], names: Mapping[str, str], number: int, thousands: re.Pattern[str]
) -> InvoiceLine:
    quantity = _number(row, names["quantity"], number, thousands)
    unit = (row.get(names["unit"]) or "" if "unit" in names else names["quantity"]).strip().lower().rstrip("s")
    meter = (row.get(names["meter"]) or "").strip()
    if not meter:
        raise InputError(f"Line {number}, {names['meter']}: is empty.")
    return InvoiceLine(
        day=_day(row, names["day"], number),
        meter=meter,
        quantity=quantity * SECONDS.get(unit, 1),
        cost_usd=_number(row, names["cost_usd"], number, thousands),
    )


def _number(row: Mapping[str, str | None], column: str, number: int, thousands: re.Pattern[str]) -> Decimal:
    text = (row.get(column) or "").strip().lstrip("$")
    plain = text.replace(",", "") if thousands.fullmatch(text) else text
    try:
        value = Decimal(plain)
    except InvalidOperation as error:
        mend = "Write it with a decimal point: 0.35." if "," in text else ""
        raise InputError(f"Line {number}, {column}: {text!r} is not a number.", mend=mend) from error
    if not value.is_finite():
        raise InputError(f"Line {number}, {column}: {text!r} is not a number.")
    return value


def _day(row: Mapping[str, str | None], column: str, number: int) -> date:
    text = (row.get(column) or "").strip()
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"Line {number}, {column}: {text!r} is not a day.", mend="Write it as 2026-11-30.") from error
    return at.astimezone(UTC).date() if at.tzinfo else at.date()
