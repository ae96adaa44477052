"""The live avatar under a policy: connected only while that pays, the drawn persona for everything else.

The conversation sees one session. Behind it a connection to the vendor is opened for what the policy says live, kept
while its paid minute lasts and closed before the next begins; what the plan's credits do not cover is drawn, and told
once. All times are those of the running event loop's clock.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from math import isinf
from typing import Any

from coach.avatar.drawn import DrawnAvatar, DrawnSession
from coach.avatar.policy import AvatarPolicy
from coach.avatar.port import Avatar, AvatarEvent, AvatarListener, AvatarSession, SpeechRequest
from coach.contracts.usage import UsageEvent
from coach.errors import CoachError, VendorTimeoutError

Allowance = Callable[[str], Awaitable[int | None]]
"""Interview id -> avatar credits its plan has left by the ledger; None = no limit."""
USED_UP = "The avatar minutes of your plan are used up; your coach is drawn from here on."
NOT_THERE = "The avatar did not connect in time."


async def unlimited(_: str) -> int | None:
    """No plan, no limit."""
    return None


class GovernedSession:
    """One interview's avatar: at most one connection at a time."""

    def __init__(
        self,
        live: Avatar,
        drawn: DrawnSession,
        policy: AvatarPolicy,
        allowance: Allowance,
        *,
        interview_id: str,
        persona_id: str,
        listener: AvatarListener,
    ) -> None:
        self._live = live
        self._drawn = drawn
        self._policy = policy
        self._allowance = allowance
        self._interview_id = interview_id
        self._persona_id = persona_id
        self._listener = listener
        self._lock = asyncio.Lock()
        self._connection: AvatarSession | None = None
        self._opened_s = 0.0
        self._left: int | None = None
        self._task_id = ""
        self._asked = False
        self._told = False
        self._spent = 0
        self._used: list[UsageEvent] = []
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def speak(self, request: SpeechRequest) -> None:
        """Says it live where policy and credits allow, else through the drawn persona."""
        first = request.purpose == "question" and not self._asked
        self._asked = self._asked or first
        async with self._lock:
            self._unhold()
            if not self._policy.wants_live(request.purpose, first=first):
                await self._say_drawn(request)
            elif not await self._affords(request):
                await self._say_drawn(request, told=USED_UP)
            else:
                await self._say_live(request)

    async def cancel(self) -> None:
        """Stops whoever speaks; a connection that has nothing to say is held or closed."""
        async with self._lock:
            await self._drawn.cancel()
            if self._connection is not None:
                await self._connection.cancel()
                self._hold()

    def client_config(self) -> dict[str, Any]:
        """The drawn persona's, with `live` where a connection is open."""
        live = self._connection.client_config() if self._connection else None
        return {**self._drawn.client_config(), **({"live": live} if live else {})}

    async def usage(self) -> tuple[UsageEvent, ...]:
        """What all connections used; closes the one that is open, so that its count is final."""
        async with self._lock:
            await self._disconnect()
        self._spent = 0
        return tuple(self._used)

    async def close(self) -> None:
        """Leaves no connection, timer or task."""
        async with self._lock:
            await self._disconnect()
        for task in tuple(self._tasks):
            task.cancel()
        await self._drawn.close()

    async def _affords(self, request: SpeechRequest) -> bool:
        """Asks the plan only when a connection is needed; one that is open carries what it was told."""
        connected = None if self._connection is None else self._now() - self._opened_s
        if connected is None:
            by_ledger = await self._allowance(self._interview_id)
            self._left = None if by_ledger is None else by_ledger - self._spent
        left = self._left
        if left is not None and connected is not None:
            left -= self._policy.tariff.credits(connected)
        return self._policy.affords(left, self._policy.expected_s(request.text), connected_for_s=connected)

    async def _say_live(self, request: SpeechRequest) -> None:
        if self._connection is None:
            self._connection = await self._connect()
        self._task_id = request.task_id
        await self._connection.speak(request)

    async def _say_drawn(self, request: SpeechRequest, told: str = "") -> None:
        if told and not self._told:
            self._told = True
            await self._listener(AvatarEvent("told", request.task_id, detail=told))
        await self._drawn.speak(request)
        self._hold()

    async def _connect(self) -> AvatarSession:
        started = self._now()
        try:
            async with asyncio.timeout(self._policy.connect_patience_s):
                made = await self._live.open(
                    interview_id=self._interview_id, persona_id=self._persona_id, listener=self._heard
                )
        except TimeoutError as error:
            raise VendorTimeoutError(NOT_THERE) from error
        self._opened_s = started
        return made

    async def _heard(self, event: AvatarEvent) -> None:
        """Passes on what happens; the end of the words starts the wait, a connection lost in silence is no loss."""
        over = event.kind in ("speech_ended", "speech_failed") and event.task_id == self._task_id
        if event.kind == "down":
            speaking, self._task_id = self._task_id, ""
            self._later(self._drop())
            if not speaking:
                return
        elif over:
            self._task_id = ""
            self._hold()
        await self._listener(event)

    def _hold(self) -> None:
        """Closes the silent connection when the policy says; never one that speaks."""
        self._unhold()
        if self._connection is None:
            return
        now = self._now()
        at = self._policy.close_at(self._opened_s, now, minutes_left=self._minutes_left(now))
        if not isinf(at):
            self._timer = asyncio.get_running_loop().call_later(at - now, lambda: self._later(self._drop()))

    def _minutes_left(self, now: float) -> int | None:
        if self._left is None:
            return None
        tariff = self._policy.tariff
        return max(0, self._left - tariff.credits(now - self._opened_s)) // tariff.credits_per_minute

    def _unhold(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None

    def _later(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drop(self) -> None:
        async with self._lock:
            if not self._task_id:
                await self._disconnect()

    async def _disconnect(self) -> None:
        self._unhold()
        self._task_id = ""
        session, self._connection = self._connection, None
        if session is None:
            return
        await session.close()
        self._spent += self._policy.tariff.credits(self._now() - self._opened_s)
        with suppress(CoachError):
            self._used += await session.usage()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


class GovernedAvatar:
    """A live avatar with a policy in front of it."""

    def __init__(
        self, live: Avatar, drawn: DrawnAvatar, policy: AvatarPolicy, *, allowance: Allowance = unlimited
    ) -> None:
        """`allowance` tells what an interview's plan has left; asked before each connection."""
        self._live = live
        self._drawn = drawn
        self._policy = policy
        self._allowance = allowance
        self.name = live.name
        self.label = live.label

    async def open(self, *, interview_id: str, persona_id: str, listener: AvatarListener) -> GovernedSession:
        """Connects to nothing yet."""
        drawn = await self._drawn.open(interview_id=interview_id, persona_id=persona_id, listener=listener)
        return GovernedSession(
            self._live,
            drawn,
            self._policy,
            self._allowance,
            interview_id=interview_id,
            persona_id=persona_id,
            listener=listener,
        )

    async def close(self) -> None:
        """Closes both."""
        await self._live.close()
        await self._drawn.close()
