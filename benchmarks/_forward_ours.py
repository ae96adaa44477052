"""Our way from a browser's socket to the transcriber, for `forwarding.py`."""

import asyncio
import contextlib
import gc
import os
import socket
from pathlib import Path

import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from coach.errors import CoachError
from coach.speech.deepgram.transcriber import DeepgramTranscriber
from coach.speech.port import SpeechContext
from coach.speech.streaming.segment import LiveOptions

transcriber = DeepgramTranscriber(
    SecretStr("key"), os.environ["DEEPGRAM_BASE_URL"], options=LiveOptions(finalize_s=0.1, quiet_tail_s=0.05)
)


async def session(websocket: WebSocket) -> None:
    await websocket.accept()
    stream = await transcriber.open_stream(SpeechContext(interview_id="benchmark"))
    await stream.start_answer("attempt")
    try:
        while (message := await websocket.receive())["type"] != "websocket.disconnect":
            stream.push(message["bytes"])
    finally:
        with contextlib.suppress(CoachError):
            await stream.finish_answer(Path("no-recording"))
        await stream.close()


def main() -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    print(listener.getsockname()[1], flush=True)
    asyncio.run(transcriber.warm_up())
    gc.collect()
    gc.freeze()
    app = Starlette(routes=[WebSocketRoute("/ws", session)])
    config = uvicorn.Config(app, loop="uvloop", log_level="error", ws_per_message_deflate=False, lifespan="off")
    uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()
