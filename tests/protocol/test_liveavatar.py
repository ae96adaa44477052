"""LiveAvatar over its wire, against a loopback server that enforces what the vendor documents."""

import asyncio
import io
import wave
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from coach.avatar.drawn import DrawnAvatar
from coach.avatar.governed import AUDIO_MODE, USED_UP, GovernedAvatar
from coach.avatar.liveavatar.account import LiveAvatarAccount, SessionWish, vendor_error
from coach.avatar.liveavatar.avatar import Faces, LiveAvatar
from coach.avatar.liveavatar.sound import RATE_HZ, pcm_of, pieces
from coach.avatar.policy import avatar_policy
from coach.avatar.port import SpeechRequest
from coach.contracts import commands as cmd
from coach.contracts.interview import ViewState
from coach.contracts.usage import UsageEvent
from coach.errors import CoachError, InputError, SettingsError, VendorAuthError, VendorLimitError, VendorProtocolError
from tests.conversation.driver import Client, begin, make_hub, slow
from tests.fakes.liveavatar_server import KEY, WAYNE, LiveAvatarServer, Serving
from tests.fakes.vendors import ScriptedEvaluation

PATIENT = slow(speech_grace_s=5, avatar_start_s=5)


def wav(seconds: float, rate: int = RATE_HZ, channels: int = 1) -> bytes:
    tone = (6000 * np.sin(np.arange(int(seconds * rate)) * 2 * np.pi * 200 / rate)).astype("<i2")
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(tone, channels).tobytes())
    return out.getvalue()


class Voice:
    """Makes the sound of a text: `seconds` of a tone."""

    def __init__(self, seconds: float = 0.05) -> None:
        self.seconds = seconds
        self.asked: list[str] = []

    async def __call__(self, request: SpeechRequest, *, persona_id: str, interview_id: str) -> bytes:
        self.asked.append(request.text)
        return wav(self.seconds)


class Fallback:
    """Clips for the drawn persona."""

    async def __call__(self, request: SpeechRequest, *, persona_id: str, interview_id: str) -> str:
        return "/clips/there.wav"


@pytest.fixture
async def vendor():
    fake = LiveAvatarServer(speed=20)
    async with Serving(fake) as serving:
        fake.url = serving.url
        yield fake


def live(vendor, *, key=KEY, mode="lite", policy="on_demand", sound=None, **options):
    options = {"picture_patience_s": 0.0, "sound": sound or Voice()} | options
    return LiveAvatar(SecretStr(key), vendor.url, policy=avatar_policy(policy, mode), **options)


def hub_with(vendor, tmp_path, *, allowance=None, **options):
    mode, policy = options.get("mode", "lite"), options.get("policy", "on_demand")
    patience = {"connect_patience_s": options.pop("patience_s", 2.0)}
    changes = {"evaluate": options.pop("evaluate")} if "evaluate" in options else {}
    governed = GovernedAvatar(
        live(vendor, **options),
        DrawnAvatar(voice=Fallback()),
        avatar_policy(policy, mode).model_copy(update=patience),
        **({"allowance": allowance} if allowance else {}),
    )
    return make_hub(tmp_path, avatar=governed, timing=PATIENT, **changes)


async def spoken_by_drawn(client: Client) -> None:
    """The drawn persona says it, with its clip; the client plays that and is listened to."""
    speak = await client.wait("SPEAK")
    assert speak.payload.by == "browser" and speak.payload.audio_url == "/clips/there.wav"
    await client.send(cmd.SpeechDone(payload=cmd.SpeechDonePayload(task_id=speak.payload.task_id)))
    await client.view(ViewState.LISTENING)


def told(client: Client, code: str) -> list[str]:
    return [e.payload.message for e in client.of("NOTICE") if e.payload.code == code]


def ledger(hub) -> tuple[int, bool]:
    used = [e for e in hub.parts.store._store.usage.values() if e.vendor == "liveavatar" and e.unit == "credit"]
    return sum(int(e.quantity) for e in used), any(e.estimated for e in used)


async def test_it_asks_over_the_socket_and_the_microphone_arms_by_itself(vendor, tmp_path):
    voice = Voice(2.3)
    hub = hub_with(vendor, tmp_path, sound=voice, evaluate=ScriptedEvaluation({"follow_up": "Which numbers?"}))
    client = await begin(hub)
    await client.start()
    await client.view(ViewState.LISTENING)
    question = client.conductor.board.questions()[0].question_text
    assert voice.asked == [question]
    assert client.types()[-2:] == ["SPEECH_END", "SESSION_STATE"] and not client.of("SPEAK")
    scores = await client.answer()
    queued = client.of("FOLLOW_UP_QUEUED")[0].payload
    async with asyncio.timeout(5):
        while len(vendor.said) < 2:  # noqa: ASYNC110 - the vendor tells nobody
            await asyncio.sleep(0.01)
    assert vendor.said[1]["event_id"] == queued.heygen_task_id
    assert [round(each["seconds"], 2) for each in vendor.said] == [2.3, 2.3]
    timeline = client.conductor.board.attempt(scores.payload.attempt_id).timeline
    assert timeline["follow_up_complete"] <= timeline["speak_requested"]
    assert vendor.calls.count("start") == 1, "a follow-up soon after falls into the paid minute"
    await hub.finish(client.conductor.id)
    assert ledger(hub) == (1, False) and vendor.used == 1
    await hub.close()
    assert vendor.running == [] and vendor.breaches == []


