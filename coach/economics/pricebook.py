"""The price book: dated, sourced prices as data; a usage event is priced by the entry valid when it happened."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from coach.contracts.base import Record
from coach.economics.money import quantise_usd
from coach.errors import InputError
from coach.foreign_data import from_yaml
from coach.settings import DATA

PRICE_BOOK_PATH = DATA / "prices" / "pricebook.yaml"
ANY_METER = "*"
LARGEST_MOVE = 3
"""A price that moved further is asked about: most such moves are a slipped decimal or another unit."""
HIGHEST_PRICE = Decimal(10**6)
"""USD; beyond it a number is a mistake, and sums would leave the exact digits of a decimal."""
LIST = "list"
Unit = Literal["second", "token", "character", "credit", "charge", "usd", "call", "any"]


class PriceBookError(InputError):
    """The price book is contradictory or lacks an entry; the message names the entry."""

    code = "PRICE_BOOK"


class PriceEntry(Record):
    """One price: `price` USD for `per` units, from `valid_from` (inclusive) to `valid_to` (exclusive), midnight UTC."""

    vendor: str = Field(min_length=1)
    meter: str = Field(min_length=1)
    variant: str = LIST
    unit: Unit
    price: Decimal = Field(ge=0, le=HIGHEST_PRICE)
    per: Decimal = Field(default=Decimal(1), ge=1)
    currency: Literal["USD"] = "USD"
    valid_from: date
    valid_to: date | None = None
    source: str = Field(min_length=1)
    retrieved_on: date
    note: str = ""
    confirmed: bool = False
    """The price is right although it moved more than `LARGEST_MOVE` against the entry before."""

    @field_validator("price", mode="before")
    @classmethod
    def _no_binary_fractions(cls, value: object) -> object:
        if isinstance(value, float):
            raise ValueError("write the price in quotes; a binary fraction is not exact")
        return value

    @field_validator("vendor", "meter", "source")
    @classmethod
    def _not_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("must not be blank")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> "PriceEntry":
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError("valid_to must be after valid_from")
        if self.meter == ANY_METER and (self.price or self.unit != "any"):
            raise ValueError("an entry for every meter must have price 0 and unit any")
        if self.unit == "any" and self.price:
            raise ValueError("unit any is for price 0 only")
        return self

    @property
    def key(self) -> tuple[str, str, str]:
        """What may not overlap in time."""
        return self.vendor, self.meter, self.variant

    @property
    def id(self) -> str:
        """Permanent name of the entry, e.g. `deepgram/nova-3.live@2026-01-01`."""
        suffix = "" if self.variant == LIST else f"#{self.variant}"
        return f"{self.vendor}/{self.meter}{suffix}@{self.valid_from.isoformat()}"

    @property
    def unit_price(self) -> Decimal:
        """USD per one unit (may be a repeating fraction; use `cost` for money)."""
        return self.price / self.per

    def covers(self, day: date) -> bool:
        """Whether the entry is valid on that UTC day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def cost(self, quantity: Decimal) -> Decimal:
        """USD for a quantity, rounded once to 10⁻⁹ USD."""
        return quantise_usd(quantity * self.price / self.per)


