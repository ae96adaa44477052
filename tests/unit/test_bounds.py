"""What a process remembers and what waits has an end: memory, a watcher's events, the patience of a page."""

from pathlib import Path
from typing import Any

import pytest

from coach.contracts.interview import ViewState
from coach.interview import tokens as tokens_module
from coach.interview.broadcast import MAX_BACKLOG
from coach.interview.elsewhere import RemoteWatch
from coach.interview.recent import Recent
from coach.interview.store_and_forward import SpooledStore
from coach.interview.tokens import InterviewTokens
from pages.components.practice import interview_desk
from tests.fakes import records
from tests.fakes.store import FakeStore


def test_what_is_longest_unused_is_forgotten() -> None:
    known: Recent[str, int] = Recent(3)
    for number, name in enumerate("abc"):
        known[name] = number
    assert known.used("a") == 0 and known.used("nobody") is None
    known["d"] = 3
    assert [*known] == ["c", "a", "d"]
    known["c"] = 9
    assert [*known] == ["a", "d", "c"] and known["c"] == 9


async def test_tokens_and_owners_of_interviews_do_not_add_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(tokens_module, "MOST_REMEMBERED", 5)
    monkeypatch.setattr("coach.interview.store_and_forward.MOST_REMEMBERED", 5)
    spooled = SpooledStore(FakeStore(), tmp_path / "facts.jsonl")
    tokens = InterviewTokens(spooled, lambda: 0.0, 3600.0)
    last = ""
    for _ in range(12):
        interview = records.interview()
        await spooled.create_interview(interview, [])
        last = await tokens.of(interview.id)
        tokens.forget(interview.id)
        await tokens.of(interview.id)
    assert tokens.finished_by(last) == interview.id
    assert (len(tokens._live), len(tokens._finished), len(spooled._people)) == (5, 5, 5)


async def test_a_watcher_that_does_not_read_is_sent_away() -> None:
    watch = RemoteWatch("one")
    for number in range(MAX_BACKLOG):
        watch.put(str(number))
    watch.put("one too many")
    assert [text async for text in watch.texts()] == []
    other = RemoteWatch("one")
    other.put("a")
    other.put(None)
    assert [text async for text in other.texts()] == ["a"]


def test_a_page_waits_for_an_hour_of_sound_behind_others() -> None:
    waited: list[float] = []

    class Hub:
        def find(self, _: str) -> Any:
            return self

        def snapshot(self) -> Any:
            return type("State", (), {"payload": type("Payload", (), {"view_state": ViewState.LISTENING})})

        def submit_recording(self, _: object) -> None:
            return None

        def call(self, _: object, timeout_s: float = 30.0) -> None:
            waited.append(timeout_s)

    services: Any = type("Services", (), {"hub": Hub()})
    desk = interview_desk.Desk(services, session={"interview_id": "one"})
    desk.submit_recording(Path("answer.flac"))
    assert waited == [600.0]
