"""A vendor's invoice against the ledger, and the month's end from recorded days."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from coach.contracts.usage import UsageEvent
from coach.economics.customers import cohort_margins, customer_margins
from coach.economics.forecast import month_forecast
from coach.economics.invoices import compare_invoice, read_invoice
from coach.economics.pricebook import price_book
from coach.errors import InputError
from coach.store import SqlStore
from coach.store.repositories import billing, interviews
from coach.store.repositories.billing_records import Payment

DAY = datetime(2026, 11, 10, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    with SqlStore(f"duckdb:///{tmp_path / 'coach.duckdb'}") as opened:
        yield opened


def use(number: int, at: datetime, quantity: str, cost: str, *, meter: str = "nova-3.live") -> UsageEvent:
    return UsageEvent(
        event_id=f"e{number}", vendor="deepgram", meter=meter, quantity=Decimal(quantity), unit="second",
        occurred_at=at, cost_usd=Decimal(cost), price_entry="x",
    )  # fmt: skip


def test_differences_are_named_per_day_and_meter(store, tmp_path):
    store.run(
        interviews.add_usage,
        [
            use(1, DAY, "600", "0.077"),
            use(2, DAY + timedelta(days=1), "60", "0.0077"),
            use(3, DAY, "10", "0.0007", meter="nova-3.batch"),
            use(4, DAY + timedelta(days=2), "60", "0.0077"),
        ],
    )
    path = tmp_path / "invoice.csv"
    path.write_text(
        "Date;Model;Usage;Unit;Cost\n2026-11-10;nova-3.live;6;minutes;0.0462\n2026-11-10;nova-3.live;4;minutes;0.0308\n"
        "2026-11-11;nova-3.live;60;seconds;$0.0154\n2026-11-12;nova-3.live;90;seconds;0.0077\n"
        "2026-11-12;aura;5;;0.1\n"
    )
    found = {(row.day.day, row.meter): row.verdict for row in compare_invoice(store, "deepgram", read_invoice(path))}
    assert found == {
        (10, "nova-3.live"): "agrees",
        (10, "nova-3.batch"): "only in the ledger",
        (11, "nova-3.live"): "price differs",
        (12, "nova-3.live"): "quantity differs",
        (12, "aura"): "only on the invoice",
    }
    with pytest.raises(InputError, match="no use of acme"):
        compare_invoice(store, "acme", read_invoice(path))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column"),
        ("day,meter,cost\n2026-11-10,a,1\n", "no column for quantity"),
        ("day,meter,quantity,cost\n", "holds no lines"),
        ("day,meter,quantity,cost\n10th,a,1,1\n", "Line 2, day"),
        ("day,meter,quantity,cost\n2026-11-10,a,many,1\n", "Line 2, quantity"),
        ("day,meter,quantity,cost\n2026-11-10,,1,1\n", "Line 2, meter"),
        ("day;meter;quantity;cost\n2026-11-10;a;60;0,35\n", "Line 2, cost: '0,35' is not a number. Write it with"),
        ("day;meter;quantity;cost\n2026-11-10;a;1,234;1\n", "Line 2, quantity"),
        ('day,meter,quantity,cost\n2026-11-10,a,60,"0,35"\n', "Line 2, cost"),
        ("day,meter,quantity,cost\n2026-11-10," + "a" * 140_000 + ",1,1\n", "is no CSV"),
    ],
)
def test_an_invoice_that_cannot_be_read_names_line_and_column(tmp_path, text, words):
    path = tmp_path / "invoice.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_invoice(path)


@pytest.mark.parametrize("cost", ['"1,234.50"', '"$1,234.50"', "1234.5"])
def test_commas_that_part_thousands_are_read(tmp_path, cost):
    path = tmp_path / "invoice.csv"
    path.write_text(f'day,meter,quantity,cost\n2026-11-10,a,"1,000",{cost}\n')
    (line,) = read_invoice(path)
    assert (line.quantity, line.cost_usd) == (Decimal(1000), Decimal("1234.5"))


def test_the_months_end_comes_with_an_interval_once_a_week_is_recorded(store):
    assert month_forecast(store, now=DAY) == []
    store.run(interviews.add_usage, [use(n, DAY - timedelta(days=n), "60", f"{1 + n % 3}") for n in range(5)])
    (early,) = [row for row in month_forecast(store, now=DAY) if row.vendor == "total"]
    assert early.expected_usd is None and "7 recorded days" in early.note and early.so_far_usd == 9
    store.run(interviews.add_usage, [use(n, DAY - timedelta(days=n), "60", f"{1 + n % 3}") for n in range(5, 30)])
    rows = month_forecast(store, now=DAY)
    total = next(row for row in rows if row.vendor == "total")
    assert (total.days_left, total.days_recorded, total.month) == (20, 29, "2026-11")
    assert total.low_usd < total.expected_usd < total.high_usd
    assert float(total.expected_usd) == pytest.approx(float(total.so_far_usd) + 20 * 2, rel=0.1)
    assert rows == month_forecast(store, now=DAY)


def test_customers_and_cohorts_bring_what_they_paid_less_what_went_back_and_what_they_cost(store):
    store.run(billing.change_account, "ada", stripe_customer_id="cus_1")
    for payment in (
        Payment("in_1", "cus_1", "paid", 1900, DAY),
        Payment("refund ch_1", "cus_1", "refunded", -900, DAY + timedelta(days=40)),
        Payment("refund ch_1", "cus_1", "refunded", -1000, DAY + timedelta(days=40)),
        Payment("cs_9", "cus_9", "paid", 499, DAY + timedelta(days=30)),
        Payment("du_9", "cus_9", "disputed", -499, DAY + timedelta(days=31)),
    ):
        store.run(billing.keep_payment, payment)
    store.run(interviews.add_usage, [use(1, DAY, "60", "2").model_copy(update={"user_id": "ada"})])
    rows = {row.key: row for row in customer_margins(store, price_book())}
    fee = Decimal("19") * Decimal("0.036") + Decimal("0.30")
    assert rows["ada"].margin_usd == Decimal(19) - 10 - fee - 2
    assert rows["cus_9"].margin_usd == -(Decimal("4.99") * Decimal("0.029") + Decimal("0.30"))
    cohorts = {row.key: row for row in cohort_margins(list(rows.values()))}
    assert set(cohorts) == {"2026-11", "2026-12"}
    assert sum(row.margin_usd for row in cohorts.values()) == sum(row.margin_usd for row in rows.values())
