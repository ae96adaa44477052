"""`python -m tests`: what fails once is named, what fails twice fails, the second part runs whatever the first says."""

import pytest

import tests.__main__ as whole

UNSTEADY = """
from pathlib import Path

def test_steady():
    pass

def test_unsteady():
    seen = Path("seen")
    again = seen.exists()
    seen.touch()
    assert again, "the machine was busy"
"""
BROKEN = "def test_broken():\n    assert 2 + 2 == 5\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -q\n")
    parts = {"first": ("first",), "second": ("second",)}
    for name in parts:
        (tmp_path / name).mkdir()
    monkeypatch.setattr(whole, "PARTS", parts)
    return tmp_path


def test_what_passes_by_itself_is_named(project, capfd, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    (project / "first" / "test_one.py").write_text(UNSTEADY)
    keeps = "import sys\n\ndef test_bytecode_is_kept():\n    assert not sys.dont_write_bytecode\n"
    (project / "second" / "test_two.py").write_text(keeps)
    assert whole.main() == 0
    said = capfd.readouterr().out
    assert "the machine was busy" in said and "unsteady" in said
    assert "first/test_one.py::test_unsteady" in said.rpartition("unsteady (")[2]
    dearest = said.partition("dearest files")[2].split()
    assert {"first/test_one.py", "second/test_two.py"} <= {*dearest}, "both parts' files are timed"


def test_what_fails_twice_fails_and_the_rest_still_runs(project, capfd):
    (project / "first" / "test_one.py").write_text(BROKEN)
    (project / "second" / "test_two.py").write_text(UNSTEADY)
    assert whole.main() == whole.TESTS_FAILED
    assert "second/test_two.py::test_unsteady" in capfd.readouterr().out.rpartition("unsteady (")[2]


def test_a_part_that_cannot_be_collected_or_fails_widely_is_not_run_again(project, capfd):
    (project / "first" / "test_one.py").write_text("import no_such_module\n")
    (project / "second" / "test_two.py").write_text(
        "import pytest\n@pytest.mark.parametrize('n', range(13))\ndef test_n(n):\n    assert n > 99\n"
    )
    assert whole.main() > 0
    assert "by itself:" not in capfd.readouterr().out
