"""The live stream's promises, through the real SDK against the loopback server."""

import asyncio
import time
from decimal import Decimal
from pathlib import Path

import pytest

from coach.contracts.transcript import TranscriptSource
from coach.errors import AudioError, UsageError, VendorAuthError, VendorError, VendorLimitError
from coach.speech.deepgram.client import DeepgramRequestError, environment
from coach.speech.port import SpeechContext
from coach.speech.streaming.stream import LOST
from tests.fakes.coded_speech import answer, speak
from tests.fakes.deepgram_run import CONTEXT, SPEED, left_over, record, say, stream, transcriber
from tests.fakes.deepgram_server import KEY, DeepgramServer, Fault

pytestmark = pytest.mark.asyncio


async def test_a_refused_key_is_told_and_leaves_nothing_running() -> None:
    before = asyncio.all_tasks()
    async with DeepgramServer().running() as server:
        hearer = transcriber(server, key="wrong")
        with pytest.raises(VendorAuthError, match="key"):
            await hearer.open_stream(CONTEXT)
        await hearer.close()
    assert await left_over(before) == set()


async def test_a_request_the_vendor_does_not_accept_is_told() -> None:
    async with DeepgramServer(always=Fault(refuse=400)).running() as server:
        hearer = transcriber(server)
        with pytest.raises(DeepgramRequestError):
            await hearer.open_stream(CONTEXT)
        await hearer.close()


async def test_a_limit_on_opening_does_not_stop_the_interview(tmp_path: Path) -> None:
    speech = answer(6)
    async with DeepgramServer(speech, faults=[Fault(refuse=429)] * 50).running() as server, stream(server) as live:
        assert isinstance(live.trouble, VendorLimitError)
        await live.start_answer("a")
        assert "keep recording" in live.notice
        await say(live, speech)
        heard = await live.finish_answer(record(speech, tmp_path / "a.wav"))
    assert [w.word for w in heard.transcript.words] == speech.texts
    assert heard.transcript.source is TranscriptSource.BATCH


async def test_one_connection_serves_all_answers_and_start_over(tmp_path: Path) -> None:
    first, again, second = answer(8), answer(9, first_number=101), answer(10, first_number=201)
    everything = speak([])
    everything.words.extend([*first.words, *again.words, *second.words])
    async with DeepgramServer(everything).running() as server, stream(server) as live:
        await live.start_answer("a1")
        await say(live, first, stop=100)
        await live.reset()
        await live.start_answer("a2")
        await say(live, again)
        heard = await live.finish_answer(record(again, tmp_path / "2.wav"))
        live.push(bytes(640))
        await live.start_answer("b1")
        await say(live, second)
        next_heard = await live.finish_answer(record(second, tmp_path / "3.wav"))
        assert len(server.connections) == 1
    assert [w.word for w in heard.transcript.words] == again.texts
    assert [w.word for w in next_heard.transcript.words] == second.texts
    assert heard.transcript.words[0].start_s == pytest.approx(again.words[0].start_s, abs=0.001)
    assert next_heard.transcript.words[0].start_s == pytest.approx(second.words[0].start_s, abs=0.001)
    assert {heard.transcript.source, next_heard.transcript.source} == {TranscriptSource.LIVE}


async def test_seconds_sent_are_metered_once_each(tmp_path: Path) -> None:
    first, second = answer(8), answer(8)
    async with DeepgramServer(first).running() as server, stream(server) as live:
        await live.start_answer("thrown-away")
        await say(live, first, stop=50)
        await server.connections[0].heard(1.0)
        await live.reset()
        await live.start_answer("kept")
        await say(live, second)
        heard = await live.finish_answer(record(second, tmp_path / "a.wav"))
        assert live.take_usage() == ()
        assert sum(u.quantity for u in heard.usage) == Decimal(str(round(server.connections[0].audio_s, 3)))
    by_attempt = {u.attempt_id: u.quantity for u in heard.usage}
    assert by_attempt == {"thrown-away": Decimal("1.000"), "kept": Decimal(str(second.duration_s))}
    assert {(u.vendor, u.meter, u.unit, u.interview_id) for u in heard.usage} == {
        ("deepgram", "nova-3.live", "second", "interview-1")
    }
    assert len({u.event_id for u in heard.usage}) == 2


