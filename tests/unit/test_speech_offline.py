"""Offline speech: recognition beside the event loop, correction with timing, Whisper without a network, typed."""

import asyncio
import os
import signal
import threading
import time
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.audio.flac import write_flac
from coach.audio.pcm import Pcm
from coach.contracts.transcript import Transcript, TranscriptSource, Word, typed_transcript
from coach.errors import AudioError, SettingsError, VendorError
from coach.speech.correction import apply_correction
from coach.speech.pocketsphinx import PocketsphinxTranscriber
from coach.speech.pocketsphinx_utterances import MAX_LIVE_UTTERANCE_S, MAX_UTTERANCE_S, UtteranceCutter, utterances
from coach.speech.port import SpeechContext
from coach.speech.typed import TypedTranscriber
from coach.speech.whisper import transcriber as whisper
from coach.speech.whisper.transcriber import WhisperTranscriber
from tests.fakes.spoken import SENTENCES, answer, spoken

CONTEXT = SpeechContext()


@pytest.fixture(scope="module")
def made():
    return answer(0.5, SENTENCES[0], 1.2, SENTENCES[1], 0.6)


@pytest.fixture
def recording(made, tmp_path):
    write_flac(made.pcm, tmp_path / "a.flac")
    return tmp_path / "a.flac"


@pytest.fixture
async def transcriber():
    engine = PocketsphinxTranscriber()
    yield engine
    await engine.close()


def _push_all(stream, pcm: Pcm) -> None:
    data = pcm.to_bytes()
    for start in range(0, len(data), 640):
        stream.push(data[start : start + 640])


async def test_words_lie_in_the_speech_and_carry_confidence(transcriber, recording, made):
    heard = await transcriber.transcribe(recording, CONTEXT, attempt_id="a")
    words = heard.transcript.words
    assert len(words) >= 15
    assert heard.transcript.text == " ".join(w.word for w in words)
    assert all(a.end_s <= b.start_s + 0.02 for a, b in pairwise(words))
    assert all(w.confidence is not None for w in words)
    for start, end in made.silences:
        assert not [w for w in words if w.start_s > start + 0.15 and w.end_s < end - 0.15]
    assert heard.transcript.verbatim is False
    assert any("Fillers are not measurable" in n for n in heard.transcript.notes)
    assert transcriber.capabilities.needs_review


async def test_the_event_loop_runs_on_while_it_recognises(transcriber, recording):
    await transcriber.warm_up()
    done = asyncio.ensure_future(transcriber.transcribe(recording, CONTEXT, attempt_id="a"))
    ticks = 0
    while not done.done():
        await asyncio.sleep(0.005)
        ticks += 1
    assert ticks > 20
    assert transcriber._process.pid not in (None, os.getpid())


async def test_live_hears_what_batch_hears(transcriber, recording, made):
    stream = await transcriber.open_stream(CONTEXT)
    await stream.start_answer("a")
    _push_all(stream, made.pcm)
    live = (await stream.finish_answer(recording)).transcript
    batch = (await transcriber.transcribe(recording, CONTEXT, attempt_id="a")).transcript
    assert live.source == TranscriptSource.LIVE
    assert live.duration_s == batch.duration_s == pytest.approx(made.pcm.duration_s)
    same = {w.word for w in live.words} & {w.word for w in batch.words}
    assert len(same) >= 0.6 * len({w.word for w in batch.words})
    assert abs(live.words[-1].end_s - batch.words[-1].end_s) < 0.3
    await stream.close()


async def test_start_over_forgets_and_missing_frames_come_from_the_recording(transcriber, recording, made):
    stream = await transcriber.open_stream(CONTEXT)
    await stream.start_answer("a")
    _push_all(stream, spoken(SENTENCES[3]))
    await stream.reset()
    _push_all(stream, made.pcm.slice(0, 2))
    heard = (await stream.finish_answer(recording)).transcript
    assert heard.source == TranscriptSource.BATCH
    assert "customer" not in heard.text
    await stream.close()


async def test_a_killed_recogniser_is_started_again(transcriber, recording):
    await transcriber.warm_up()
    os.kill(transcriber._process.pid, signal.SIGKILL)
    assert (await transcriber.transcribe(recording, CONTEXT, attempt_id="a")).transcript.words


async def test_closing_leaves_no_process(recording):
    engine = PocketsphinxTranscriber()
    await engine.warm_up()
    child = engine._process._child
    await engine.close()
    assert child.poll() is not None
    with pytest.raises(VendorError):
        engine._process.recognise(b"")


async def test_silence_gives_an_empty_transcript_and_says_so(transcriber, tmp_path):
    write_flac(answer(2.0).pcm, tmp_path / "s.flac")
    heard = (await transcriber.transcribe(tmp_path / "s.flac", CONTEXT, attempt_id="a")).transcript
    assert (heard.text, heard.words) == ("", [])
    assert "No speech" in heard.notes[0]
    with pytest.raises(AudioError):
        await transcriber.transcribe(tmp_path / "missing.flac", CONTEXT, attempt_id="a")


def test_utterances_are_cut_at_pauses_and_never_too_long():
    made = answer(*(SENTENCES * 3))
    parts = list(utterances(made.pcm))
    assert all(p.duration_s <= MAX_UTTERANCE_S + 0.5 for p in parts)
    assert sum(p.duration_s for p in parts) == pytest.approx(made.pcm.duration_s, abs=0.5)
    cutter = UtteranceCutter()
    data = answer(3.0, SENTENCES[0], 1.0).pcm.to_bytes()
    found = [u for i in range(0, len(data), 640) if (u := cutter.push(data[i : i + 640]))]
    (only,) = found
    assert only.start_s == pytest.approx(2.6, abs=0.3)
    assert cutter.flush() is None


