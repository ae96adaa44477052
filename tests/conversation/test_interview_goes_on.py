"""Where something fails or comes at the wrong moment, nobody waits for ever and nothing a person gave is lost."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from coach.audio.flac import write_flac
from coach.audio.journal import RecordingJournal
from coach.audio.pcm import Pcm
from coach.audio.takes import ClockedFrame
from coach.avatar.drawn import DrawnSession
from coach.contracts import commands as cmd
from coach.contracts.interview import AttemptStatus, PlannedQuestion, ViewState
from coach.errors import StoreBusyError, StoreError
from coach.interview.conductor import Conductor
from coach.interview.dependencies import JobMaterial
from coach.interview.headless import answer_once
from coach.interview.service import InitRequest
from tests.conversation.driver import Client, begin, listening, make_hub, slow, tone
from tests.fakes import records as make
from tests.fakes.store import FakeStore
from tests.fakes.vendors import FakeAvatar, FakeTranscriber, ScriptedEvaluation, evaluation

PROMPTLY_S = 2.0
"""Far below the five seconds that finishing waits for what does not end (`FAST.settle_s`)."""


class HeldRewrite(ScriptedEvaluation):
    """The scores are out, the rewrite waits for `gate`; then the end is another one (`corrects`) or fails."""

    def __init__(self, *, corrects: bool = False, **script: Any) -> None:
        super().__init__(script)
        self.gate = asyncio.Event()
        self._corrects = corrects

    async def _section(self, script: dict[str, Any], value: Any, name: Any) -> AsyncIterator[Any]:
        if name == "rewrite":
            await self.gate.wait()
        async for step in super()._section(script, value, name):
            yield step

    def _result(self, script: dict[str, Any], value: Any, call: Any) -> Any:
        return super()._result(script, evaluation(7.5) if self._corrects else value, call)


@pytest.mark.parametrize("judge", [{"fail": "rewrite"}, {"corrects": True}], ids=["fails", "corrects"])
async def test_finishing_does_not_wait_for_feedback_that_waits_for_it(tmp_path, judge):
    held = HeldRewrite(**judge)
    hub = make_hub(tmp_path, evaluate=held)
    client = await listening(hub)
    await client.speak()
    await client.send(client.finish_command())
    await client.view(ViewState.FEEDBACK)
    finishing = asyncio.create_task(hub.finish(client.conductor.id))
    await asyncio.sleep(0.05)  # it holds the interview, and waits for the rewrite
    held.gate.set()
    async with asyncio.timeout(PROMPTLY_S):
        assert (await finishing).status == "completed"
    await hub.close()


@pytest.mark.parametrize(("patience_s", "told"), [(0.02, ["HEARING_SLOW"]), (60.0, [])])
async def test_who_waits_long_for_their_words_is_told_that_the_recording_is_kept(tmp_path, patience_s, told):
    transcriber = FakeTranscriber()
    transcriber.delay_s = 0.2
    hub = make_hub(tmp_path, transcriber=transcriber, timing=slow(hearing_slow_s=patience_s))
    client = await listening(hub)
    await client.speak()
    await client.send(client.finish_command())
    await client.view(ViewState.FEEDBACK)
    notices = [event.payload for event in client.seen if event.type == "NOTICE"]
    assert [notice.code for notice in notices] == told
    assert all("recording is kept" in notice.message for notice in notices)
    await hub.close()


async def rated_by_oneself(client: Client) -> str:
    """Answers and gives an own view of it as soon as the scores may be asked for; the attempt's id."""
    await client.speak()
    await client.send(client.finish_command())
    await client.view(ViewState.FEEDBACK)
    attempt_id = client.state.attempt_id
    given = cmd.SelfRatingPayload(attempt_id=attempt_id, overall=4, content=6, delivery=2)
    await client.send(cmd.SelfRating(payload=given))
    return attempt_id


