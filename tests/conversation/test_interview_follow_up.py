"""A follow-up completes its question: judged together, one score of its own, questions counted once."""

from coach.brain.evaluation.pipeline import evaluate_to_end
from coach.brain.offline.coach import OfflineCoach
from coach.brain.port import EvaluationCall
from coach.brain.prompts.policy import Policy
from coach.contracts import commands as cmd
from coach.contracts import events as ev
from coach.contracts.brain import EvaluationInput, Evidence, Question, UserAnswer
from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.interview import Attempt, Exchange, ViewState
from coach.contracts.transcript import Transcript, TranscriptSource, Word, typed_transcript
from coach.interview import event_builders
from coach.interview.answer.completed import completed_answer
from coach.interview.phases.closing import summary_items
from coach.interview.rollup import question_score
from tests.conversation.driver import listening, make_hub
from tests.fakes import records as make
from tests.fakes.store import FakeStore
from tests.fakes.vendors import ScriptedEvaluation

FIRST = (
    "At the depot last spring two drivers were ill before the busiest weekend and I was in charge of the rota. "
    "I rang the agency, moved two routes together and drove the third one myself."
)
SECOND = "In the end all forty two deliveries arrived on time and complaints fell by thirty percent."


async def typed(client, text: str) -> ev.UpdateScores:
    payload = cmd.TranscriptPayload(attempt_id=client.state.attempt_id, text=text)
    await client.send(cmd.SubmitTranscript(payload=payload))
    scores = await client.wait("UPDATE_SCORES")
    await client.settled()
    return scores


async def test_both_answers_reach_the_judge_and_the_score_counts_for_the_question(tmp_path):
    store = FakeStore()
    judge = ScriptedEvaluation({"overall": 5.0, "follow_up": "What came of it?"}, {"overall": 7.1})
    hub = make_hub(tmp_path, store=store, evaluate=judge)
    client = await listening(hub)
    await typed(client, FIRST)
    await client.view(ViewState.FEEDBACK)
    await client.follow_up()
    await client.view(ViewState.LISTENING)
    scores = await typed(client, SECOND)
    main = next(e for e in store.exchanges.values() if not e.follow_up_of)
    asked = judge.calls[1].input
    assert main.question_text in asked.question.text and "What came of it?" in asked.question.text
    assert asked.user_answer.transcript == f"{FIRST}\n\n{SECOND}"
    assert scores.payload.comparison == "With your follow-up: 7.1 (your first answer: 5.0)."
    await client.view(ViewState.FEEDBACK)
    await hub.finish(client.conductor.id)
    assert store.interviews[client.conductor.id].overall_score == 7.1
    (item,) = summary_items(client.conductor.board)
    assert item.question == main.question_text and item.transcript == f"{FIRST}\n\n{SECOND}"
    await hub.close()


def two() -> tuple[list[Exchange], Attempt, Attempt]:
    interview = make.interview()
    main = make.exchange(interview, question_text="Tell me about a shortage.")
    probe = make.exchange(interview, 1, question_text="What came of it?", follow_up_of=main.id)
    words = [Word(word=w, start_s=i, end_s=i + 0.5) for i, w in enumerate(SECOND.split())]
    own = Transcript(text=SECOND, words=words, transcriber="ear", source=TranscriptSource.BATCH)
    first = make.evaluated(main, transcript=typed_transcript(FIRST))
    return [main, probe], first, make.attempt(probe, transcript=own, created_at=first.created_at)


def test_evidence_in_the_first_answer_stays_out_and_that_of_the_own_keeps_its_time():
    exchanges, first, second = two()
    whole = completed_answer(exchanges[1], second, exchanges, [first, second])
    assert whole is not None
    begin = whole.transcript.text.index("forty two")
    spans = [
        Evidence(path="content_feedback.top_strengths.0", start=0, end=12, quote="At the depot"),
        Evidence(path="content_feedback.top_strengths.1", start=begin, end=begin + 9, quote="forty two"),
    ]
    (kept,) = whole.of_own(spans)
    assert SECOND[kept.start : kept.end] == "forty two"
    assert (kept.start_s, kept.end_s) == (4.0, 5.5)


def test_a_question_in_return_is_no_part_of_the_answer():
    exchanges, first, second = two()
    asked_back = second.model_copy(update={"transcript": typed_transcript("Could you repeat the question, please?")})
    assert completed_answer(exchanges[1], asked_back, exchanges, [first, asked_back]) is None
    assert completed_answer(exchanges[0], first, exchanges, [first]) is None


async def test_the_offline_coach_finds_the_result_that_the_follow_up_brought():
    exchanges, first, second = two()
    whole = completed_answer(exchanges[1], second, exchanges, [first, second])
    assert whole is not None

    async def content(text: str) -> float:
        question = Question(text="Tell me about a time you were short of people.", type="behavioral")
        call = EvaluationCall(EvaluationInput(question=question, user_answer=UserAnswer(transcript=text)), "a")
        result = await evaluate_to_end(
            OfflineCoach(), call, transcript=typed_transcript(text), delivery=DeliveryMetrics(), policy=Policy()
        )
        return result.evaluation.scoring.content

    assert await content(whole.transcript.text) >= await content(FIRST) + 1.0


def test_a_follow_up_lifts_its_question_and_never_lowers_it():
    interview = make.interview()
    main, probe = make.exchange(interview), make.exchange(interview, 1)
    assert question_score([make.evaluated(main, overall=6.0)], [make.evaluated(probe, overall=7.4)]) == 7.4
    assert question_score([make.evaluated(main, overall=6.0)], [make.evaluated(probe, overall=3.0)]) == 6.0


async def test_the_own_view_is_kept_once_and_told_with_the_scores_after_a_restart(tmp_path):
    store = FakeStore()
    hub = make_hub(tmp_path, store=store, evaluate=ScriptedEvaluation({}))
    client = await listening(hub)
    scores = await typed(client, FIRST)
    await client.view(ViewState.FEEDBACK)
    attempt_id = scores.payload.attempt_id
    for overall in (8.0, 2.0):
        given = cmd.SelfRatingPayload(attempt_id=attempt_id, overall=overall, content=6.0, delivery=4.0)
        await client.send(cmd.SelfRating(payload=given))
    kept = store.attempts[attempt_id].extra.self_rating
    assert kept is not None and (kept.overall, kept.content, kept.delivery) == (8.0, 6.0, 4.0)
    told = event_builders.stored_scores(store.attempts[attempt_id], [], store.attempts[attempt_id].evaluation)
    assert told.payload.self_rating == kept and told.payload.overall == 6.5
    await hub.close()
