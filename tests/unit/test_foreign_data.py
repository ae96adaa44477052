"""Imports that are nested for ever or hold numbers that are none are refused with a sentence, wherever they come in."""

import json

import pytest
import yaml
from pydantic import ValidationError

from coach.contracts.commands import command_adapter
from coach.economics.model.scenario import ScenarioError, read_scenario
from coach.errors import InputError
from coach.foreign_data import from_json, from_yaml
from coach.lab.runs.dataset import from_jsonl
from coach.lab.runs.workspace import Experiment
from coach.views.postings import posting_of_file
from tests import forks

DEEP = "[" * 200_000
NESTED = '{"description": ' + "[" * 100_000 + "]" * 100_000 + "}"


@pytest.mark.parametrize("text", [DEEP, NESTED, "NaN", "[Infinity]", "1e999", '{"a": -1e999}', "{", ""])
def test_json_that_cannot_be_used(text):
    with pytest.raises(ValueError):
        from_json(text)
    with pytest.raises(InputError):
        posting_of_file("a.json", text.encode())


def test_json_that_can():
    assert from_json('{"a": [1, 2.5, "x", null]}') == {"a": [1, 2.5, "x", None]}


def test_yaml_and_the_files_that_use_it(tmp_path):
    with pytest.raises(yaml.YAMLError):
        from_yaml("[" * 20_000)
    file = tmp_path / "a.yaml"
    file.write_text("[" * 20_000)
    with pytest.raises(ScenarioError):
        read_scenario(file)
    with pytest.raises(InputError):
        Experiment.load(file)


def test_answers_for_the_lab(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text(NESTED)
    with pytest.raises(InputError, match="Line 1"):
        from_jsonl(file)


@pytest.mark.parametrize("command", ["practice", "plan", "evaluate"])
def test_commands_say_so_in_one_line(tmp_path, command):
    file, answer = tmp_path / "deep.json", tmp_path / "answer.txt"
    file.write_text(NESTED)
    answer.write_text("I led it.")
    more = {
        "practice": ["--transcript", str(answer), "--question", "Why?", "--job", str(file)],
        "plan": ["--job", str(file)],
        "evaluate": ["--input", str(file)],
    }[command]
    env = {"COACH_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"}
    done = forks.run(["-m", "coach", command, *more], env=env)
    assert "Traceback" not in done.stderr and "our side" not in done.stderr, done.stderr
    assert done.returncode in (0, 1) and len(done.stderr.strip().splitlines()) <= 1


@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "NaN", "1e999"])
def test_a_time_is_a_number(number):
    looking = f'{{"type": "EYE_CONTACT", "payload": {{"at_ms": {number}, "face": true}}}}'
    finish = {"type": "FINISH_ANSWER", "payload": {"question_id": "q", "attempt_id": "a", "timestamp_ms": "T"}}
    for text in (looking, json.dumps(finish).replace('"T"', number)):
        with pytest.raises(ValidationError):
            command_adapter.validate_json(text)