async def test_an_own_view_given_while_the_rewrite_is_written_is_kept(tmp_path):
    held, store = HeldRewrite(corrects=True), FakeStore()
    hub = make_hub(tmp_path, evaluate=held, store=store)
    client = await listening(hub)
    attempt_id = await rated_by_oneself(client)
    held.gate.set()
    await client.settled()
    kept = store.attempts[attempt_id]
    assert kept.status == AttemptStatus.EVALUATED and kept.extra.self_rating.overall == 4
    assert "stored" in kept.timeline
    told = await Client(client.conductor).wait("UPDATE_SCORES")
    assert told.payload.overall == 7.5 and told.payload.self_rating.overall == 4
    await hub.close()


async def test_an_own_view_given_before_the_verbatim_pass_outlives_it(tmp_path):
    transcriber, store = FakeTranscriber(verbatim_batch=True), FakeStore()
    transcriber.verbatim_delay_s = 0.3
    hub = make_hub(tmp_path, transcriber=transcriber, store=store)
    client = await listening(hub)
    attempt_id = await rated_by_oneself(client)
    assert (await client.wait("UPDATE_SCORES", updated=True)).payload.attempt_id == attempt_id
    await client.settled()
    assert store.attempts[attempt_id].extra.self_rating.overall == 4
    told = await Client(client.conductor).wait("UPDATE_SCORES")
    assert told.payload.self_rating.overall == 4
    await hub.close()


class UnreadableResume:
    """The database is busy exactly when the resume is asked for."""

    async def job(self, **_: Any) -> JobMaterial:
        return JobMaterial()

    async def resume_text(self, resume_id: str) -> str:
        raise StoreBusyError("The database is held by another process.")


async def test_an_answer_is_judged_without_a_resume_that_cannot_be_read(tmp_path):
    store = FakeStore()
    hub = make_hub(tmp_path, store=store, materials=UnreadableResume())
    made = await hub.init(InitRequest(q_count=1, resume_id="r1"))
    client = Client(await hub.open(made.mock_interview_id))
    await client.start()
    await client.listen()
    scores = await client.answer()
    assert store.attempts[scores.payload.attempt_id].status == AttemptStatus.EVALUATED
    await hub.close()


class FullDisk(RecordingJournal):
    """A journal that cannot be opened `refusals` times."""

    refusals = 0

    @classmethod
    def create(cls, directory: Path, attempt_id: str) -> "RecordingJournal":
        if cls.refusals:
            cls.refusals -= 1
            raise StoreError("The recording cannot be written (No space left on device).", mend="Free some disk space.")
        return super().create(directory, attempt_id)


@pytest.fixture
def full_disk():
    yield FullDisk
    FullDisk.refusals = 0


async def asked(client: Client) -> None:
    """The question was asked."""
    speak = await client.wait("SPEAK")
    await client.send(cmd.SpeechDone(payload=cmd.SpeechDonePayload(task_id=speak.payload.task_id)))


def restart(client: Client) -> cmd.RestartAnswer:
    return cmd.RestartAnswer(payload=cmd.RestartAnswerPayload(attempt_id=client.state.attempt_id or ""))


async def test_listening_begins_as_soon_as_the_disk_has_room_again(tmp_path, full_disk):
    full_disk.refusals = 3
    hub = make_hub(tmp_path, journals=full_disk, timing=slow(listen_again_s=0.01))
    client = await begin(hub)
    await client.start()
    await asked(client)
    error = await client.wait("ERROR")
    assert "No space left" in error.payload.message and error.payload.recoverable
    await client.view(ViewState.LISTENING)
    assert len(client.of("ERROR")) == 1, "the same trouble is told once"
    await client.answer()
    await hub.close()


async def test_a_client_that_says_the_question_was_asked_is_listened_to(tmp_path, full_disk):
    full_disk.refusals = 1
    hub = make_hub(tmp_path, journals=full_disk, timing=slow(listen_again_s=60))
    client = await begin(hub)
    await client.start()
    await asked(client)
    await client.wait("ERROR")
    await client.next()
    await client.view(ViewState.LISTENING)
    await hub.close()


async def test_start_over_that_failed_half_way_can_be_repeated(tmp_path, full_disk):
    hub = make_hub(tmp_path, journals=full_disk)
    client = await listening(hub)
    await client.speak()
    again = restart(client)
    full_disk.refusals = 1
    with pytest.raises(StoreError):
        await client.send(again)
    await client.send(again)
    await client.wait("LISTENING_RESET")
    await client.answer()
    assert len(client.of("LISTENING_RESET")) == 1
    await hub.close()


