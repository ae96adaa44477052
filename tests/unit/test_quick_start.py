"""A command loads what it needs: the offline coach no vendor's SDK, a list of runs no statistics."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LATE = (
    "openai",
    "scipy.optimize",
    "scipy.special",
    "scipy.stats",
    "statsmodels",
    "plotly",
    "streamlit",
    "faster_whisper",
)
"""What takes a tenth of a second or more to load."""
CODE = f"""
import contextlib, io, json, sys
from coach.cli import cli
with contextlib.redirect_stdout(io.StringIO()):
    for line in json.loads(sys.argv[1]):
        cli.main(line, standalone_mode=False)
print(json.dumps([name for name in {LATE!r} if name in sys.modules]))
"""


def test_nothing_is_loaded_that_is_not_needed(tmp_path: Path) -> None:
    (tmp_path / "answer.txt").write_text("I led the project and we saved ten days.")
    lines = [
        [
            "practice",
            "--transcript",
            str(tmp_path / "answer.txt"),
            "--question",
            "Why?",
            "--brain",
            "offline",
            "--json",
        ],
        ["interview", "list"],
        ["lab", "runs"],
    ]
    known = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env = known | {"COACH_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", CODE, json.dumps(lines)]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
