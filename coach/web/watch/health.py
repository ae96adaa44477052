"""`/healthz` (it answers), `/readyz` (it can do its main job: take an answer and keep it), `/metrics`."""

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from coach.errors import CoachError
from coach.web.watch.figures import Figures

LIMIT_S = 3.0
LEAST_FREE_BYTES = 200 * 1024 * 1024
"""Below this an hour of sound may not fit any more."""
PATHS = ("/healthz", "/readyz", "/metrics")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing the main job needs: `ask` raises a `CoachError` or `OSError` where it is missing."""

    name: str
    ask: Callable[[], Awaitable[object]]


async def trouble_of(check: Check) -> str:
    """What is wrong, in a sentence that is safe to show; empty when nothing is."""
    try:
        async with asyncio.timeout(LIMIT_S):
            await check.ask()
    except TimeoutError:
        return f"does not answer within {LIMIT_S:.0f} s"
    except CoachError as error:
        return str(error)
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


def room_for_recordings(folder: Path) -> None:
    """A recording can be written.

    Raises:
        OSError: the folder cannot be written, or the disk is nearly full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(b"x")
        probe.flush()
    if (free := shutil.disk_usage(folder).free) < LEAST_FREE_BYTES:
        raise OSError(28, f"only {free // 1_000_000} MB are left on the disk")


def health_routes(
    figures: Figures,
    checks: list[Check],
    standing: Callable[[], Mapping[str, float]],
    providers: Callable[[], Mapping[str, str]] = dict,
) -> list[BaseRoute]:
    """The three addresses.

    Args:
        figures: what was counted.
        checks: what the main job needs.
        standing: gauges of this moment; called in a thread.
        providers: what was last found of each. Told, and no reason not to be ready: answers are taken and kept without.
    """

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        found = dict(zip((c.name for c in checks), await asyncio.gather(*map(trouble_of, checks)), strict=True))
        ready = not any(found.values())
        told = {name: trouble or "ok" for name, trouble in found.items()}
        status = "ready" if ready else "not ready"
        return JSONResponse({"status": status, "checks": told, "providers": {**providers()}}, 200 if ready else 503)

    async def metrics(_: Request) -> Response:
        here = {"tasks": float(len(asyncio.all_tasks())), "threads": float(threading.active_count())}
        text = figures.text({**await asyncio.to_thread(standing), **here})
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    return [Route(path, handler) for path, handler in zip(PATHS, (healthz, readyz, metrics), strict=True)]