async def test_finish_on_a_full_disk_says_so_and_blames_no_microphone(tmp_path, monkeypatch):
    def refused(self: RecordingJournal, pcm16: bytes) -> None:
        raise StoreError("The recording cannot be written (No space left on device).", mend="Free some disk space.")

    monkeypatch.setattr(RecordingJournal, "append", refused)
    hub = make_hub(tmp_path)
    client = await listening(hub)
    await client.speak()
    with pytest.raises(StoreError, match="No space left"):
        await client.send(client.finish_command())
    await hub.close()


async def test_start_over_sends_nothing_more_to_the_transcriber(tmp_path, monkeypatch):
    transcriber = FakeTranscriber()
    hub = make_hub(tmp_path, transcriber=transcriber)
    client = await listening(hub)
    heard: list[bytes] = []
    monkeypatch.setattr(transcriber.streams[0], "push", heard.append)
    sound = tone(0.1)
    for first_sample in (0, 4800):  # what lies between is waited for, and with it what lies behind
        client.conductor.push_clocked(
            ClockedFrame(7, first_sample // 1600, first_sample, 1e12 + first_sample / 16, sound)
        )
    await client.send(restart(client))
    assert heard == [sound]
    await hub.close()


async def test_a_follow_up_of_an_answer_taken_up_again_is_not_spoken_into_the_next_one(tmp_path):
    store, avatar = FakeStore(), FakeAvatar(speaks_for_s=None)
    of = make.interview()
    question = make.exchange(of)
    done = make.attempt(question, 1, transcript=make.transcript(), delivery=make.delivery())
    now = make.attempt(question, 2, status=AttemptStatus.RECORDING)
    await store.create_interview(of, [question])
    await store.add_attempt(done)
    await store.add_attempt(now)
    judge = ScriptedEvaluation({"follow_up": "What came of it?"})
    hub = make_hub(tmp_path, store=store, avatar=avatar, evaluate=judge, timing=slow(avatar_start_s=30))
    conductor = await hub.open(of.id)
    await conductor.settle()
    assert len(judge.calls) == 1, "the answer of before is judged"
    assert [said.purpose for said in avatar.spoken] == ["question"]
    assert conductor.snapshot().payload.view_state == ViewState.ASKING
    await hub.close()


async def test_clients_are_told_also_where_the_avatar_cannot_be_closed(tmp_path, monkeypatch):
    async def breaks(self: Any) -> None:
        raise RuntimeError("the connection is gone")

    monkeypatch.setattr(DrawnSession, "close", breaks)
    hub = make_hub(tmp_path)
    client = await listening(hub)
    await hub.close()
    async with asyncio.timeout(PROMPTLY_S):
        await client._task


async def test_two_tabs_that_ask_at_once_get_the_same_token(tmp_path):
    store = FakeStore()
    first = make_hub(tmp_path, store=store)
    made = await first.init(InitRequest(q_count=1))
    await first.close()
    hub = make_hub(tmp_path, store=store)  # started anew: it knows no token
    one, two = await asyncio.gather(*(hub.token(made.mock_interview_id) for _ in range(2)))
    assert one == two and await hub.check(one) == made.mock_interview_id
    await hub.close()


async def test_an_answer_without_a_browser_that_cannot_be_handed_in_ends_with_the_reason(tmp_path, monkeypatch):
    sends = Conductor.send

    async def refuses(self: Conductor, command: cmd.Command) -> None:
        if command.type == "SUBMIT_TRANSCRIPT":
            raise StoreError("The disk is full.")
        await sends(self, command)

    monkeypatch.setattr(Conductor, "send", refuses)
    recording = tmp_path / "answer.flac"
    write_flac(Pcm.from_bytes(tone(0.5)), recording)
    hub = make_hub(tmp_path, transcriber=FakeTranscriber(needs_review=True))
    async with asyncio.timeout(10):
        with pytest.raises(StoreError, match="disk is full"):
            await answer_once(hub, PlannedQuestion(text="Tell me.", competency="ownership"), audio=recording)
    await hub.close()
