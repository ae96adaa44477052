"""The commands as scripts call them: key names and types, exit codes, only JSON on stdout, one line on stderr.

A written answer and a spoken one go through a process of their own, and so does what writes nothing but `--help`; the
rest runs in this one, where starting costs nothing.
"""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from coach.cli import COMMANDS, main
from coach.contracts.evaluation import json_schema
from coach.settings import settings

ROOT = Path(__file__).resolve().parents[2]
QUESTION = "Tell me about a problem you solved."
ANSWER = (
    "Last year our release pipeline broke every Friday. I had to make it stable within a month. "
    "I wrote a test harness and moved the builds to containers. As a result failures fell by 60 percent."
)
SPOKEN = "Last year I led the migration of our billing system. I planned it and cut errors by thirty percent."
SECTIONS = [
    "follow_up",
    "scoring",
    "content_feedback",
    "delivery_feedback",
    "rewrite",
    "coach_notes",
    "library_suggestion",
    "metadata",
]
NUMBER = (int, float)
PRACTICE: dict[str, Any] = {
    "interview_id": str,
    "exchange_id": str,
    "attempt_id": str,
    "attempt_number": int,
    "best": bool,
    "transcript": str,
    "words": list,
    "delivery": dict,
    "evaluation": dict,
    "guards": list,
    "timeline_ms": dict,
    "usage": list,
    "transcriber": str,
    "brain": str,
}
DELIVERY: dict[str, Any] = {
    "wpm": (*NUMBER, type(None)),
    "articulation_wpm": (*NUMBER, type(None)),
    "filler_count": (int, type(None)),
    "fillers": dict,
    "long_pause_count": (int, type(None)),
    "pauses": list,
    "duration_s": NUMBER,
    "speech_s": NUMBER,
    "verbatim": bool,
    "eye_contact": (*NUMBER, type(None)),
}


