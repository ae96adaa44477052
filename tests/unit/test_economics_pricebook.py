"""The price book refuses contradictions, and a price once written stays."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from coach.contracts.usage import UsageEvent, usage_event_id
from coach.economics.ledger import (
    price_usage,
    price_what_can_be,
    session_budget,
    total_usd,
    totals,
)
from coach.economics.money import from_nano, to_nano
from coach.economics.pricebook import PriceBook, PriceBookError, PriceEntry, load_price_book, price_book
from coach.errors import InputError

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def entry(**changes):
    base = {
        "vendor": "acme", "meter": "m.live", "unit": "second", "price": "0.0077", "per": 60, "valid_from": "2026-01-01",
        "source": "list", "retrieved_on": "2026-11-22",
    }  # fmt: skip
    return base | changes


def book(*entries) -> PriceBook:
    return PriceBook([PriceEntry.model_validate(each) for each in entries])


def event(meter="m.live", quantity="60", at=NOON, **changes) -> UsageEvent:
    values = {"vendor": "acme", "unit": "second", **changes}
    return UsageEvent(
        event_id=usage_event_id("a", changes.get("call_id", "1"), meter), meter=meter, quantity=Decimal(quantity),
        occurred_at=at, **values,
    )  # fmt: skip


def written(tmp_path, *entries):
    path = tmp_path / "book.yaml"
    path.write_text(yaml.safe_dump({"version": "t", "entries": list(entries)}))
    return path


def test_the_shipped_book_holds_the_vendors_prices_with_their_sources():
    shipped = price_book()
    prices = {
        ("deepgram", "nova-3.live", "list"): ("0.0077", 60),
        ("deepgram", "nova-3.live", "promotional"): ("0.0048", 60),
        ("deepgram", "flux-en.live", "list"): ("0.0065", 60),
        ("deepgram", "aura-2.characters", "list"): ("0.030", 1000),
        ("openai", "gpt-6-luna.input", "list"): ("0.10", 1_000_000),
        ("openai", "gpt-6-luna.cached_input", "list"): ("0.01", 1_000_000),
        ("openai", "gpt-6-luna.cache_write", "list"): ("0.125", 1_000_000),
        ("openai", "gpt-6-luna.output", "list"): ("0.50", 1_000_000),
        ("openai", "gpt-6.1-terra.output", "list"): ("5", 1_000_000),
        ("liveavatar", "lite.credits", "list"): ("19", 150),
        ("liveavatar", "lite.credits", "scale"): ("475", 5000),
        ("stripe", "card.percentage", "list"): ("0.029", 1),
        ("stripe", "card.fixed", "list"): ("0.30", 1),
    }
    for (vendor, meter, variant), (price, per) in prices.items():
        found = shipped.find(vendor, meter, NOON, variant=variant)
        assert found.price == Decimal(price) and found.per == per
        assert found.source and found.retrieved_on == date(2026, 11, 22)
    assert shipped.find("offline", "pocketsphinx.seconds", NOON).price == 0


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([entry(), entry(valid_from="2026-06-01")], ["overlap", "acme/m.live@2026-01-01", "acme/m.live@2026-06-01"]),
        (
            [entry(valid_to="2026-03-01"), entry(valid_from="2026-04-01")],
            ["Gap", "acme/m.live@2026-01-01", "acme/m.live@2026-04-01"],
        ),
        ([entry(price="-0.01")], ["acme/m.live", "price", "greater than or equal to 0"]),
        ([entry(unit="furlong")], ["acme/m.live", "unit", "Input should be"]),
        ([entry(price=0.0077)], ["binary fraction"]),
        ([entry(per=0)], ["per"]),
        ([entry(valid_to="2025-01-01")], ["valid_to must be after"]),
        ([entry(source="")], ["source"]),
        ([entry(meter="*")], ["every meter must have price 0"]),
        ([entry(colour="red")], ["colour"]),
        ([entry(valid_to="2026-03-01"), entry(valid_from="2026-03-01", unit="token")], ["different units"]),
        ([], ["no entries"]),
    ],
)
def test_a_contradictory_book_is_refused_and_the_entry_named(tmp_path, entries, words):
    with pytest.raises(PriceBookError) as refused:
        load_price_book(written(tmp_path, *entries))
    for word in words:
        assert word in str(refused.value)


def test_a_broken_file_is_an_error_in_one_line(tmp_path):
    path = tmp_path / "book.yaml"
    path.write_text("entries: [")
    with pytest.raises(PriceBookError, match="cannot be read") as refused:
        load_price_book(path)
    assert "\n" not in str(refused.value)


def test_an_event_is_priced_by_the_entry_valid_when_it_happened():
    changing = book(entry(valid_to="2026-11-02"), entry(valid_from="2026-11-02", price="0.01"))
    last_second = datetime(2026, 11, 1, 23, 59, 59, tzinfo=UTC)
    abroad = datetime(2026, 11, 2, 1, tzinfo=timezone(timedelta(hours=3)))
    for at, cost in ((last_second, "0.0077"), (last_second + timedelta(seconds=1), "0.01"), (abroad, "0.0077")):
        priced = price_usage([event(at=at)], changing)[0]
        assert priced.cost_usd == Decimal(cost)
        assert priced.price_entry is not None and priced.price_entry.startswith("acme/m.live@")


def test_a_price_once_written_stays():
    billed = price_usage([event()], book(entry()))
    dearer = book(entry(price="1"))
    assert price_usage(billed, dearer) == billed
    assert billed[0].cost_usd == Decimal("0.0077")


def test_a_missing_price_or_wrong_unit_names_the_meter_and_never_stops_recording():
    with pytest.raises(PriceBookError, match=r"acme/other on 2026-11-01"):
        price_usage([event(meter="other")], book(entry()))
    with pytest.raises(PriceBookError, match="priced per second, but token was used"):
        price_usage([event(unit="token")], book(entry()))
    kept, missing = price_what_can_be([event(), event(meter="other")], book(entry()))
    assert [each.cost_usd for each in kept] == [Decimal("0.0077"), None]
    assert len(missing) == 1


def test_a_time_without_zone_is_refused():
    with pytest.raises(PriceBookError, match="time zone"):
        price_usage([event(at=datetime(2026, 11, 1))], book(entry()))


def test_what_if_prices_leave_the_book_alone():
    base = book(entry(), entry(variant="promo", price="0.0048"))
    assert base.with_overrides({"acme/m.live": "promo"}, label="x").find("acme", "m.live", NOON).price == Decimal(
        "0.0048"
    )
    assert base.with_overrides({"acme/m.live": "0.02"}, label="x").find("acme", "m.live", NOON).price == Decimal("0.02")
    assert base.find("acme", "m.live", NOON).price == Decimal("0.0077")
    for wrong in ({"acme/none": "1"}, {"acme/m.live": "-1"}, {"acme/m.live": "cheap"}, {"acme/m.live": "NaN"}):
        with pytest.raises(PriceBookError):
            base.with_overrides(wrong, label="x")


def test_offline_and_reasoning_use_is_free_and_has_an_entry():
    free = [
        event(vendor="offline", meter="whisper.seconds"),
        event(vendor="openai", meter="gpt-6-luna.reasoning", unit="token", quantity="900"),
    ]
    priced = price_usage(free, price_book())
    assert [each.cost_usd for each in priced] == [0, 0]
    assert all(each.price_entry for each in priced)


@given(
    st.lists(
        st.tuples(
            st.decimals(min_value=0, max_value=10**7, places=4),
            st.sampled_from(["nova-3.live", "aura-2.characters"]),
            st.sampled_from(["ada", "ben", None]),
            st.integers(0, 3),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_totals_of_every_dimension_add_up_to_the_last_digit(rows):
    events = [
        UsageEvent(
            event_id=str(n), vendor="deepgram", meter=meter, quantity=quantity, user_id=user, attempt_id=user,
            unit="second" if "live" in meter else "character", occurred_at=NOON + timedelta(days=day),
            billable=billable,
        )
        for n, (quantity, meter, user, day, billable) in enumerate(rows)
    ]  # fmt: skip
    priced = price_usage(events, price_book())
    total = total_usd(priced)
    for by in ("attempt", "interview", "user", "day", "vendor", "meter", "bundle"):
        groups = totals(priced, by)
        assert sum((group.cost_usd for group in groups), Decimal(0)) == total
        assert sum(group.events for group in groups) == len(events)
    billable = sum((each.cost_usd for each in priced if each.billable and each.cost_usd), Decimal(0))
    assert sum((group.billable_usd for group in totals(priced, "user")), Decimal(0)) == billable


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=9))
def test_money_survives_its_integer_form(amount):
    assert from_nano(to_nano(amount)) == amount


def test_the_budget_of_a_session_says_when_it_is_close_and_over():
    priced = price_usage([event(), event(call_id="2")], book(entry()))
    states = [session_budget(priced, Decimal(limit)).state for limit in ("1", "0.018", "0.015")]
    assert states == ["within", "close", "over"]
    assert session_budget(priced, Decimal(1)).by_vendor == {"acme": Decimal("0.0154")}
    with pytest.raises(InputError):
        session_budget(priced, Decimal(0))


def test_the_same_call_is_the_same_event():
    assert usage_event_id("a", "evaluate.1", "m") == usage_event_id("a", "evaluate.1", "m")
    assert len({usage_event_id(*parts) for parts in (("a", "b", "c"), ("ab", "", "c"), ("a", "bc", ""))}) == 3


GOOD = entry(vendor="acme")


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([entry(source="   ")], "blank"),
        ([entry(vendor="acmee")], "acmee is not in the book's list"),
        ([entry(retrieved_on="2030-01-01")], "in the future"),
        ([entry(meter="m.input", price="1"), entry(meter="m.cached_input", price="2")], "cached input never is"),
        ([entry(valid_to="2026-06-01"), entry(valid_from="2026-06-01", price="0.077")], "Is it right"),
        ([GOOD, GOOD], "overlap"),
    ],
)
def test_a_book_with_a_slip_is_refused(tmp_path, entries, words):
    path = written(tmp_path, *entries)
    path.write_text(path.read_text() + "vendors: [acme]\n")
    with pytest.raises(PriceBookError, match=words):
        load_price_book(path)


def test_a_large_move_can_be_confirmed_and_a_key_stands_once(tmp_path):
    moved = entry(valid_from="2026-06-01", price="0.077", confirmed=True)
    assert len(load_price_book(written(tmp_path, entry(valid_to="2026-06-01"), moved)).entries) == 2
    path = written(tmp_path, GOOD)
    path.write_text(path.read_text().replace("  price: '0.0077'", "  price: '0.0077'\n  price: '0.0078'"))
    with pytest.raises(PriceBookError, match="price twice"):
        load_price_book(path)
