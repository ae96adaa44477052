"""Speech inside an interview: eye contact, a refused key, shipped role profiles, one's own baseline."""

import asyncio

from coach.contracts import commands as cmd
from coach.contracts.delivery import DeliveryMetrics
from coach.errors import VendorAuthError
from coach.interview.service import InitRequest
from coach.store import SqlStore
from coach.views.roles import shipped_profiles
from coach.web.shelf import StoreMaterials
from tests.conversation.driver import listening, make_hub, slow
from tests.fakes.store import FakeStore
from tests.fakes.vendors import FakeTranscriber


def look(*, face: bool = True, towards: bool | None = True) -> cmd.EyeContactSample:
    return cmd.EyeContactSample(payload=cmd.EyeContactPayload(at_ms=0, face=face, towards_camera=towards))


async def looked(hub, samples):
    """Eye contact of an answer during which `samples` came while speech was heard."""
    client = await listening(hub)
    await client.speak(0.4)
    await client.wait("LEVEL", speaking=True)
    for sample in samples:
        await client.send(sample)
    attempt_id = client.state.attempt_id
    await client.send(client.finish_command())
    await client.wait("UPDATE_SCORES")
    await client.settled()
    return hub.parts.store._store.attempts[attempt_id].extra.eye_contact


async def test_eye_contact_counts_looks_while_speaking(tmp_path):
    hub = make_hub(tmp_path, store=FakeStore())
    away = [look(face=False), look(towards=False)]
    assert await looked(hub, [look()] * 6 + away) == 7.5
    await hub.close()


async def test_faces_too_small_to_judge_are_no_eye_contact(tmp_path):
    hub = make_hub(tmp_path, store=FakeStore())
    assert await looked(hub, [look()] * 4 + [look(towards=None)] * 9) is None
    await hub.close()


class RefusedTranscriber(FakeTranscriber):
    async def open_stream(self, context):
        raise VendorAuthError("The service refused the key.", mend="Set SOME_KEY.")


async def test_a_refused_key_is_told_in_its_own_words(tmp_path):
    hub = make_hub(tmp_path, transcriber=RefusedTranscriber(), timing=slow())
    client = await listening(hub)
    told = client.of("NOTICE")[0].payload
    assert told.code == VendorAuthError.code
    assert told.message == "The service refused the key. Set SOME_KEY. We keep recording."
    assert client.state.notice == told.message
    await hub.close()


async def test_a_shipped_role_profile_can_be_practised(tmp_path):
    store = SqlStore(f"duckdb:///{tmp_path / 'c.duckdb'}")
    profile = shipped_profiles()[0]
    hub = make_hub(tmp_path, store=store, materials=StoreMaterials(store, shipped_profiles))
    way_in = await hub.init(InitRequest(q_count=1, role_profile_id=profile.id))
    interview = (await hub.open(way_in.mock_interview_id)).board.interview
    assert interview.role_profile_id == profile.id
    assert interview.job.job_title == profile.title
    await hub.close()
    await store.aclose()


class Pace:
    """Measures one answer after the other at the given words per minute."""

    def __init__(self, *wpm: float) -> None:
        self.wpm = list(wpm)

    def __call__(self, transcript, heard, eye_contact, policy):
        wpm = self.wpm.pop(0) if len(self.wpm) > 1 else self.wpm[0]
        return DeliveryMetrics(
            wpm=wpm, word_count=100, filler_count=0, duration_s=60, speech_s=50, verbatim=True, clarity=0.9
        )


def usual_pace(event) -> dict | None:
    rows = event.payload.delivery_metrics["baseline"]
    return next((row for row in rows if row["metric"] == "wpm"), None)


async def test_an_answer_is_compared_with_the_speakers_own_in_other_interviews(tmp_path):
    store = FakeStore()
    for sample in (True, False):
        hub = make_hub(tmp_path, store=store, measure=Pace(*([300.0] * 3 if sample else [130.0, 150.0, 140.0])))
        client = await listening(hub, q_count=1)
        scores = []
        for number in range(3):
            if number:
                await client.retry()
            scores.append(await client.answer())
        assert [usual_pace(event) for event in scores] == [None] * 3
        interview = store.interviews[client.conductor.id]
        await hub.close()
        store.interviews[interview.id] = interview.model_copy(update={"is_sample": sample})
    hub = make_hub(tmp_path, store=store, measure=Pace(161.0))
    client = await listening(hub, q_count=1)
    told = usual_pace(await client.answer())
    assert told == {
        "metric": "wpm",
        "label": "words per minute",
        "now": 161.0,
        "usual": 140.0,
        "better": False,
        "sentence": "15 % faster than your usual 140 wpm",
    }
    await hub.close()
    again = make_hub(tmp_path, store=store)
    conductor = await again.open(client.conductor.id)
    remembered = [e for e in conductor._s.welcome() if e.type == "UPDATE_SCORES"]
    assert usual_pace(remembered[0]) == told
    await again.close()


class StuckHistory(FakeStore):
    async def earlier_deliveries(self, user_id, *, transcriber, but, limit):
        await asyncio.Event().wait()


async def test_a_history_that_does_not_come_holds_nothing_up(tmp_path):
    hub = make_hub(tmp_path, store=StuckHistory(), measure=Pace(150.0))
    client = await listening(hub)
    assert (await client.answer()).payload.delivery_metrics["baseline"] == []
    await hub.close()
