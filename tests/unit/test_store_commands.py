"""`interview`, `retention`, `sample-data`, `db`, `doctor`: what they print, what they do, how they fail."""

import http.server
import json
import re
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from coach.cli.diagnosis import avatar
from coach.settings import load_settings
from coach.store import SqlStore
from coach.store.engine import engine
from coach.store.repositories import interviews
from tests import forks
from tests.fakes import records as make
from tests.fakes.command import Outcome


def store_in(home: Path) -> SqlStore:
    return SqlStore(f"duckdb:///{home / 'coach.duckdb'}")


@pytest.fixture
def session(home) -> str:
    """A stored session with one evaluated attempt."""
    interview = make.interview()
    exchange = make.exchange(interview)
    with store_in(home) as store:
        store.run(interviews.create_interview, interview, [exchange])
        store.run(interviews.add_attempt, make.evaluated(exchange))
        store.run(interviews.add_attempt, make.evaluated(exchange, 2, 8.0))
    return interview.id


def test_sample_data_goes_in_once_and_comes_out_whole(coach, home):
    loaded = coach("sample-data", "load", "--json").json
    assert loaded["interviews"] == 3
    assert loaded["recordings"] > 0
    assert coach("sample-data", "load", "--json").json["interviews"] == 0
    listed = coach("interview", "list", "--json").json["interviews"]
    assert len(listed) == 3
    assert all(row["is_sample"] and row["status"] == "completed" for row in listed)
    assert "(sample)" in coach("interview", "list").out
    removed = coach("sample-data", "remove", "--json").json
    assert removed["interviews"] == 3
    assert coach("interview", "list", "--json").json == {"interviews": []}
    assert list((home / "audio").iterdir()) == []


def test_samples_stay_out_where_somebody_practised(coach, session):
    assert coach("sample-data", "load", "--if-empty", "--json").json["interviews"] == 0
    assert len(coach("interview", "list", "--json").json["interviews"]) == 1


def test_a_session_is_shown_with_its_best_attempt(coach, session):
    shown = coach("interview", "show", session, "--json").json
    (exchange,) = shown["exchanges"]
    assert [attempt["best"] for attempt in exchange["attempts"]] == [False, True]
    assert exchange["best_score"] == shown["overall_score"] == 8.0
    assert exchange["attempts"][0]["transcript"] == make.TEXT
    assert "best" in coach("interview", "show", session).out


def test_a_session_is_exported_whole(coach, session, tmp_path):
    target = tmp_path / "out.zip"
    done = coach("interview", "export", session, "--to", str(target), "--json").json
    assert done["attempts"] == 2
    with zipfile.ZipFile(target) as bundle:
        whole = json.loads(bundle.read("interview.json"))
        assert whole["interview"]["id"] == session
        assert make.TEXT in bundle.read("interview.md").decode()


def test_an_export_that_cannot_be_written_leaves_nothing(coach, session, tmp_path):
    outcome = coach("interview", "export", session, "--to", str(tmp_path / "none" / "out.zip"))
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)
    assert list(tmp_path.rglob("*.part")) == []


def test_a_session_is_deleted(coach, session):
    assert coach("interview", "delete", session, "--json").json["deleted"] is True
    assert coach("interview", "list", "--json").json == {"interviews": []}


@pytest.mark.parametrize("words", [("show", "nope"), ("delete", "nope"), ("export", "nope", "--to", "x.zip")])
def test_an_unknown_session_is_told_in_one_line(coach, home, words):
    outcome = coach("interview", *words)
    assert outcome.status == 1
    assert outcome.err.startswith("error: There is no session nope")
    assert outcome.err.count("\n") == 1


def test_the_sweep_prints_exactly_what_it_did(coach, session):
    assert coach("retention", "sweep", "--now", "2026-11-20T10:00:00Z", "--json").json == {
        "audio_deleted": 0,
        "text_deleted": 0,
        "abandoned": 0,
    }
    later = coach("retention", "sweep", "--now", "2027-12-31T00:00:00+00:00", "--json").json
    assert later == {"audio_deleted": 0, "text_deleted": 2, "abandoned": 1}
    assert coach("retention", "sweep", "--now", "soon").status == 2


