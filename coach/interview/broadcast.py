"""Events of one interview to every client that listens; a slow client never slows another."""

import asyncio
from collections.abc import AsyncIterator
from typing import Self

from coach.contracts.events import Event

MAX_BACKLOG = 256


class Subscription:
    """One listener's queue. `async for event in subscription`; ends when the interview or the listener closes it.

    Level events are replaced by newer ones. A listener that lets `MAX_BACKLOG` other events pile up is cut off
    (`overrun`): it reconnects and finds its place through SESSION_STATE.
    """

    def __init__(self, fanout: "Broadcast", *, elsewhere: bool = False) -> None:
        self._fanout = fanout
        self.elsewhere = elsewhere
        self._events: list[Event] = []
        self._ready = asyncio.Event()
        self.closed = False
        self.overrun = False

    @property
    def backlog(self) -> int:
        """Events not yet taken."""
        return len(self._events)

    def put(self, event: Event) -> None:
        """Queues `event` without waiting."""
        if self.closed:
            return
        if event.type == "LEVEL" and self._events and self._events[-1].type == "LEVEL":
            self._events[-1] = event
        else:
            self._events.append(event)
        if len(self._events) > MAX_BACKLOG:
            self.overrun = True
            self.close()
        self._ready.set()

    def close(self) -> None:
        """Ends the iteration after what is queued."""
        self.closed = True
        self._fanout.drop(self)
        self._ready.set()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            if self.closed:
                raise StopAsyncIteration
            self._ready.clear()
            await self._ready.wait()
        return self._events.pop(0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


class Broadcast:
    """All listeners of one interview."""

    def __init__(self) -> None:
        self._listeners: list[Subscription] = []

    def __len__(self) -> int:
        """How many listen here; who watches from another process is in no answer and counts for nothing."""
        return sum(not listener.elsewhere for listener in self._listeners)

    def subscribe(self, first: list[Event], *, elsewhere: bool = False) -> Subscription:
        """A new listener that starts with the events of `first`; `elsewhere`: it passes them to another process."""
        listener = Subscription(self, elsewhere=elsewhere)
        self._listeners.append(listener)
        for event in first:
            listener.put(event)
        return listener

    def emit(self, event: Event) -> None:
        """Hands `event` to everybody."""
        for listener in tuple(self._listeners):
            listener.put(event)

    def drop(self, listener: Subscription) -> None:
        """Forgets a listener."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def close(self) -> None:
        """Ends every listener after what it has queued."""
        for listener in tuple(self._listeners):
            listener.close()
