"""Text to sound through the real SDK against the loopback server."""

import io
import wave
from decimal import Decimal

import pytest
from pydantic import SecretStr

from coach.errors import InputError, VendorAuthError
from coach.speech.voice.deepgram import DeepgramVoice
from tests.fakes.deepgram_server import KEY, DeepgramServer


async def test_a_text_becomes_pcm_and_counts_its_characters() -> None:
    async with DeepgramServer().running() as server:
        voice = DeepgramVoice(SecretStr(KEY), server.url)
        spoken = await voice.speak("Tell me about   a project.", interview_id="i")
        await voice.close()
        assert server.spoken == ["Tell me about a project."]
    assert spoken.sample_rate_hz == 24_000
    assert spoken.duration_s == pytest.approx(0.06 * 5, abs=0.01)
    usage = spoken.usage[0]
    assert (usage.meter, usage.unit, usage.quantity) == ("aura-2.characters", "character", Decimal(24))
    with wave.open(io.BytesIO(spoken.wav())) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        assert file.readframes(10**6) == spoken.pcm


async def test_a_refused_key_is_told() -> None:
    async with DeepgramServer().running() as server:
        voice = DeepgramVoice(SecretStr("wrong"), server.url)
        with pytest.raises(VendorAuthError):
            await voice.speak("Hello.")
        await voice.close()


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001])
async def test_nothing_or_too_much_is_not_sent(text: str) -> None:
    async with DeepgramServer().running() as server:
        voice = DeepgramVoice(SecretStr(KEY), server.url)
        with pytest.raises(InputError):
            await voice.speak(text)
        await voice.close()
        assert server.spoken == []


async def test_each_persona_speaks_through_its_own_speaker() -> None:
    async with DeepgramServer().running() as server:
        voice = DeepgramVoice(SecretStr(KEY), server.url)
        for persona in ("sarah", "john", "priya", "leo"):
            await voice.speak("Hello.", persona_id=persona)
        await voice.close()
        assert server.speakers == ["aura-2-thalia-en", "aura-2-zeus-en", "aura-2-pandora-en", "aura-2-aries-en"]
    assert len({voice.clip_key(persona) for persona in ("sarah", "john", "priya", "leo")}) == 4
