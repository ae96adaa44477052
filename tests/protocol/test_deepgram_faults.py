"""Through the real SDK against a Deepgram that fails: no word is lost, none is doubled, no task is left."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from coach.contracts.transcript import TranscriptSource
from coach.speech.port import Heard
from tests.fakes.coded_speech import Speech, answer
from tests.fakes.deepgram_run import left_over, record, say, stream
from tests.fakes.deepgram_server import DeepgramServer, Fault

pytestmark = pytest.mark.asyncio(loop_scope="module")

AT_ONCE = 6
PATIENT = {"stall_s": 1.5, "finalize_s": 4.0}
"""A busy machine that stands still for a moment is no fault of the stream."""
SPEED = 4.0
LIVE, BATCH = {TranscriptSource.LIVE}, {TranscriptSource.BATCH}
ANY = LIVE | BATCH


@dataclass(frozen=True)
class Script:
    """A fault, how long the answer is, and how its transcript may come about."""

    name: str
    faults: tuple[Fault, ...]
    source: set[TranscriptSource]
    words: int = 30
    always: Fault = field(default_factory=Fault)
    speed: float = SPEED
    batch_faults: tuple[int, ...] = ()
    live_limit_s: float = 10.0


SCRIPTS = [
    Script("nothing wrong", (), LIVE),
    Script("late final", (Fault(finalize_delay_s=0.7),), LIVE),
    Script("final later than anybody waits", (Fault(finalize_delay_s=30),), ANY),
    Script("final without from_finalize", (Fault(finalize="unflagged"),), LIVE),
    Script("no answer to Finalize", (Fault(finalize="none"),), ANY),
    Script("hangs up on Finalize", (Fault(finalize="drop"),), ANY),
    Script("drop in the middle of a word", (Fault(drop_at_s=2.0),), ANY, words=60),
    Script("drop just before Finish", (Fault(drop_at_s=9.8),), BATCH),
    Script("three drops", (Fault(drop_at_s=1.0), Fault(drop_at_s=1.4), Fault(drop_at_s=1.2)), ANY, words=60),
    Script("undecodable, 1008", (Fault(close_at_s=3, close=(1008, "DATA-0000")),), ANY),
    Script("closed politely in mid-answer", (Fault(close_at_s=3, close=(1000, "")),), ANY),
    Script("internal error, 1011", (Fault(close_at_s=3, close=(1011, "NET-0000")),), ANY),
    Script("rate limit, then open", (Fault(refuse=429), Fault(refuse=429)), ANY, words=60),
    Script("rate limit for ever", (), BATCH, always=Fault(refuse=429)),
    Script(
        "server error for ever, recording refused twice", (), BATCH, always=Fault(refuse=503), batch_faults=(500, 503)
    ),
    Script("key refused on reconnect", (Fault(drop_at_s=3), Fault(refuse=401)), BATCH),
    Script("silent but open", (), BATCH, always=Fault(silent_from_s=0)),
    Script("silent from the middle", (Fault(silent_from_s=4),), ANY, words=60),
    Script("results without words", (), BATCH, always=Fault(wordless_from_s=0), words=60),
    Script("slow", (Fault(slow_s=0.3),), LIVE),
    Script("repeated results", (Fault(duplicate=True),), LIVE),
    Script("out of order", (Fault(shuffle=True),), LIVE),
    Script("out of order, repeated, dropped", (Fault(shuffle=True, duplicate=True, drop_at_s=4),), ANY, words=60),
    Script("messages nobody knows", (Fault(garbage=True),), ANY),
    Script("results only where words are", (Fault(words_only=True),), LIVE),
    Script("reads no more", (Fault(stall_at_s=3),), ANY, words=60),
    Script("three times too fast", (), BATCH, speed=3 * SPEED, words=60, live_limit_s=2.0),
]


def spoken(words: int) -> Speech:
    """An answer with pauses, so that results end at different places."""
    return answer(words, pauses={i: 0.5 for i in range(9, words, 11)})


async def run(script: Script, folder: Path) -> tuple[Heard, DeepgramServer]:
    speech = spoken(script.words)
    server = DeepgramServer(
        speech, faults=script.faults, always=script.always, batch_faults=script.batch_faults, finalize_s=0.02
    )
    limits = {**PATIENT, "live_limit_s": script.live_limit_s}
    async with server.running(), stream(server, speed=SPEED, **limits) as live:
        await live.start_answer("attempt-1")
        await say(live, speech, speed=script.speed)
        heard = await live.finish_answer(record(speech, folder / f"{script.name}.wav"))
    return heard, server


@dataclass
class Runs:
    """All scripts, running side by side."""

    results: dict[str, asyncio.Task[tuple[Heard, DeepgramServer]]]
    others: set[asyncio.Task[object]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runs(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runs]:
    folder, turn, others = tmp_path_factory.mktemp("faults"), asyncio.Semaphore(AT_ONCE), asyncio.all_tasks()

    async def in_turn(script: Script) -> tuple[Heard, DeepgramServer]:
        async with turn:
            return await run(script, folder)

    tasks = {s.name: asyncio.create_task(in_turn(s)) for s in SCRIPTS}
    yield Runs(tasks, others)
    await asyncio.gather(*tasks.values(), return_exceptions=True)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.name)
async def test_no_word_is_lost(script: Script, runs: Runs) -> None:
    speech = spoken(script.words)
    heard, server = await runs.results[script.name]
    words = heard.transcript.words
    assert [w.word for w in words] == speech.texts
    assert max(abs(w.start_s - s.start_s) for w, s in zip(words, speech.words, strict=True)) <= 0.03
    assert [w.start_s for w in words] == sorted(w.start_s for w in words)
    assert heard.transcript.source in script.source
    assert bool(heard.transcript.notes) == (heard.transcript.source is not TranscriptSource.LIVE)
    assert heard.transcript.duration_s == pytest.approx(speech.duration_s, abs=0.001)
    assert server.errors == []


@pytest.mark.parametrize("script", [s for s in SCRIPTS if s.source == LIVE], ids=lambda s: s.name)
async def test_the_words_are_those_of_a_plain_merge(script: Script, runs: Runs) -> None:
    """The reference: of everything the server finally said, each word once, in order of the audio."""
    heard, server = await runs.results[script.name]
    assert len(server.connections) == 1
    finals = [r for r in server.connections[0].results if r["is_final"]]
    said = [w for r in finals for w in r["channel"]["alternatives"][0]["words"]]
    reference = sorted({(w["start"], w["end"], w["word"]) for w in said})
    assert [(w.start_s, w.end_s, w.word) for w in heard.transcript.words] == reference


async def test_no_task_is_left_running(runs: Runs) -> None:
    await asyncio.gather(*runs.results.values())
    assert await left_over(runs.others) == set()
