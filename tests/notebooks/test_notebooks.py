"""Every notebook runs from top to bottom on the sample content, and is kept without outputs."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from coach.audio.archive import AudioArchive
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


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_says_its_question_and_carries_no_output(path):
    notebook = nbformat.read(path, as_version=4)
    assert notebook.cells[0].cell_type == "markdown"
    assert "?" in notebook.cells[0].source
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
