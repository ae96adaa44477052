"""A loopback LiveKit: the signalling socket of the vendor's own protocol, and a picture and sound over real WebRTC.

It speaks protocol messages of the vendor's package (`livekit-protocol`) on `/rtc`, the path of servers before the
single connection; `/rtc/v1` is answered 404 with CORS as those servers do, whereupon the client falls back. Enforced: a
room's own token, else 401; the subscriber's answer before media. `fault` chooses what goes wrong: `refused` (401),
`silent` (the join is never answered), `no_media` (joined, and no track ever comes). Requests that are no part of the
protocol are noted in `breaches`.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from typing import Literal

import av
import numpy as np
from aiortc import RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from aiortc.sdp import candidate_from_sdp
from livekit.protocol import models, rtc
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

Fault = Literal["", "refused", "silent", "no_media"]
AVATAR = "PA_avatar"
VIDEO, AUDIO = "TR_video", "TR_audio"
OPEN = {"Access-Control-Allow-Origin": "*"}
WIDTH, HEIGHT, FRAMES_PER_S = 320, 240, 10


class Face(VideoStreamTrack):
    """A picture that moves: a bar that walks over a warm ground."""

    async def recv(self) -> av.VideoFrame:
        await asyncio.sleep(1 / FRAMES_PER_S)
        self.count = getattr(self, "count", -1) + 1
        pixels = np.full((HEIGHT, WIDTH, 3), (214, 160, 120), np.uint8)
        at = (self.count * 8) % (WIDTH - 40)
        pixels[60:180, at : at + 40] = (60, 90, 150)
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame.pts, frame.time_base = self.count, Fraction(1, FRAMES_PER_S)
        return frame


class Visit:
    """One browser in the room."""

    def __init__(self, socket: WebSocket, fault: Fault, say: Callable[[str], None], breach: Callable[[str], None]):
        self.socket, self.fault, self.say, self.breach = socket, fault, say, breach
        self.to_browser = RTCPeerConnection()
        self.from_browser = RTCPeerConnection()
        self.from_browser.on("datachannel", self._channel)
        self.reliable: RTCDataChannel | None = None

    async def send(self, **fields: object) -> None:
        await self.socket.send_bytes(rtc.SignalResponse(**fields).SerializeToString())  # type: ignore[arg-type]

    async def join(self) -> None:
        tracks = [
            models.TrackInfo(sid=VIDEO, type=models.TrackType.VIDEO, name="video", width=WIDTH, height=HEIGHT),
            models.TrackInfo(sid=AUDIO, type=models.TrackType.AUDIO, name="audio"),
        ]
        active = models.ParticipantInfo.State.ACTIVE
        avatar = models.ParticipantInfo(sid=AVATAR, identity="avatar", state=active, tracks=tracks)
        await self.send(
            join=rtc.JoinResponse(
                room=models.Room(sid="RM_1", name="interview"),
                participant=models.ParticipantInfo(sid="PA_me", identity="candidate", state=active),
                other_participants=[avatar],
                server_version="1.8.0",
                server_info=models.ServerInfo(version="1.8.0", protocol=15),
                subscriber_primary=True,
                ping_interval=5,
                ping_timeout=15,
            )
        )
        await self._offer()

    async def _offer(self) -> None:
        pc = self.to_browser
        self.reliable = pc.createDataChannel("_reliable")
        pc.createDataChannel("_lossy", maxRetransmits=0)
        if self.fault != "no_media":
            for track, sid in ((Face(), VIDEO), (AudioStreamTrack(), AUDIO)):
                sender = pc.addTrack(track)
                sender._stream_id, sender._track_id = f"{AVATAR}|{sid}", sid
        await pc.setLocalDescription(await pc.createOffer())
        described = pc.localDescription
        await self.send(offer=rtc.SessionDescription(type=described.type, sdp=described.sdp))

    async def heed(self, request: rtc.SignalRequest) -> None:
        kind = request.WhichOneof("message")
        if kind == "answer":
            told = RTCSessionDescription(sdp=request.answer.sdp, type="answer")
            await self.to_browser.setRemoteDescription(told)
        elif kind == "offer":
            pc = self.from_browser
            await pc.setRemoteDescription(RTCSessionDescription(sdp=request.offer.sdp, type="offer"))
            await pc.setLocalDescription(await pc.createAnswer())
            answer = rtc.SessionDescription(type="answer", sdp=pc.localDescription.sdp, id=request.offer.id)
            await self.send(answer=answer)
        elif kind == "trickle":
            await self._candidate(request.trickle)
        elif kind == "ping_req":
            await self.send(pong_resp=rtc.Pong(last_ping_timestamp=request.ping_req.timestamp))
        elif kind is None:
            self.breach("a request without a message")

    async def _candidate(self, trickle: rtc.TrickleRequest) -> None:
        told = json.loads(trickle.candidateInit)
        pc = self.to_browser if trickle.target == rtc.SignalTarget.SUBSCRIBER else self.from_browser
        line = told.get("candidate") or ""
        if not line or pc.remoteDescription is None:
            return
        candidate = candidate_from_sdp(line.split(":", 1)[1])
        candidate.sdpMid, candidate.sdpMLineIndex = told.get("sdpMid"), told.get("sdpMLineIndex")
        await pc.addIceCandidate(candidate)

    def _channel(self, channel: RTCDataChannel) -> None:
        channel.on("message", self._data)

    def _data(self, data: bytes) -> None:
        packet = models.DataPacket.FromString(data)
        if packet.WhichOneof("value") != "user" or packet.user.topic != "agent-control":
            return
        told = json.loads(packet.user.payload)
        if told["event_type"] == "avatar.speak_text":
            self.say(told["text"])
            for kind in ("avatar.speak_started", "avatar.speak_ended"):
                self._tell({"event_type": kind, "source_event_id": told["event_id"]})

    def _tell(self, event: dict[str, str]) -> None:
        user = models.UserPacket(participant_sid=AVATAR, payload=json.dumps(event).encode(), topic="agent-response")
        if self.reliable:
            self.reliable.send(models.DataPacket(user=user, participant_identity="avatar").SerializeToString())

    async def close(self) -> None:
        await self.to_browser.close()
        await self.from_browser.close()


class LiveKitRoom:
    """The rooms of one vendor: `joined` has the tokens of who came, `said` what the avatar was told to say (FULL)."""

    def __init__(self, is_token: Callable[[str], bool], fault: Fault = "") -> None:
        self.is_token, self.fault = is_token, fault
        self.tried: list[str] = []
        self.joined: list[str] = []
        self.said: list[str] = []
        self.breaches: list[str] = []
        self.app = Starlette(
            routes=[
                Route("/rtc/validate", self._validate),
                Route("/rtc/v1/validate", self._no_such_path),
                Route("/rtc/v1", self._no_such_path),
                WebSocketRoute("/rtc", self._room),
            ]
        )

    def _may(self, query: object) -> bool:
        return self.fault != "refused" and self.is_token(str(query))

    async def _validate(self, request: Request) -> PlainTextResponse:
        may = self._may(request.query_params.get("access_token"))
        return PlainTextResponse("success" if may else "invalid token", 200 if may else 401, OPEN)

    async def _no_such_path(self, _: Request) -> PlainTextResponse:
        return PlainTextResponse("404 page not found", 404, OPEN)

    async def _room(self, socket: WebSocket) -> None:
        token = socket.query_params.get("access_token", "")
        self.tried.append(token)
        if not self._may(token):
            await socket.close(4401)
            return
        await socket.accept()
        visit = Visit(socket, self.fault, self.said.append, self.breaches.append)
        with suppress(WebSocketDisconnect, RuntimeError):
            if self.fault != "silent":
                await visit.join()
                self.joined.append(token)
            while True:
                await visit.heed(rtc.SignalRequest.FromString(await socket.receive_bytes()))
        await visit.close()
