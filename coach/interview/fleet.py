"""What an interview needs where several processes serve one database: to be with one of them, and to hear the others.

`coach.store.fleet` speaks to the others through PostgreSQL; `Lone` is the one process of an ordinary installation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from coach.contracts.interview import new_id

NoticeKind = Literal["ask", "stays", "given", "watch", "event", "gone", "forget"]


@dataclass(frozen=True, slots=True)
class FleetNotice:
    """What one process tells another of an interview.

    Attributes:
        kind: `ask` for it, it `stays` or is `given`; `watch` it, an `event` of it, it is `gone`; `forget` it.
        interview_id: which.
        by: the process that says so.
        to: the process or the watcher it is for; empty = all.
        text: an event as JSON, or who watches.
    """

    kind: NoticeKind
    interview_id: str
    by: str = ""
    to: str = ""
    text: str = ""


class Fleet(Protocol):
    """The processes on one database; `owner` is this one's name."""

    owner: str

    async def enter(self, told: Callable[[FleetNotice], None], back: Callable[[], None]) -> None:
        """This process is there; `told` hears every notice, `back` that the line was cut. Both on the loop.

        After it failed it may be called again.

        Raises:
            StoreError: the others cannot be reached.
        """

    async def take(self, interview_id: str, *, from_dead: bool = True) -> bool:
        """Whether the interview is with this process now: it was free, or (`from_dead`) with one that is dead."""

    async def give_back(self, interview_ids: Sequence[str]) -> None:
        """They are nobody's again."""

    async def held(self) -> set[str] | None:
        """The interviews that are with this process; None where nobody else could have them."""

    async def bury(self) -> tuple[str, ...]:
        """Takes dead processes out; the interviews of which an answer waits to be judged, each to one caller."""

    async def say(self, notice: FleetNotice) -> None:
        """Tells the others."""

    async def leave(self) -> None:
        """This process ends in good order."""


class Lone:
    """No others."""

    def __init__(self) -> None:
        """A fresh name, for claims."""
        self.owner = new_id()

    async def enter(self, told: Callable[[FleetNotice], None], back: Callable[[], None]) -> None:
        """Nothing to enter."""

    async def take(self, interview_id: str, *, from_dead: bool = True) -> bool:
        """Always."""
        return True

    async def give_back(self, interview_ids: Sequence[str]) -> None:
        """Nobody waits for them."""

    async def held(self) -> set[str] | None:
        """Nobody else could have them."""
        return None

    async def bury(self) -> tuple[str, ...]:
        """Nobody."""
        return ()

    async def say(self, notice: FleetNotice) -> None:
        """Nobody hears."""

    async def leave(self) -> None:
        """Nothing to leave."""
