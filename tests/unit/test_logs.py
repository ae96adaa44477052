"""The log holds ids and places, never anybody's words, whoever writes it."""

import io
import json
import logging
import os
import sys

import pytest

from coach import logs
from coach.errors import InputError
from coach.private_files import close_to_others
from coach.web import shutdown
from tests import forks

SECRET = "what only Ada said"


@pytest.fixture
def log(monkeypatch):
    root = logging.getLogger()
    before, level, factory = root.handlers[:], root.level, logging.getLogRecordFactory()
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.start_log("json")
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    logging.setLogRecordFactory(factory)


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_carries_its_ids_and_nothing_else_of_anybody(log):
    with logs.about(interview_id="i1"), logs.about(attempt_id="a1", empty=""):
        logging.getLogger("coach.x").info("judged in %.1f s", 0.5)
    logging.getLogger("coach.x").warning("later")
    first, second = lines(log)
    assert (first["interview_id"], first["attempt_id"], first["message"]) == ("i1", "a1", "judged in 0.5 s")
    assert first["level"] == "INFO" and "empty" not in first and "interview_id" not in second


@pytest.mark.parametrize("logger", ["coach.x", "streamlit.runtime", "uvicorn.error", "asyncio"])
def test_an_exceptions_words_stay_out(log, logger):
    logging.getLogger(logger).propagate = True
    try:
        try:
            int(SECRET)
        except ValueError as error:
            raise RuntimeError(f"row {SECRET}") from error
    except RuntimeError as error:
        logging.getLogger(logger).exception("failed: %s", error)
        logging.getLogger(logger).error(error)
        logging.getLogger(logger).error("failed %(e)s", {"e": error})
    text = log.getvalue()
    assert SECRET not in text and "RuntimeError at " in text and "ValueError at " in text and "test_logs.py" in text
    assert len(lines(log)) == 3


def test_our_own_errors_are_told(log):
    logging.getLogger("coach.x").warning("not kept: %s", InputError("The file is empty.", mend="Record again."))
    assert "Record again." in lines(log)[0]["message"]


def test_text_for_a_person(monkeypatch, capsys):
    root = logging.getLogger()
    before, factory = root.handlers[:], logging.getLogRecordFactory()
    try:
        logs.start_log("text")
        with logs.about(interview_id="i1"):
            logging.getLogger("coach.x").info("begun")
        assert "begun interview_id=i1" in capsys.readouterr().err
    finally:
        root.handlers[:] = before
        logging.setLogRecordFactory(factory)


def test_what_others_could_read_is_closed_and_links_are_left(tmp_path):
    home = tmp_path / "home"
    (home / "audio").mkdir(parents=True)
    file, elsewhere = home / "audio" / "a.flac", tmp_path / "elsewhere"
    file.write_text("x")
    elsewhere.write_text("y")
    (home / "link").symlink_to(elsewhere)
    for path in (home, home / "audio"):
        path.chmod(0o755)
    for path in (file, elsewhere):
        path.chmod(0o644)
    assert close_to_others(home) == 3 and close_to_others(home) == 0
    assert file.stat().st_mode & 0o777 == 0o600 and home.stat().st_mode & 0o777 == 0o700
    assert elsewhere.stat().st_mode & 0o777 == 0o644
    assert close_to_others(tmp_path / "nothing") == 0


def test_commands_write_for_their_owner_alone(tmp_path):
    home = tmp_path / "home"
    env = {**os.environ, "COACH_HOME": str(home)}
    (tmp_path / "a.txt").write_text("I led the project, so we shipped early.")
    command = ["-m", "coach", "practice", "--transcript", str(tmp_path / "a.txt"), "--question", "Why?"]
    forks.run([*command, "--brain", "offline", "--json"], env=env).check_returncode()
    found = [home, *home.rglob("*")]
    assert len(found) > 2 and not [p for p in found if p.stat().st_mode & 0o077]


def test_the_first_signal_is_heard_once_and_the_end_is_forced(monkeypatch):
    heard: list[str] = []
    ended: list[int] = []
    monkeypatch.setattr(shutdown, "WITHIN_S", 0.01)
    handle = shutdown._before(lambda *_: heard.append("usual"), lambda: heard.append("stop"), ended.append)
    handle(15, None)
    handle(15, None)
    assert heard == ["stop", "usual", "usual"]
    import threading

    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(5)
    assert ended == [0]
