"""What every transcriber promises, vendor, offline or fake: one suite, so that the fake cannot drift."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from coach.contracts.transcript import Transcript
from coach.contracts.usage import UsageEvent
from coach.speech.pieces.transcriber import PieceTranscriber
from coach.speech.port import SpeechContext, SpeechStream, Transcriber
from coach.speech.typed import TypedTranscriber
from coach.speech.whisper.recogniser import WhisperRecogniser
from tests.fakes.coded_speech import answer
from tests.fakes.deepgram_run import left_over, record, transcriber
from tests.fakes.deepgram_server import DeepgramServer
from tests.fakes.piece_recogniser import FakePieceRecogniser
from tests.fakes.vendors import FakeTranscriber

KINDS = ("deepgram", "fake", "typed", "whisper", "server")
CONTEXT = SpeechContext(keyterms=("SQL",), interview_id="i1")
SPEECH = answer(8)


@asynccontextmanager
async def made(kind: str) -> AsyncIterator[Transcriber]:
    async with DeepgramServer(SPEECH).running() as server:
        kinds: dict[str, Callable[[], Transcriber]] = {
            "deepgram": lambda: transcriber(server),
            "fake": FakeTranscriber,
            "typed": TypedTranscriber,
            "whisper": lambda: PieceTranscriber(WhisperRecogniser(), name="whisper", label="Whisper"),
            "server": lambda: PieceTranscriber(FakePieceRecogniser(), name="server", label="Server"),
        }
        hearer: Transcriber = kinds[kind]()
        try:
            yield hearer
        finally:
            await hearer.close()


async def say(stream: SpeechStream) -> None:
    for frame in SPEECH.frames(40):
        stream.push(frame)
        await asyncio.sleep(0.002)


def sound(transcript: Transcript) -> None:
    """A transcript that others can rely on: ordered words inside the audio, and it survives the store."""
    assert all(w.start_s <= w.end_s for w in transcript.words)
    assert all(a.start_s <= b.start_s for a, b in pairwise(transcript.words))
    assert not transcript.words or transcript.words[-1].start_s <= transcript.duration_s
    assert Transcript.model_validate(json.loads(transcript.model_dump_json())) == transcript


@pytest.mark.parametrize("kind", KINDS)
async def test_two_answers_a_start_over_and_the_end(kind: str, tmp_path: Path) -> None:
    before, recording = asyncio.all_tasks(), record(SPEECH, tmp_path / "a.wav")
    async with made(kind) as hearer:
        assert hearer.name and hearer.label
        assert hearer.capabilities.batch or hearer.capabilities.live
        stream = await hearer.open_stream(CONTEXT)
        stream.push(bytes(640))
        usage: list[UsageEvent] = []
        for attempt in ("first", "second"):
            await stream.start_answer(attempt)
            await say(stream)
            if attempt == "first":
                await stream.reset()
                await stream.start_answer(attempt)
                await say(stream)
            assert stream.dropped_frames >= 0
            assert isinstance(stream.notice, str)
            stream.end_answer()
            stream.end_answer()
            heard = await stream.finish_answer(recording)
            assert heard.transcript.transcriber in (hearer.name, "fake")
            sound(heard.transcript)
            usage += heard.usage
        await stream.close()
        usage += stream.take_usage()
        assert stream.take_usage() == ()
        await stream.close()
    assert len({u.event_id for u in usage}) == len(usage)
    assert all(u.quantity >= 0 and u.vendor and u.unit for u in usage)
    assert await left_over(before) == set()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_frame_costs_next_to_nothing(kind: str) -> None:
    async with made(kind) as hearer:
        stream = await hearer.open_stream(CONTEXT)
        await stream.start_answer("a")
        frames = SPEECH.frames()
        took = []
        for frame in frames:
            began = time.perf_counter()
            stream.push(frame)
            took.append(time.perf_counter() - began)
            await asyncio.sleep(0)
        await stream.close()
    assert sorted(took)[len(took) // 2] < 0.001


@pytest.mark.parametrize("kind", KINDS)
async def test_a_recording_is_transcribed(kind: str, tmp_path: Path) -> None:
    recording = record(SPEECH, tmp_path / "a.wav")
    async with made(kind) as hearer:
        heard = await hearer.transcribe(recording, CONTEXT, attempt_id="a")
        sound(heard.transcript)
        assert not heard.transcript.verbatim or hearer.capabilities.verbatim_batch
        if hearer.capabilities.verbatim_batch:
            assert (await hearer.transcribe(recording, CONTEXT, attempt_id="a", verbatim=True)).transcript.verbatim


@pytest.mark.parametrize("kind", KINDS)
async def test_warm_or_warmed_twice_it_hears_the_same(kind: str, tmp_path: Path) -> None:
    recording = record(SPEECH, tmp_path / "a.wav")
    async with made(kind) as hearer:
        await hearer.warm_up()
        await hearer.warm_up()
        sound((await hearer.transcribe(recording, CONTEXT, attempt_id="a")).transcript)
