"""Speech inside an interview: eye contact, a refused key, shipped role profiles."""

from coach.contracts import events as ev
from coach.errors import VendorAuthError
from coach.interview.hub import InitRequest
from coach.store import SqlStore
from coach.views.roles import shipped_profiles
from coach.web.shelf import StoreMaterials
from tests.conversation.driver import listening, make_hub, slow
from tests.fakes.store import FakeStore
from tests.fakes.vendors import FakeTranscriber


def look(*, face: bool = True, towards: bool | None = True) -> ev.EyeContactSample:
    return ev.EyeContactSample(payload=ev.EyeContactPayload(at_ms=0, face=face, towards_camera=towards))


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
    return hub.parts.store._store.attempts[attempt_id].extra.get("eye_contact")


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
