"""Several processes on one server without a database: who has which interview, and what they tell each other."""

import asyncio
from collections.abc import Callable, Sequence

from coach.contracts.interview import new_id
from coach.errors import StoreError
from coach.interview.fleet import FleetNotice


class FleetServer:
    """What they share."""

    def __init__(self) -> None:
        self.holders: dict[str, str] = {}
        self.told: list[Callable[[FleetNotice], None]] = []


class MemoryFleet:
    """One of them; `away` times it does not reach the others."""

    def __init__(self, server: FleetServer, away: int = 0) -> None:
        self.owner = new_id()
        self._server = server
        self._away = away
        self.entered = asyncio.Event()

    async def enter(self, told: Callable[[FleetNotice], None], back: Callable[[], None]) -> None:
        if self._away:
            self._away -= 1
            raise StoreError("The database cannot be reached.")
        self._server.told.append(told)
        self.entered.set()

    async def take(self, interview_id: str, *, from_dead: bool = True) -> bool:
        return self._server.holders.setdefault(interview_id, self.owner) == self.owner

    async def give_back(self, interview_ids: Sequence[str]) -> None:
        for interview_id in interview_ids:
            if self._server.holders.get(interview_id) == self.owner:
                del self._server.holders[interview_id]

    async def held(self) -> set[str]:
        return {each for each, owner in self._server.holders.items() if owner == self.owner}

    async def bury(self) -> tuple[str, ...]:
        return ()

    async def say(self, notice: FleetNotice) -> None:
        for told in self._server.told:
            asyncio.get_running_loop().call_soon(told, notice)

    async def leave(self) -> None:
        await self.give_back([*await self.held()])
