"""This process among others on the same database: what it has, what it takes over, what it lost."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress

from coach.errors import CoachError
from coach.interview.conductor import Conductor
from coach.interview.elsewhere import Elsewhere, OpenElsewhereError
from coach.interview.fleet import Fleet
from coach.interview.phases.listening import Parting

log = logging.getLogger(__name__)

LOOK_AROUND_EVERY_S = 2.0
"""How often is looked whether what we have is still ours, and whether a process died."""


class Together:
    """Beside the service's own conductors; alone on a database it does nothing."""

    def __init__(
        self,
        fleet: Fleet,
        conductors: Mapping[str, Conductor],
        *,
        resume: Callable[[str], Coroutine[object, None, object]],
        put_away: Callable[[str], Coroutine[object, None, bool]],
        let_go: Callable[[str, Parting], Coroutine[object, None, None]],
        opening: Callable[[str], bool],
    ) -> None:
        """All are the service's.

        Args:
            fleet: the others.
            conductors: the interviews that are here.
            resume: opens one without asking the others for it.
            put_away: closes one that nobody is in and gives it back; whether it did.
            let_go: closes one that was deleted, or lost.
            opening: whether one is being opened or closed at the moment.
        """
        self._fleet = fleet
        self._conductors = conductors
        self._resume, self._put_away, self._let_go, self._opening = resume, put_away, let_go, opening
        self.elsewhere = Elsewhere(
            fleet, find=conductors.get, give=self._give, let_go=lambda interview_id: let_go(interview_id, "deleted")
        )
        self._tasks: set[asyncio.Task[None]] = set()

    async def enter(self) -> None:
        """From now on the others know of this process; where they cannot be reached yet, as soon as they can be."""
        try:
            await self._enter()
        except CoachError as error:
            log.warning("the other processes cannot be reached; trying again: %s", error)
            self._begin(self._enter_later())

    async def _enter(self) -> None:
        await self._fleet.enter(self.elsewhere.told, lambda: self._begin(self.check_held()))
        if await self._fleet.held() is not None:
            self._begin(self._look_around_for_ever())

    async def _enter_later(self) -> None:
        while True:
            await asyncio.sleep(LOOK_AROUND_EVERY_S)
            with suppress(CoachError):
                await self._enter()
                return

    async def take_up(self, interview_ids: Iterable[str]) -> None:
        """Goes on with answers that wait to be judged, unless another process does."""
        for interview_id in sorted(interview_ids):
            try:
                await self._resume(interview_id)
            except OpenElsewhereError:
                continue
            except CoachError:
                log.warning("an interview with an unfinished answer could not be resumed; it is when opened")

    async def give_back(self, interview_id: str) -> None:
        """The interview is not here any more; where that cannot be told, the others ask and are given it."""
        with suppress(CoachError):
            await self._fleet.give_back([interview_id])

    async def check_held(self) -> None:
        """After a cut or a long standstill another process may have, or have had, what was ours: it is let go.

        Also where it is free again: what happened meanwhile stands in the store, who is in it comes back to that.
        """
        here, held = dict(self._conductors), await self._fleet.held()
        if held is None:
            return
        for interview_id, conductor in here.items():
            lost = interview_id not in held and self._conductors.get(interview_id) is conductor
            if lost and not self._opening(interview_id):
                log.warning("an interview was lost to another process", extra={"interview_id": interview_id})
                await self._let_go(interview_id, "lost")

    async def _look_around_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_AROUND_EVERY_S)
            try:
                await self.check_held()
                await self.take_up(await self._fleet.bury())
            except CoachError as error:
                log.warning("the other processes are looked for again in a moment: %s", error)
            except Exception:
                log.exception("the other processes are looked for again in a moment")

    async def _give(self, interview_id: str) -> bool | None:
        """Another process asks for an interview: whether it gets it, as it stands in the store; None: not ours to give.

        It gets one that nobody is in, and one that is ours but was not opened (whoever watched it from here has gone).
        """
        if self._opening(interview_id):
            return None
        if interview_id not in self._conductors and interview_id not in (await self._fleet.held() or ()):
            return None
        return await self._put_away(interview_id)

    def _begin(self, work: Coroutine[object, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stand_still(self) -> None:
        """Nothing is taken over or given any more."""
        for task in [*self._tasks]:
            task.cancel()
        await self.elsewhere.close()

    async def leave(self) -> None:
        """This process has nothing any more."""
        with suppress(CoachError):
            await self._fleet.leave()
