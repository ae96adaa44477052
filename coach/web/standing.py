"""An open socket ends with the session it was opened in: who signed out everywhere is out everywhere."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coach.errors import CoachError, StoreError

LOOK_EVERY_S = 2.0
CLOSE_SIGNED_OUT = 4401
"""What the interview's page takes for "you may not come in", as it does for a dead token."""


async def serve_while(
    still: Callable[[], Awaitable[object]], app: ASGIApp, scope: Scope, receive: Receive, send: Send
) -> None:
    """Serves a socket until it ends, or until `still` raises: then it is closed, and nothing more leaves on it.

    Args:
        still: raises a `CoachError` once the caller may not go on; one of the database ends nobody's session.
        app: what serves it.
        scope: of the socket.
        receive: from the client; the server tells it that the socket was closed.
        send: to the client.
    """
    over = False

    async def told(message: Message) -> None:
        if not over:
            await send(message)

    async def look() -> None:
        nonlocal over
        while not over:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await still()
            except StoreError:
                continue
            except CoachError as error:
                over = True
                await send({"type": "websocket.close", "code": CLOSE_SIGNED_OUT, "reason": str(error)[:120]})

    looking = asyncio.create_task(look())
    try:
        await app(scope, receive, told)
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