@pytest.mark.usefixtures("begins_empty")
def test_the_database_is_made_checked_and_found_current(coach, home):
    missing = coach("db", "check", "--json")
    assert (missing.status, missing.json["version"]) == (1, None)
    assert not (home / "coach.duckdb").exists()
    first = coach("db", "upgrade", "--json").json
    assert first["before"] is None
    assert coach("db", "upgrade", "--json").json["changed"] is False
    assert coach("db", "check", "--json").json["ok"] is True


def test_a_newer_database_is_refused_by_every_command(coach, home):
    coach("db", "upgrade")
    with store_in(home) as store:
        store.run(lambda c: c.execute(sa.text("UPDATE alembic_version SET version_num = '9999'")))
    for words in (("db", "upgrade"), ("interview", "list"), ("sample-data", "load")):
        outcome = coach(*words)
        assert outcome.status == 1
        assert "9999" in outcome.err
        assert outcome.err.count("\n") == 1
    assert coach("db", "check").status == 1


def test_a_locked_database_is_told_in_one_line(coach, home, monkeypatch):
    coach("db", "upgrade")
    monkeypatch.setattr(engine, "LOCK_WAIT_S", 0.2)
    script = "import sys, duckdb; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.readline()"
    command = ["-c", script, str(home / "coach.duckdb")]
    holder = forks.Python(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline().strip() == "held"
        outcome = coach("interview", "list")
    finally:
        holder.communicate("go\n", timeout=10)
    assert outcome.status == 1
    assert "held by another process" in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.usefixtures("unmeasured")
def test_an_unwritable_home_is_told_in_one_line(coach, monkeypatch):
    monkeypatch.setenv("COACH_HOME", "/proc/coach")
    outcome = coach("interview", "list")
    assert outcome.status == 1
    assert "cannot be written" in outcome.err
    assert outcome.err.count("\n") == 1
    assert coach("doctor").status == 1


@pytest.fixture
def vendor() -> Iterator[tuple[str, list[int]]]:
    """A server that answers every request with the status in the list."""
    answer = [401]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answer[0])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", answer
    server.shutdown()
    server.server_close()


def finding(outcome: Outcome, name: str) -> dict:
    return next(item for item in outcome.json["checks"] if item["name"] == name)


@pytest.fixture
def unmeasured(home, monkeypatch):
    """The models of this machine are not loaded and measured: other parts are looked at."""
    monkeypatch.setenv("COACH_TRANSCRIBER", "typed")
    monkeypatch.setenv("COACH_VOICE", "none")


def test_doctor_without_keys_is_content(coach, home):
    outcome = coach("doctor", "--json")
    assert outcome.status == 0
    assert finding(outcome, "openai")["status"] == "off"
    assert "offline" in finding(outcome, "brain")["detail"]


@pytest.mark.parametrize(
    ("key", "base", "name"),
    [
        ("OPENAI_API_KEY", "OPENAI_BASE_URL", "openai"),
        ("DEEPGRAM_API_KEY", "DEEPGRAM_BASE_URL", "deepgram"),
        ("STRIPE_API_KEY", "STRIPE_BASE_URL", "stripe"),
        ("LIVEAVATAR_API_KEY", "LIVEAVATAR_BASE_URL", "liveavatar"),
    ],
)
@pytest.mark.usefixtures("unmeasured")
def test_doctor_tells_a_refused_key_and_fails(coach, monkeypatch, vendor, key, base, name):
    url, answer = vendor
    monkeypatch.setenv(key, "secret-key")
    monkeypatch.setenv(base, url)
    refused = coach("doctor", "--json")
    assert refused.status == 1
    assert finding(refused, name)["status"] == "failed"
    assert key in finding(refused, name)["mend"]
    assert "secret-key" not in refused.out + refused.err
    answer[0] = 200
    accepted = coach("doctor", "--json")
    assert accepted.status == 0
    assert finding(accepted, name)["status"] == "ok"


