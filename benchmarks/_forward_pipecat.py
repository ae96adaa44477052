"""pipecat's way from a browser's socket to the transcriber, for `forwarding.py`; runs in pipecat's own environment.

Transport in, Deepgram out, nothing between; with LEAN set also without turn tracking, RTVI and idle watch.
"""

import gc
import os
import socket

import uvicorn
from fastapi import FastAPI, WebSocket
from loguru import logger
from pipecat.frames.frames import Frame, InputAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner

LEAN = {"enable_turn_tracking": False, "enable_rtvi": False, "idle_timeout_secs": None} if "LEAN" in os.environ else {}

logger.remove()
app = FastAPI()


class RawPcm(FrameSerializer):
    """Binary frames are 16 kHz mono PCM."""

    async def serialize(self, frame: Frame) -> bytes | None:
        return None

    async def deserialize(self, data: str | bytes) -> Frame | None:
        return InputAudioRawFrame(audio=data, sample_rate=16_000, num_channels=1) if isinstance(data, bytes) else None


@app.websocket("/ws")
async def session(websocket: WebSocket) -> None:
    await websocket.accept()
    transport = FastAPIWebsocketTransport(
        websocket, FastAPIWebsocketParams(audio_in_enabled=True, audio_in_sample_rate=16_000, serializer=RawPcm())
    )
    stt = DeepgramSTTService(api_key="key", base_url=os.environ["DEEPGRAM_BASE_URL"], sample_rate=16_000)
    worker = PipelineWorker(
        Pipeline([transport.input(), stt]),
        params=PipelineParams(audio_in_sample_rate=16_000),
        **LEAN,
    )

    @transport.event_handler("on_client_disconnected")
    async def gone(_transport: object, _client: object) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


def main() -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    print(listener.getsockname()[1], flush=True)
    gc.collect()
    gc.freeze()
    config = uvicorn.Config(app, loop="uvloop", log_level="error", ws_per_message_deflate=False, lifespan="off")
    uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()
