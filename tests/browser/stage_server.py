"""The stage on its own: a page with the component and a scripted conductor behind a real WebSocket.

It speaks the contract's events (built from the contract's models) so that every state, also those a healthy server
rarely shows, can be tested and photographed without waiting for it.
"""

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import uvicorn
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from coach.audio.preflight import browser_limits
from coach.audio.takes import ClockedFrame
from coach.contracts import commands as cmd
from coach.contracts import events as ev
from coach.contracts.interview import ViewState
from coach.speech.voice.growing import GrowingClip
from coach.speech.voice.port import Spoken
from coach.web import models
from coach.web.frames import unpack
from pages.components.practice import personas
from pages.components.stage import HTML, script, style
from tests.browser import stage_content as content

ROOT = Path(__file__).resolve().parents[2]
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Stage</title><link rel="icon" href="data:,"><style>
@font-face{font-family:Figtree;src:url(/figtree.woff2);font-weight:300 900}
html{color-scheme:light dark}
body{margin:0;padding:76px 24px 0;background:light-dark(#fbf8f3,#17181d)}
@media(max-width:860px){body{padding:12px 16px 0}}</style>
<body>%s<style>%s</style><script type="module">
import mount from "/stage.mjs";
const data = %s;
window.acts = [];
window.render = (change) => mount({
  parentElement: document.body, data: {...Object.assign(data, change || {})}, setTriggerValue: asked});
function asked(name, value) {
  window.acts.push(value);
  if (!["start", "resume", "practise"].includes(value.name)) return;
  const audio_url = "/attempts/{attempt_id}/audio?token=t";
  render({session: {interview_id: "i1", ws_url: "/ws", token: "t", join: value.at, audio_url}});
}
render();
</script></body></html>"""


class ScriptedConductor:
    """Answers commands the way the conductor does; `faults` and `follow_up` choose the story."""

    def __init__(self, socket: WebSocket, plan: dict[str, object]) -> None:
        self.socket = socket
        self.plan = plan
        self.attempt = int(plan.get("attempt", 2))  # type: ignore[call-overload]
        self.frames = 0

    async def send(self, event: BaseModel) -> None:
        checked = ev.event_adapter.validate_json(event.model_dump_json())
        await self.socket.send_text(checked.model_dump_json())

    async def state(self, view: ViewState, *, notice: str = "") -> None:
        last = bool(self.plan.get("last"))
        await self.send(
            ev.SessionState(
                payload=ev.SessionStatePayload(
                    status="in_progress",
                    view_state=view,
                    current_question=ev.CurrentQuestion(id="q1", text=content.QUESTION),
                    attempt_number=self.attempt,
                    attempt_id=f"attempt-{self.attempt}",
                    question_number=3 if last else 1,
                    question_count=3,
                    is_last_question=last,
                    persona_id=str(self.plan.get("persona", "sarah")),
                    can_follow_up=False,
                    notice=notice,
                    recoverable_s=float(self.plan.get("kept_s", 0)) if view == ViewState.LISTENING else 0,  # type: ignore[arg-type]
                )
            )
        )

    async def welcome(self, view: ViewState) -> None:
        await self.state(view)
        if view == ViewState.FEEDBACK:
            await self.feedback()

    async def handle(self, message: dict[str, object]) -> None:
        kind = cmd.command_adapter.validate_python(message).type
        await getattr(self, f"on_{kind.lower()}", self.ignore)()

    async def ignore(self) -> None:
        return

    async def on_start_interview(self) -> None:
        spoken = str(self.plan.get("say", ""))
        if stream := self.plan.get("stream"):
            await self.state(ViewState.ASKING)
            await self.send(ev.AvatarStream(payload=ev.AvatarStreamPayload.model_validate(stream)))
            if self.plan.get("by") != "avatar":
                return
        if not spoken:
            await self.state(ViewState.LISTENING)
            return
        await self.state(ViewState.ASKING)
        await self.send(ev.Speak(payload=self.speech(spoken)))

    def speech(self, text: str) -> ev.SpeakPayload:
        told = {"task_id": "s1", "text": text, "audio_url": self.plan.get("clip"), "by": self.plan.get("by", "browser")}
        told["lead_in"] = self.plan.get("lead_in", "")
        return ev.SpeakPayload.model_validate(told)

    async def on_avatar_view(self) -> None:
        """As the conductor does: seen, the words are said and the picture is over some time later; unseen, the drawn
        persona says them.
        """
        if self.plan.get("by") == "avatar":
            return
        if self.plan.get("unseen"):
            notice = ev.NoticePayload(
                code="AVATAR_DOWN", message="The avatar is not available; continuing in audio mode."
            )
            await self.send(ev.Notice(payload=notice))
            await self.send(ev.Speak(payload=self.speech(str(self.plan["say"]))))

    async def on_speech_done(self) -> None:
        await self.send(ev.SpeechEnd())
        if not self.plan.get("hold_asking"):
            await self.state(ViewState.LISTENING)

    async def on_restart_answer(self) -> None:
        await self.send(ev.ListeningReset(payload=ev.ListeningResetPayload(new_attempt_id=f"attempt-{self.attempt}")))

    async def on_submit_transcript(self) -> None:
        await self.send(ev.ProcessingHint(payload=ev.ProcessingHintPayload(attempt_id=f"attempt-{self.attempt}")))
        await self.feedback()

    async def on_finish_answer(self) -> None:
        await self.send(ev.ProcessingHint())
        await self.state(ViewState.PROCESSING)
        if self.plan.get("hold_processing"):
            return
        if self.plan.get("review"):
            payload = ev.TranscriptReviewPayload(
                attempt_id=f"attempt-{self.attempt}",
                text=content.TRANSCRIPT,
                reason="Much of this was hard to make out; doubtful words are marked. Your timing is kept.",
                doubtful=[(2, 5), (16, 24)],
            )
            await self.send(ev.TranscriptReview(payload=payload))
            return
        if self.plan.get("delayed"):
            await self.state(ViewState.ERROR_RECOVERABLE, notice="The coach did not answer. You can go on.")
            return
        await self.feedback()

    async def feedback(self) -> None:
        if self.plan.get("follow_up"):
            asked = ev.FollowUpQueuedPayload(question_text=content.FOLLOW_UP, attempt_id=f"attempt-{self.attempt}")
            await self.send(ev.FollowUpQueued(payload=asked))
        else:
            await self.send(ev.NoFollowUp())
        verbatim = bool(self.plan.get("verbatim", True))
        payload = content.scores(self.attempt, verbatim=verbatim)
        if said := str(self.plan.get("said", "")):
            payload = content.with_care(payload, said, str(self.plan.get("told", "")))
        await self.send(ev.UpdateScores(payload=payload))
        await self.state(ViewState.FEEDBACK)
        await self.send(ev.UpdateRewrite(payload=content.rewrite(self.attempt)))

    async def on_retry_question(self) -> None:
        self.attempt = min(3, self.attempt + 1)
        await self.state(ViewState.LISTENING)

    async def on_finish_interview(self) -> None:
        summary = {
            "headline": "Your stories are yours. Give each one an ending that can be counted.",
            "strengths": ["You say what you did yourself.", "You set the scene in one breath."],
            "gaps": ["Results without figures.", "Why you chose this way is left to be guessed."],
            "stories_to_save": ["The checkout rescue", "The release that almost slipped"],
            "resume_prompts": ["Add the checkout rescue to your latest role, with the error rate."],
            "readiness_score": 7.2,
        }
        payload = ev.SummaryPayload(
            status="completed",
            overall_score=7.1,
            summary=summary,
            plan=["Tell the checkout rescue again, ending with a figure.", "One leadership question tomorrow."],
            questions=content.SUMMARY_QUESTIONS,
            lines=content.SUMMARY_LINES,
            readiness_why="1 of 2 questions answered; your best answers come to 7.1 of 10. It is no verdict.",
        )
        await self.send(ev.InterviewSummary(payload=payload))
        await self.socket.close(1000)

    async def on_ready_for_next(self) -> None:
        error = ev.ErrorPayload(
            code="STORE_FULL",
            message="The disk is full, so nothing new can be kept. Free some space, then start again.",
            recoverable=False,
        )
        await self.send(ev.ErrorEvent(payload=error))

    async def levels(self) -> None:
        """What the server says of the microphone: `speaking`, `pause` or `ready`, as the plan has it now."""
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            for tick in range(600):
                phase = str(self.plan["levels"])
                level = ev.LevelPayload(
                    rms_dbfs=-22 if phase == "speaking" else -64,
                    speaking=phase == "speaking",
                    finish_ready=phase == "ready",
                    seconds=tick * 0.1,
                )
                await self.send(ev.Level(payload=level))
                await asyncio.sleep(0.1)

    async def beats(self, heard: "StageServer") -> None:
        """Once a second what of the sound is kept, until the plan says the line is `dead`."""
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            while True:
                if not self.plan.get("dead"):
                    await self.send(ev.SoundKept(payload=heard.kept(f"attempt-{self.attempt}")))
                await asyncio.sleep(0.25)


class StageServer:
    """Serves the harness on a free port; `plan` may be changed between pages."""

    def __init__(self) -> None:
        self.plan: dict[str, object] = {}
        self.data: dict[str, object] = {}
        self.commands: list[dict[str, object]] = []
        self.frames: list[ClockedFrame] = []
        self.sockets: list[WebSocket] = []
        self.clips = 0
        self.more = threading.Event()
        self.speaker: tuple[ScriptedConductor, asyncio.AbstractEventLoop] | None = None
        self.heard: list[str] = []

    def cut_off(self) -> None:
        """The conductor has what is being said cut off and listens; from the test's thread."""
        assert self.speaker
        conductor, loop = self.speaker
        asyncio.run_coroutine_threadsafe(conductor.on_speech_done(), loop).result(10)

    def kept(self, attempt_id: str) -> ev.SoundKeptPayload:
        """What was received, as the conductor would tell it."""
        newest = self.frames[-1].take if self.frames else 0
        count = max((f.first_sample + len(f.pcm16) // 2 for f in self.frames if f.take == newest), default=0)
        return ev.SoundKeptPayload(attempt_id=attempt_id, take=newest, samples=count)

    async def _page(self, request: object) -> HTMLResponse:
        people = [p.model_dump() for p in personas.load_personas()]
        data = {"personas": people, "persona_id": "sarah", "q_count": 3, "jobs": [], "saved": [], "voice": "browser"}
        data |= {"coach_label": "offline coach", "session": None, "preflight": browser_limits()} | self.data
        return HTMLResponse(PAGE % (HTML, style(), json.dumps(data)))

    async def _script(self, request: object) -> Response:
        return Response(script(), media_type="text/javascript")

    async def _clip(self, request: object) -> Response:
        """Half a second of a tone as the interviewer's voice."""
        self.clips += 1
        pcm = (8000 * np.sin(np.arange(12_000) * 2 * np.pi * 220 / 24_000)).astype(np.int16).tobytes()
        return Response(Spoken(pcm, 24_000).wav(), media_type="audio/wav")

    async def _growing(self, request: object) -> Response:
        """A clip whose second half is made when the test says so."""
        half = Spoken((8000 * np.sin(np.arange(12_000) / 17)).astype(np.int16).tobytes(), 24_000)
        clip = GrowingClip()
        clip.add(half)

        async def rest() -> None:
            await asyncio.to_thread(self.more.wait, 10)
            clip.add(half)
            clip.end(failed=False)

        self.making = asyncio.create_task(rest())
        return StreamingResponse(clip.wav(), media_type="audio/wav")

    async def _feedback(self, request: Request) -> JSONResponse:
        """What was told of an earlier attempt, its text a little different from the latest."""
        number = int(request.path_params["id"].rsplit("-", 1)[1])
        told = models.AttemptFeedback(
            question=content.QUESTION,
            recorded=True,
            scores=content.scores(number, checklist=content.FIRST_CHECKLIST),
            rewrite=content.rewrite(number, transcript=content.FIRST_TRANSCRIPT),
        )
        return JSONResponse(told.model_dump(mode="json"))

    async def _recording(self, request: Request) -> Response:
        """Eight seconds of a tone as the recording of any attempt; which ones were asked for is kept."""
        self.heard.append(request.path_params["id"])
        pcm = (4000 * np.sin(np.arange(128_000) * 2 * np.pi * 220 / 16_000)).astype(np.int16).tobytes()
        return Response(Spoken(pcm, 16_000).wav(), media_type="audio/wav")

    async def _font(self, request: object) -> FileResponse:
        return FileResponse(ROOT / "pages/static/figtree.woff2")

    async def _livekit(self, request: object) -> FileResponse:
        return FileResponse(ROOT / "pages/static/livekit/livekit-client.umd.js", media_type="text/javascript")

    async def _socket(self, socket: WebSocket) -> None:
        await socket.accept()
        self.sockets.append(socket)
        if await self._turned_away(socket):
            return
        conductor = ScriptedConductor(socket, self.plan)
        self.speaker = conductor, asyncio.get_running_loop()
        levels = asyncio.create_task(conductor.levels()) if self.plan.get("levels") else None
        beats = asyncio.create_task(conductor.beats(self))
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await conductor.welcome(ViewState(str(self.plan.get("at", "INTRO_LOADING"))))
            async for message in self._messages(socket):
                await conductor.handle(message)
        beats.cancel()
        if levels:
            levels.cancel()

    async def _turned_away(self, socket: WebSocket) -> bool:
        """As the server does whose database is busy, as often as the plan says."""
        left = int(str(self.plan.get("busy", 0)))
        if not left:
            return False
        self.plan["busy"] = left - 1
        told = ev.ErrorPayload(code="STORE_BUSY", message="The database is busy.", recoverable=True)
        await socket.send_text(ev.ErrorEvent(payload=told).model_dump_json())
        await socket.close(1013)
        return True

    async def _messages(self, socket: WebSocket) -> AsyncIterator[dict[str, object]]:
        while True:
            raw = await socket.receive()
            if raw["type"] == "websocket.disconnect":
                return
            if raw.get("bytes"):
                self.frames.append(unpack(raw["bytes"], bytes))
            elif raw.get("text"):
                message = json.loads(raw["text"])
                self.commands.append(message)
                yield message

    def app(self) -> Starlette:
        routes = [
            Route("/", self._page),
            Route("/stage.mjs", self._script),
            Route("/clips/there.wav", self._clip),
            Route("/clips/growing.wav", self._growing),
            Route("/attempts/{id}/feedback", self._feedback),
            Route("/attempts/{id}/audio", self._recording),
            Route("/figtree.woff2", self._font),
            Route("/assets/livekit/livekit-client.umd.js", self._livekit),
            WebSocketRoute("/ws", self._socket),
        ]
        return Starlette(routes=routes)


@contextlib.contextmanager
def stage_server() -> Iterator[tuple[StageServer, str]]:
    """The harness and its address."""
    stage = StageServer()
    config = uvicorn.Config(stage.app(), host="127.0.0.1", port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the stage harness did not start")
        threading.Event().wait(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield stage, f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
