"""A Whisper server of one's own behind the port, over the real SDK."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from coach.audio.flac import write_flac
from coach.bootstrap import build_transcriber, chosen_transcriber
from coach.contracts.transcript import TranscriptSource
from coach.errors import SettingsError, VendorAuthError, VendorError
from coach.settings import Settings
from coach.speech.pieces.transcriber import PieceTranscriber
from coach.speech.port import SpeechContext
from tests.fakes.spoken import SENTENCES, answer
from tests.fakes.transcription_server import KEY, TranscriptionServer

CONTEXT = SpeechContext(keyterms=("Kubernetes",))
SPEECH = answer(0.4, SENTENCES[0], 0.6).pcm


def settings_for(url: str, key: str = KEY) -> Settings:
    return Settings(
        coach_transcriber="auto", coach_transcribe_base_url=url, coach_transcribe_api_key=SecretStr(key),
        deepgram_api_key=None, _env_file=None,
    )  # fmt: skip


def recorded(tmp_path: Path) -> Path:
    write_flac(SPEECH, tmp_path / "a.flac")
    return tmp_path / "a.flac"


@pytest.mark.parametrize("gives", ["words", "tokens", "segments"])
async def test_a_recording_becomes_a_verbatim_transcript(tmp_path: Path, gives: str) -> None:
    async with TranscriptionServer(gives=gives).running() as server:
        engine = build_transcriber(settings_for(server.url))
        heard = (await engine.transcribe(recorded(tmp_path), CONTEXT, attempt_id="a")).transcript
        await engine.close()
    assert server.errors == []
    assert heard.text == "We had forty, um, orders."
    assert (heard.transcriber, heard.verbatim, heard.fillers_about) == ("server", True, True)
    assert all(w.confidence == pytest.approx(0.9, abs=0.001) for w in heard.words if not w.is_filler)
    assert 0.1 <= heard.words[0].start_s < heard.words[-1].end_s <= SPEECH.duration_s
    prompts = [r.get("prompt", [""])[0] for r in server.requests]
    assert "Kubernetes" in prompts


async def test_a_server_that_knows_no_times_is_asked_for_the_text_and_refuses_once(tmp_path: Path) -> None:
    async with TranscriptionServer(gives="text").running() as server:
        engine = build_transcriber(settings_for(server.url))
        for _ in range(2):
            heard = (await engine.transcribe(recorded(tmp_path), CONTEXT, attempt_id="a")).transcript
        await engine.close()
        assert server.refused <= 2, "two requests at once may both be refused, later ones are not"
    assert heard.text == "We had forty, um, orders."
    times = [w.start_s for w in heard.words]
    assert times == sorted(times) and times[0] >= 0.1 and heard.words[-1].end_s <= SPEECH.duration_s
    assert all(w.confidence is None for w in heard.words if not w.is_filler)


async def test_the_live_way_is_the_same(tmp_path: Path) -> None:
    async with TranscriptionServer().running() as server:
        engine = build_transcriber(settings_for(server.url))
        stream = await engine.open_stream(CONTEXT)
        await stream.start_answer("a")
        data = SPEECH.to_bytes()
        for at in range(0, len(data), 640):
            stream.push(data[at : at + 640])
        heard = (await stream.finish_answer(recorded(tmp_path))).transcript
        await stream.close()
        await engine.close()
    assert (heard.text, heard.source) == ("We had forty, um, orders.", TranscriptSource.LIVE)


async def test_a_server_that_stumbles_is_asked_again(tmp_path: Path) -> None:
    async with TranscriptionServer(faults=(500, 429)).running() as server:
        engine = build_transcriber(settings_for(server.url))
        assert (await engine.transcribe(recorded(tmp_path), CONTEXT, attempt_id="a")).transcript.text
        await engine.close()


async def test_a_refused_key_and_a_dead_server_are_told(tmp_path: Path) -> None:
    async with TranscriptionServer().running() as server:
        engine = build_transcriber(settings_for(server.url, "wrong"))
        with pytest.raises(VendorAuthError, match="refused the key"):
            await engine.transcribe(recorded(tmp_path), CONTEXT, attempt_id="a")
        await engine.close()
    engine = build_transcriber(settings_for("http://127.0.0.1:9/v1"))
    with pytest.raises(VendorError, match="cannot be reached") as told:
        await engine.transcribe(recorded(tmp_path), CONTEXT, attempt_id="a")
    assert "COACH_TRANSCRIBE_BASE_URL" in told.value.mend
    await engine.close()


def test_the_address_chooses_the_server_and_without_one_it_is_asked_for() -> None:
    assert chosen_transcriber(settings_for("http://gpu:8000/v1")) == "server"
    assert isinstance(build_transcriber(settings_for("http://gpu:8000/v1")), PieceTranscriber)
    with pytest.raises(SettingsError, match="needs an address"):
        build_transcriber(settings_for(""), "server")
