"""Spoken clips for the browser. The key cannot be guessed and is only told to who is to hear it: no token is asked."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

PATH = "/clips/{key}.wav"
HEADERS = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
GROWING = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Encoding": "identity"}
"""Whole or not at all; packed it would be held back."""


class StreamedClip(Protocol):
    """A clip that is still being made."""

    def wav(self) -> AsyncIterator[bytes]:
        """A WAV file of unknown length, each part as soon as it is there."""


class ClipFinder(Protocol):
    """Where clips are."""

    def find(self, key: str) -> Path | None:
        """The file of a clip; None for anything that is no key of a clip (blocking)."""

    def growing(self, key: str) -> StreamedClip | None:
        """A clip that is being made and can be heard already; on the event loop."""


def clip_url(key: str) -> str:
    """Where the browser finds a clip."""
    return PATH.format(key=key)


def clip_routes(clips: ClipFinder) -> list[BaseRoute]:
    """`GET /clips/{key}.wav`; understands Range. One that is still being made is sent as it grows, never cached."""

    async def clip(request: Request) -> Response:
        if growing := clips.growing(request.path_params["key"]):
            return StreamingResponse(growing.wav(), media_type="audio/wav", headers=GROWING)
        path = await asyncio.to_thread(clips.find, request.path_params["key"])
        return FileResponse(path, media_type="audio/wav", headers=HEADERS) if path else Response(status_code=404)

    return [Route(PATH, clip, methods=["GET"])]