class Shell:
    """`python -m coach …` with a home of its own, no key and no network."""

    def __init__(self, home: Path) -> None:
        kept = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH"}
        self.env = {k: v for k, v in os.environ.items() if k in kept}
        self.env |= {"COACH_HOME": str(home), "PYTHONPATH": str(ROOT)}
        self.folder = home.parent

    def run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """In this process, with the arguments, variables, folder and standard files of a process of its own."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name in {*os.environ} - {*self.env}:
                patch.delenv(name)
            for name, value in self.env.items():
                patch.setenv(name, value)
            patch.chdir(self.folder)
            patch.setattr(sys, "argv", ["coach", *arguments])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
            settings.cache_clear()
            try:
                main()
                status = 0
            except SystemExit as stop:
                status = int(stop.code or 0)
        settings.cache_clear()
        return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())

    def json(self, *arguments: str, given: str = "") -> Any:
        done = self.run(*arguments, "--json", given=given)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return json.loads(done.stdout)

    def refused(self, status: int, *arguments: str, given: str = "") -> str:
        done = self.run(*arguments, "--json", given=given)
        assert (done.returncode, done.stdout) == (status, ""), done
        assert "Traceback" not in done.stderr
        if status == 1:
            assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1, done.stderr
        return done.stderr


class OwnProcess(Shell):
    """The same as a shell does it."""

    def run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "coach", *arguments],
            input=given,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.env,
            check=False,
        )


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(tmp_path_factory.mktemp("commands") / "home")


@pytest.fixture(scope="module")
def process(shell: Shell) -> OwnProcess:
    return OwnProcess(shell.folder / "home")


@pytest.fixture(scope="module")
def first(process: OwnProcess) -> Any:
    return process.json("practice", "--transcript", "-", "--question", QUESTION, given=ANSWER)


def assert_types(record: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert {k: type(record.get(k)).__name__ for k, kind in wanted.items() if not isinstance(record.get(k), kind)} == {}


def assert_evaluation(evaluation: dict[str, Any]) -> None:
    assert list(evaluation) == SECTIONS
    assert list(Draft202012Validator(json_schema()).iter_errors(evaluation)) == []


def assert_practice(result: dict[str, Any]) -> None:
    assert_types(result, PRACTICE)
    assert_types(result["delivery"], DELIVERY)
    assert_evaluation(result["evaluation"])
    assert all({"rule", "detail"} <= set(guard) for guard in result["guards"])
    assert all(isinstance(ms, NUMBER) for ms in result["timeline_ms"].values())
    for used in result["usage"]:
        assert {"vendor", "meter", "quantity", "unit", "cost_usd"} <= set(used)
        assert Decimal(used["quantity"]) > 0 and Decimal(used["cost_usd"]) >= 0


def test_a_written_answer_gives_the_whole_object(first: Any) -> None:
    assert_practice(first)
    assert (first["attempt_number"], first["best"], first["transcript"]) == (1, True, ANSWER)
    assert (first["transcriber"], first["brain"]) == ("typed", "offline")
    assert first["delivery"]["verbatim"] is False and first["delivery"]["filler_count"] is None


def test_the_same_question_is_a_retry_and_another_one_is_added(shell: Shell, first: Any) -> None:
    interview = ("--interview", first["interview_id"])
    again = shell.json("practice", "--transcript", "-", "--question", QUESTION, *interview, given="I fixed things.")
    assert (again["exchange_id"], again["attempt_number"], again["best"]) == (first["exchange_id"], 2, False)
    other = shell.json("practice", "--transcript", "-", "--question", "What went wrong once?", *interview, given=ANSWER)
    assert other["interview_id"] == first["interview_id"] and other["exchange_id"] != first["exchange_id"]
    assert (other["attempt_number"], other["best"]) == (1, True)
    shown = shell.json("interview", "show", first["interview_id"])
    assert [len(e["attempts"]) for e in shown["exchanges"]] == [2, 1]


def test_a_spoken_answer_has_timed_words_and_its_delivery(process: OwnProcess, tmp_path: Path) -> None:
    sound = tmp_path / "answer.wav"
    subprocess.run(["espeak-ng", "-w", str(sound), SPOKEN], check=True)
    result = process.json("practice", "--audio", str(sound), "--question", QUESTION, "--transcriber", "whisper")
    assert_practice(result)
    assert result["transcriber"] == "whisper"
    assert set(result["words"][0]) == {"word", "start_s", "end_s", "confidence", "is_filler"}
    starts = [word["start_s"] for word in result["words"]]
    assert starts == sorted(starts) and 0 <= starts[0] < result["delivery"]["duration_s"]
    assert 0 < result["delivery"]["speech_s"] <= result["delivery"]["duration_s"]


def test_evaluate_reads_the_contract_and_never_follows_up_twice(shell: Shell) -> None:
    given = {
        "policy_version": "mi_v1.0",
        "question": {"text": QUESTION, "type": "behavioral", "competency": "", "is_follow_up": True},
        "job_context": {"job_title": "", "company": "", "key_skills": [], "competencies": [], "summary": ""},
        "user_answer": {"transcript": "I fixed things.\0", "duration_seconds": 3},
        "delivery_metrics": {
            "wpm": 60,
            "filler_count": 0,
            "long_pause_count": 0,
            "clarity_note": "",
            "eye_contact_proxy_score_0_to_10": None,
        },
    }
    result = shell.json("evaluate", "--input", "-", "--brain", "offline", given=json.dumps(given))
    assert_evaluation(result["evaluation"])
    assert result["evaluation"]["follow_up"]["should_ask"] is False
    assert isinstance(result["guards"], list) and isinstance(result["usage"], list)


def test_plan_has_its_names(shell: Shell) -> None:
    posting = json.dumps({"title": "Data engineer", "company": "Globex", "description": "We need SQL\0 and Python."})
    made = shell.json("plan", "--job", "-", "--questions", "2", given=posting)
    assert {"title", "company", "key_skills", "competencies", "summary"} <= set(made["job"])
    assert [{"text", "type", "competency"} <= set(q) for q in made["questions"]] == [True, True]
    assert "\0" not in json.dumps(made)


def test_keeping_and_deleting(shell: Shell) -> None:
    swept = shell.json("retention", "sweep", "--now", "2020-01-01T00:00:00Z")
    assert swept == {"audio_deleted": 0, "text_deleted": 0, "abandoned": 0}
    made = shell.json("practice", "--transcript", "-", "--question", "Why this job?", given=ANSWER)
    target = shell.folder / "kept.zip"
    assert shell.json("interview", "export", made["interview_id"], "--to", str(target))["attempts"] == 1
    assert target.stat().st_size > 0
    assert shell.json("interview", "delete", made["interview_id"])["deleted"] is True
    assert "There is no session" in shell.refused(1, "interview", "show", made["interview_id"])


@pytest.mark.parametrize(
    ("status", "words", "arguments"),
    [
        (1, "is empty", ("practice", "--audio", "empty.wav", "--question", "Q")),
        (1, "not audio", ("practice", "--audio", "text.wav", "--question", "Q")),
        (1, "no audio file", ("practice", "--audio", "folder", "--question", "Q")),
        (1, "10000 characters", ("practice", "--transcript", "text.wav", "--question", "x" * 10_000)),
        (1, "transcript is empty", ("practice", "--transcript", "-", "--question", "Q")),
        (1, "DEEPGRAM_API_KEY", ("transcribe", "--audio", "sound.wav", "--transcriber", "deepgram")),
        (1, "OPENAI_API_KEY", ("practice", "--transcript", "text.wav", "--question", "Q", "--brain", "openai")),
        (1, "not JSON", ("evaluate", "--input", "text.wav")),
        (1, "Is a directory", ("plan", "--job", "folder")),
        (1, "No such file", ("economics", "session", "--scenario", "gone.yaml")),
        (1, "holds no rows", ("eval", "fillers", "empty.wav")),
        (2, "typed", ("practice", "--audio", "sound.wav", "--transcriber", "typed", "--question", "Q")),
        (2, "nobody", ("evaluate", "--input", "-", "--brain", "nobody")),
        (2, "--question", ("practice", "--transcript", "-")),
        (2, "not a time", ("retention", "sweep", "--now", "yesterday")),
    ],
)
def test_what_cannot_be_is_said_in_one_line(shell: Shell, status: int, words: str, arguments: tuple[str, ...]) -> None:
    (shell.folder / "empty.wav").write_bytes(b"")
    (shell.folder / "text.wav").write_text("I am no sound.")
    (shell.folder / "folder").mkdir(exist_ok=True)
    if "sound.wav" in arguments:
        subprocess.run(["espeak-ng", "-w", str(shell.folder / "sound.wav"), "I led a team."], check=True)
    assert words in shell.refused(status, *arguments)


def test_help_names_every_command(process: OwnProcess) -> None:
    done = process.run("--help")
    assert done.returncode == 0 and [name for name in COMMANDS if f"  {name} " not in done.stdout] == []
