"""Executes the notebooks on the sample content and writes them as static pages: `python -m tests.notebooks.render`.

Figures become SVG, so that a page needs no script and no network. The notebooks themselves stay without outputs.
"""

import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from coach.audio.archive import AudioArchive
from coach.store import SqlStore
from coach.store.maintenance.sample import load_sample

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "docs" / "notebooks"
STYLE = (
    "body{font:15px/1.55 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1d2330}"
    "pre{overflow:auto;background:#f6f3ee;padding:.7rem;border-radius:8px}table{border-collapse:collapse;font-size:13px}"
    "td,th{padding:.25rem .6rem;border-bottom:1px solid #e9e2d8;text-align:right}svg{max-width:100%;height:auto}"
    ".prompt,.anchor-link{display:none}"
)


def render(path: Path, home: Path) -> str:
    """One notebook as a page of its own, without a path of this machine in it."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}).execute()
    for cell in notebook.cells:
        cell["outputs"] = [o for o in cell.get("outputs", []) if o.get("name") != "stderr"]
    body, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
    body = body.replace(str(home), "~").replace(str(ROOT), ".")
    body = re.sub(r"\b(?:cell-)?id=\"?[0-9a-f]{8,}[^\s>]*", "", body)
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{path.stem}</title>'
    page = f"<!doctype html><html lang=en><head>{head}<style>{STYLE}</style></head><body>{body}</body></html>\n"
    return "\n".join(line.rstrip() for line in page.split("\n"))


def main() -> None:
    """Renders those named, or all."""
    for name in [name for name in os.environ if name.startswith(("COACH_", "DEEPGRAM_", "OPENAI_", "STRIPE_"))]:
        del os.environ[name]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with SqlStore(f"duckdb:///{home / 'coach.duckdb'}") as store:
            load_sample(store, lambda: AudioArchive(str(home / "audio")))
        os.environ |= {"COACH_HOME": folder, "PYTHONPATH": str(ROOT), "PLOTLY_RENDERER": "svg"}
        TARGET.mkdir(parents=True, exist_ok=True)
        for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
            if not sys.argv[1:] or any(path.stem.startswith(start) for start in sys.argv[1:]):
                (TARGET / f"{path.stem}.html").write_text(render(path, home), "utf8")
                sys.stdout.write(f"{path.stem}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
