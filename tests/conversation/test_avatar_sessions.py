"""What the avatar costs: the policy's own count, the ledger and the vendor agree to the credit (1,000 sessions:
`python -m benchmarks avatar_sessions`).
"""

import pytest

from coach.avatar.policy import avatar_policy
from tests.conversation.avatar_sessions import sessions
from tests.conversation.fast_forward import run
from tests.long import how_many


@pytest.mark.parametrize(("name", "count"), [("on_demand", how_many("interviews with an avatar")), ("always_on", 1)])
def test_model_ledger_and_vendor_count_the_same_credits(name, count, tmp_path):
    counts = run(sessions(count, tmp_path, avatar_policy(name), seed=5))
    assert counts.model == counts.ledger == counts.vendor
    assert counts.model_usd == counts.ledger_usd > 0
    assert counts.follow_ups > 0
