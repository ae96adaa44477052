"""Deletions that wait: hidden at once, taken back or carried out, never half."""

import threading
from functools import partial

import pytest

from coach.contracts.asking import asking
from coach.contracts.people import Asker
from coach.errors import StoreError
from coach.views.bin import UNDO_S, Bin


class Timers:
    """Timers that run when the test says so."""

    def __init__(self) -> None:
        self.due: list[tuple[float, object]] = []
        self.cancelled = 0

    def __call__(self, seconds, action):
        self.due.append((seconds, action))
        return self

    def cancel(self) -> None:
        self.cancelled += 1


@pytest.fixture
def timers() -> Timers:
    return Timers()


def test_a_thing_is_hidden_at_once_and_deleted_when_due(timers):
    bin_, gone = Bin(timers), []
    bin_.put("story", "s1", "My story", lambda: gone.append("s1"))
    bin_.put("story", "s1", "My story", lambda: gone.append("twice"))
    assert bin_.holds("story") == {"s1"} and bin_.holds("job") == frozenset() and gone == []
    ((seconds, action),) = timers.due
    assert seconds == UNDO_S == 10.0
    action()
    assert gone == ["s1"] and bin_.holds("story") == frozenset()
    assert not bin_.take_back("story", "s1")


def test_what_is_taken_back_is_never_deleted(timers):
    bin_, gone = Bin(timers), []
    bin_.put("session", "i1", "a session", lambda: gone.append("i1"))
    assert bin_.take_back("session", "i1") and timers.cancelled == 1
    timers.due[0][1]()
    bin_.empty()
    assert gone == [] and bin_.holds("session") == frozenset()


def test_a_stopped_process_deletes_what_waits(timers):
    gone: list[str] = []
    bin_ = Bin(timers)
    for name in ("a", "b"):
        bin_.put("resume", name, name, partial(gone.append, name))
    bin_.empty()
    assert gone == ["a", "b"]


def test_what_cannot_be_deleted_is_seen_again_and_told_once(timers):
    def fails() -> None:
        raise StoreError("The disk is full.")

    bin_ = Bin(timers)
    bin_.put("job", "j1", "Analyst", fails)
    bin_.empty()
    assert bin_.holds("job") == frozenset()
    (told,) = bin_.failures()
    assert "Analyst" in told and "disk is full" in told and bin_.failures() == []


def test_a_deletion_that_breaks_is_told_like_one_that_fails(timers):
    bin_ = Bin(timers)
    bin_.put("story", "s1", "My story", lambda: [][0])
    ((_, action),) = timers.due
    action()
    assert bin_.holds("story") == frozenset()
    assert bin_.failures() == ["“My story” is still there (IndexError)."]


def test_what_is_being_deleted_cannot_be_taken_back(timers):
    bin_ = Bin(timers)
    told: list[bool] = []
    bin_.put("session", "i1", "a session", lambda: told.append(bin_.take_back("session", "i1")))
    bin_.empty()
    assert told == [False]


def test_who_stops_the_process_waits_for_a_deletion_that_runs(timers):
    begun, goes_on, bin_ = threading.Event(), threading.Event(), Bin(timers)
    gone: list[str] = []

    def slowly() -> None:
        begun.set()
        assert goes_on.wait(10)
        gone.append("i1")

    bin_.put("session", "i1", "a session", slowly)
    due = threading.Thread(target=timers.due[0][1])
    due.start()
    assert begun.wait(10)

    def stopped() -> None:
        bin_.empty()
        gone.append("stopped")

    stop = threading.Thread(target=stopped)
    stop.start()
    goes_on.set()
    for thread in (due, stop):
        thread.join(10)
    assert gone == ["i1", "stopped"]
    assert bin_.failures() == []


def test_emptied_for_one_person_what_others_may_take_back_waits(timers):
    bin_ = Bin(timers)
    gone: list[str] = []
    for person in ("ada", "bob"):
        with asking(Asker(person)):
            bin_.put("story", person, person, partial(gone.append, person))
    bin_.empty("ada")
    assert gone == ["ada"]
    with asking(Asker("bob")):
        assert bin_.take_back("story", "bob")