def test_speech_without_pauses_is_handed_on_while_it_lasts():
    pcm = answer(*SENTENCES).pcm
    cutter, data = UtteranceCutter(), pcm.to_bytes()
    found = [u for i in range(0, len(data), 640) if (u := cutter.push(data[i : i + 640]))]
    assert found
    rest = cutter.flush()
    parts = [*found, rest] if rest else found
    assert all(p.duration_s <= MAX_LIVE_UTTERANCE_S + 0.1 for p in parts)
    joined = b"".join(p.pcm16 for p in parts)
    assert data.endswith(joined)
    assert all(a.start_s + a.duration_s == pytest.approx(b.start_s, abs=0.01) for a, b in pairwise(parts))


# -- correction ----------------------------------------------------------------------------------------------------

HEARD = Transcript(
    text="we sold forty cakes",
    words=[
        Word(word=w, start_s=i, end_s=i + 0.5, confidence=0.5) for i, w in enumerate(["we", "sold", "forty", "cakes"])
    ],
    duration_s=5,
    transcriber="pocketsphinx",
    source=TranscriptSource.LIVE,
)


def test_a_correction_keeps_the_time_of_what_stayed():
    fixed = apply_correction(HEARD, "We sold fifteen big cakes.")
    assert fixed.source == TranscriptSource.CORRECTED
    assert fixed.text == "We sold fifteen big cakes."
    times = {w.word: (w.start_s, w.end_s) for w in fixed.words}
    assert times["We"] == (0, 0.5)
    assert times["cakes."] == (3, 3.5)
    assert 2 <= times["fifteen"][0] < times["fifteen"][1] <= times["big"][0] < times["big"][1] <= 2.5
    assert all(fixed.word_offsets())


def test_words_may_be_inserted_at_the_end_or_all_removed():
    longer = apply_correction(HEARD, "we sold forty cakes in a day")
    assert 3.5 <= longer.words[-1].start_s < longer.words[-1].end_s <= 5
    assert apply_correction(HEARD, "  ").words == []
    assert apply_correction(typed_transcript("yes"), "yes I did").words == []


@given(st.lists(st.sampled_from(["we", "sold", "forty", "cakes", "on", "monday", "um"]), max_size=30))
def test_any_correction_is_timed_in_order(words):
    fixed = apply_correction(HEARD, " ".join(words))
    assert [w.word for w in fixed.words] == words
    assert all(0 <= w.start_s <= w.end_s <= 5 for w in fixed.words)
    assert all(a.start_s <= b.start_s + 1e-6 for a, b in pairwise(fixed.words))


# -- Whisper and typed ---------------------------------------------------------------------------------------------


class FakeWhisper:
    """Answers like faster_whisper.WhisperModel.transcribe: segments with words, and info."""

    def transcribe(self, samples, **options):
        assert samples.dtype.name == "float32"
        assert options["word_timestamps"]
        words = [SimpleNamespace(word=w, start=i, end=i + 0.4, probability=0.9) for i, w in enumerate([" We", " won."])]
        return iter([SimpleNamespace(words=words), SimpleNamespace(words=None)]), SimpleNamespace(language="en")


async def test_whisper_words_become_a_transcript(recording):
    engine = WhisperTranscriber(engine=FakeWhisper())
    stream = await engine.open_stream(CONTEXT)
    await stream.start_answer("a")
    stream.push(bytes(640))
    heard = (await stream.finish_answer(recording)).transcript
    assert (heard.text, [w.word for w in heard.words], heard.verbatim) == ("We won.", ["We", "won."], False)
    assert "Fillers are not measurable" in heard.notes[0]
    await engine.close()


async def test_whisper_without_model_and_network_fails_at_once_with_a_mend(recording, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    whisper.can_be_fetched.cache_clear()
    engine, started = WhisperTranscriber(), time.monotonic()
    with pytest.raises(SettingsError, match="not on this machine") as told:
        await engine.transcribe(recording, CONTEXT, attempt_id="a")
    assert "pocketsphinx" in told.value.mend
    assert time.monotonic() - started < 10
    assert not whisper.model_available()
    await engine.close()
    whisper.can_be_fetched.cache_clear()


def test_an_unreachable_hub_is_given_up_soon(monkeypatch):
    hold = threading.Event()
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(whisper.socket, "create_connection", lambda *a, **k: hold.wait(20))
    whisper.can_be_fetched.cache_clear()
    started = time.monotonic()
    assert whisper.can_be_fetched() is False
    assert time.monotonic() - started < 5
    hold.set()
    whisper.can_be_fetched.cache_clear()


def test_a_cached_model_is_found_without_network(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    snapshot = tmp_path / "models--Systran--faster-whisper-base.en" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    assert whisper.model_path() is None
    (snapshot / "model.bin").write_bytes(b"x")
    assert whisper.model_path() == str(snapshot)


async def test_a_broken_model_is_told_not_raised(tmp_path, recording):
    (tmp_path / "model").mkdir()
    engine = WhisperTranscriber(str(tmp_path / "model"))
    with pytest.raises(SettingsError, match="cannot be loaded"):
        await engine.transcribe(recording, CONTEXT, attempt_id="a")
    await engine.close()


async def test_typed_keeps_the_length_and_leaves_the_text_to_the_person(recording, made):
    engine = TypedTranscriber()
    stream = await engine.open_stream(CONTEXT)
    await stream.start_answer("a")
    stream.push(bytes(640))
    heard = (await stream.finish_answer(recording)).transcript
    assert (heard.text, heard.source, heard.duration_s) == ("", TranscriptSource.TYPED, made.pcm.duration_s)
    assert engine.capabilities.needs_review
    assert typed_transcript("  I   did it ").text == "I did it"
