"""What is taken away as CSV is never computed by a spreadsheet, and numbers stay numbers."""

import io
from decimal import Decimal

import pandas as pd

from coach.settings import ROOT
from coach.views import margins
from coach.views.csv_text import as_csv

EVIL = ('=HYPERLINK("http://127.0.0.1")', "+1", "-2", "@SUM(1)", "\t=1", "\r=1", "\n=1")


def test_words_that_would_be_computed_are_marked_and_numbers_are_not() -> None:
    frame = pd.DataFrame(
        {
            "group": pd.Series([*EVIL, "Ada"], dtype="str"),
            "kind": pd.Categorical([*EVIL, "Bo"]),
            "gain": [-1.5, *range(7)],
            "money": pd.Series([Decimal("-0.25")] * 8, dtype=object),
            "day": pd.date_range("2026-11-01", periods=8, tz="UTC"),
            "=1+1": [True] * 8,
        }
    )
    back = pd.read_csv(io.StringIO(as_csv(frame)), dtype=str, keep_default_na=False)
    for name in ("group", "kind"):
        assert all(value.startswith("'") for value in back[name][:-1]), name
    assert back["group"].iloc[-1] == "Ada" and back["kind"].iloc[-1] == "Bo"
    assert back["gain"][0] == "-1.5" and back["money"][0] == "-0.25" and "'=1+1" in back
    assert frame["group"].iloc[0] == EVIL[0], "the frame itself stays as it was"


def test_the_tables_of_margins_are_marked_too() -> None:
    assert margins.csv([{"key": "=1", "many": ["=2", "b"], "cost_usd": Decimal("-1.10")}]).splitlines() == [
        "key,many,cost_usd", "'=1,'=2; b,-1.10"
    ]  # fmt: skip


def test_no_other_way_leads_to_a_csv_file() -> None:
    found = [
        path.relative_to(ROOT).as_posix()
        for folder in ("coach", "pages")
        for path in (ROOT / folder).rglob("*.py")
        if ".to_csv(" in path.read_text("utf8")
    ]
    assert found == ["coach/views/csv_text.py"]