async def test_what_a_dropped_connection_had_not_answered_is_replayed_and_counts_as_sent(tmp_path: Path) -> None:
    speech = answer(30, pauses={i: 0.5 for i in range(9, 30, 11)})
    async with DeepgramServer(speech, faults=[Fault(drop_at_s=4)]).running() as server, stream(server) as live:
        await live.start_answer("a")
        await say(live, speech)
        covered = server.connections[0].results[-1]
        assert live.notice in ("", LOST)
        await server.connected(2)
        await server.connections[1].heard(speech.duration_s - 4)
        await server.connections[1].settled()
        heard = await live.finish_answer(record(speech, tmp_path / "a.wav"))
        received = sum(c.audio_s for c in server.connections)
    assert covered["start"] < 4
    assert heard.transcript.source is TranscriptSource.LIVE
    assert [w.word for w in heard.transcript.words] == speech.texts
    assert float(sum(u.quantity for u in heard.usage)) == pytest.approx(received, abs=0.2)
    assert received > speech.duration_s
    assert len({u.event_id for u in heard.usage}) == len(heard.usage) == 2


async def test_a_replay_is_at_most_a_quarter_faster_than_real_time(tmp_path: Path) -> None:
    speech = answer(50, pauses={i: 0.5 for i in range(9, 50, 11)})
    faults = [Fault(drop_at_s=4), *[Fault(refuse=503)] * 3]
    async with DeepgramServer(speech, faults=faults).running() as server, stream(server) as live:
        await live.start_answer("a")
        await say(live, speech)
        assert live.notice == ""
        await live.finish_answer(record(speech, tmp_path / "a.wav"))
        arrivals = server.connections[1].arrivals
    began, audio = arrivals[0]
    for at, seconds in arrivals:
        assert seconds - audio <= 1.25 * SPEED * (at - began) + 0.5 * SPEED


async def test_too_fast_frames_are_dropped_oldest_first_counted_and_told(tmp_path: Path) -> None:
    speech = answer(75)
    async with DeepgramServer(speech).running() as server, stream(server, live_limit_s=2.0) as live:
        await live.start_answer("a")
        for frame in speech.frames():
            live.push(frame)
        dropped, notice = live.dropped_frames, live.notice
        heard = await live.finish_answer(record(speech, tmp_path / "a.wav"))
        assert 0 < server.connections[0].audio_s < speech.duration_s
    assert dropped > 50
    assert "recording" in notice
    assert [w.word for w in heard.transcript.words] == speech.texts


async def test_the_socket_is_held_between_answers(tmp_path: Path) -> None:
    speech = answer(6)
    always = Fault(idle_close_s=0.9)
    async with DeepgramServer(speech, always=always).running() as server, stream(server) as live:
        await asyncio.sleep(1.5)
        await live.start_answer("a")
        await say(live, speech)
        heard = await live.finish_answer(record(speech, tmp_path / "a.wav"))
        await asyncio.sleep(1.5)
        log = server.connections[0]
        assert len(server.connections) == 1
        assert not log.closed.is_set()
        assert log.controls.count("KeepAlive") >= 2
        assert server.errors == []
    assert [w.word for w in heard.transcript.words] == speech.texts
    assert heard.transcript.words[0].start_s == pytest.approx(speech.words[0].start_s, abs=0.001)
    assert sum(u.quantity for u in heard.usage) == Decimal(str(speech.duration_s)) + Decimal("0.02")


