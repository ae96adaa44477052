"""Interviews that are with another process: asking for them, giving them, and watching them from here.

An interview is with exactly one process. Who opens it at another one asks; a process to which nobody listens (the
proxy sends its people elsewhere) gives it at once, one that is in use keeps it, and who came is shown what happens
there. So two windows at two processes never tear an answer in two.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import suppress

from coach.contracts.interview import new_id
from coach.errors import CoachError
from coach.interview.broadcast import MAX_BACKLOG
from coach.interview.conductor import Conductor
from coach.interview.fleet import Fleet, FleetNotice, NoticeKind

log = logging.getLogger(__name__)

ASK_S = 1.5
"""How long another process is waited for that does not answer; one that is dead loses its interviews without it."""
AGAIN_S = 2.0
"""How often who watches from here asks whether the interview is free now."""
UNWATCHED_S = 10.0
"""A watcher that was not heard of for so long is gone."""
NOT_RELAYED = ("LEVEL", "SOUND_KEPT")
"""For the one who speaks only."""


class OpenElsewhereError(CoachError):
    """Another process has the interview, and somebody there is in it."""

    code = "OPEN_ELSEWHERE"
    retryable = True


class RemoteWatch:
    """What happens in an interview that is elsewhere: events as JSON texts, until it could be had here.

    Who does not take them is sent away when `MAX_BACKLOG` wait, and finds the place on coming back.
    """

    def __init__(self, interview_id: str) -> None:
        self.id = new_id()
        self.interview_id = interview_id
        self._texts: asyncio.Queue[str | None] = asyncio.Queue(MAX_BACKLOG)

    def put(self, text: str | None) -> None:
        """One event; None = the end."""
        if self._texts.full():
            while not self._texts.empty():
                self._texts.get_nowait()
            text = None
        self._texts.put_nowait(text)

    async def texts(self) -> AsyncGenerator[str, None]:
        """Each as it comes."""
        while (text := await self._texts.get()) is not None:
            yield text


class Elsewhere:
    """The dealings of this process with the others about single interviews."""

    def __init__(
        self,
        fleet: Fleet,
        *,
        find: Callable[[str], Conductor | None],
        give: Callable[[str], Awaitable[bool | None]],
        let_go: Callable[[str], Coroutine[object, None, None]],
    ) -> None:
        """All are the service's.

        Args:
            fleet: the others.
            find: an interview that is here.
            give: puts one away that nobody is in; whether it did, None where this process does not have it.
            let_go: one was deleted, or lost.
        """
        self._fleet = fleet
        self._find, self._give, self._let_go = find, give, let_go
        self._answers: dict[str, asyncio.Future[None]] = {}
        self._watches: dict[str, RemoteWatch] = {}
        self._relays: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def claim(self, interview_id: str, *, ask: bool = True) -> None:
        """From now on the interview is with this process.

        One whose process seems to be dead is taken once that had the time to answer: whose line was cut for a moment
        is back by then.

        Raises:
            OpenElsewhereError: it is with another one, which keeps it (or was not asked).
        """
        if await self._fleet.take(interview_id, from_dead=not ask):
            return
        if ask:
            answer = self._answers[interview_id] = asyncio.get_running_loop().create_future()
            try:
                await self._say("ask", interview_id)
                with suppress(TimeoutError):
                    await asyncio.wait_for(answer, ASK_S)
            finally:
                self._answers.pop(interview_id, None)
            if await self._fleet.take(interview_id):
                return
        raise OpenElsewhereError(
            "This interview is going on in another window.", mend="Go on there, or close it and come back here."
        )

    async def watch(self, interview_id: str) -> AsyncGenerator[str, None]:
        """Events of an interview that is elsewhere; ends once it is with this process."""
        watch = RemoteWatch(interview_id)
        self._watches[watch.id] = watch
        asking = self._begin(self._until_free(watch))
        try:
            async for text in watch.texts():
                yield text
        finally:
            asking.cancel()
            self._watches.pop(watch.id, None)
            await self._say("gone", interview_id, text=watch.id)

    async def _until_free(self, watch: RemoteWatch) -> None:
        while True:
            await self._say("watch", watch.interview_id, text=watch.id)
            await asyncio.sleep(AGAIN_S)
            with suppress(CoachError):
                await self.claim(watch.interview_id)
                watch.put(None)
                return

    def told(self, notice: FleetNotice) -> None:
        """What another process says; on the loop."""
        if notice.by == self._fleet.owner and notice.kind != "forget":
            return
        match notice.kind:
            case "ask":
                self._begin(self._asked(notice))
            case "stays" | "given" if notice.to == self._fleet.owner:
                answer = self._answers.get(notice.interview_id)
                if answer and not answer.done():
                    answer.set_result(None)
            case "watch" if self._find(notice.interview_id):
                self._watched(notice)
            case "event":
                if watch := self._watches.get(notice.to):
                    watch.put(notice.text)
            case "gone":
                self._relays.pop(notice.text, None)
            case "forget":
                self._begin(self._let_go(notice.interview_id))

    async def _asked(self, notice: FleetNotice) -> None:
        given = await self._give(notice.interview_id)
        if given is not None:
            await self._say("given" if given else "stays", notice.interview_id, to=notice.by)

    def _watched(self, notice: FleetNotice) -> None:
        known = notice.text in self._relays
        self._relays[notice.text] = asyncio.get_running_loop().time()
        if not known:
            self._begin(self._relay(notice.interview_id, notice.text))

    async def _relay(self, interview_id: str, watcher: str) -> None:
        """Sends a watcher what happens, as long as it is heard of."""
        conductor = self._find(interview_id)
        if conductor is None:
            return
        loop = asyncio.get_running_loop()
        try:
            async with conductor.subscribe(elsewhere=True) as events:
                async for event in events:
                    if loop.time() - self._relays.get(watcher, -UNWATCHED_S) >= UNWATCHED_S:
                        return
                    if event.type not in NOT_RELAYED:
                        await self._say("event", interview_id, to=watcher, text=event.model_dump_json())
        finally:
            self._relays.pop(watcher, None)

    async def _say(self, kind: NoticeKind, interview_id: str, *, to: str = "", text: str = "") -> None:
        try:
            await self._fleet.say(FleetNotice(kind, interview_id, self._fleet.owner, to, text))
        except CoachError as error:
            log.warning("the other processes could not be told: %s", error)

    def _begin(self, work: Coroutine[object, None, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.warning("dealing with another process failed (%s)", type(error).__name__)

    async def close(self) -> None:
        """Ends everything; who watches from here is sent away."""
        for watch in [*self._watches.values()]:
            watch.put(None)
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
