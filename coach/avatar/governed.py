"""The live avatar under a policy: connected only while that pays, the drawn persona for everything else.

The conversation sees one session. Behind it a connection to the vendor is opened for what the policy says live, kept
while its paid minute lasts and closed before the next begins; what the plan's credits do not cover is drawn, and told
once. Connecting goes on beside the conversation. Whatever the live avatar cannot say, however late that shows, the
drawn persona says; after two failures it says everything. All times are those of the running event loop's clock.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from math import isinf

from coach.avatar.drawn import DrawnAvatar, DrawnSession, VoiceSource
from coach.avatar.policy import AvatarPolicy
from coach.avatar.port import Avatar, AvatarEvent, AvatarListener, AvatarSession, SpeechRequest
from coach.contracts.usage import UsageEvent
from coach.errors import CoachError, VendorError, VendorTimeoutError

log = logging.getLogger(__name__)
Allowance = Callable[[str], Awaitable[int | None]]
"""Interview id -> avatar credits its plan has left by the ledger; None = no limit."""
USED_UP = "The avatar minutes of your plan are used up; your coach is drawn from here on."
AUDIO_MODE = "The avatar is not available; continuing in audio mode."
NOT_THERE = "The avatar did not connect in time."
CUT_OFF = "The avatar was cut off."
FAILURES_BORNE = 1
"""So often a live utterance may fail before the live avatar is left alone for the rest of the interview."""


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
        prepare: VoiceSource | None = None,
    ) -> None:
        self._live = live
        self._drawn = drawn
        self._policy = policy
        self._allowance = allowance
        self._interview_id = interview_id
        self._persona_id = persona_id
        self._listener = listener
        self._prepare = prepare
        self._lock = asyncio.Lock()
        self._connection: AvatarSession | None = None
        self._opened_s = 0.0
        self._left: int | None = None
        self._saying: SpeechRequest | None = None
        self._speaking: asyncio.Task[None] | None = None
        self._asked = False
        self._shown = False
        self._told: set[str] = set()
        self._failures = 0
        self._spent = 0
        self._used: list[UsageEvent] = []
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def speak(self, request: SpeechRequest) -> None:
        """Says it live where policy and credits allow, else through the drawn persona."""
        first = request.purpose == "question" and not self._asked
        self._asked = self._asked or first
        await self._stop_speaking()
        async with self._lock:
            self._unhold()
            if self._failures > FAILURES_BORNE or not self._policy.wants_live(request.purpose, first=first):
                await self._say_drawn(request)
            elif not await self._affords(request):
                await self._say_drawn(request, told=USED_UP, code="AVATAR_DRAWN")
            else:
                self._saying = request
                self._speaking = asyncio.create_task(self._say_live(request))

    async def cancel(self) -> None:
        """Stops whoever speaks; a connection that has nothing to say is held or closed."""
        await self._stop_speaking()
        async with self._lock:
            self._saying = None
            await self._drawn.cancel()
            if self._connection is None:
                return
            try:
                await self._connection.cancel()
            except CoachError:
                await self._disconnect()
            self._hold()

    async def seen(self, *, shown: bool) -> None:
        """The browser shows the live picture; where it cannot, the drawn persona goes on."""
        self._shown = shown
        if shown:
            if self._connection is not None:
                await self._connection.seen(shown=True)
        elif self._connection is not None or self._saying is not None:
            self._later(self._unseen(self._saying))

    def client_config(self) -> dict[str, object]:
        """The drawn persona's, with `live` where a connection is open."""
        live = self._connection.client_config() if self._connection else None
        return {**self._drawn.client_config(), **({"live": live} if live else {})}

    async def usage(self) -> tuple[UsageEvent, ...]:
        """What all connections used; closes the one that is open, so that its count is final."""
        await self._stop_speaking()
        async with self._lock:
            await self._disconnect()
        await self._settle()
        self._spent = 0
        return tuple(self._used)

    async def close(self) -> None:
        """Leaves no connection, timer or task."""
        await self._stop_speaking()
        async with self._lock:
            await self._disconnect()
        await self._settle()
        await self._drawn.close()

    async def _stop_speaking(self) -> None:
        """Whoever connects or waits to speak gives up; what had been opened meanwhile ends itself."""
        speaking, self._speaking = self._speaking, None
        if speaking and speaking is not asyncio.current_task():
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)

    async def _affords(self, request: SpeechRequest) -> bool:
        """Asks the plan only when a connection is needed; one that is open carries what it was told."""
        connected = None if self._connection is None else self._now() - self._opened_s
        if connected is None:
            by_ledger = await self._allowance(self._interview_id)
            self._left = None if by_ledger is None else by_ledger - self._spent
        left = self._left
        if left is not None and connected is not None:
            left -= self._policy.tariff.credits(connected)
        return self._policy.affords(left, self._policy.expected_s(request.words), connected_for_s=connected)

    async def _say_live(self, request: SpeechRequest) -> None:
        try:
            async with self._lock:
                if self._connection is None:
                    self._connection = await self._connect(request)
                connection = self._connection
            await connection.speak(request)
        except CoachError as error:
            await self._instead(request, error)

    async def _instead(self, request: SpeechRequest, error: CoachError) -> None:
        """The drawn persona says what the live avatar could not; the person is told once, quietly."""
        async with self._lock:
            if self._saying is not request:
                return
            log.warning("the live avatar could not speak (%s): %s", error.code, error)
            self._failures += 1 if error.retryable else FAILURES_BORNE + 1
            await self._disconnect()
            await self._say_drawn(request, told=AUDIO_MODE, code="AVATAR_DOWN")

    async def _unseen(self, request: SpeechRequest | None) -> None:
        """FULL is said by the browser, which says it otherwise by itself; LITE is said again by the drawn persona."""
        error = VendorError("The picture of the avatar cannot be shown.")
        if request is not None and self._policy.tariff.mode == "lite":
            return await self._instead(request, error)
        async with self._lock:
            self._failures += 1
            await self._disconnect()
            await self._tell(AUDIO_MODE, "AVATAR_DOWN", request.task_id if request else "")
        return None

    async def _say_drawn(self, request: SpeechRequest, told: str = "", code: str = "") -> None:
        self._saying = None
        if told:
            await self._tell(told, code, request.task_id)
        await self._drawn.speak(request)
        self._hold()

    async def _tell(self, told: str, code: str, task_id: str) -> None:
        if told not in self._told:
            self._told.add(told)
            await self._listener(AvatarEvent("told", task_id, detail=told, code=code))

    async def _connect(self, request: SpeechRequest) -> AvatarSession:
        """Its sound is made meanwhile, and there for the drawn persona if nothing comes of it."""
        if self._prepare:
            self._later(self._ready(self._prepare, request))
        started, self._shown = self._now(), False
        try:
            async with asyncio.timeout(self._policy.connect_patience_s):
                made = await self._live.open(
                    interview_id=self._interview_id, persona_id=self._persona_id, listener=self._heard
                )
        except TimeoutError as error:
            raise VendorTimeoutError(NOT_THERE) from error
        self._opened_s = started
        if self._shown:
            await made.seen(shown=True)
        return made

    async def _ready(self, prepare: VoiceSource, request: SpeechRequest) -> None:
        with suppress(CoachError):
            for part in request.parts():
                await prepare(part, persona_id=self._persona_id, interview_id=self._interview_id)

    async def _heard(self, event: AvatarEvent) -> None:
        """Passes on what happens; the end of the words starts the wait, a connection lost in silence is no loss."""
        mine = self._saying is not None and event.task_id in ("", self._saying.task_id)
        if event.kind == "down" and self._saying is None:
            self._later(self._drop())
        elif event.kind in ("down", "speech_failed") and mine and self._saying:
            self._later(self._instead(self._saying, VendorError(CUT_OFF)))
        elif event.kind not in ("down", "speech_failed"):
            if event.kind == "speech_ended" and mine:
                self._saying = None
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

    def _later(self, work: Coroutine[object, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _settle(self) -> None:
        """Waits for counts that are being read, and for whatever else is under way."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _drop(self) -> None:
        async with self._lock:
            if self._saying is None:
                await self._disconnect()

    async def _disconnect(self) -> None:
        self._unhold()
        session, self._connection = self._connection, None
        if session is None:
            return
        self._spent += self._policy.tariff.credits(self._now() - self._opened_s)
        await self._listener(AvatarEvent("view"))
        await session.close()
        self._later(self._count(session))

    async def _count(self, session: AvatarSession) -> None:
        with suppress(CoachError):
            self._used += await session.usage()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


class GovernedAvatar:
    """A live avatar with a policy in front of it."""

    def __init__(
        self,
        live: Avatar,
        drawn: DrawnAvatar,
        policy: AvatarPolicy,
        *,
        allowance: Allowance = unlimited,
        prepare: VoiceSource | None = None,
    ) -> None:
        """`allowance` tells what an interview's plan has left; asked before each connection.

        `prepare` makes the sound of an utterance ready while the connection is made.
        """
        self._live = live
        self._drawn = drawn
        self._policy = policy
        self._allowance = allowance
        self._prepare = prepare
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
            prepare=self._prepare,
        )

    async def close(self) -> None:
        """Closes both."""
        await self._live.close()
        await self._drawn.close()
