"""Clients that send a request slowly, or never to its end: they hold a connection for a while and keep nobody out.

uvicorn waits for the rest of a request for ever, so that some thousand connections that send a byte now and then
("slow loris") use up the descriptors of the process. Here the head has to be complete after some seconds, a body has to
come at a least rate, and of the unfinished requests of one address the oldest gives way. The figures of time and rate
are those that Apache's `mod_reqtimeout` ships with; WebSockets have limits of their own.
"""

import asyncio
import logging
from functools import cache
from typing import Any, cast

log = logging.getLogger(__name__)

HEAD_WITHIN_S = 20.0
HEAD_BYTES = 64 * 1024
BODY_GRACE_S = 20.0
"""A body may take this long at any rate."""
BODY_BYTES_PER_S = 500.0
LOOK_EVERY_S = 1.0
UNFINISHED_PER_ADDRESS = 128
UNFINISHED_OF_ALL = 512
"""Half of the 1,024 descriptors a process usually may have."""


class _Unfinished:
    """The connections whose request is not complete yet, by address, the oldest first."""

    def __init__(self) -> None:
        self._of: dict[str, dict[_Patient, None]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._of.values()))

    def enter(self, connection: "_Patient", address: str) -> None:
        """Takes one in; where there are too many, the oldest of that address or of the busiest one is ended."""
        theirs = self._of.setdefault(address, {})
        if len(theirs) >= UNFINISHED_PER_ADDRESS:
            next(iter(theirs)).end(408)
        elif len(self) >= UNFINISHED_OF_ALL:
            busiest = max(self._of, key=lambda name: len(self._of[name]))
            next(iter(self._of[busiest])).end(408)
        self._of.setdefault(address, {})[connection] = None

    def leave(self, connection: "_Patient", address: str) -> None:
        """Its request is complete, or the connection is gone."""
        theirs = self._of.get(address, {})
        theirs.pop(connection, None)
        if not theirs:
            self._of.pop(address, None)


_unfinished = _Unfinished()


class _Patient(asyncio.Protocol):
    """Mixed into uvicorn's HTTP protocol, whichever it is; tells from its `cycle` what is still to come."""

    cycle: Any
    flow: Any
    client: tuple[str, int] | None
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection without a request is one with an incomplete head."""
        super().connection_made(transport)
        self._loop = asyncio.get_running_loop()
        self._stage = ""
        self._received = 0
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._address = self.client[0] if self.client else ""
        self._wait_for("head")

    def data_received(self, data: bytes) -> None:
        """Hands the bytes on and sees what is complete now."""
        self._received += len(data)
        super().data_received(data)
        coming = self._coming()
        if coming != self._stage:
            self._wait_for(coming)
        elif coming == "head" and self._received > HEAD_BYTES:
            self.end(431)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._wait_for("")
        super().connection_lost(exc)

    def _coming(self) -> str:
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            return ""
        if self.cycle is None or self.cycle.response_complete:
            return "head"
        return "body" if self.cycle.more_body else ""

    def _wait_for(self, stage: str) -> None:
        if stage and not self._stage:
            _unfinished.enter(self, self._address)
        elif self._stage and not stage:
            _unfinished.leave(self, self._address)
        self._stage, self._received, self._since = stage, 0, self._loop.time()
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_later(LOOK_EVERY_S, self._look) if stage else None

    def _look(self) -> None:
        if not self._coming():
            self._wait_for("")
            return
        if self.flow.read_paused:  # we are the slow ones
            self._since += LOOK_EVERY_S
        elif self._too_slow(self._loop.time() - self._since):
            self.end(408)
            return
        self._timer = self._loop.call_later(LOOK_EVERY_S, self._look)

    def _too_slow(self, seconds: float) -> bool:
        if self._stage == "head":
            return seconds > HEAD_WITHIN_S
        return self._received < BODY_BYTES_PER_S * (seconds - BODY_GRACE_S)

    def end(self, status: int) -> None:
        """Closes the connection, with the status where no answer has begun."""
        log.debug("a request that did not come to its end was answered with %d", status)
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(b"HTTP/1.1 %d \r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status)
        self._wait_for("")
        self.transport.close()


@cache
def patient(protocol: type[asyncio.Protocol]) -> type[asyncio.Protocol]:
    """A uvicorn HTTP protocol whose patience ends."""
    if issubclass(protocol, _Patient):
        return protocol
    return cast(type[asyncio.Protocol], type(f"Patient{protocol.__name__}", (_Patient, protocol), {}))
