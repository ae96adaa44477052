"""Money as exact decimals with one smallest unit, so that sums of parts equal totals to the last digit."""

from decimal import ROUND_HALF_EVEN, Decimal

from babel.numbers import format_currency

NANO_PER_USD = 1_000_000_000
NANO_USD = Decimal("0.000000001")
ZERO_USD = Decimal(0)


def quantise_usd(amount: Decimal) -> Decimal:
    """Rounds to the smallest unit, 10⁻⁹ USD, half to even."""
    return amount.quantize(NANO_USD, rounding=ROUND_HALF_EVEN)


def to_nano(amount: Decimal) -> int:
    """Decimal USD to integer nano-USD (rounded half to even)."""
    return int(quantise_usd(amount).scaleb(9))


def from_nano(nano: int) -> Decimal:
    """Integer nano-USD to exact decimal USD."""
    return Decimal(int(nano)).scaleb(-9)


def format_usd(amount: Decimal | float, *, digits: int = 2) -> str:
    """US-dollar text for people, e.g. `$1,234.50` or, with `digits=4`, `$0.0123`."""
    pattern = "¤#,##0." + "0" * digits if digits else "¤#,##0"
    return format_currency(
        Decimal(str(amount)), "USD", format=f"{pattern};-{pattern}", locale="en_US", currency_digits=False
    )
