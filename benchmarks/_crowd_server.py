"""The whole application in one process, its interviews on a transcriber that only notes when each frame reached it.

`python -m benchmarks._crowd_server PORT HOME`. Pages, sockets, recordings, voice activity and database are real.
`POST /measure` begins a measurement, `GET /figures` gives frames, delays (ms), CPU seconds, wall seconds and RSS (MB).
"""

import os
import sys
import time
from pathlib import Path

import psutil
import uvicorn
from limits import RateLimitItemPerMinute
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

os.environ["COACH_HOME"] = sys.argv[2]

from streamlit.starlette import App

from benchmarks._playing import percentiles
from coach import bootstrap
from coach.avatar.drawn import DrawnAvatar
from coach.interview import defaults
from coach.interview.dependencies import Dependencies
from coach.interview.service import InterviewService
from coach.speech.port import SpeechContext
from coach.web import access
from pages.asgi import HOME, front_door, lifespan, own_routes
from tests.fakes import vendors

_delays_ns: list[int] = []
_since = {"cpu": 0.0, "wall": 0.0}
_me = psutil.Process()


class TimedStream(vendors.FakeStream):
    """Notes the delay of every frame by the moment written into it."""

    def push(self, frame: bytes) -> None:
        _delays_ns.append(time.monotonic_ns() - int.from_bytes(frame[:8], "little"))


class TimedTranscriber(vendors.FakeTranscriber):
    """Opens timed streams."""

    async def open_stream(self, context: SpeechContext) -> TimedStream:
        return TimedStream(self)


async def measure(_: Request) -> JSONResponse:
    """Begins anew."""
    _delays_ns.clear()
    _since.update(cpu=sum(_me.cpu_times()[:2]), wall=time.monotonic())
    return JSONResponse({})


async def figures(_: Request) -> JSONResponse:
    """What was measured since."""
    delays = [d / 1e6 for d in _delays_ns]
    return JSONResponse(
        {
            "frames": len(delays),
            "delays": percentiles(delays, 50, 99, 100),
            "cpu_s": sum(_me.cpu_times()[:2]) - _since["cpu"],
            "wall_s": time.monotonic() - _since["wall"],
            "rss_mb": _me.memory_info().rss / 1e6,
        }
    )


def main() -> None:
    """Serves until it is ended."""
    home = Path(sys.argv[2])
    access.SOCKETS_PER_ADDRESS = 10_000
    access.INITS_PER_CLIENT = access.INITS_OF_ALL = RateLimitItemPerMinute(10_000)
    parts = bootstrap.services()
    parts.__dict__["transcriber"] = TimedTranscriber()
    parts.__dict__["hub"] = InterviewService(
        Dependencies(
            store=parts.store,
            transcriber=parts.transcriber,
            brain=vendors.FakeBrain(),
            avatar=DrawnAvatar(),
            archive=parts.archive,
            journal_dir=home / "journal",
            ear=defaults.ear,
        )
    )
    more = [Route("/measure", measure, methods=["POST"]), Route("/figures", figures)]
    app = App(HOME, routes=[*own_routes(), *more], middleware=front_door(), lifespan=lifespan)
    uvicorn.run(app, port=int(sys.argv[1]), log_level="error", loop="uvloop", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main()
