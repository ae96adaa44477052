"""Interviews that nobody is in any more leave the memory; they come back from the store."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from coach.errors import CoachError
from coach.interview.conductor import Conductor
from coach.interview.dependencies import Dependencies

log = logging.getLogger(__name__)
IDLE_CLOSE_S = 600.0
SWEEP_EVERY_S = 60.0


class IdleInterviews:
    """Looks once a minute which interviews of this process are idle or were deleted by another one."""

    def __init__(
        self,
        parts: Dependencies,
        conductors: Mapping[str, Conductor],
        *,
        put_away: Callable[[str], Coroutine[Any, Any, bool]],
        let_go: Callable[[str], Coroutine[Any, Any, None]],
    ) -> None:
        """All are the service's.

        Args:
            parts: for the store and the clock.
            conductors: the interviews that are here.
            put_away: closes one that nobody is in; whether it did.
            let_go: closes one that was deleted.
        """
        self._parts, self._conductors = parts, conductors
        self._put_away, self._let_go = put_away, let_go
        self._since: dict[str, float] = {}

    async def sweep_for_ever(self) -> None:
        """Whatever one sweep meets, the next one comes."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            try:
                await self.let_go_of_deleted()
                await self.let_go_of_idle()
            except Exception:
                log.exception("the idle were not let go of; again in a minute")

    async def let_go_of_deleted(self) -> int:
        """Those whose rows are gone."""
        here = [*self._conductors]
        try:
            gone = set(here) - set(await self._parts.store.existing(here)) if here else set()
        except CoachError:
            return 0
        for interview_id in gone:
            await self._let_go(interview_id)
        return len(gone)

    async def let_go_of_idle(self) -> int:
        """Those nobody has listened to for `IDLE_CLOSE_S`, finished ones at once."""
        now, gone = self._parts.monotonic(), 0
        in_use = {each for each, conductor in self._conductors.items() if conductor.listeners or conductor.working}
        idle = {each: conductor for each, conductor in self._conductors.items() if each not in in_use}
        self._since = {each: self._since.get(each, now) for each in idle}
        for interview_id, conductor in idle.items():
            if conductor.over or now - self._since[interview_id] >= IDLE_CLOSE_S:
                gone += await self._put_away(interview_id)
        return gone
