"""What every store must do: run over the fake, DuckDB, PostgreSQL and the chain that production puts before them."""

import asyncio
from datetime import timedelta

import pytest

from coach.contracts.interview import AttemptStatus, InterviewStatus
from coach.errors import NotFoundError, StoreError
from coach.interview.ports import InterviewStore
from tests.fakes import records as make


async def planned(store: InterviewStore, questions: int = 2):
    interview = make.interview()
    exchanges = [make.exchange(interview, order) for order in range(questions)]
    await store.create_interview(interview, exchanges)
    return interview, exchanges


async def test_an_interview_comes_back_as_it_was(store):
    interview, exchanges = await planned(store)
    snapshot = await store.load_interview(interview.id)
    assert snapshot.interview == interview
    assert snapshot.exchanges == exchanges
    assert snapshot.attempts == []
    assert await store.load_interview("unknown") is None


async def test_an_evaluated_attempt_comes_back_with_everything_in_it(store):
    interview, (exchange, _) = await planned(store)
    attempt = make.evaluated(exchange)
    await store.add_attempt(attempt)
    assert await store.find_attempt(attempt.id) == attempt
    assert (await store.load_interview(interview.id)).attempts == [attempt]
    assert await store.find_attempt("unknown") is None


async def test_changes_to_interview_and_exchange_stay(store):
    interview, (exchange, _) = await planned(store)
    done = interview.model_copy(
        update={
            "status": InterviewStatus.COMPLETED,
            "overall_score": 6.5,
            "plan": ["practise results"],
            "ended_at": make.START + timedelta(hours=1),
        }
    )
    follow = make.exchange(interview, 1, follow_up_of=exchange.id, question_text="And then?")
    await store.update_interview(done)
    await store.update_exchange(exchange.model_copy(update={"follow_up_question_text": "And then?"}))
    await store.add_exchange(follow)
    await store.add_exchange(follow)
    snapshot = await store.load_interview(interview.id)
    assert snapshot.interview == done
    assert snapshot.exchanges[0].follow_up_question_text == "And then?"
    assert [e.id for e in snapshot.exchanges].count(follow.id) == 1


async def test_attempts_are_idempotent_by_id_and_unique_by_number(store):
    interview, (exchange, other) = await planned(store)
    first = make.attempt(exchange, 1)
    await store.add_attempt(first)
    await store.add_attempt(first)
    with pytest.raises(StoreError):
        await store.add_attempt(make.attempt(exchange, 1))
    await store.add_attempt(make.attempt(other, 1))
    assert len((await store.load_interview(interview.id)).attempts) == 2


async def test_a_discarded_attempt_frees_its_number(store):
    interview, (exchange, _) = await planned(store)
    gone = make.attempt(exchange, 1, status=AttemptStatus.RECORDING)
    await store.add_attempt(gone)
    await store.update_attempt(gone.model_copy(update={"status": AttemptStatus.DISCARDED}))
    again = make.attempt(exchange, 1)
    await store.add_attempt(again)
    assert {a.id for a in (await store.load_interview(interview.id)).attempts} == {gone.id, again.id}


async def test_only_one_of_many_claims_an_evaluation(store):
    _, (exchange, _) = await planned(store)
    attempt = make.attempt(exchange)
    await store.add_attempt(attempt)
    wins = await asyncio.gather(*(store.claim_evaluation(attempt.id, owner=f"o{n}") for n in range(8)))
    assert sum(wins) == 1
    assert (await store.find_attempt(attempt.id)).status == AttemptStatus.EVALUATING
    assert not await store.claim_evaluation("unknown", owner="o")


@pytest.mark.parametrize("status", [AttemptStatus.REVIEW, AttemptStatus.DELAYED])
async def test_reviewed_and_delayed_attempts_can_be_claimed(store, status):
    _, (exchange, _) = await planned(store)
    attempt = make.attempt(exchange, status=status)
    await store.add_attempt(attempt)
    assert await store.claim_evaluation(attempt.id, owner="o")


