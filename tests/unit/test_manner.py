"""How the interviewer goes on: by what was measured of the answer before, and by the policy."""

from itertools import pairwise

import pytest

from coach.brain.prompts.policy import MannerPolicy, Policy
from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.evaluation import StarStatus
from coach.contracts.interview import Attempt, AttemptStatus
from coach.contracts.transcript import typed_transcript
from coach.interview.manner import follow_up_lead_in, lead_in, manner_after
from tests.conversation.driver import begin, make_hub
from tests.fakes import vendors
from tests.fakes.records import START, evaluation

PLAIN = Attempt(exchange_id="e1", interview_id="i1", attempt_number=1, created_at=START)


def answered(*, overall=7.0, missing=(), **delivery):
    judged = evaluation(overall)
    items = judged.content_feedback.star_checklist
    changed = {
        name: getattr(items, name).model_copy(
            update={"status": StarStatus.MISSING if name in missing else StarStatus.PRESENT}
        )
        for name in ("situation", "task", "action", "result")
    }
    feedback = judged.content_feedback.model_copy(update={"star_checklist": items.model_copy(update=changed)})
    return PLAIN.model_copy(
        update={
            "status": AttemptStatus.EVALUATED,
            "overall_score": overall,
            "evaluation": judged.model_copy(update={"content_feedback": feedback}),
            "delivery": DeliveryMetrics(**delivery),
            "transcript": typed_transcript("I did it."),
        }
    )


RESTART = PLAIN.model_copy(update={"status": AttemptStatus.DISCARDED})


@pytest.mark.parametrize(
    ("tried", "manner"),
    [
        ([answered()], "neutral"),
        ([answered(missing=("result",))], "probing"),
        ([answered(overall=3.9)], "supportive"),
        ([answered(long_pause_count=2)], "supportive"),
        ([answered(long_pause_count=1)], "neutral"),
        ([answered(hesitation_clusters=[(n, n + 1.0) for n in range(4)])], "supportive"),
        ([RESTART, RESTART, answered()], "supportive"),
        ([RESTART, answered()], "neutral"),
        ([answered(overall=3.0, missing=("result",))], "supportive"),
        ([answered(overall=3.0), answered(overall=8.0)], "neutral"),
    ],
)
def test_the_manner_follows_the_answer(tried, manner):
    assert manner_after(tried, Policy()) == manner


def test_after_a_struggling_answer_the_words_differ():
    ways: tuple[dict[str, object], ...] = ({}, {"long_pause_count": 3}, {"missing": ("result",)})
    said = {lead_in([answered(**how)], Policy(), turn=1) for how in ways}
    assert len(said) == 3 and all(said)
    parts = ("situation", "task", "action", "result")
    asked = [lead_in([answered(missing=(part,))], Policy(), turn=1) for part in parts]
    assert len({*asked}) == 4, "what is left out is what is asked for"


def test_wordings_take_turns_and_the_policy_decides():
    turns = [lead_in([answered()], Policy(), turn=turn) for turn in range(4)]
    assert all(a != b for a, b in pairwise(turns))
    strict = Policy(manner=MannerPolicy(score_below=9))
    assert manner_after([answered()], strict) == "supportive"
    assert lead_in([], Policy(), turn=0) == ""
    assert lead_in([RESTART], Policy(), turn=0) == "No problem. Here is another one.", "nothing is made of a skip"


async def test_the_next_question_is_led_in_and_stays_itself(tmp_path):
    evaluate = vendors.ScriptedEvaluation({"overall": 2.0}, {"overall": 8.0})
    hub = make_hub(tmp_path, evaluate=evaluate)
    client = await begin(hub, 3)
    await client.start()
    said = []
    for number in range(3):
        await client.listen()
        said.append(client.of("SPEAK")[-1].payload)
        await client.answer()
        if number < 2:
            await client.next()
    questions = [each.question_text for each in client.conductor.board.questions()]
    assert [each.text for each in said] == questions, "the lead-in is beside the question"
    assert said[0].lead_in == "" and said[1].lead_in and said[2].lead_in and said[1].lead_in != said[2].lead_in
    assert len(client.of("SPEECH_END")) == 3
    await hub.close()


def test_a_follow_up_is_led_in_kindly_after_a_struggle_and_not_otherwise():
    struggle, fluent = answered(long_pause_count=3), answered(missing=("result",))
    said = [follow_up_lead_in([struggle], Policy(), turn=turn) for turn in (1, 2)]
    assert all(said) and said[0] != said[1]
    assert follow_up_lead_in([fluent], Policy(), turn=1) == ""
    assert follow_up_lead_in([], Policy(), turn=1) == ""
    assert follow_up_lead_in([RESTART, RESTART], Policy(), turn=1) == ""
