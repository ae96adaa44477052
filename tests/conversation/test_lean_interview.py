"""The light mode: a throttled interview is judged by a smaller model that is asked for a shorter rewrite."""

import re
from pathlib import Path
from typing import Any, Literal

import pytest

from coach.avatar.drawn import DrawnAvatar
from coach.bootstrap import build_brain, build_services
from coach.brain.evaluation.pipeline import evaluate_to_end
from coach.brain.offline.coach import OfflineCoach
from coach.brain.prompts.bundle import PromptBundle, available
from coach.brain.prompts.lean import MAX_OUTPUT_TOKENS, REWRITE_WORDS, is_lean, lean
from coach.interview.ports import Entitlement
from coach.interview.service import InitRequest, InterviewService
from coach.lab.promotion import Promotions
from coach.lab.serving import LiveBundles
from coach.store import open_store
from tests.conversation.driver import make_hub
from tests.fakes.brain_samples import call, delivery, output, transcript
from tests.fakes.openai_server import OpenAIServer, Reply
from tests.fakes.vendors import FakeBrain

LONG = " ".join(
    f"In week {n} I rewrote the {part} of our billing service, tested it with two colleagues and moved {n} customers."
    for n, part in enumerate(
        ["export", "import", "ledger", "report", "mailer", "search", "backup", "queue", "cache"], 1
    )
)


class Gate:
    """Entitlements that give one level and count how often they are asked."""

    def __init__(self, level: Literal["full", "throttled"]) -> None:
        self.level, self.asked = level, 0

    async def before_session(self, user_id: str, interview_id: str, *, questions: int) -> Entitlement:
        self.asked += 1
        return Entitlement(allowed=True, plan="plus", level=self.level)

    async def before_retry(self, user_id: str, interview_id: str) -> Entitlement:
        return Entitlement(allowed=True, plan="plus", level=self.level)


class Costly:
    """Stands for an avatar that costs; does what the drawn one does."""

    def __init__(self) -> None:
        self._drawn = DrawnAvatar()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._drawn, name)


@pytest.mark.parametrize("name", available())
def test_every_bundle_has_a_lean_variant_whose_prompt_asks_for_less(name: str) -> None:
    full = PromptBundle.load(name)
    small = lean(full, "small-1")
    assert small.label.startswith(f"{name}@{full.version}-lean#") and small.hash != full.hash
    assert is_lean(small.label) and not is_lean(full.label)
    assert small.policy.rewrite_words == REWRITE_WORDS
    assert f"{REWRITE_WORDS[0]} to {REWRITE_WORDS[1]} words" in small.system_prompt
    assert not re.search(r"120 to 220", small.system_prompt)
    assert str(REWRITE_WORDS[1]) in small.corrections.truncated
    assert small.policy.model_copy(update={"rewrite_words": full.policy.rewrite_words}) == full.policy
    assert lean(full, "small-2").label != small.label != full.label


async def test_the_model_is_asked_and_metered_as_lean() -> None:
    with OpenAIServer(Reply(output())) as server:
        settings = build_services(
            openai_base_url=server.base_url,
            openai_api_key="k",
            coach_openai_model="big-1",
            coach_openai_lean_model="s-1",
        ).settings
        small = lean(PromptBundle.load(), settings.lean_model)
        brain = build_brain(settings, small, "openai")
        result = await evaluate_to_end(
            brain, call(), transcript=transcript(), delivery=delivery(), policy=small.policy, bundle=small.label
        )
        await brain.close()
    body = server.requests[0]
    assert body["model"] == "s-1" and body["max_output_tokens"] == MAX_OUTPUT_TOKENS
    assert "60 to 110 words" in str(body)
    assert result.bundle == small.label and {event.meter.rsplit(".", 1)[0] for event in result.usage} == {"s-1"}
    assert result.usage and {event.bundle for event in result.usage} == {small.label}


def test_elsewhere_the_lean_model_is_the_configured_one() -> None:
    ours = build_services(openai_base_url="http://127.0.0.1:1/v1", coach_openai_model="llama").settings
    assert ours.lean_model == "llama"
    assert build_services(coach_openai_model="gpt-6.1-terra").settings.lean_model == "gpt-6-luna"


def test_the_offline_coach_keeps_the_shorter_limit() -> None:
    settings, full = build_services(brain="offline").settings, PromptBundle.load()
    brains = [build_brain(settings, bundle, "offline") for bundle in (full, lean(full))]
    made = [brain.evaluate_now(call(LONG)) for brain in brains if isinstance(brain, OfflineCoach)]
    words = [len(each.rewrite.polished_answer.split()) for each in made]
    assert words[1] <= REWRITE_WORDS[1] < words[0]
    assert made[0].scoring == made[1].scoring and made[0].follow_up == made[1].follow_up


async def test_the_level_is_decided_once_and_survives_a_restart(tmp_path: Path) -> None:
    gate, costly = Gate("throttled"), Costly()
    with open_store(f"duckdb:///{tmp_path / 'lean.duckdb'}") as store:

        def hub() -> InterviewService:
            live = LiveBundles(Promotions(store), lambda _: FakeBrain(), lean_model="s-1")
            return make_hub(
                tmp_path, store=store, bundles=live, entitlements=gate, avatar=costly, plain_avatar=DrawnAvatar()
            )

        first = hub()
        way = await first.init(InitRequest(q_count=1))
        label = first.find(way.mock_interview_id).parts.bundle
        assert is_lean(label)
        await first.close()

        again = hub()
        conductor = await again.open(way.mock_interview_id)
        assert conductor.parts.bundle == label and conductor.parts.policy.rewrite_words == REWRITE_WORDS
        assert isinstance(conductor.parts.avatar, DrawnAvatar) and gate.asked == 1
        gate.level = "full"
        other = await again.init(InitRequest(q_count=1))
        usual = again.find(other.mock_interview_id).parts
        assert not is_lean(usual.bundle) and usual.avatar is costly
        await again.close()


async def test_a_lean_bundle_that_is_gone_gives_way_to_a_lean_one(tmp_path: Path) -> None:
    with open_store(f"duckdb:///{tmp_path / 'gone.duckdb'}") as store:
        live = LiveBundles(Promotions(store), lambda _: FakeBrain(), lean_model="s-2")
        for label in ("gone@1-lean#000", lean(PromptBundle.load(), "s-1").label):
            judging = await live.judging(label)
            assert judging.lean and judging.bundle == lean(PromptBundle.load(), "s-2").label