async def test_the_browser_is_told_where_the_picture_is_and_when_it_is_over(vendor, tmp_path):
    hub = hub_with(vendor, tmp_path)
    client = await begin(hub)
    await client.start()
    await client.view(ViewState.LISTENING)
    stream = client.of("AVATAR_STREAM")[0].payload
    assert stream.mode == "lite" and stream.url.startswith("ws://") and stream.token == f"room-{stream.session_id}"
    late = Client(client.conductor)
    assert (await late.wait("AVATAR_STREAM")).payload == stream, "who comes later joins as well"
    await hub.finish(client.conductor.id)
    assert client.of("AVATAR_STREAM")[-1].payload.url == ""
    await hub.close()


async def test_words_wait_for_the_picture_but_not_for_ever(vendor, tmp_path):
    hub = hub_with(vendor, tmp_path, picture_patience_s=30)
    client = await begin(hub)
    await client.start()
    stream = (await client.wait("AVATAR_STREAM")).payload
    assert vendor.said == []
    other = cmd.AvatarViewPayload(session_id="another", shown=True)
    await client.send(cmd.AvatarViewed(payload=other))
    await client.send(cmd.AvatarViewed(payload=cmd.AvatarViewPayload(session_id=stream.session_id, shown=True)))
    await client.view(ViewState.LISTENING)
    assert len(vendor.said) == 1
    await hub.close()


async def test_where_the_browser_cannot_show_it_the_drawn_persona_says_it(vendor, tmp_path):
    hub = hub_with(vendor, tmp_path, picture_patience_s=30)
    client = await begin(hub)
    await client.start()
    stream = (await client.wait("AVATAR_STREAM")).payload
    await client.send(cmd.AvatarViewed(payload=cmd.AvatarViewPayload(session_id=stream.session_id, shown=False)))
    await spoken_by_drawn(client)
    assert told(client, "AVATAR_DOWN") == [AUDIO_MODE] and vendor.said == []
    await hub.close()
    assert vendor.running == []


