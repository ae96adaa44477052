"""The whole application in one process, without the limit on how many interviews a client begins in a minute.

`python -m benchmarks._pairing_server PORT HOME`. Pages, routes, upkeep and database are real.
"""

import os
import sys

import uvicorn
from limits import RateLimitItemPerMinute
from starlette.responses import JSONResponse
from starlette.routing import Route

os.environ.update(COACH_HOME=sys.argv[2], COACH_BRAIN="offline", COACH_TRANSCRIBER="typed")

from streamlit.starlette import App

from coach.web import access
from pages.asgi import HOME, lifespan, own_routes

access.INITS_PER_CLIENT = access.INITS_OF_ALL = RateLimitItemPerMinute(1_000_000)


async def ready(_: object) -> JSONResponse:
    """Answers once the application has started."""
    return JSONResponse({})


app = App(HOME, routes=[*own_routes(), Route("/figures", ready)], lifespan=lifespan)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", ws="websockets-sansio")
