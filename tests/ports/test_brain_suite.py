"""What every brain owes the port: the model on both interfaces, the offline coach, the fakes."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from typing import Any

import pytest

from coach.brain.offline.coach import OfflineCoach
from coach.brain.openai.brain import OpenAIBrain
from coach.brain.port import Brain, PlanRequest, RequestSent, StreamEnd, SummaryItem, TextDelta
from coach.brain.prompts.bundle import PromptBundle
from coach.contracts.brain import JobContext
from coach.contracts.evaluation import SECTION_ORDER, Evaluation
from coach.contracts.interview import SessionSummary
from tests.fakes import brain_samples as samples
from tests.fakes.openai_server import OpenAIServer, Reply
from tests.fakes.vendors import FakeBrain

POSTING = "We look for a shift lead who plans rotas in Excel, leads a team of ten and handles complaints with patience."
PLAN = {
    "job": {"job_title": "Lead", "company": "", "key_skills": ["Excel"], "competencies": ["patience"], "summary": "s"},
    "questions": [
        {"text": f"Tell me about case {n}.", "type": "behavioral", "competency": "c", "skill": "", "reason": ""}
        for n in range(3)
    ],
}
SUMMARY = {
    "headline": "h",
    "strengths": ["s"],
    "gaps": ["g"],
    "stories_to_save": [],
    "next_plan": ["p"],
    "resume_prompts": [],
    "readiness_score": 6,
}
Make = Callable[[str], Brain]


@pytest.fixture(params=["responses", "chat", "offline", "fake"])
async def make(request: pytest.FixtureRequest) -> AsyncIterator[Make]:
    """Makes the brain; a model is told by its server what to say."""
    with ExitStack() as stack:
        made: list[Brain] = []

        def build(says: str) -> Brain:
            if request.param in ("responses", "chat"):
                server = stack.enter_context(OpenAIServer(Reply(says)))
                brain: Any = OpenAIBrain(
                    bundle=PromptBundle.load(), model="m", api_key=None, base_url=server.base_url, api=request.param
                )
            else:
                brain = OfflineCoach() if request.param == "offline" else FakeBrain()
            made.append(brain)
            return brain

        yield build
        for brain in made:
            await brain.close()
            await brain.close()


async def test_it_says_who_it_is(make: Make) -> None:
    brain = make("{}")
    assert brain.name and brain.label and brain.model


async def test_warming_up_twice_changes_nothing_that_is_said(make: Make) -> None:
    brain = make(samples.output())
    await brain.warm_up()
    await brain.warm_up()
    chunks = [chunk async for chunk in brain.evaluate(samples.call())]
    assert isinstance(chunks[-1], StreamEnd) and chunks[-1].reason == "complete"


async def test_a_warm_up_never_fails_for_a_server_that_is_away() -> None:
    brain = OpenAIBrain(bundle=PromptBundle.load(), model="m", api_key=None, base_url="http://127.0.0.1:9/v1")
    await brain.warm_up()
    await brain.close()


async def test_it_streams_one_evaluation_in_contract_order_and_says_how_it_ended(make: Make) -> None:
    brain = make(samples.output())
    chunks = [chunk async for chunk in brain.evaluate(samples.call())]
    assert isinstance(chunks[0], RequestSent)
    text = "".join(chunk.text for chunk in chunks if isinstance(chunk, TextDelta))
    assert isinstance(chunks[-1], StreamEnd) and chunks[-1].reason == "complete"
    assert list(json.loads(text)) == list(SECTION_ORDER)
    Evaluation.model_validate_json(text, strict=True)


async def test_it_can_be_left_in_the_middle(make: Make) -> None:
    stream: Any = make(samples.output()).evaluate(samples.call())
    async for _ in stream:
        break
    await stream.aclose()


async def test_it_plans_as_many_questions_as_were_asked_for(make: Make) -> None:
    plan = await make(json.dumps(PLAN)).plan(PlanRequest("Shift lead", "Oven Co", POSTING, 3))
    assert len(plan.questions) == 3 and plan.job.job_title == "Shift lead"
    assert len({question.text for question in plan.questions}) == 3


async def test_it_summarises_a_session(make: Make) -> None:
    item = SummaryItem("Q", "teamwork", samples.ANSWER, samples.evaluation(), 2, 5.0, 6.0)
    summary, usage = await make(json.dumps(SUMMARY)).summarise((item,), JobContext(), interview_id="i")
    assert isinstance(summary, SessionSummary) and summary.next_plan
    assert all(event.vendor and event.quantity >= 0 for event in usage)
