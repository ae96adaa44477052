"""What was deleted a moment ago and can still be taken back: it is gone from every list, and from the store when due.

A process that is stopped deletes at once what waits. One that is killed has deleted nothing: the thing is there again,
to be seen and deleted again.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from coach.contracts.asking import asker, asking, own_id
from coach.contracts.people import Asker
from coach.errors import CoachError

log = logging.getLogger(__name__)
UNDO_S = 10.0
Kind = Literal["session", "story", "job", "resume", "comment", "budget", "scenario", "samples"]


class Waiting(Protocol):
    """A timer that can be called off."""

    def cancel(self) -> None:
        """Does nothing any more when due."""


def timer(seconds: float, action: Callable[[], None]) -> Waiting:
    """Runs `action` on a thread of its own after `seconds`; it does not keep the process alive."""
    started = threading.Timer(seconds, action)
    started.daemon = True
    started.start()
    return started


@dataclass(frozen=True, slots=True)
class _Entry:
    label: str
    delete: Callable[[], object]
    due: Waiting
    asked_by: Asker | None
    whose: str
    turn: threading.Lock = field(default_factory=threading.Lock)
    """Held while it is being deleted: then it is too late to take it back."""


class Bin:
    """Deletions of this process that wait; safe in threads."""

    def __init__(self, after: Callable[[float, Callable[[], None]], Waiting] = timer) -> None:
        """`after` starts a timer."""
        self._after = after
        self._lock = threading.Lock()
        self._entries: dict[tuple[Kind, str], _Entry] = {}
        self._failures: list[tuple[str, str]] = []

    def put(self, kind: Kind, identity: str, label: str, delete: Callable[[], object]) -> None:
        """Deletes a thing in ten seconds; put in again it is one deletion."""
        key = (kind, identity)
        with self._lock:
            if key not in self._entries:
                due = self._after(UNDO_S, lambda: self._carry_out(key))
                self._entries[key] = _Entry(label, delete, due, asker(), own_id())

    def take_back(self, kind: Kind, identity: str) -> bool:
        """The thing stays; False when it is too late."""
        with self._lock:
            known = self._entries.get((kind, identity))
            ours = known is not None and known.whose == own_id() and not known.turn.locked()
            entry = self._entries.pop((kind, identity)) if ours else None
        if entry:
            entry.due.cancel()
        return entry is not None

    def holds(self, kind: Kind) -> frozenset[str]:
        """Ids of the things of a kind that wait for their deletion."""
        with self._lock:
            return frozenset(identity for known, identity in self._entries if known == kind)

    def empty(self, whose: str = "") -> None:
        """Deletes at once whatever waits, or what of one person's waits."""
        with self._lock:
            keys = [key for key, entry in self._entries.items() if whose in ("", entry.whose)]
        for key in keys:
            self._carry_out(key)

    def failures(self) -> list[str]:
        """What of the asker's could not be deleted since this was last asked, in words."""
        with self._lock:
            mine = own_id()
            told = [words for whose, words in self._failures if whose == mine]
            self._failures = [(whose, words) for whose, words in self._failures if whose != mine]
        return told

    def _carry_out(self, key: tuple[Kind, str]) -> None:
        """Deletes; the thing is hidden until that is done, and seen again where it failed."""
        with self._lock:
            entry = self._entries.get(key)
        if entry is None:
            return
        with entry.turn:
            with self._lock:
                stands = self._entries.get(key) is entry
            if stands:
                self._delete(key, entry)

    def _delete(self, key: tuple[Kind, str], entry: _Entry) -> None:
        entry.due.cancel()
        try:
            with asking(entry.asked_by):
                entry.delete()
        except CoachError as error:
            log.warning("a deletion that waited failed: %s", error)
            with self._lock:
                self._failures.append((entry.whose, f"“{entry.label}” is still there: {error}"))
        except Exception as error:  # on a timer's thread nobody else would hear of it
            log.exception("a deletion that waited broke")
            with self._lock:
                self._failures.append((entry.whose, f"“{entry.label}” is still there ({type(error).__name__})."))
        finally:
            with self._lock:
                self._entries.pop(key, None)
