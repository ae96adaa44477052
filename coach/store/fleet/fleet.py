"""The fleet on PostgreSQL: `coach.interview.fleet.Fleet` over a store and a kept line."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import TypeVar

import sqlalchemy as sa

from coach.contracts.asking import asking
from coach.contracts.interview import new_id
from coach.errors import StoreError, TakenOverError
from coach.interview.fleet import FleetNotice
from coach.store.fleet import leases, notices
from coach.store.fleet.line import FleetLine
from coach.store.fleet.notices import Message
from coach.store.sqlstore import SqlStore

log = logging.getLogger(__name__)
Result = TypeVar("Result")
STANDS_WITHIN_S = 10.0


class ServerFleet:
    """The processes on one PostgreSQL server, as one of them sees them."""

    def __init__(self, store: SqlStore) -> None:
        """Nothing is opened yet; `store` is on PostgreSQL."""
        self.owner = new_id()
        self._store = store
        self._line: FleetLine | None = None
        self._lost: Callable[[], None] = lambda: None
        store.fence = self._require

    def _require(self, connection: sa.Connection, interview_id: str) -> None:
        """What was taken over while the line was cut, or this process hung, is not written over; see `leases`."""
        try:
            leases.require(connection, interview_id, self.owner)
        except TakenOverError:
            self._lost()
            raise

    async def enter(self, told: Callable[[FleetNotice], None], back: Callable[[], None]) -> None:
        """See the port.

        Raises:
            StoreError: the server cannot be reached, or keeps no connection.
        """
        await asyncio.to_thread(self._store.upgrade)
        loop = asyncio.get_running_loop()

        def on_message(message: Message) -> None:
            loop.call_soon_threadsafe(told, FleetNotice(**message))

        self._lost = lambda: _on_loop(loop, back)
        line = FleetLine(self._store.database.url, self.owner, on_message, self._lost)
        if await asyncio.to_thread(line.start, STANDS_WITHIN_S):
            self._line = line
        else:
            await asyncio.to_thread(line.close)
            raise StoreError(
                "The database keeps no connection open for this process.",
                mend="Give COACH_DATABASE_URL the server's own address, or a pooler in session mode.",
            )

    async def _run(self, function: Callable[..., Result], *args: object) -> Result:
        """Asked by the program itself, whoever's request it serves."""
        with asking(None):
            return await self._store.arun(function, *args)

    async def take(self, interview_id: str, *, from_dead: bool = True) -> bool:
        """See the port."""
        return await self._run(partial(leases.take, from_dead=from_dead), interview_id, self.owner)

    async def give_back(self, interview_ids: Sequence[str]) -> None:
        """See the port."""
        await self._run(leases.give_back, self.owner, interview_ids)

    async def held(self) -> set[str] | None:
        """See the port."""
        return await self._run(leases.held, self.owner)

    async def bury(self) -> tuple[str, ...]:
        """See the port."""
        if self._line is None or self._line.stands_s < leases.DEAD_AFTER_S:
            return ()  # after a cut of all lines the others need a moment, too
        buried = await self._run(leases.bury)
        if buried.owners:
            told = "%d processes ended without a word; answers of %d interviews go on here"
            log.warning(told, len(buried.owners), len(buried.interviews))
        return buried.interviews

    async def say(self, notice: FleetNotice) -> None:
        """See the port."""
        await self._run(_say, notice)

    async def leave(self) -> None:
        """See the port."""
        line, self._line = self._line, None
        if line is not None:
            await asyncio.to_thread(line.close)
        await self._run(leases.leave, self.owner)


def _say(connection: sa.Connection, notice: FleetNotice) -> None:
    notices.send(connection, asdict(notice))


def _on_loop(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    loop.call_soon_threadsafe(call)
