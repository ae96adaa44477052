"""Nothing holds the event loop while an answer is processed: no single callback works for more than 50 ms."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from coach.audio.archive import AudioArchive
from coach.avatar.drawn import DrawnAvatar
from coach.brain.offline.coach import OfflineCoach
from coach.brain.prompts.policy import Policy
from coach.contracts import commands as cmd
from coach.contracts.interview import PlannedQuestion, ViewState
from coach.delivery import measure as delivery
from coach.interview import defaults
from coach.interview.dependencies import Dependencies
from coach.interview.service import InitRequest, InterviewService
from coach.store import open_store
from tests.conversation.driver import FAST, Client, tone
from tests.fakes import vendors

LONGEST_S = 0.05
ANSWER = "I led the migration of the night run. It took six hours; I cut it to two by reading only what changed. "


class Watch:
    """Longest callback of this thread's loops by CPU time of the thread: what other processes do does not count."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self.culprit = ""

    def run(self, original, handle):
        begun = time.thread_time()
        try:
            return original(handle)
        finally:
            taken = time.thread_time() - begun
            if taken > self.longest_s:
                self.longest_s, self.culprit = taken, repr(handle)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    watch, original, here = Watch(), asyncio.Handle._run, threading.get_ident()

    def run(handle):
        return watch.run(original, handle) if threading.get_ident() == here else original(handle)

    monkeypatch.setattr(asyncio.Handle, "_run", run)
    yield watch


async def test_no_callback_of_an_answer_works_longer_than_50_ms(tmp_path, watch):
    delivery.warm_up()
    parts = Dependencies(
        store=open_store(f"duckdb:///{tmp_path / 'coach.duckdb'}"),
        transcriber=vendors.FakeTranscriber((ANSWER * 20,)),
        brain=OfflineCoach(),
        avatar=DrawnAvatar(),
        archive=AudioArchive(str(tmp_path / "audio")),
        journal_dir=tmp_path / "journal",
        ear=defaults.ear,
        policy=Policy(),
        bundle="test",
        timing=FAST,
    )
    hub = InterviewService(parts)
    await hub.start()
    question = PlannedQuestion(text="Tell me about a time you made something faster.")
    begun = await hub.init(InitRequest(q_count=1), questions=[question])
    client = Client(await hub.open(begun.mock_interview_id))
    await client.start()
    await client.view(ViewState.LISTENING)
    sound = tone(30)
    for first in (True, False):  # the first answer imports what later ones use
        for at in range(0, len(sound), 640):
            client.conductor.push_audio(sound[at : at + 640])
        if not first:
            watch.longest_s = 0.0
        await client.send(client.finish_command())
        await client.wait("UPDATE_REWRITE", 60)
        await client.settled()
        if first:
            await client.send(cmd.RetryQuestion(payload=cmd.ExchangeRef(question_id=client.state.current_question.id)))
            await client.view(ViewState.LISTENING)
    await hub.close()
    assert 0 < watch.longest_s < LONGEST_S, watch.culprit