FAULTS: dict[str, dict[str, Any]] = {
    "key refused": {"statuses": {"token": 401}},
    "no credit": {"credits": 0},
    "too many sessions": {"concurrent": 0},
    "token fails": {"statuses": {"token": 503}},
    "start fails": {"statuses": {"start": 500}},
    "request refused": {"statuses": {"token": 422}},
    "never connects": {"never_connects": True},
    "drops while speaking": {"drop_after_s": 0.01},
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_each_fault_ends_with_the_drawn_persona_and_one_quiet_notice(vendor, tmp_path, fault):
    for name, value in FAULTS[fault].items():
        setattr(vendor, name, value)
    hub = hub_with(vendor, tmp_path, patience_s=0.3, sound=Voice(1.0), evaluate=ScriptedEvaluation({}))
    client = await begin(hub, 3)
    await client.start()
    for number in range(3):
        await spoken_by_drawn(client)
        await client.answer()
        if number < 2:
            await client.next()
    assert told(client, "AVATAR_DOWN") == [AUDIO_MODE]
    assert len(client.of("SPEECH_END")) == 3
    tries = 1 if fault == "key refused" else 2
    assert vendor.calls.count("token") == tries, "after two failures it is left alone"
    await hub.close()
    assert vendor.running == [], "nothing goes on costing"


async def test_one_failure_is_borne_and_the_next_question_is_live_again(vendor, tmp_path):
    vendor.statuses = {"start": 500}
    hub = hub_with(vendor, tmp_path, evaluate=ScriptedEvaluation({}))
    client = await begin(hub)
    await client.start()
    await spoken_by_drawn(client)
    vendor.statuses = {}
    await client.answer()
    await client.next()
    await client.view(ViewState.LISTENING)
    assert len(vendor.said) == 1
    await hub.close()


async def test_a_session_that_was_given_up_is_stopped_and_paid_for(vendor, tmp_path):
    vendor.never_connects = True
    seen: list[UsageEvent] = []
    avatar = live(vendor, on_usage=seen.extend)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await avatar.open(interview_id="i1", persona_id="sarah", listener=lambda _: asyncio.sleep(0))
    await avatar.close()
    assert vendor.running == []
    assert [(e.meter, int(e.quantity), e.estimated) for e in seen if e.unit == "credit"] == [("lite.credits", 1, False)]


async def test_skipping_the_question_interrupts_the_avatar(vendor, tmp_path):
    vendor.speed = 0.01
    hub = hub_with(vendor, tmp_path, evaluate=ScriptedEvaluation({}))
    client = await begin(hub)
    await client.start()
    async with asyncio.timeout(5):
        while not vendor.said:  # noqa: ASYNC110 - the vendor tells nobody
            await asyncio.sleep(0.01)
    await client.next()
    await client.view(ViewState.LISTENING)
    await client.answer()
    assert "agent.interrupt" in vendor.commands and len(client.of("SPEECH_END")) == 1
    await hub.close()


async def test_plans_bind_what_is_said_live(vendor, tmp_path):
    left = iter((1, 0, 0))

    async def allowance(_):
        return next(left)

    hub = hub_with(vendor, tmp_path, policy="per_utterance", allowance=allowance, evaluate=ScriptedEvaluation({}))
    client = await begin(hub)
    await client.start()
    await client.view(ViewState.LISTENING)
    await client.answer()
    await client.next()
    await spoken_by_drawn(client)
    assert told(client, "AVATAR_DRAWN") == [USED_UP] and vendor.calls.count("start") == 1
    await hub.close()


async def test_full_mode_is_said_by_the_browser_over_the_picture(vendor, tmp_path):
    hub = hub_with(vendor, tmp_path, mode="full", sound=None, evaluate=ScriptedEvaluation({}))
    client = await begin(hub)
    await client.start()
    speak = (await client.wait("SPEAK")).payload
    assert speak.by == "avatar" and client.of("AVATAR_STREAM")[0].payload.mode == "full"
    await client.send(cmd.SpeechDone(payload=cmd.SpeechDonePayload(task_id=speak.task_id)))
    await client.view(ViewState.LISTENING)
    await client.answer()
    await hub.finish(client.conductor.id)
    assert ledger(hub) == (2, False) and vendor.used == 2
    await hub.close()


async def test_a_count_that_comes_late_is_waited_for(vendor, tmp_path):
    vendor.told_late = 2
    hub = hub_with(vendor, tmp_path)
    client = await begin(hub)
    await client.start()
    await client.view(ViewState.LISTENING)
    await hub.finish(client.conductor.id)
    assert ledger(hub) == (1, False)
    await hub.close()


async def test_without_a_count_the_tariff_stands_in_and_says_so(vendor, tmp_path):
    vendor.statuses = {"read": 404}
    hub = hub_with(vendor, tmp_path)
    client = await begin(hub)
    await client.start()
    await client.view(ViewState.LISTENING)
    await hub.finish(client.conductor.id)
    assert ledger(hub) == (1, True)
    await hub.close()


async def test_the_sandbox_has_its_own_face_and_costs_nothing(vendor):
    faces = Faces.parse("sarah=11111111-1111-4111-8111-111111111111", sandbox=True)
    avatar = live(vendor, faces=faces)
    session = await avatar.open(interview_id="i1", persona_id="sarah", listener=lambda _: asyncio.sleep(0))
    await session.close()
    wish = next(iter(vendor.sessions.values())).wish
    assert wish["avatar_id"] == WAYNE and wish["is_sandbox"] and wish["max_session_duration"] == 300
    assert [int(e.quantity) for e in await session.usage() if e.unit == "credit"] == [0]
    await avatar.close()


async def test_the_account_keeps_and_stops_with_the_sessions_own_token(vendor):
    account = LiveAvatarAccount(SecretStr(KEY), vendor.url)
    session_id, token = await account.token(SessionWish("full", WAYNE, 60, voice_id="v"))
    assert vendor.sessions[session_id].wish["avatar_persona"] == {"language": "en", "voice_id": "v"}
    started = await account.start(session_id, token)
    assert started.ws_url == ""
    await account.keep_alive(started)
    with pytest.raises(CoachError):
        await account.start(session_id, token)
    assert await account.used(session_id) is None
    await account.stop(session_id, token)
    used = await account.used(session_id)
    assert used is not None and used.credits == 2
    vendor.token_s = -1
    expired, token = await account.token(SessionWish("lite", WAYNE, 60))
    with pytest.raises(VendorAuthError):
        await account.start(expired, token)
    await account.close()


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (401, "", VendorAuthError),
        (403, "", VendorAuthError),
        (402, "", VendorLimitError),
        (400, "Not enough credits.", VendorLimitError),
        (429, "", VendorLimitError),
        (422, "avatar_id", VendorProtocolError),
    ],
)
def test_refusals_are_told_apart(status, message, kind):
    assert type(vendor_error(status, message)) is kind


def test_sound_comes_at_the_vendors_rate_a_short_piece_first():
    assert len(pcm_of(wav(1.0, rate=22_050))) == pytest.approx(48_000, abs=100)
    lengths = [len(piece) * 3 // 4 // 2 for piece in pieces(b"\0\0" * 24_000 * 3)]
    assert lengths[0] == pytest.approx(14_400, abs=2) and max(lengths) <= 24_002
    for bad in (b"", b"RIFF", wav(0.1, channels=2)):
        with pytest.raises(InputError):
            pcm_of(bad)


def test_faces_are_named_by_persona():
    faces = Faces.parse("sarah=a, john=b ,c")
    assert dict(faces.by_persona) == {"sarah": "a", "john": "b"} and faces.usual == "c"
    assert Faces.parse("").usual == WAYNE
    with pytest.raises(SettingsError, match="names no avatar"):
        Faces.parse("sarah=")