@pytest.mark.parametrize("status", [AttemptStatus.RECORDING, AttemptStatus.EVALUATED, AttemptStatus.DISCARDED])
async def test_other_attempts_cannot_be_claimed(store, status):
    _, (exchange, _) = await planned(store)
    attempt = make.attempt(exchange, status=status)
    await store.add_attempt(attempt)
    assert not await store.claim_evaluation(attempt.id, owner="o")


RECORDED = (AttemptStatus.RECORDING, AttemptStatus.CAPTURED, AttemptStatus.REVIEW, AttemptStatus.DELAYED)


@pytest.mark.parametrize("status", RECORDED)
async def test_an_answer_is_kept_and_claimed_in_one_step(store, status):
    interview, (exchange, _) = await planned(store)
    begun = make.attempt(exchange, status=status)
    await store.add_attempt(begun)
    said = begun.model_copy(update={"status": AttemptStatus.CAPTURED, "transcript": make.transcript()})
    assert await store.keep_and_claim(said, owner="o")
    kept = said.model_copy(update={"status": AttemptStatus.EVALUATING})
    assert await store.find_attempt(begun.id) == kept
    assert not await store.claim_evaluation(begun.id, owner="late")
    done = make.evaluated(exchange, id=begun.id)
    await store.complete_attempt(done, exchange, [])
    assert (await store.load_interview(interview.id)).attempts == [done]


async def test_only_one_of_many_keeps_and_claims(store):
    _, (exchange, _) = await planned(store)
    begun = make.attempt(exchange, status=AttemptStatus.RECORDING)
    await store.add_attempt(begun)
    told = [begun.model_copy(update={"transcript": make.transcript(f"version {n}")}) for n in range(8)]
    wins = await asyncio.gather(*(store.keep_and_claim(said, owner=f"o{n}") for n, said in enumerate(told)))
    assert sum(wins) == 1
    won = told[wins.index(True)]
    assert (await store.find_attempt(begun.id)).transcript == won.transcript


@pytest.mark.parametrize("status", [AttemptStatus.EVALUATING, AttemptStatus.EVALUATED, AttemptStatus.DISCARDED])
async def test_what_is_judged_or_thrown_away_is_neither_kept_nor_claimed(store, status):
    _, (exchange, _) = await planned(store)
    there = make.attempt(exchange, status=status)
    await store.add_attempt(there)
    late = there.model_copy(update={"status": AttemptStatus.CAPTURED, "transcript": make.transcript("too late")})
    assert not await store.keep_and_claim(late, owner="o")
    assert await store.find_attempt(there.id) == there
    unknown = make.attempt(exchange, 2)
    assert not await store.keep_and_claim(unknown, owner="o")
    assert await store.find_attempt(unknown.id) is None


async def test_use_without_an_answer_is_taken_and_nothing_is_nothing(store):
    interview, (exchange, _) = await planned(store)
    event = make.usage(make.attempt(exchange))
    for events in ([], [event], [event]):
        await store.add_usage(events)
    assert (await store.load_interview(interview.id)).attempts == []


@pytest.mark.parametrize("write", ["update_interview", "update_exchange", "update_attempt"])
async def test_what_was_never_stored_cannot_be_changed(store, write):
    interview = make.interview()
    exchange = make.exchange(interview)
    facts = {
        "update_interview": interview,
        "update_exchange": exchange,
        "update_attempt": make.attempt(exchange),
    }
    with pytest.raises(NotFoundError):
        await getattr(store, write)(facts[write])
    assert await store.load_interview(interview.id) is None


async def test_completion_writes_attempt_exchange_and_usage_once(store):
    interview, (exchange, _) = await planned(store)
    attempt = make.attempt(exchange)
    await store.add_attempt(attempt)
    assert await store.claim_evaluation(attempt.id, owner="o")
    done = make.evaluated(exchange, id=attempt.id)
    final = exchange.model_copy(update={"final_attempt_id": attempt.id})
    for _ in range(2):
        await store.complete_attempt(done, final, [make.usage(attempt)])
    snapshot = await store.load_interview(interview.id)
    assert snapshot.attempts == [done]
    assert snapshot.exchanges[0] == final
    assert not await store.claim_evaluation(attempt.id, owner="o")


