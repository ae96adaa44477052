"""The interviewer's voice: clips made through the real SDK against the loopback server, cached, served, fallen back."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from coach.avatar.drawn import DrawnAvatar
from coach.bootstrap import build_avatar, chosen_voice, spoken_from
from coach.contracts import commands as cmd
from coach.errors import SettingsError
from coach.settings import load_settings
from coach.speech.voice.clips import Clips
from coach.speech.voice.deepgram import DeepgramVoice
from coach.web.clips import clip_routes, clip_url
from tests.conversation.driver import begin, make_hub, slow
from tests.fakes.deepgram_server import KEY, DeepgramServer
from tests.fakes.store import FakeStore

ASKED = "Tell me about a project."
PATIENT = slow(speech_grace_s=60.0)


@asynccontextmanager
async def shelf(folder: Path, server: DeepgramServer, store: FakeStore, key: str = KEY) -> AsyncIterator[Clips]:
    clips = Clips(folder / "clips", DeepgramVoice(SecretStr(key), server.url), store.add_usage)
    try:
        yield clips
    finally:
        await clips.close()


async def test_a_text_is_generated_and_metered_once(tmp_path):
    store = FakeStore()
    async with DeepgramServer().running() as server:
        async with shelf(tmp_path, server, store) as clips:
            one, two = await asyncio.gather(*(clips.clip(f" {ASKED} ", persona_id="sarah") for _ in range(2)))
            assert one == two
            other = await clips.clip(ASKED, persona_id="john")
        async with shelf(tmp_path, server, store) as clips:
            assert await clips.clip(ASKED, persona_id="sarah") == one
        assert other != one
        assert server.spoken == [ASKED, ASKED]
    assert [(e.meter, int(e.quantity)) for e in store.usage.values()] == [("aura-2.characters", len(ASKED))] * 2


async def test_names_of_clips_differ_between_installations(tmp_path):
    async with DeepgramServer().running() as server:
        keys = set()
        for home in (tmp_path / "a", tmp_path / "b"):
            async with shelf(home, server, FakeStore()) as clips:
                keys.add(await clips.clip(ASKED, persona_id="sarah"))
    assert len(keys) == 2


async def test_clips_are_served_and_nothing_else(tmp_path):
    async with DeepgramServer().running() as server, shelf(tmp_path, server, FakeStore()) as clips:
        key = await clips.clip(ASKED, persona_id="sarah")
        app = Starlette(routes=clip_routes(clips))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as http:
            whole = await http.get(clip_url(key))
            assert whole.status_code == 200
            assert whole.content[:4] == b"RIFF"
            assert whole.headers["content-type"] == "audio/wav"
            assert "immutable" in whole.headers["cache-control"]
            part = await http.get(clip_url(key), headers={"Range": "bytes=0-3"})
            assert (part.status_code, part.content) == (206, b"RIFF")
            for wrong in ("secret", "..%2Fsecret", "%2e%2e/secret", "0" * 40, key.upper(), f"{key}%00", f"{key}%0a"):
                assert (await http.get(f"/clips/{wrong}.wav")).status_code == 404
                assert (await http.get(f"/clips/{wrong}")).status_code == 404


async def test_old_clips_are_removed(tmp_path):
    async with DeepgramServer().running() as server:
        clips = Clips(tmp_path, DeepgramVoice(SecretStr(KEY), server.url), FakeStore().add_usage, kept_days=-1)
        key = await clips.clip(ASKED, persona_id="sarah")
        assert clips.find(key) is None
        await clips.close()


async def test_a_follow_up_is_not_kept(tmp_path):
    async with DeepgramServer().running() as server, shelf(tmp_path, server, FakeStore()) as clips:
        key = await clips.clip("And what changed for you?", persona_id="sarah", once=True)
        heard = clips.find(key)
        assert heard
        os.utime(heard, (0, 0))
        kept = await clips.clip(ASKED, persona_id="sarah")
        assert clips.find(key) is None
        assert clips.find(kept)


async def test_an_interview_is_asked_in_the_voice(tmp_path):
    async with DeepgramServer().running() as server, shelf(tmp_path, server, FakeStore()) as clips:
        hub = make_hub(tmp_path, avatar=DrawnAvatar(voice=spoken_from(clips)), timing=PATIENT)
        client = await begin(hub)
        assert client.conductor.avatar_config["voice"] == "server"
        await client.start()
        told = (await client.wait("SPEAK")).payload
        assert clips.find(told.audio_url.removeprefix("/clips/").removesuffix(".wav"))
        assert [e.payload for e in client.conductor._s.welcome() if e.type == "SPEAK"] == [told]
        await client.send(cmd.SpeechDone(payload=cmd.SpeechDonePayload(task_id=told.task_id)))
        await client.wait("SESSION_STATE", view_state="LISTENING")
        assert server.spoken == [told.text]
        await hub.close()


async def test_a_voice_that_fails_leaves_it_to_the_browser_with_a_notice(tmp_path):
    async with DeepgramServer().running() as server, shelf(tmp_path, server, FakeStore(), key="wrong") as clips:
        hub = make_hub(tmp_path, avatar=DrawnAvatar(voice=spoken_from(clips)), timing=PATIENT)
        client = await begin(hub)
        await client.start()
        notice = (await client.wait("NOTICE")).payload
        assert notice.code == "VOICE_FAILED"
        assert "refused the key" in notice.message
        assert (await client.wait("SPEAK")).payload.audio_url is None
        assert client.conductor.avatar_config["voice"] == "browser"
        assert not list((tmp_path / "clips").glob("*.wav"))
        await hub.close()


@pytest.mark.parametrize(
    ("voice", "key", "chosen"),
    [("auto", KEY, "deepgram"), ("browser", KEY, "browser"), ("none", KEY, "none"), ("local", KEY, "local")],
)
def test_which_voice_speaks(voice, key, chosen, tmp_path):
    assert chosen_voice(load_settings(coach_voice=voice, deepgram_api_key=key, coach_home=tmp_path)) == chosen


def test_a_voice_without_its_key_says_so(tmp_path):
    settings = load_settings(coach_voice="deepgram", deepgram_api_key=None, coach_home=tmp_path)
    with pytest.raises(SettingsError, match="DEEPGRAM_API_KEY"):
        chosen_voice(settings)
    assert build_avatar(settings).name == "drawn"
