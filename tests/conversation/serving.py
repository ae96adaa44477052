"""A real server on a free port, in this loop, for tests that speak HTTP and WebSocket."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette

from coach.interview.service import InterviewService
from coach.web import routes


@dataclass
class Services:
    hub: InterviewService
    archive: Any
    stories: Any = None


@asynccontextmanager
async def running(app: Any, http: str = "auto") -> AsyncIterator[str]:
    """Serves an application on a free port; gives `host:port`. `http` names one of uvicorn's protocols."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="websockets-sansio", http=http))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
        await asyncio.sleep(0.005)
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def served(hub: InterviewService, **more: Any) -> AsyncIterator[str]:
    """Serves the interface of `hub`; gives `host:port`."""
    try:
        async with running(Starlette(routes=routes(Services(hub, hub.parts.archive, **more)))) as host:
            yield host
    finally:
        await hub.close()
