"""Our own share of Finish -> UPDATE_SCORES: vendors that take a known time, everything else real.

The transcriber answers 150 ms after it is told that no sound follows; the model begins 300 ms after its request, or at
once (then even what we do while a real model thinks counts as ours), and streams its evaluation without a pause.
Database, recording, FLAC, voice activity, delivery metrics, sectioning, guards and events are the product's own. Ours =
first_scores - 150 ms - the model's time. The stages are those of the waterfall. The reference of the same run is the
same answer measured after the transcript, not while it is spoken.
"""

import asyncio
import os
import tempfile
import time
from pathlib import Path

import uvloop

from benchmarks._playing import hub_on, percentiles, table
from coach.brain.port import RequestSent, StreamEnd, TextDelta
from coach.brain.prompts.policy import Policy
from coach.contracts import commands as cmd
from coach.contracts.interview import PlannedQuestion, ViewState
from coach.interview import defaults
from coach.interview import latency as waterfall
from coach.interview.service import InitRequest
from tests.conversation.driver import Client
from tests.fakes import vendors

LENGTHS_S = tuple(float(s) for s in os.environ.get("FINISH_SECONDS", "10,30").split(","))
ANSWERS = int(os.environ.get("FINISH_ANSWERS", "40"))
STT_S, MODEL_S = 0.15, 0.3
SPEECH = Path(os.environ.get("FINISH_AUDIO", ""))


class KnownBrain(vendors.FakeBrain):
    """Streams a ready evaluation in pieces of 24 characters, `first_s` after the request."""

    def __init__(self, first_s: float) -> None:
        super().__init__()
        self.first_s = first_s

    async def evaluate(self, call):
        text = vendors.evaluation(6.5).model_dump_json()
        yield RequestSent()
        await asyncio.sleep(self.first_s)
        for at in range(0, len(text), 24):
            yield TextDelta(text[at : at + 24])
        yield StreamEnd("complete", "fake-1")


class Stream(vendors.FakeStream):
    """Takes its time from the moment it is told that no sound follows, as a live transcriber does."""

    def end_answer(self) -> None:
        self.due = time.monotonic() + STT_S

    async def finish_answer(self, recording):
        await asyncio.sleep(max(0.0, self.due - time.monotonic()))
        return await super().finish_answer(recording)


class Transcriber(vendors.FakeTranscriber):
    """Opens such streams."""

    async def open_stream(self, context):
        return Stream(self)


def speech(seconds: float) -> bytes:
    """Speech-like sound: voiced bursts with pauses."""
    import numpy as np

    t = np.arange(int(seconds * 16_000)) / 16_000
    voice = sum(np.sin(2 * np.pi * 120 * k * t) / k for k in range(1, 12))
    return (6000 * voice * (np.sin(2 * np.pi * 0.6 * t) > -0.5)).astype("<i2").tobytes()


async def answers(home: Path, seconds: float, listen, first_s: float) -> tuple[list[float], dict[str, list[float]]]:
    """Own milliseconds of each answer, and milliseconds by stage."""
    transcriber = Transcriber(("I led the migration of the night run and cut it from six hours to two. " * 6,))
    hub = hub_on(
        home,
        transcriber=transcriber,
        brain=KnownBrain(first_s),
        avatar=vendors.FakeAvatar(0.0),
        policy=Policy(),
        bundle="bench",
        listen=listen or defaults.listen,
        follow=None if listen else defaults.follow,
        measure=defaults.measure,
    )
    await hub.start()
    question = PlannedQuestion(text="Tell me about a time you made something faster.")
    client = Client(await hub.open((await hub.init(InitRequest(q_count=1), questions=[question])).mock_interview_id))
    await client.start()
    await client.view(ViewState.LISTENING)
    sound, own = speech(seconds), []
    stages: dict[str, list[float]] = {}
    for number in range(ANSWERS + 3):
        for at in range(0, len(sound), 640):
            client.conductor.push_audio(sound[at : at + 640])
            if at % 32_000 == 0:
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.3 + seconds * 0.06)  # sound came much faster than it is spoken: hearing catches up
        attempt = client.state.attempt_id
        await client.send(client.finish_command())
        await client.wait("UPDATE_REWRITE", 30)
        await client.settled()
        marks = client.conductor.board.attempt(attempt).timeline
        if number >= 3:
            own.append(marks["first_scores"] - (STT_S + first_s) * 1000)
            for stage in waterfall.stages(marks):
                stages.setdefault(stage.name, []).append(stage.ms)
        await client.send(cmd.RetryQuestion(payload=cmd.ExchangeRef(question_id=client.state.current_question.id)))
    await hub.close()
    return own, stages


def one_after_the_other(recording: Path):
    """The reference: nothing of the sound is known before the transcript is."""
    from coach.audio.decode import decode

    return decode(recording), None


def main() -> None:
    """Prints both tables."""
    rows = []
    shown: dict[str, list[float]] = {}
    for seconds in LENGTHS_S:
        for name, listen, first_s in (
            ("while speaking, model after 300 ms", None, MODEL_S),
            ("while speaking, model at once", None, 0.0),
            ("after the transcript, model at once (reference)", one_after_the_other, 0.0),
        ):
            with tempfile.TemporaryDirectory() as home:
                begun = time.process_time()
                own, stages = uvloop.run(answers(Path(home), seconds, listen, first_s))
                cpu = (time.process_time() - begun) / (ANSWERS + 3)
            shown = shown or stages
            rows.append([f"{seconds:.0f} s", name, len(own), *percentiles(own, 50, 95, 99), f"{cpu * 1000:.0f}"])
            print(rows[-1], {n: percentiles(v, 50) for n, v in stages.items()}, flush=True)
    print(f"\n## Finish -> UPDATE_SCORES, our share (load average {os.getloadavg()[0]:.1f})\n")
    table(["answer", "sound measured", "answers", "p50 ms", "p95 ms", "p99 ms", "CPU ms per answer"], rows)
    table(["stage (10 s answer)", "p50 ms", "p95 ms"], [[n, *percentiles(v, 50, 95)] for n, v in shown.items()])


if __name__ == "__main__":
    main()