async def test_the_request_names_model_language_and_the_jobs_terms() -> None:
    context = SpeechContext(keyterms=(" FastAPI ", "FastAPI", "", "Kubernetes"), language="en-GB")
    async with DeepgramServer().running() as server:
        hearer = transcriber(server)
        live = await hearer.open_stream(context)
        await live.close()
        await hearer.close()
        query = server.connections[0].query
        assert server.connections[0].authorization == f"Token {KEY}"
    assert query["keyterm"] == ["FastAPI", "Kubernetes"]
    assert (query["model"], query["language"]) == (["nova-3"], ["en-GB"])
    assert "keywords" not in query
    assert query["filler_words"] == ["true"]


async def test_when_the_recording_cannot_be_transcribed_the_live_words_stand(tmp_path: Path) -> None:
    speech = answer(40, pauses={i: 0.5 for i in range(9, 40, 11)})
    faults = [Fault(drop_at_s=6), *[Fault(refuse=503)] * 99]
    async with (
        DeepgramServer(speech, faults=faults, batch_faults=[500] * 9).running() as server,
        stream(server) as live,
    ):
        await live.start_answer("a")
        await say(live, speech)
        heard = await live.finish_answer(record(speech, tmp_path / "a.wav"))
    texts = [w.word for w in heard.transcript.words]
    assert 0 < len(texts) < 40
    assert texts == speech.texts[: len(texts)]
    assert "may be missing" in heard.transcript.notes[0]


async def test_when_nothing_can_be_transcribed_it_is_an_error_and_the_usage_is_kept(tmp_path: Path) -> None:
    speech = answer(6)
    always = Fault(silent_from_s=0)
    async with (
        DeepgramServer(speech, always=always, batch_faults=[429] * 9).running() as server,
        stream(server) as live,
    ):
        await live.start_answer("a")
        await say(live, speech)
        with pytest.raises(VendorLimitError):
            await live.finish_answer(record(speech, tmp_path / "a.wav"))
        assert sum(u.quantity for u in live.take_usage()) == Decimal(str(speech.duration_s))


async def test_finish_without_an_answer_is_a_callers_mistake(tmp_path: Path) -> None:
    async with DeepgramServer().running() as server, stream(server) as live:
        with pytest.raises(UsageError):
            await live.finish_answer(tmp_path / "none.wav")


async def test_an_answer_without_words_is_an_empty_transcript(tmp_path: Path) -> None:
    silence = speak([], lead_s=1.5, tail_s=1.5)
    async with DeepgramServer(silence).running() as server, stream(server) as live:
        await live.start_answer("a")
        await say(live, silence)
        heard = await live.finish_answer(record(silence, tmp_path / "a.wav"))
    assert heard.transcript.text == ""
    assert heard.transcript.source is TranscriptSource.LIVE


@pytest.mark.parametrize("old_server", [False, True])
async def test_fillers_are_kept_live_and_in_recordings(tmp_path: Path, old_server: bool) -> None:
    speech = answer(30, fillers=True)
    async with DeepgramServer(speech, ignores_fillers=old_server).running() as server, stream(server) as live:
        await live.start_answer("a")
        await say(live, speech)
        recording = record(speech, tmp_path / "a.wav")
        heard = await live.finish_answer(recording)
        hearer = transcriber(server)
        verbatim = await hearer.transcribe(recording, CONTEXT, attempt_id="a", verbatim=True)
        plain = await hearer.transcribe(recording, CONTEXT, attempt_id="a")
        await hearer.close()
        assert server.batches[0]["query"]["filler_words"] == "true"
        assert "filler_words" not in server.batches[1]["query"]
    assert heard.transcript.verbatim
    kept = [t for t in speech.texts if not old_server or t not in ("um", "uh")]
    assert [w.word for w in heard.transcript.words] == kept
    assert verbatim.transcript.verbatim
    assert [w.word for w in verbatim.transcript.words] == speech.texts
    assert sum(w.is_filler for w in verbatim.transcript.words) == 4
    assert verbatim.usage[0].meter == "nova-3.batch"
    assert verbatim.usage[0].quantity == Decimal(str(speech.duration_s))
    assert verbatim.usage[0].event_id != plain.usage[0].event_id


