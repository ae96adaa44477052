"""Examples in documents run: shell blocks that call `coach` are executed, commands named in a sentence exist."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from coach.cli import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
COMMAND = re.compile(r"^(?:\.venv/bin/)?(?:python -m )?coach (.+?)(?:\s+#.*)?$")
POSTING = (
    "Senior Data Engineer\nNorthwind\nRequirements:\n- Python and SQL\n- Airflow pipelines\n- Explains trade-offs\n"
)
NEEDS_A_KEY = ("billing",)


def examples() -> list[str]:
    """Every line of a shell block that calls the command line, once."""
    blocks = [b for p in PAGES for b in re.findall(r"```sh\n(.*?)```", p.read_text("utf8"), re.S)]
    lines = [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return sorted({m[1] for line in lines if (m := COMMAND.match(line))})


def mentions() -> list[str]:
    """Every command line in backticks, once."""
    found = [m for p in PAGES for m in re.findall(r"`python -m coach ([^`…]+)`", p.read_text("utf8"))]
    return sorted(set(found))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the examples name."""
    folder = tmp_path_factory.mktemp("examples")
    shutil.copy(next((ROOT / "data" / "sample" / "audio").glob("*.ogg")), folder / "answer.wav")
    (folder / "posting.txt").write_text(POSTING, "utf8")
    return folder


@pytest.mark.parametrize("line", [e for e in examples() if not e.startswith(NEEDS_A_KEY)])
def test_an_example_runs(line: str, desk: Path) -> None:
    keys = ("DEEPGRAM_API_KEY", "OPENAI_API_KEY", "STRIPE_API_KEY", "LIVEAVATAR_API_KEY", "COACH_DATABASE_URL")
    environment = {k: v for k, v in os.environ.items() if k not in keys}
    environment |= {"COACH_HOME": str(desk / "home"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "coach", *shlex.split(line)]
    done = subprocess.run(command, cwd=desk, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", mentions())
def test_a_command_named_in_a_sentence_exists(line: str) -> None:
    command: click.Command = cli
    words = shlex.split(line)
    while isinstance(command, click.Group) and words and re.fullmatch(r"[a-z-]+", words[0]):
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, f"{words[0]} is no command"
        command, words = found, words[1:]
    known = {opt for p in command.params for opt in [*p.opts, *p.secondary_opts]} | {"--help"}
    assert {w.split("=")[0] for w in words if w.startswith("--")} <= known
