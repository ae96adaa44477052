"""An answer that a process acknowledged before it lost the interview: stored beside its successor's, never over it."""

import pytest
import sqlalchemy as sa

from coach.contracts.interview import AttemptStatus
from coach.contracts.transcript import TranscriptSource
from coach.errors import TakenOverError
from coach.interview.store_and_forward import SPOOL, SpooledStore
from coach.store import SqlStore
from coach.store.fleet import leases
from coach.store.fleet.fleet import ServerFleet
from coach.store.repositories import interviews, ledger
from coach.store.tables.fleet import interview_leases
from tests.fakes import records as make


def typed(attempt, text):
    words = make.transcript(text).model_copy(update={"source": TranscriptSource.TYPED})
    return attempt.model_copy(update={"transcript": words})


@pytest.fixture
def stored(postgres_url):
    """A store, and an interview with one question."""
    with SqlStore(postgres_url) as store:
        session = make.interview()
        question = make.exchange(session)
        store.run(interviews.create_interview, session, [question])
        yield store, question


def attempts(store, question):
    return store.run(interviews.load_interview, question.interview_id).attempts


async def test_typed_words_that_only_the_old_process_has_become_an_attempt_of_their_own(stored):
    store, question = stored
    begun = make.attempt(question, status=AttemptStatus.RECORDING, transcript=None)
    await store.add_attempt(begun)
    await store.update_attempt(typed(begun.model_copy(update={"status": AttemptStatus.CAPTURED}), "The new one."))
    lost = typed(make.evaluated(question, id=begun.id), "What I had written first.")
    for _ in range(2):
        assert await store.keep_apart(lost, question), "as often as it is asked"
    one, other = attempts(store, question)
    assert one.transcript.text == "The new one." and one.attempt_number == 1
    assert other.transcript.text == "What I had written first."
    assert (other.attempt_number, other.status, other.overall_score) == (2, AttemptStatus.EVALUATED, lost.overall_score)


async def test_an_answer_the_successor_never_knew_keeps_its_id_and_a_later_evaluation(stored):
    store, question = stored
    follow_up = make.exchange(make.interview(), order=1).model_copy(update={"interview_id": question.interview_id})
    captured = make.attempt(follow_up, status=AttemptStatus.CAPTURED, transcript=make.transcript())
    assert await store.keep_apart(captured, follow_up)
    (kept,) = attempts(store, question)
    assert (kept.id, kept.status) == (captured.id, AttemptStatus.DELAYED), "judged on demand"
    judged = make.evaluated(follow_up, id=captured.id).model_copy(update={"transcript": captured.transcript})
    assert await store.keep_apart(judged, follow_up)
    (kept,) = attempts(store, question)
    assert kept.status == AttemptStatus.EVALUATED and kept.evaluation == judged.evaluation


async def test_what_the_successor_heard_in_the_same_recording_stands(stored):
    store, question = stored
    heard = make.evaluated(question)
    await store.add_attempt(heard)
    slightly = heard.model_copy(update={"transcript": make.transcript("Heard a little otherwise.")})
    assert await store.keep_apart(slightly, question)
    assert attempts(store, question) == [heard]


async def test_not_while_somebody_is_in_the_interview_and_the_use_is_metered_all_the_same(postgres_url, tmp_path):
    with SqlStore(postgres_url) as raw, SqlStore(postgres_url) as old, SqlStore(postgres_url) as new:
        session = make.interview()
        question = make.exchange(session)
        raw.run(interviews.create_interview, session, [question])
        here, there = ServerFleet(old), ServerFleet(new)
        spooled = SpooledStore(old, tmp_path / SPOOL)
        answered = typed(make.evaluated(question), "Only here.")
        spooled._keep("add_attempt", (answered,))  # the database did not answer for a moment
        spooled._waiting = True
        await there.enter(lambda _: None, lambda: None)
        assert await there.take(session.id)
        with pytest.raises(TakenOverError):  # what waits is written first, and so it is found out
            await spooled._write("complete_attempt", answered, question, [make.usage(answered)])
        await spooled.close()
        assert [event.meter for event in raw.run(ledger.usage_events)] == [make.usage(answered).meter]
        assert attempts(raw, question) == [] and (tmp_path / SPOOL).exists()
        await there.leave()
        assert not raw.run(leases.with_a_living, session.id)
        assert raw.run(lambda c: c.execute(sa.select(interview_leases)).all()) == []
        after = SpooledStore(old, tmp_path / SPOOL)
        await after.recover()
        assert [each.transcript.text for each in attempts(raw, question)] == ["Only here."]
        assert not (tmp_path / SPOOL).exists()
        assert here.owner != there.owner