async def test_once_fillers_were_found_lost_live_counts_as_not_verbatim(tmp_path: Path) -> None:
    speech = answer(12, fillers=True)
    async with DeepgramServer(speech, ignores_fillers=True).running() as server:
        hearer = transcriber(server)
        live = await hearer.open_stream(CONTEXT)
        assert hearer.capabilities.verbatim_live
        hearer.lost_fillers()
        assert (hearer.capabilities.verbatim_live, hearer.capabilities.check_share) == (False, 0.0)
        await live.start_answer("a")
        await say(live, speech)
        heard = await live.finish_answer(record(speech, tmp_path / "a.wav"))
        await live.close()
        await hearer.close()
    assert not heard.transcript.verbatim


@pytest.mark.parametrize(
    ("status", "error"), [(401, VendorAuthError), (429, VendorLimitError), (402, VendorLimitError), (500, VendorError)]
)
async def test_each_refusal_of_a_recording_has_its_error(status: int, error: type, tmp_path: Path) -> None:
    speech = answer(3)
    async with DeepgramServer(speech, batch_faults=[status] * 9).running() as server:
        hearer = transcriber(server)
        with pytest.raises(error):
            await hearer.transcribe(record(speech, tmp_path / "a.wav"), CONTEXT, attempt_id="a")
        await hearer.close()
        assert len(server.batches) == (1 if status == 401 else 3)


async def test_a_recording_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    async with DeepgramServer().running() as server:
        hearer = transcriber(server)
        with pytest.raises(AudioError):
            await hearer.transcribe(tmp_path / "none.wav", CONTEXT, attempt_id="a")
        await hearer.close()


async def test_nobody_at_the_address_is_a_vendor_error(tmp_path: Path) -> None:
    async with DeepgramServer().running() as server:
        hearer = transcriber(server)
    with pytest.raises(VendorError):
        await hearer.transcribe(record(answer(2), tmp_path / "a.wav"), CONTEXT, attempt_id="a")
    await hearer.close()


async def test_half_an_hour_is_one_answer(tmp_path: Path) -> None:
    """4,500 words; frames of 100 ms, given as fast as the server takes them."""
    speech = answer(4500, word_s=0.25, gap_s=0.15, pauses={i: 0.4 for i in range(12, 4500, 12)})
    assert speech.duration_s > 1800
    async with (
        DeepgramServer(speech, validate=False).running() as server,
        stream(server, replay_rate=1e6, live_limit_s=20, catch_up_s=20) as live,
    ):
        await live.start_answer("a")
        log = server.connections[0]
        for i, frame in enumerate(speech.frames(100)):
            live.push(frame)
            await log.heard(i * 0.1 - 2)
        began = time.monotonic()
        heard = await live.finish_answer(record(speech, tmp_path / "a.wav"))
        took_s = time.monotonic() - began
    assert [w.word for w in heard.transcript.words] == speech.texts
    assert heard.transcript.source is TranscriptSource.LIVE
    assert heard.transcript.duration_s == pytest.approx(speech.duration_s, abs=0.01)
    assert took_s < 2


@pytest.mark.parametrize(
    ("base", "rest", "socket"),
    [
        ("https://api.deepgram.com", "https://api.deepgram.com", "wss://api.deepgram.com"),
        ("http://127.0.0.1:99/dg/", "http://127.0.0.1:99/dg", "ws://127.0.0.1:99/dg"),
    ],
)
async def test_the_socket_address_follows_from_the_base(base: str, rest: str, socket: str) -> None:
    there = environment(base)
    assert (there.base, there.production) == (rest, socket)
