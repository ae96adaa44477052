"""Whisper on this computer: its weights, its process, what it hears. The model is the real one."""

import asyncio
import os
import platform
import signal
import threading
import time
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import numpy as np
import psutil
import pytest

from coach.audio.flac import write_flac
from coach.audio.pcm import Pcm
from coach.bootstrap import chosen_transcriber
from coach.cli import diagnosis_speech
from coach.errors import SettingsError, VendorError
from coach.settings import Settings
from coach.speech import packaged
from coach.speech.pieces.piece import Piece
from coach.speech.pieces.transcriber import PieceTranscriber
from coach.speech.port import SpeechContext
from coach.speech.whisper import model, weights
from coach.speech.whisper.engine import plain
from coach.speech.whisper.recogniser import WhisperRecogniser, on_the_clock
from tests.fakes.spoken import SENTENCES, answer

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

CONTEXT = SpeechContext()


@pytest.fixture(scope="module")
def made():
    return answer(0.5, SENTENCES[0], 1.2, SENTENCES[1], 0.6)


@pytest.fixture
def recording(made, tmp_path):
    write_flac(made.pcm, tmp_path / "a.flac")
    return tmp_path / "a.flac"


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No hub, no cache of it."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    model.can_be_fetched.cache_clear()
    yield
    model.can_be_fetched.cache_clear()


@pytest.fixture
def no_packages(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


# -- weights -------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch, tmp_path):
    """A packaged model of a few bytes, in two parts."""
    import hashlib

    content = {"model.bin": b"first and second", "config.json": b"{}"}
    folders = [tmp_path / "one" / "data", tmp_path / "two" / "data"]
    for folder in folders:
        folder.mkdir(parents=True)
    (folders[0] / "model.bin.part1").write_bytes(b"first and")
    (folders[1] / "model.bin.part2").write_bytes(b" second")
    (folders[0] / "config.json").write_bytes(b"{}")
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}
    small_one = packaged.Packaged(
        "Small", "small==1", ("one/data", "two/data"), ("model.bin.part1", "model.bin.part2"), digests
    )
    monkeypatch.setattr(weights, "PACKAGED", {"small": small_one})
    monkeypatch.setattr(packaged, "_sources", lambda _: folders)
    return folders


def test_parts_are_joined_verified_once_and_kept(small, tmp_path, monkeypatch):
    ready = weights.packaged_folder("small", tmp_path / "cache")
    assert ready and (ready / "model.bin").read_bytes() == b"first and second"
    monkeypatch.setattr(packaged, "_prepare", lambda *a: pytest.fail("verified before"))
    assert weights.packaged_folder("small", tmp_path / "cache") == ready


@pytest.mark.parametrize("harm", ["changed", "missing", "config"])
def test_an_altered_package_is_never_loaded_and_says_how_to_mend_it(small, tmp_path, harm):
    part = small[0] / ("config.json" if harm == "config" else "model.bin.part1")
    part.unlink() if harm == "missing" else part.write_bytes(b"first und")
    with pytest.raises(SettingsError, match="altered") as told:
        weights.packaged_folder("small", tmp_path / "cache")
    assert "small==1" in told.value.mend
    assert not list((tmp_path / "cache").glob("small-*"))


def test_a_kept_copy_that_was_changed_is_made_anew(small, tmp_path):
    ready = weights.packaged_folder("small", tmp_path / "cache")
    assert ready
    (ready / "model.bin").write_bytes(b"spoilt")
    again = weights.packaged_folder("small", tmp_path / "cache")
    assert again and (again / "model.bin").read_bytes() == b"first and second"


def test_two_at_once_end_with_one_whole_copy(small, tmp_path):
    found, failed = [], []

    def prepare():
        try:
            found.append(weights.packaged_folder("small", tmp_path / "cache"))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=prepare) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed and len(set(found)) == 1
    assert [p.name for p in (tmp_path / "cache").iterdir() if p.is_dir()] == [found[0].name]


