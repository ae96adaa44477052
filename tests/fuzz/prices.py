"""The price book: any file is a book that prices or one sentence that says what is wrong with it."""

import tempfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import strategies as st

from coach.economics.pricebook import PRICE_BOOK_PATH, PriceBook, PriceBookError, load_price_book, price_book
from tests.fuzz.engine import Target
from tests.fuzz.texts import Damage, damaged, damages, wild_texts

SHIPPED = PRICE_BOOK_PATH.read_text(encoding="utf8")
HEAD, *_BLOCKS = SHIPPED.split("\n  - ")
BLOCKS = [f"\n  - {block}" for block in _BLOCKS]
PIECES = (
    ":", "-", "'", '"', "{", "}", "[", "]", "&a ", "*a ", "<<: *a", "!!python/object:os.system ", "!!binary ",
    "!!set ", "|\n",
    ">\n", "#", "\t", "\n", "\n  ", "null", "~", ".nan", ".inf", "-.inf", "1e999999999", "'1e999999999'",
    "'1e-999999999'",
    "'NaN'", "'Infinity'", "'-0'", "0", "2026-13-45", "0001-01-01", "9999-12-31", "99999-01-01", "2026-02-30T25:00:00Z",
    "? [a]\n: b", "? {a: b}\n: c", "{" * 40, "[" * 2000, "\x00", "\ufeff", "\ud83d", "price: '0'", "per: 0",
    "per: '-1'",
    "valid_to: 2026-01-01", "unit: any", "meter: '*'", "1_000", "0x1F", "1:30", "yes", "- - - -", "---\n", "...\n",
    "%YAML 9\n",
)  # fmt: skip
pieces = st.one_of(st.sampled_from(PIECES), wild_texts(2))
bodies = st.one_of(
    st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=8).map(lambda blocks: HEAD + "".join(blocks)),
    st.lists(pieces, max_size=20).map("".join),
)
quantities = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**12),
    st.integers(0, 10**9).map(Decimal),
)
days = st.dates(date(1, 1, 1), date(9999, 12, 31))
files = st.tuples(bodies, damages(pieces, most=3), st.binary(max_size=3), quantities, days)
TODAY = date(2026, 12, 1)


def read_or_told(case: tuple[str, Damage, bytes, Decimal, date]) -> None:
    """A file is read or refused in a sentence; what was read prices any quantity on any day it covers."""
    body, damage, tail, quantity, day = case
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.yaml"
        path.write_bytes(damaged(body, damage).encode("utf-8", "surrogatepass") + tail)
        try:
            book = load_price_book(path, today=TODAY)
        except PriceBookError as error:
            assert str(error) and "\n" not in error.message and len(error.message) < 600, repr(error.message)
            return
    _prices(book, quantity, day)


def _prices(book: PriceBook, quantity: Decimal, day: date) -> None:
    for entry in book.entries:
        cost = entry.cost(quantity)
        assert cost.is_finite() and cost >= 0
        assert (cost == 0) <= (entry.price == 0 or quantity * entry.price / entry.per < Decimal("1e-9"))
        assert book.find(entry.vendor, entry.meter, entry.valid_from, variant=entry.variant) is entry
        last = (entry.valid_to or date(9999, 12, 31)) - timedelta(days=1)
        assert book.find(entry.vendor, entry.meter, last, variant=entry.variant) is entry
        if entry.covers(day):
            assert book.find(entry.vendor, entry.meter, day, variant=entry.variant) is entry


names = st.one_of(
    st.sampled_from([f"{entry.vendor}/{entry.meter}" for entry in price_book().entries]), st.sampled_from(PIECES)
)
amounts = st.one_of(
    st.sampled_from(["list", "promotional", "", "NaN", "sNaN", "Infinity", "1e999999999", "-1", None, True, [], {}]),
    st.floats(),
    st.integers(),
    wild_texts(2),
)
overrides = st.tuples(st.dictionaries(names, amounts, max_size=3), quantities)


def overridden_or_told(case: tuple[dict[str, object], Decimal]) -> None:
    """A what-if price is taken or refused; the book in force stays as it was."""
    changes, quantity = case
    before = price_book().entries
    try:
        book = price_book().with_overrides(changes, label="what if")
    except PriceBookError as error:
        assert str(error)
        return
    finally:
        assert price_book().entries is before
    for entry in book.entries:
        cost = entry.cost(quantity)
        assert cost.is_finite() and cost >= 0


TARGETS = (Target("prices", files, read_or_told), Target("overrides", overrides, overridden_or_told))