async def test_unfinished_attempts_are_offered_again_and_can_be_claimed_anew(store):
    _, (exchange, other) = await planned(store)
    captured, claimed = make.attempt(exchange, 1), make.attempt(other, 1)
    finished = make.evaluated(exchange, 2)
    for attempt in (captured, claimed, finished):
        await store.add_attempt(attempt)
    assert await store.claim_evaluation(claimed.id, owner="crashed")
    unfinished = await store.unfinished_attempts()
    assert {a.id for a in unfinished} == {captured.id, claimed.id}
    assert await store.claim_evaluation(claimed.id, owner="next")


async def test_a_token_lives_until_it_expires_is_rotated_or_revoked(store):
    interview, _ = await planned(store)
    await store.store_token(interview.id, "one", 100.0)
    assert await store.check_token("one", 99.0) == interview.id == await store.check_token("one", 99.0, 100.0)
    assert await store.check_token("one", 9.0, 90.0) is None
    assert await store.check_token("one", 100.0) is None
    await store.store_token(interview.id, "two", 200.0)
    assert await store.check_token("one", 99.0) is None
    assert await store.check_token("two", 99.0) == interview.id
    await store.revoke_token(interview.id)
    assert await store.check_token("two", 99.0) is None


async def test_noise_of_an_unmeasured_bundle_is_unknown(store):
    assert await store.scores_noise("never-measured") is None


async def test_text_of_any_kind_survives(store):
    interview = make.interview()
    exchange = make.exchange(interview, question_text="Wie „groß“ — 日本語 \U0001f98a ' ; DROP TABLE users; --")
    await store.create_interview(interview, [exchange])
    attempt = make.evaluated(exchange, transcript=make.transcript("näive “quotes” %s :x {y} \\ \n end"))
    await store.add_attempt(attempt)
    snapshot = await store.load_interview(interview.id)
    assert snapshot.exchanges == [exchange]
    assert snapshot.attempts == [attempt]


async def test_earlier_deliveries_are_the_persons_own_newest_first(store):
    mine, (first, second) = await planned(store)
    sample, other = make.interview(is_sample=True), make.interview(user_id="somebody-else")
    elsewhere = []
    for interview in (sample, other):
        elsewhere.append(make.exchange(interview))
        await store.create_interview(interview, elsewhere[-1:])
    for day, exchange in enumerate([first, second, *elsewhere]):
        spoken = make.delivery().model_copy(update={"wpm": 100.0 + day})
        when = make.START + timedelta(days=day)
        await store.add_attempt(make.attempt(exchange, transcriber="ear", delivery=spoken, created_at=when))
    typed = make.delivery().model_copy(update={"speech_s": 0.0})
    await store.add_attempt(make.attempt(first, 2, transcriber="ear", delivery=typed))
    gone = make.attempt(first, 3, transcriber="ear", delivery=make.delivery(), status=AttemptStatus.DISCARDED)
    await store.add_attempt(gone)
    now = make.attempt(first, 4, transcriber="ear", delivery=make.delivery())
    await store.add_attempt(now)

    async def paces(transcriber: str = "ear", limit: int = 30) -> list[float | None]:
        found = await store.earlier_deliveries(mine.user_id, transcriber=transcriber, but=now.id, limit=limit)
        return [delivery.wpm for delivery in found]

    assert await paces() == [101.0, 100.0]
    assert await paces(limit=1) == [101.0]
    assert await paces("another") == []


async def test_asked_questions_are_the_persons_own_newest_first_without_follow_ups(store):
    mine, (first, second) = await planned(store)
    later = make.interview(created_at=make.START + timedelta(days=1))
    third = make.exchange(later, question_text="The third question?")
    await store.create_interview(later, [third])
    await store.add_exchange(make.exchange(later, 1, question_text="A follow-up?", follow_up_of=third.id))
    for interview in (make.interview(is_sample=True), make.interview(user_id="somebody-else")):
        await store.create_interview(interview, [make.exchange(interview, question_text="Not mine?")])
    found = await store.asked_questions(mine.user_id, limit=9)
    assert [q.text for q in found] == [third.question_text, second.question_text, first.question_text]
    assert [q.text for q in await store.asked_questions(mine.user_id, limit=1)] == [third.question_text]
