"""The WebSocket under the Deepgram SDK, plugged in where the SDK provides for it (`transport_factory`).

The SDK's own choice compresses audio where the server lets it and may take 10 s to close a dead connection.
This one does neither, and costs less CPU time per frame (docs/speech.md).
"""

import ipaddress
from collections.abc import AsyncIterator
from typing import Any, cast
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedOK
from websockets.protocol import State

OPEN_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 0.5
PING_S = 10.0


class AudioConnection(ClientConnection):
    """A connection with a short way for small frames: no context, no drain while the socket takes what it is given."""

    async def send_frame(self, data: bytes) -> None:
        """`send` of a binary message."""
        if self.protocol.state is not State.OPEN or self.paused or self.send_in_progress is not None:
            await self.send(data)
            return
        self.protocol.send_binary(data)
        self.send_data()


class DeepgramTransport:
    """Implements the SDK's `AsyncTransport`. Connects on first use; `send(b"")` connects and sends nothing."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._url = url
        self._headers = headers
        self._connection: AudioConnection | None = None

    async def send(self, data: Any) -> None:
        """Sends text or bytes."""
        connection = self._connection or await self._connect()
        if isinstance(data, str):
            await connection.send(data)
        elif data:
            await connection.send_frame(data)

    async def recv(self) -> Any:
        """The next message."""
        return await (self._connection or await self._connect()).recv(decode=True)

    async def __aiter__(self) -> AsyncIterator[object]:
        connection = self._connection or await self._connect()
        try:
            while True:
                yield await connection.recv()
        except ConnectionClosedOK:
            return

    async def close(self) -> None:
        """Closes within `CLOSE_TIMEOUT_S`, whatever the server does."""
        if self._connection is not None:
            await self._connection.close()

    async def _connect(self) -> AudioConnection:
        connection = await connect(
            self._url,
            additional_headers=self._headers,
            compression=None,
            proxy=None if _is_loopback(self._url) else True,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            create_connection=AudioConnection,
        )
        self._connection = cast(AudioConnection, connection)
        return self._connection


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
