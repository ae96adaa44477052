"""Every notebook runs from top to bottom on the sample content, and is kept without outputs."""

import json
import os
import tempfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from coach.audio.archive import AudioArchive
from coach.lab.comparing import compare_runs
from coach.lab.runs.experiment import Workspace
from coach.store import SqlStore
from coach.store.maintenance.sample import load_sample

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A home with the sample content in it."""
    folder = tmp_path_factory.mktemp("home")
    with SqlStore(f"duckdb:///{folder / 'coach.duckdb'}") as store:
        load_sample(store, lambda: AudioArchive(str(folder / "audio")))
    return folder


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path, home, monkeypatch):
    for name in [name for name in os.environ if name.startswith(("COACH_", "DEEPGRAM_", "OPENAI_", "STRIPE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COACH_HOME", str(home))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}).execute()
    assert any(cell.get("outputs") for cell in notebook.cells)


def test_the_comparison_notebook_has_the_digits_of_page_and_command(home, monkeypatch):
    """Notebook 02, the Compare tab and `lab compare` read one function; here their figures are laid side by side."""
    path = ROOT / "notebooks" / "02_compare_two_bundles.ipynb"
    monkeypatch.setenv("COACH_HOME", str(home))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(path, as_version=4)
    extra = (
        "import json\nprint(json.dumps([run_id, report.frame().to_dict('list'), report.slice_frame().to_dict('list')]))"
    )
    notebook.cells.append(nbformat.v4.new_code_cell(extra))
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}).execute()
    run, frame, slices = json.loads(notebook.cells[-1].outputs[0]["text"])
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
