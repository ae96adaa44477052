"""A recogniser that hangs without dying is ended, started anew, and hears the piece again; the model is real."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from coach.audio.flac import write_flac
from coach.errors import VendorTimeoutError
from coach.speech.pieces.transcriber import PieceTranscriber
from coach.speech.port import SpeechContext
from coach.speech.whisper.child import HangLimits
from coach.speech.whisper.recogniser import WhisperRecogniser
from coach.speech.whisper.watchdog import Watchdog
from tests.fakes.spoken import SENTENCES, answer

SOON = HangLimits(still_s=1.0)
WITHIN_S = 60.0


@pytest.fixture(scope="module")
def engine() -> Iterator[PieceTranscriber]:
    recogniser = WhisperRecogniser("tiny.en", "tiny.en", limits=SOON)
    yield PieceTranscriber(recogniser, name="whisper", label="Whisper")
    recogniser.child.close()


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("said") / "a.flac"
    write_flac(answer(0.4, SENTENCES[0], 0.4).pcm, path)
    return path


def freeze(engine: PieceTranscriber) -> int:
    """Stops its process in the middle of whatever it does, as a dead lock would; its id."""
    pid = engine.recogniser.child.pid  # type: ignore[attr-defined]
    assert pid
    os.kill(pid, signal.SIGSTOP)
    return int(pid)


async def test_an_answer_over_which_it_hung_is_heard_anew_from_what_was_recorded(engine, recording):
    await engine.warm_up()
    stream = await engine.open_stream(SpeechContext())
    await stream.start_answer("a")
    sound = answer(0.4, SENTENCES[0], 0.4).pcm.to_bytes()
    for at in range(0, len(sound), 6400):
        stream.push(sound[at : at + 6400])
    hung = freeze(engine)
    async with asyncio.timeout(WITHIN_S):
        heard = await stream.finish_answer(recording)
    assert "orders" in heard.transcript.text.lower()
    assert engine.recogniser.child.pid not in (None, hung)
    with pytest.raises(ProcessLookupError):
        os.kill(hung, 0)
    await stream.close()


async def test_one_that_hangs_again_and_again_is_told_and_the_next_one_works(engine, recording, caplog):
    await engine.warm_up()
    over, child = threading.Event(), engine.recogniser.child

    def freeze_each() -> None:
        while not over.wait(0.02):
            if child.pid and child.load_s:  # it has loaded its models
                child.load_s = 0.0
                os.kill(child.pid, signal.SIGSTOP)

    freezing = threading.Thread(target=freeze_each)
    freezing.start()
    try:
        async with asyncio.timeout(WITHIN_S):
            with pytest.raises(VendorTimeoutError, match="hung"):
                await engine.transcribe(recording, SpeechContext(), attempt_id="b")
    finally:
        over.set()
        freezing.join()
    assert "hung over a piece" in caplog.text
    if child.pid:
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGCONT)
    async with asyncio.timeout(WITHIN_S):
        heard = await engine.transcribe(recording, SpeechContext(), attempt_id="c")
    assert "orders" in heard.transcript.text.lower()


@pytest.mark.parametrize(
    ("program", "limits", "hangs"),
    [
        ("while True: pass", {"still_s": 30.0, "processor_s": 0.3}, True),
        ("import time; time.sleep(60)", {"still_s": 0.3, "processor_s": 30.0}, True),
        ("", {"still_s": 30.0, "processor_s": 30.0}, False),
    ],
    ids=["goes round for ever", "stands still", "ends by itself"],
)
def test_what_counts_as_hanging(program, limits, hangs):
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout
        with Watchdog(process, **limits) as watch:
            assert process.stdout.read() == b"", "it ends in each case"
        assert watch.hung is hangs


def test_the_limit_grows_with_the_sound():
    limits = HangLimits(processor_s=30.0, per_second=10.0)
    assert limits.of(bytes(12 * 32_000)) == 150.0