class Commitment(Record):
    """A calendar month's `price` in USD whether used or not, `included` units, `over` USD for each further one.

    `meters` share the included units. What is not used is gone at the month's end, so it is cost.
    """

    vendor: str = Field(min_length=1)
    name: str = Field(min_length=1)
    meters: tuple[str, ...] = Field(min_length=1)
    unit: Unit
    price: Decimal = Field(ge=0)
    included: Decimal = Field(gt=0)
    over: Decimal = Field(ge=0)
    valid_from: date
    valid_to: date | None = None
    source: str = Field(min_length=1)
    retrieved_on: date
    note: str = ""

    def cost(self, used: Decimal) -> Decimal:
        """USD of a month in which so many units were used."""
        return quantise_usd(self.price + max(Decimal(0), used - self.included) * self.over)

    def covers(self, day: date) -> bool:
        """Whether it is on offer on that UTC day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


class PriceBook:
    """A validated set of entries. Immutable; `with_overrides` makes a labelled copy for what-if questions."""

    def __init__(
        self,
        entries: Iterable[PriceEntry],
        *,
        version: str = "",
        label: str = "as billed",
        commitments: Iterable[Commitment] = (),
    ) -> None:
        self.entries = tuple(entries)
        self.commitments = tuple(commitments)
        self.version = version
        self.label = label
        self._by_key: dict[tuple[str, str, str], list[PriceEntry]] = defaultdict(list)
        for entry in self.entries:
            self._by_key[entry.key].append(entry)
        for timeline in self._by_key.values():
            timeline.sort(key=lambda entry: entry.valid_from)
            _check_timeline(timeline)

    def find(self, vendor: str, meter: str, at: datetime | date, *, variant: str = LIST, unit: str = "") -> PriceEntry:
        """The entry valid at a moment (aware datetime) or on a UTC day.

        Raises:
            PriceBookError: no entry is valid, or its unit is another one than `unit`.
        """
        day = _utc_day(at)
        candidates = self._by_key.get((vendor, meter, variant)) or self._by_key.get((vendor, ANY_METER, variant)) or []
        entry = next((each for each in candidates if each.covers(day)), None)
        if entry is None:
            raise PriceBookError(
                f"No price for {vendor}/{meter} on {day.isoformat()}.", mend="Add a dated entry to the price book."
            )
        if unit and entry.unit not in ("any", unit):
            raise PriceBookError(f"{entry.id} is priced per {entry.unit}, but {unit} was used.")
        return entry

    def with_overrides(self, prices: Mapping[str, object], *, label: str) -> "PriceBook":
        """A what-if copy. Keys are `vendor/meter`; values a USD price (for the entry's own `per`) or a variant's name.

        The book itself and everything already billed stay as they are.

        Raises:
            PriceBookError: an unknown meter or variant, or a price that is not a number ≥ 0.
        """
        entries = list(self.entries)
        for key, value in prices.items():
            entries = _override(entries, key, value)
        return PriceBook(entries, version=self.version, label=label, commitments=self.commitments)


def load_price_book(path: Path = PRICE_BOOK_PATH, *, today: date | None = None) -> PriceBook:
    """Reads and validates a price book.

    Raises:
        PriceBookError: names the first entry that is wrong, overlaps another, leaves a gap, is of an unknown vendor,
            was retrieved in the future, makes cached input dearer than input, or moved more than `LARGEST_MOVE`.
    """
    try:
        raw = from_yaml(path.read_text(encoding="utf8"), _EveryKeyOnce)
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise PriceBookError(f"The price book {path.name} cannot be read: {_first_line(error)}.") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("entries"), list) or not raw["entries"]:
        raise PriceBookError(f"The price book {path.name} holds no entries.")
    entries = [_entry(item, number) for number, item in enumerate(raw["entries"], 1)]
    _check_vendors(entries, raw.get("vendors"))
    _check_dates(entries, today or datetime.now(UTC).date())
    commitments = [_commitment(item, number) for number, item in enumerate(raw.get("commitments") or [], 1)]
    _check_commitments(commitments, entries)
    book = PriceBook(entries, version=str(raw.get("version", "")), commitments=commitments)
    _check_cached(entries)
    return book


@lru_cache(maxsize=1)
def price_book() -> PriceBook:
    """The shipped price book, read once per process."""
    return load_price_book()


def _entry(item: object, number: int) -> PriceEntry:
    try:
        return PriceEntry.model_validate(item)
    except ValidationError as error:
        name = f"{item.get('vendor')}/{item.get('meter')}" if isinstance(item, dict) else "?"
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "entry"
        raise PriceBookError(f"Price entry {number} ({name}): {where}: {first['msg']}.") from error


def _commitment(item: object, number: int) -> Commitment:
    try:
        return Commitment.model_validate(item)
    except ValidationError as error:
        name = f"{item.get('vendor')} {item.get('name')}" if isinstance(item, dict) else "?"
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "commitment"
        raise PriceBookError(f"Commitment {number} ({name}): {where}: {first['msg']}.") from error


def _check_commitments(commitments: list[Commitment], entries: list[PriceEntry]) -> None:
    """A commitment of a meter nobody counts, or two of one name at one time, is a slip."""
    known = {(entry.vendor, entry.meter, entry.unit) for entry in entries}
    for number, commitment in enumerate(commitments):
        name = f"The commitment {commitment.vendor} {commitment.name}"
        strange = next(
            (meter for meter in commitment.meters if (commitment.vendor, meter, commitment.unit) not in known), None
        )
        if strange:
            raise PriceBookError(f"{name} is of {strange} in {commitment.unit}s, which the price book does not have.")
        if commitment.valid_to is not None and commitment.valid_to <= commitment.valid_from:
            raise PriceBookError(f"{name}: valid_to must be after valid_from.")
        for other in commitments[:number]:
            same = (other.vendor, other.name) == (commitment.vendor, commitment.name)
            if same and (other.covers(commitment.valid_from) or commitment.covers(other.valid_from)):
                raise PriceBookError(f"{name} is there twice at the same time.")


class _EveryKeyOnce(yaml.SafeLoader):
    """YAML takes the last of two equal keys in silence; here they are an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        keys = [self.construct_object(key) for key, _ in node.value]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise PriceBookError(f"The price book says {twice} twice in line {node.start_mark.line + 1}.")
        return super().construct_mapping(node, deep)


def _check_vendors(entries: list[PriceEntry], vendors: object) -> None:
    unknown = next((entry for entry in entries if isinstance(vendors, list) and entry.vendor not in vendors), None)
    if unknown:
        raise PriceBookError(f"{unknown.id}: the vendor {unknown.vendor} is not in the book's list of vendors.")


def _check_dates(entries: list[PriceEntry], today: date) -> None:
    future = next((entry for entry in entries if entry.retrieved_on > today), None)
    if future:
        raise PriceBookError(f"{future.id} was retrieved on {future.retrieved_on.isoformat()}, which is in the future.")


def _check_cached(entries: list[PriceEntry]) -> None:
    """Cached input that costs more than fresh input is two prices mixed up."""
    fresh = {(e.vendor, e.meter, e.variant): e for e in entries if e.meter.endswith(".input")}
    for entry in entries:
        if not entry.meter.endswith(".cached_input"):
            continue
        other = fresh.get((entry.vendor, entry.meter.replace(".cached_input", ".input"), entry.variant))
        if other and entry.unit_price > other.unit_price:
            raise PriceBookError(f"{entry.id} is dearer than {other.id}: cached input never is.")


def _check_timeline(timeline: list[PriceEntry]) -> None:
    for earlier, later in pairwise(timeline):
        if earlier.valid_to is None or earlier.valid_to > later.valid_from:
            raise PriceBookError(f"Price entries overlap: {earlier.id} and {later.id}.")
        if earlier.valid_to < later.valid_from:
            raise PriceBookError(f"Gap between price entries {earlier.id} and {later.id}.")
        if earlier.unit != later.unit:
            raise PriceBookError(f"Price entries {earlier.id} and {later.id} have different units.")
        _check_move(earlier, later)


def _check_move(earlier: PriceEntry, later: PriceEntry) -> None:
    low, high = sorted((earlier.unit_price, later.unit_price))
    if low and high > low * LARGEST_MOVE and not later.confirmed:
        raise PriceBookError(
            f"{later.id} moved from {earlier.price} to {later.price}, more than {LARGEST_MOVE}-fold. Is it right?",
            mend="Correct it, or add `confirmed: true` to the entry.",
        )


def _utc_day(at: datetime | date) -> date:
    if not isinstance(at, datetime):
        return at
    offset = at.utcoffset()
    if offset is None:
        raise PriceBookError("A usage time without time zone cannot be priced.")
    return (at - offset).date()


def _override(entries: list[PriceEntry], key: str, value: object) -> list[PriceEntry]:
    vendor, _, meter = key.partition("/")
    mine = [entry for entry in entries if (entry.vendor, entry.meter, entry.variant) == (vendor, meter, LIST)]
    if not mine:
        raise PriceBookError(f"Price override for {key}: there is no such meter in the price book.")
    return [_overridden(entry, entries, value) if entry in mine else entry for entry in entries]


def _overridden(entry: PriceEntry, entries: list[PriceEntry], value: Any) -> PriceEntry:
    key = f"{entry.vendor}/{entry.meter}"
    variant = next((each for each in entries if each.key == (entry.vendor, entry.meter, str(value))), None)
    if variant is not None:
        change: dict[str, Any] = {"price": variant.price, "per": variant.per, "source": variant.source}
    else:
        try:
            change = {"price": Decimal(str(value)), "source": f"what-if, instead of {entry.price}"}
        except InvalidOperation as error:
            raise PriceBookError(f"Price override for {key}: {value!r} is neither a price nor a variant.") from error
        if not change["price"].is_finite() or not 0 <= change["price"] <= HIGHEST_PRICE:
            raise PriceBookError(f"Price override for {key}: {value} is not a price.")
    return entry.model_copy(update={**change, "note": f"what-if override of {entry.id}"})


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
