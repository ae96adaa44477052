"""Examples in documents run: shell blocks that call `coach` are executed, files are read by who reads such files,
commands named in a sentence exist.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import click
import pytest
import yaml

from coach.cli import cli
from coach.lab.runs.workspace import Experiment
from tests import forks

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
    done = forks.run(["-m", "coach", *shlex.split(line)], cwd=desk, env=environment, timeout=120)
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


def blocks(language: str, page: str = "") -> list[str]:
    """Every block in this language, of one page or of all."""
    pages = [ROOT / page] if page else PAGES
    found = [b for p in pages for b in re.findall(rf"^ *```{language}\n(.*?)^ *```", p.read_text("utf8"), re.S | re.M)]
    return [textwrap.dedent(block) for block in found]


def test_the_experiment_of_the_lab_page_is_one() -> None:
    described, gate = [yaml.safe_load(block) for block in blocks("yaml", "docs/lab.md")]
    experiment = Experiment.model_validate(described | gate)
    assert [variant.resolve().name for variant in experiment.variants] == ["jobfoxy_v1", "jobfoxy_anchors_v1"]
    assert experiment.gate and experiment.gate.margins and experiment.gate.bounds


def test_the_secrets_of_the_people_page_are_what_signing_in_wants() -> None:
    (block,) = blocks("toml", "docs/people.md")
    wanted = {"redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url"}
    assert tomllib.loads(block)["auth"].keys() == wanted


def lines() -> list[str]:
    whole = "\n".join(blocks("sh")).replace("\\\n", " ")
    return sorted({line.partition("#")[0].strip() for line in whole.splitlines()} - {""})


@pytest.mark.parametrize("line", [line for line in lines() if line.startswith("make ")])
def test_a_target_of_an_example_exists(line: str) -> None:
    assert re.search(rf"^{line.split()[1]}:", (ROOT / "Makefile").read_text("utf8"), re.M)


@pytest.mark.parametrize("line", [line for line in lines() if "-m pytest" in line])
def test_the_tests_of_an_example_exist(line: str) -> None:
    words = shlex.split(line)
    files = [ROOT / word for word in words if word.endswith(".py")]
    assert files and all(path.exists() for path in files)
    if "-k" in words:
        command = [sys.executable, *words[1:], "--collect-only", "-p", "no:cacheprovider"]
        chosen = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert chosen.returncode == 0, chosen.stdout


def test_every_line_of_a_shell_block_is_tried() -> None:
    tried = {*examples()}
    left = [line for line in lines() if not line.startswith("make ") and "-m pytest" not in line]
    assert [line for line in left if not (m := COMMAND.match(line)) or m[1] not in tried] == []