@pytest.mark.usefixtures("unmeasured")
def test_doctor_tells_an_unreachable_vendor(coach, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    outcome = coach("doctor", "--json")
    assert outcome.status == 1
    assert "not reachable" in finding(outcome, "openai")["detail"]


@pytest.mark.usefixtures("unmeasured")
def test_doctor_tells_a_chosen_part_without_its_key(coach, monkeypatch):
    monkeypatch.setenv("COACH_TRANSCRIBER", "deepgram")
    outcome = coach("doctor", "--json")
    assert outcome.status == 1
    assert "DEEPGRAM_API_KEY" in finding(outcome, "transcriber")["mend"]


@pytest.mark.parametrize(
    ("settings", "status", "said"),
    [
        ({}, "ok", "drawn persona"),
        ({"COACH_AVATAR": "liveavatar"}, "failed", "needs a key"),
        ({"LIVEAVATAR_API_KEY": "k", "COACH_VOICE": "browser"}, "warning", "FULL: its own voice, 2 credits"),
        ({"LIVEAVATAR_API_KEY": "k", "COACH_VOICE": "local", "LIVEAVATAR_SANDBOX": "1"}, "ok", "LITE.*sandbox"),
    ],
)
def test_doctor_says_who_asks_and_how_it_speaks(monkeypatch, settings, status, said):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    found = avatar(load_settings())
    assert found.status == status and re.search(said, found.detail)


@pytest.mark.usefixtures("unmeasured")
def test_a_copy_is_made_and_taken_back_by_command(coach, home, session):
    made = coach("db", "backup", "--json").json
    assert made["intact"] is True
    copy = Path(made["copy"])
    assert copy.parent == home / "backups"
    assert coach("interview", "delete", session).status == 0
    assert coach("interview", "list", "--json").json == {"interviews": []}
    assert coach("db", "restore", "--from", str(copy)).status == 1, "a deletion replaces the copies: nothing comes back"
    second = coach("db", "backup", "--json").json
    (home / "coach.duckdb").write_bytes(b"")
    told = coach("db", "check")
    assert told.status == 1
    assert Path(second["copy"]).name in told.err
    assert "python -m coach db restore" in told.err
    assert told.err.count("\n") == 1
    found = finding(coach("doctor", "--json"), "database")
    assert found["status"] == "failed"
    assert "python -m coach db restore" in found["mend"]
    assert "doctor" not in found["mend"] + found["detail"]
    restored = coach("db", "restore", "--json")
    assert restored.status == 0
    assert Path(restored.json["set_aside"]).exists()
    assert coach("db", "check", "--json").json["ok"] is True
    again = coach("db", "restore", "--from", Path(second["copy"]).name)
    assert (again.status, again.err) == (0, "")
    assert "Undo" in again.out


def test_everything_is_copied_to_another_file_by_command(coach, home, session, tmp_path):
    target = tmp_path / "new" / "coach.duckdb"
    copied = coach("db", "copy", str(home / "coach.duckdb"), str(target), "--json")
    assert copied.status == 0
    assert {t["table"]: t["rows"] for t in copied.json["tables"]}["mock_interview_attempts"] == 2
    again = coach("db", "copy", str(home / "coach.duckdb"), str(target))
    assert again.status == 1
    assert "not empty" in again.err


def test_a_person_is_listed_exported_deleted_and_the_receipt_confirmed(coach, session, tmp_path):
    (someone,) = coach("user", "list", "--json").json["users"]
    assert (someone["id"], someone["sessions"], someone["attempts"]) == ("local", 1, 2)
    target, receipt = tmp_path / "all.zip", tmp_path / "receipt.json"
    assert coach("user", "export", "local", "--to", str(target), "--json").json["interviews"] == 1
    done = coach("user", "delete", "local", "--receipt", str(receipt), "--json").json
    assert (done["counts"]["sessions"], done["counts"]["answers"]) == (1, 2)
    assert coach("interview", "list", "--json").json == {"interviews": []}
    assert coach("user", "receipt", str(receipt)).status == 0
    receipt.write_text(receipt.read_text().replace('"answers": 2', '"answers": 3'))
    outcome = coach("user", "receipt", str(receipt))
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)
    assert coach("user", "export", "nobody", "--to", str(target)).status == 1
