"""Spoken clips for the browser. The key cannot be guessed and is only told to who is to hear it: no token is asked."""

import asyncio
from pathlib import Path
from typing import Protocol

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

PATH = "/clips/{key}.wav"
HEADERS = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


class ClipFinder(Protocol):
    """Where clips are."""

    def find(self, key: str) -> Path | None:
        """The file of a clip; None for anything that is no key of a clip (blocking)."""


def clip_url(key: str) -> str:
    """Where the browser finds a clip."""
    return PATH.format(key=key)


def clip_routes(clips: ClipFinder) -> list[BaseRoute]:
    """`GET /clips/{key}.wav`; understands Range."""

    async def clip(request: Request) -> Response:
        path = await asyncio.to_thread(clips.find, request.path_params["key"])
        return FileResponse(path, media_type="audio/wav", headers=HEADERS) if path else Response(status_code=404)

    return [Route(PATH, clip, methods=["GET"])]
