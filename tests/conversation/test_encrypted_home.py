"""The product itself in an encrypted home: two processes at once, commands, wrong keys, a rotation."""

import json
import os
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.conversation.app_process import KNOWN, ROOT, application
from tests.conversation.test_service_watched import answered
from tests.forks import Python

KEY, NEXT = "a long passphrase of ours", "b" * 42 + "A="
QUESTION = "Tell me about a problem you solved."
WORDS = "zebra budget of Quillhaven"
ANSWER = f"Last year I had to mend the {WORDS}. I wrote a plan and cut its cost by 30 percent within a month."


def command(home: Path, key: str, *words: str) -> Python:
    env = {k: v for k, v in os.environ.items() if k in KNOWN}
    env |= {"COACH_HOME": str(home), "COACH_BRAIN": "offline"} | ({"COACH_ENCRYPTION_KEY": key} if key else {})
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return Python(["-m", "coach", *words], cwd=ROOT, env=env, text=True, **pipes)


def told(child: Python, said: str = "") -> tuple[int, str, str]:
    out, errors = child.communicate(said, timeout=120)
    return child.returncode, out, errors


def in_plain(home: Path) -> list[str]:
    words = (WORDS.encode(), b"Quillhaven")
    return [str(p) for p in home.rglob("*") if p.is_file() and any(word in p.read_bytes() for word in words)]


def test_two_processes_practise_at_once_and_no_word_lies_open(tmp_path):
    home = tmp_path / "home"
    practice = ("practice", "--transcript", "-", "--question", QUESTION, "--json")
    for done in [told(child, ANSWER) for child in [command(home, KEY, *practice), command(home, KEY, *practice)]]:
        assert done[0] == 0, done[2]
        assert WORDS in json.loads(done[1])["transcript"]
    assert told(command(home, KEY, "db", "backup", "--json"))[0] == 0
    assert in_plain(home) == []
    assert len(list((home / "keys").glob("*.key"))) == 2, "the person's and the house's"
    sessions = json.loads(told(command(home, KEY, "interview", "list", "--json"))[1])["interviews"]
    assert len(sessions) == 2
    shown = told(command(home, KEY, "interview", "show", sessions[0]["interview_id"], "--json"))
    assert WORDS in shown[1]
    for key, mend in (("", "Set it to the key"), ("some other passphrase", "NEW,OLD")):
        status, out, errors = told(command(home, key, "interview", "show", sessions[0]["interview_id"], "--json"))
        assert (status, out, errors.count("\n")) == (1, "", 1)
        assert "COACH_ENCRYPTION_KEY" in errors
        assert mend in errors
    both = f"{NEXT},{KEY}"
    assert json.loads(told(command(home, both, "db", "rotate-key", "--json"))[1]) == {"rewrapped": 2, "already": 0}
    assert json.loads(told(command(home, both, "db", "rotate-key", "--json"))[1]) == {"rewrapped": 0, "already": 2}
    assert WORDS in told(command(home, NEXT, "interview", "show", sessions[1]["interview_id"], "--json"))[1]
    assert told(command(home, KEY, "interview", "list"))[0] == 1
    checks = json.loads(told(command(home, NEXT, "doctor", "--json"))[1])["checks"]
    assert next(check["status"] for check in checks if check["name"] == "encryption") == "ok"


@pytest.mark.slow
async def test_a_server_keeps_nothing_in_plain_form_and_a_command_beside_it_reads(tmp_path):
    with application(tmp_path, COACH_ENCRYPTION_KEY=KEY) as app:
        async with httpx.AsyncClient(base_url=app.url, timeout=60) as http:
            way, _ = await answered(http, ANSWER)
        shown = told(command(app.home, KEY, "interview", "show", way["mock_interview_id"], "--json"))
        assert shown[0] == 0, shown[2]
        assert WORDS in shown[1]
        assert told(command(app.home, "", "interview", "list"))[0] == 1
        assert in_plain(app.home) == []
