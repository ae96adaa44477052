"""Every notebook runs from top to bottom on the sample content, and is kept without outputs."""

import asyncio
import json
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from streamlit.testing.v1 import AppTest

from coach import bootstrap
from coach.audio.archive import AudioArchive
from coach.bootstrap import build_services
from coach.lab.comparing import compare_runs
from coach.lab.runs.workspace import Workspace
from coach.store import SqlStore
from coach.store.maintenance.sample import load_sample
from tests.fakes import records as make

ROOT = Path(__file__).resolve().parents[2]
AT_ROOT = {"metadata": {"path": str(ROOT)}}
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A home with the sample content in it."""
    folder = tmp_path_factory.mktemp("home")
    with SqlStore(f"duckdb:///{folder / 'coach.duckdb'}") as store:
        load_sample(store, lambda: AudioArchive(str(folder / "audio")))
    return folder


COMPARISON = "02_compare_two_bundles"
TELLS = {
    COMPARISON: "import json\n"
    "print(json.dumps([run_id, report.frame().to_dict('list'), report.slice_frame().to_dict('list')]))"
}
"""What a last cell of ours says of a notebook's figures."""


@pytest.fixture(scope="module")
def executed(home: Path) -> Callable[[str], nbformat.NotebookNode]:
    """Runs a notebook over the sample content, once for all who look at it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("COACH_", "DEEPGRAM_", "OPENAI_", "STRIPE_"))]:
            patch.delenv(name)
        patch.setenv("COACH_HOME", str(home))
        patch.setenv("PYTHONPATH", str(ROOT))
        environment = dict(os.environ)

    @cache
    def run(stem: str) -> nbformat.NotebookNode:
        notebook = nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", as_version=4)
        if stem in TELLS:
            notebook.cells.append(nbformat.v4.new_code_cell(TELLS[stem]))
        client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources=AT_ROOT)
        client.execute(env=environment)
        return notebook

    return run


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path, executed):
    cells = executed(path.stem).cells[: -1 if path.stem in TELLS else None]
    assert any(cell.get("outputs") for cell in cells)


def test_the_comparison_notebook_has_the_digits_of_page_and_command(home, executed):
    """Notebook 02, the Compare tab and `lab compare` read one function; here their figures are laid side by side."""
    run, frame, slices = json.loads(executed(COMPARISON).cells[-1].outputs[0]["text"])
    report = compare_runs(Workspace(home / "lab"), run, run)
    assert frame["estimate"] == report.frame()["estimate"].tolist() and frame["low"] == report.frame()["low"].tolist()
    assert frame["p_adjusted"] == report.frame()["p_adjusted"].tolist()
    assert slices["estimate"] == report.slice_frame()["estimate"].tolist()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_rendered_with_figures_and_without_a_path_of_this_machine(path):
    page = (ROOT / "docs" / "notebooks" / f"{path.stem}.html").read_text("utf8")
    assert "data:image/svg+xml" in page or path.stem.startswith("03")
    here = (f"{folder}/" for folder in (ROOT, Path.home(), tempfile.gettempdir()))
    assert not any(word in page for word in (*here, "/home/", "/Users/", "<script"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_says_its_question_and_carries_no_output(path):
    notebook = nbformat.read(path, as_version=4)
    assert notebook.cells[0].cell_type == "markdown"
    assert "?" in notebook.cells[0].source
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)


def test_the_money_notebook_has_the_digits_of_the_margins_page(tmp_path, monkeypatch):
    """Customers, cohorts, retention, lifetime value, backtest, commitments, forecast and budgets, laid side by side."""
    for name in [name for name in os.environ if name.startswith(("COACH_", "STRIPE_"))]:
        monkeypatch.delenv(name)
    parts = build_services(coach_home=tmp_path, coach_database_url="", coach_audio_url="", coach_brain="offline")
    monkeypatch.setattr(bootstrap, "_services", parts)
    paying_customers(parts)
    page = {}
    for section in ("Customers", "Budgets"):
        app = AppTest.from_file(ROOT / "pages" / "margins.py", default_timeout=90)
        app.session_state["margins_section"] = section
        app.query_params["tab"] = section.lower()
        app.run()
        assert not app.exception
        page[section] = [table.value for table in app.dataframe]
        if section == "Customers":
            app.session_state["margins_customers_by"] = "cohort"
            app.run()
            page["Cohorts"] = [table.value for table in app.dataframe]
    parts.store.close()
    monkeypatch.setenv("COACH_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(ROOT / "notebooks" / "06_unit_economics.ipynb", as_version=4)
    told = "import json; print(json.dumps({name: table.to_dict('list') for name, table in money.items()}, default=str))"
    notebook.cells.append(nbformat.v4.new_code_cell(told))
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=AT_ROOT).execute()
    money = json.loads(notebook.cells[-1].outputs[0]["text"])
    tables = [*page["Customers"], *page["Cohorts"], *page["Budgets"]]
    assert {name for name, table in money.items() if table} >= {
        "customers", "cohorts", "retention", "lifetime value", "backtest", "forecast", "budgets"
    }  # fmt: skip
    for name, table in money.items():
        if table:
            assert any(holds(shown, table) for shown in tables), name


def holds(shown, table) -> bool:
    """Whether every column the page shows stands in the notebook's table, digit by digit."""
    columns = [column for column in shown.columns if column in table]
    same = [json.loads(json.dumps(shown[column].tolist(), default=str)) == table[column] for column in columns]
    return len(columns) == len(shown.columns) and all(same)


def paying_customers(parts) -> None:
    """Seven customers of three months with payments and use, two weeks of it in the present month, and a budget."""
    today = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    begun = (today.replace(day=1) - timedelta(days=75)).replace(day=3)
    store = parts.store
    for number in range(7):
        user = f"u{number}"
        interview = make.interview(user_id=user, created_at=begun)
        attempt = make.attempt(make.exchange(interview))
        asyncio.run(store.create_interview(interview, []))
        days = [begun, begun + timedelta(days=31), *(today - timedelta(days=n) for n in range(12))]
        for place, at in enumerate(days[number % 2 :]):
            usd = Decimal("0.0123457") * (number + 1) + Decimal(place) / 1_000
            use: dict[str, Any] = {"user_id": user, "occurred_at": at, "cost_usd": usd, "call": f"{number}-{place}"}
            asyncio.run(store.add_usage([make.usage(attempt, **use)]))
    parts.budgets.add("all", "month", Decimal("3"))
