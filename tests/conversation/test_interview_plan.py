"""An interview whose place in the plan lapsed takes it again before it goes on: resumed, and at the next question."""

import asyncio

import pytest

from coach.brain.evaluation.deadlines import Timeouts
from coach.brain.port import InterviewPlan, PlanRequest
from coach.errors import EntitlementError, IllegalCommandError
from coach.interview.ports import Entitlement
from coach.interview.service import InitRequest
from tests.conversation.driver import listening, make_hub
from tests.fakes.vendors import FakeBrain


class Gate:
    """Entitlements that can be used up."""

    def __init__(self) -> None:
        self.allowed = True
        self.asked: list[str] = []

    async def before_session(self, user_id: str, interview_id: str, *, questions: int) -> Entitlement:
        self.asked.append(interview_id)
        return Entitlement(allowed=self.allowed, plan="single", offer="Plus for $19 a month.")

    async def before_retry(self, user_id: str, interview_id: str) -> Entitlement:
        return Entitlement(allowed=True, plan="single")


async def test_resuming_takes_the_place_again_or_says_what_helps(tmp_path) -> None:
    gate = Gate()
    hub = make_hub(tmp_path, entitlements=gate)
    client = await listening(hub)
    key = client.conductor.id
    await hub.resume(key)
    assert gate.asked == [key, key]
    gate.allowed = False
    with pytest.raises(EntitlementError, match="Plus for"):
        await hub.resume(key)
    await hub.close()


async def test_the_next_question_waits_for_the_place(tmp_path) -> None:
    gate = Gate()
    hub = make_hub(tmp_path, entitlements=gate)
    client = await listening(hub)
    await client.answer()
    gate.allowed = False
    with pytest.raises(EntitlementError):
        await client.next()
    gate.allowed = True
    await client.next()
    await client.listen()
    await hub.close()


async def test_a_brain_that_never_plans_is_waited_for_only_so_long(tmp_path) -> None:
    class Stalled(FakeBrain):
        timeouts = Timeouts(first_section_s=0.02, stall_s=0.02)

        async def plan(self, request: PlanRequest) -> InterviewPlan:
            await asyncio.Event().wait()
            raise AssertionError

    hub = make_hub(tmp_path, brain=Stalled(), spare_brain=FakeBrain())
    begun = await hub.init(InitRequest(q_count=2))
    assert len((await hub.open(begun.mock_interview_id)).board.questions()) == 2
    await hub.close()


async def test_a_finished_interview_leaves_the_memory_with_its_last_listener(tmp_path) -> None:
    hub = make_hub(tmp_path)
    client = await listening(hub, q_count=1)
    key = client.conductor.id
    await client.answer()
    await hub.left(key)
    assert hub.standing["interviews_open"] == 1, "it goes on"
    await hub.finish(key)
    await hub.left(key)
    assert hub.standing["interviews_open"] == 1, "somebody still listens"
    await client.leave()
    await hub.left(key)
    assert hub.standing["interviews_open"] == 0 and not hub._opening
    assert (await hub.open(key)).snapshot().payload.status == "completed"
    assert await hub.idle.let_go_of_idle() == 1, "and so does one that was only looked at"
    await hub.close()


@pytest.mark.parametrize("command", ["retry", "next", "follow_up"])
async def test_a_finished_interview_takes_no_further_answer_and_nothing_is_changed(tmp_path, command) -> None:
    hub = make_hub(tmp_path)
    client = await listening(hub, q_count=2)
    await client.answer()
    await hub.finish(client.conductor.id)
    board = client.conductor.board
    before = (board.interview.status, dict(board.exchanges), dict(board.attempts), client.state.view_state)
    send = {"retry": client.retry, "follow_up": client.follow_up, "next": client.next}[command]
    with pytest.raises(IllegalCommandError, match="finished"):
        await send()
    assert (board.interview.status, dict(board.exchanges), dict(board.attempts), client.state.view_state) == before
    await hub.close()
