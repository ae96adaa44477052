"""A process with a loopback model and a loopback avatar that note when things left and arrived.

`python -m benchmarks._vendors PORT TOKENS_PER_S`. The model streams one evaluation per call in pieces of 4
characters. The moment the piece with the brace that closes `follow_up` leaves is noted by the follow-up's text, and
so is the moment the avatar gets the request with that text. `GET /figures` gives the pairs. Monotonic clock, the same
for all processes.
"""

import asyncio
import itertools
import json
import sys
import time

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from tests.fakes.avatar_server import AvatarServer
from tests.fakes.openai_server import Reply, response_events
from tests.fakes.vendors import evaluation

CHUNK = 4
_numbers = itertools.count()
_sent: dict[str, int] = {}
_pace_s = 1 / float(sys.argv[2]) if len(sys.argv) > 2 else 0.0


def answer() -> tuple[str, str]:
    """An evaluation of about 4 kB that asks a follow-up nobody asked before."""
    question = f"Which number changed in the end, and by how much, case {next(_numbers)}?"
    body = evaluation(6.5, question).model_dump(mode="json")
    body["metadata"]["follow_up_type"] = "missing_star"
    body["content_feedback"]["star_checklist"]["result"] = {"status": "missing", "note": "no number"}
    body["rewrite"]["polished_answer"] = "I led the migration of our night run. " * 55
    return question, json.dumps(body)


async def responses(request: Request) -> StreamingResponse:
    """POST /v1/responses, streamed."""
    await request.body()
    question, text = answer()
    closes = text.index("}", text.index('"follow_up"'))

    async def stream():
        at, due = 0, time.monotonic()
        async for event in response_events(Reply(text=text, chunk=CHUNK)):
            delta = event["type"] == "response.output_text.delta"
            if delta:
                due += _pace_s
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if at <= closes < at + CHUNK:
                    _sent[question] = time.monotonic_ns()
                at += CHUNK
            yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()

    return StreamingResponse(stream(), media_type="text/event-stream")


def app():
    """Model and avatar on one port."""
    avatar = AvatarServer(speaks_for_s=0.05)

    async def figures(_: Request) -> JSONResponse:
        got = {s["text"]: s["received_ns"] for s in avatar.spoken}
        return JSONResponse([(got[q] - at) / 1e6 for q, at in _sent.items() if q in got])

    avatar.app.router.routes += [Route("/v1/responses", responses, methods=["POST"]), Route("/figures", figures)]
    return avatar.app


if __name__ == "__main__":
    uvicorn.run(app(), port=int(sys.argv[1]), log_level="error", timeout_graceful_shutdown=1)
