"""An interview whose place in the plan lapsed takes it again before it goes on: resumed, and at the next question."""

import pytest

from coach.errors import EntitlementError
from coach.interview.ports import Entitlement
from tests.conversation.driver import listening, make_hub


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