def test_the_pinned_packages_are_the_published_weights():
    for name in ("base", "tiny.en"):
        folder = weights.packaged_folder(name)
        assert folder and (folder / "tokenizer.json").exists()
        assert model.find_model(name).origin == "package"


def test_without_package_and_network_answers_are_typed(offline, no_packages):
    settings = Settings(coach_transcriber="auto", deepgram_api_key=None, _env_file=None)
    assert chosen_transcriber(settings) == "typed"
    with pytest.raises(SettingsError, match="not installed") as told:
        model.find_model("base")
    assert "make run" in told.value.mend


def test_with_the_packages_whisper_is_the_default(offline):
    assert chosen_transcriber(Settings(coach_transcriber="auto", deepgram_api_key=None, _env_file=None)) == "whisper"


def test_an_altered_package_without_a_hub_leaves_answers_to_be_typed_and_says_why_once(
    small, offline, tmp_path, monkeypatch, caplog
):
    (small[1] / "model.bin.part2").write_bytes(b" sexond")
    monkeypatch.setattr(weights, "cache_folder", lambda kind: tmp_path / "cache")
    settings = Settings(coach_transcriber="auto", coach_whisper_model="small", deepgram_api_key=None, _env_file=None)
    assert [chosen_transcriber(settings) for _ in range(2)] == ["typed", "typed"]
    (line,) = [record.getMessage() for record in caplog.records if "answers are typed" in record.getMessage()]
    assert "model.bin is not the published file" in line and "pip install --force-reinstall small==1" in line
    told = diagnosis_speech.transcriber(settings)
    assert told.status == "warning" and "altered" in told.detail and "small==1" in told.detail and told.mend


def test_an_altered_package_falls_back_to_the_hubs_copy_and_says_so(offline, monkeypatch, tmp_path):
    def altered(name, cache=None):
        raise SettingsError("The package is altered.")

    monkeypatch.setattr(model, "packaged_folder", altered)
    snapshot = tmp_path / "hub" / "models--Systran--faster-whisper-base" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "model.bin").write_bytes(b"x")
    found = model.find_model("base")
    assert (found.origin, found.path) == ("cache", str(snapshot))
    assert "altered" in found.trouble


def test_an_unreachable_hub_is_given_up_soon(monkeypatch):
    hold = threading.Event()
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("socket.create_connection", lambda *a, **k: hold.wait(20))
    model.can_be_fetched.cache_clear()
    started = time.monotonic()
    assert model.can_be_fetched() is False
    assert time.monotonic() - started < 5
    hold.set()
    model.can_be_fetched.cache_clear()


# -- what it hears -------------------------------------------------------------------------------------------------


def test_halves_of_a_word_become_one_and_times_stay_in_the_piece():
    piece = Piece(5.0, bytes(32_000 * 2))
    heard = [(" all", 0.0, 0.4, 0.9), ("-female", 0.4, 0.9, 0.5), (" team", 1.9, 2.6, 0.8)]
    words = on_the_clock(heard, piece)
    assert [(w.word, w.start_s, w.end_s, w.confidence) for w in words] == [
        ("all-female", 5.0, 5.9, 0.5),
        ("team", 6.9, 7.0, 0.8),
    ]


@pytest.fixture(scope="module")
def recogniser():
    engine = WhisperRecogniser()
    yield engine
    engine.child.close()


