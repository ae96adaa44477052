"""The microphone over WebRTC: streamlit-webrtc delivers 48 kHz stereo, the conductor gets 16 kHz mono.

The stage sends the same sound over its socket, numbered and with the browser's clock: that is what is recorded. What
comes here carries its own clock (the RTP timestamps) and stands in while the socket is silent; see
`coach/audio/second_path.py`.
"""

import asyncio
import itertools
import logging
from typing import TYPE_CHECKING, Any

from coach.contracts.commands import PROTOCOL_SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from av import AudioFrame

    from coach.interview.service import InterviewService

log = logging.getLogger(__name__)
NO_ICE: dict[str, object] = {"iceServers": []}
WARM_UP_TIMEOUT_S = 20.0
_connections = itertools.count(1)


class FrameIntake:
    """Takes WebRTC frames on streamlit-webrtc's loop and hands them to one interview's conductor."""

    def __init__(self, hub: "InterviewService", interview_id: str) -> None:
        """Nothing is decoded before the first frame."""
        from av import AudioResampler

        self._hub = hub
        self._interview_id = interview_id
        self._resampler = AudioResampler(format="s16", layout="mono", rate=PROTOCOL_SAMPLE_RATE_HZ)
        self._source = next(_connections)
        self.frames = 0

    def take(self, frame: "AudioFrame") -> bytes:
        """The frame as Int16 mono PCM at 16 kHz; may be empty while the resampler fills up."""
        return b"".join(piece.to_ndarray().tobytes() for piece in self._resampler.resample(frame))

    async def receive(self, frames: list["AudioFrame"]) -> list["AudioFrame"]:
        """streamlit-webrtc's queued-frames callback."""
        conductor = self._hub.find(self._interview_id)
        for frame in frames:
            clock_s = float(frame.pts * frame.time_base) if frame.pts is not None and frame.time_base else None
            pcm16 = self.take(frame)
            self.frames += 1
            if conductor is not None and pcm16:
                conductor.push_audio_threadsafe(pcm16, *(() if clock_s is None else (clock_s, self._source)))
        return frames


def ice_configuration() -> dict[str, object] | None:
    """No ICE servers on localhost, where none are needed and an unreachable one costs seconds; else the TURN servers of
    the settings, else what the environment offers (streamlit-webrtc reads Cloudflare's, Twilio's or Hugging Face's).

    Browser and server use the same.

    Raises:
        SettingsError: the TURN servers cannot be used as they are set.
    """
    import streamlit as st

    from coach.settings import settings
    from coach.web.ice import ice_servers

    host = str(st.context.headers.get("Host", "") if st.context.headers else "").rsplit(":", 1)[0]
    if host in ("", "localhost", "127.0.0.1", "[::1]"):
        return NO_ICE
    servers = ice_servers(settings())
    return {"iceServers": servers} if servers else None


def sender(*, key: str, intake: FrameIntake | None, on: bool, device_id: str = "") -> bool:
    """Mounts the WebRTC sender, idle until `on`; True while it plays.

    Mounting it already playing makes the browser offer several times and lose seconds, so it is always there first.
    Whatever fails here, the stage's own socket carries the sound.
    """
    import streamlit as st

    with st.container(key="jf_microphone"):
        try:
            return _mount(key, intake, on, device_id)
        except Exception:
            log.warning("WebRTC is not available; the sound comes over the socket", exc_info=True)
            return False


def _mount(key: str, intake: FrameIntake | None, on: bool, device_id: str) -> bool:
    from streamlit_webrtc import WebRtcMode, webrtc_streamer

    audio: dict[str, object] = {"echoCancellation": True, "noiseSuppression": False, "autoGainControl": True}
    if device_id:
        audio["deviceId"] = {"ideal": device_id}
    ice = ice_configuration()
    context = webrtc_streamer(
        key=key,
        mode=WebRtcMode.SENDONLY,
        frontend_rtc_configuration=ice,
        server_rtc_configuration=ice,
        media_stream_constraints={"audio": audio, "video": False},
        desired_playing_state=on,
        queued_audio_frames_callback=intake.receive if intake else None,
        sendback_audio=False,
    )
    return bool(context.state.playing)


async def warm_up() -> None:
    """One loopback connection, so that the first person does not wait for imports, certificates and codecs.

    Raises:
        TimeoutError: no sound came through.
    """
    await asyncio.to_thread(_import_webrtc)
    from aiortc import RTCConfiguration, RTCPeerConnection
    from aiortc.mediastreams import AudioStreamTrack

    nowhere = RTCConfiguration(iceServers=[])
    caller, callee = RTCPeerConnection(nowhere), RTCPeerConnection(nowhere)
    heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    reading: list[asyncio.Task[None]] = []

    @callee.on("track")
    def listen(track: object) -> None:
        reading.append(asyncio.ensure_future(_first_frame(track, heard)))

    try:
        caller.addTrack(AudioStreamTrack())
        await caller.setLocalDescription(await caller.createOffer())
        await callee.setRemoteDescription(caller.localDescription)
        await callee.setLocalDescription(await callee.createAnswer())
        await caller.setRemoteDescription(callee.localDescription)
        await asyncio.wait_for(heard, WARM_UP_TIMEOUT_S)
    finally:
        for task in reading:
            task.cancel()
        await caller.close()
        await callee.close()


def _import_webrtc() -> None:
    """The heavy parts only: streamlit-webrtc registers its files with Streamlit when a page first imports it."""
    import aiortc
    import av

    assert aiortc and av


async def _first_frame(track: Any, heard: "asyncio.Future[None]") -> None:
    await track.recv()
    if not heard.done():
        heard.set_result(None)
