"""A client whose interview is with another process: it is shown what happens there, and sent in once it is free."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

from starlette.websockets import WebSocket

from coach.contracts.events import ErrorEvent, ErrorPayload

CLOSE_COME_AGAIN = 1012
"""The interview can be had here now; the client connects anew."""
ELSEWHERE = "This interview is going on in another window: go on there, or close it."


class Watching:
    """One connected client that can only look."""

    def __init__(self, socket: WebSocket, events: AsyncGenerator[str, None]) -> None:
        """`events`: what happens elsewhere, as JSON."""
        self._socket = socket
        self._events = events

    async def run(self) -> None:
        """Serves until the interview is free or the client goes."""
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self) -> None:
        async for text in self._events:
            await self._socket.send_text(text)
        with suppress(RuntimeError):
            await self._socket.close(CLOSE_COME_AGAIN)

    async def _read(self) -> None:
        """Sound is left out; a command is refused, so that nobody believes it was heard."""
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("text") is not None:
                payload = ErrorPayload(code="OPEN_ELSEWHERE", message=ELSEWHERE, recoverable=True)
                await self._socket.send_text(ErrorEvent(payload=payload).model_dump_json())
