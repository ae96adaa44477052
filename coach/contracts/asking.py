"""Who is asking, wherever in the program the question is: the one place that everything scoped looks at.

The front door says it for every request and socket; page scripts run on threads of their own and are asked through
`when_unsaid`. Nobody at all (None) is the program itself: a sweep, an interview under way, a command of the owner.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from coach.contracts.people import OWNER, Asker, Reach
from coach.errors import NotFoundError

Result = TypeVar("Result")
_said: ContextVar[Asker | None] = ContextVar("asker")
_unsaid: list[Callable[[], Asker | None]] = []


def asker() -> Asker | None:
    """Who asks; None for the program itself and for the owner of an installation without sign-in."""
    try:
        return _said.get()
    except LookupError:
        return _unsaid[-1]() if _unsaid else None


@contextmanager
def asking(who: Asker | None) -> Iterator[None]:
    """Everything inside is asked by `who`; None is the program itself."""
    token = _said.set(who)
    try:
        yield
    finally:
        _said.reset(token)


async def asked_by(who: Asker | None, work: Awaitable[Result]) -> Result:
    """Awaits `work` with `who` asking: on another loop than where it was said."""
    with asking(who):
        return await work


def is_foreign(person_id: str) -> bool:
    """Whether what belongs to this person is somebody else's to whoever asks."""
    who = asker()
    return who is not None and who.person_id != person_id


def when_unsaid(tell: Callable[[], Asker | None] | None) -> None:
    """`tell()` answers where no request said who asks (a page's script); None takes it away."""
    _unsaid[:] = [tell] if tell else []


@contextmanager
def as_program(*, reach: Reach | None = None, person_id: str = "") -> Iterator[None]:
    """What follows is the program's own work, done for somebody who may have it done.

    Args:
        reach: only for somebody who reaches this far.
        person_id: only for this person.

    Raises:
        NotFoundError: it is not for whoever asks.
    """
    who = asker()
    if who is not None and (reach not in (None, who.reach) or person_id not in ("", who.person_id)):
        raise NotFoundError("There is nothing of this identity.")
    with asking(None):
        yield


def as_now(make: Callable[[], Result]) -> Callable[[], Result]:
    """`make` for later, asked by whoever asks now: a file made when its button is pressed, on another thread."""
    who = asker()

    def made() -> Result:
        with asking(who):
            return make()

    return made


def signed_by() -> str | None:
    """The account that stands behind what is judged or said of others; None where nobody has one."""
    who = asker()
    return (who.person_id or None) if who else None


def own_id() -> str:
    """Whose own things are meant: the asker's, else the owner's."""
    who = asker()
    return who.person_id if who else OWNER