async def test_real_words_real_times_and_the_loop_runs_on(recogniser, recording, made):
    engine = PieceTranscriber(recogniser, name="whisper", label="Whisper")
    ticks, running = [], True

    async def tick():
        while running:
            ticks.append(time.perf_counter())
            await asyncio.sleep(0.005)

    ticking = asyncio.create_task(tick())
    heard = (await engine.transcribe(recording, CONTEXT, attempt_id="a")).transcript
    running = False
    await ticking
    said = heard.text.lower()
    assert [w for w in ("orders", "oven", "friday night", "branch", "bake", "half") if w not in said] == []
    assert heard.verbatim and heard.fillers_about
    assert heard.words[0].start_s == pytest.approx(0.5, abs=0.4)
    assert heard.words[-1].end_s <= made.pcm.duration_s
    lag = sorted(b - a - 0.005 for a, b in pairwise(ticks))
    assert lag[len(lag) // 2] < 0.02, "the event loop has its own interpreter lock"


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked to give memory back")
async def test_what_recognising_took_for_itself_is_given_back_after_a_rest(recogniser, recording):
    engine = PieceTranscriber(recogniser, name="whisper", label="Whisper")
    await engine.transcribe(recording, CONTEXT, attempt_id="a")
    child = psutil.Process(recogniser.child.pid)
    assert child.environ()["MALLOC_ARENA_MAX"] == "1"
    busy_mb, until = child.memory_info().rss / 1e6, time.monotonic() + 30
    while child.memory_info().rss / 1e6 > busy_mb - 20 and time.monotonic() < until:
        await asyncio.to_thread(time.sleep, 0.1)
    assert child.memory_info().rss / 1e6 <= busy_mb - 20
    assert "orders" in (await engine.transcribe(recording, CONTEXT, attempt_id="b")).transcript.text.lower()


class _Guesses:
    """A model that hears what it was told, by the number of beams."""

    def __init__(self, guesses):
        self.guesses, self.beams = guesses, []
        self.model = SimpleNamespace(is_multilingual=True)

    def transcribe(self, sound, *, beam_size, **_):
        self.beams.append(beam_size)
        text, sure = self.guesses[beam_size]
        words = [SimpleNamespace(word=f" {w}", start=0.0, end=0.1, probability=0.9) for w in text.split()]
        return [SimpleNamespace(words=words, avg_logprob=sure, compression_ratio=1.0)], None


@pytest.mark.parametrize(
    ("guesses", "said", "beams"),
    [
        ({1: ("all of it", -0.4)}, "all of it", [1]),
        ({1: ("of it", -1.0), 5: ("all of it", -0.3)}, "all of it", [1, 5]),
        ({1: ("all of it", -1.0), 5: ("hall oven", -1.3)}, "all of it", [1, 5]),
    ],
)
def test_what_is_unsure_is_heard_again_more_carefully_and_the_surer_one_stays(guesses, said, beams):
    model = _Guesses(guesses)
    words = plain(cast("WhisperModel", model), bytes(32_000), language="en")
    assert "".join(w.word for w in words).strip() == said
    assert model.beams == beams


async def test_a_killed_process_is_started_again(recogniser, recording):
    engine = PieceTranscriber(recogniser, name="whisper", label="Whisper")
    await recogniser.warm_up()
    os.kill(recogniser.child.pid, signal.SIGKILL)
    assert "orders" in (await engine.transcribe(recording, CONTEXT, attempt_id="a")).transcript.text.lower()


async def test_noise_is_never_words(recogniser, tmp_path):
    noise = np.random.default_rng(3).normal(0, 2500, 16_000 * 6).astype(np.int16)
    write_flac(Pcm(noise), tmp_path / "n.flac")
    engine = PieceTranscriber(recogniser, name="whisper", label="Whisper")
    assert (await engine.transcribe(tmp_path / "n.flac", CONTEXT, attempt_id="n")).transcript.text == ""


async def test_a_folder_that_is_no_model_is_told_not_raised(tmp_path, recording):
    (tmp_path / "model").mkdir()
    engine = PieceTranscriber(WhisperRecogniser(str(tmp_path / "model")), name="whisper", label="Whisper")
    with pytest.raises(SettingsError, match="cannot be loaded"):
        await engine.transcribe(recording, CONTEXT, attempt_id="a")
    await engine.close()


async def test_closing_leaves_no_process_and_answers_nobody(recording):
    engine = PieceTranscriber(WhisperRecogniser(), name="whisper", label="Whisper")
    await engine.warm_up()
    pid = engine.recogniser.child.pid  # type: ignore[attr-defined]
    await engine.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises((VendorError, asyncio.CancelledError)):
        await engine.transcribe(recording, CONTEXT, attempt_id="a")
