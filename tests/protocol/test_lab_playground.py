"""One answer through two bundles at once, over the real adapter: in seconds, paid once, and never half."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from coach.bootstrap import Services, build_services
from coach.brain.evaluation.progress import SectionReady
from coach.brain.prompts.bundle import PromptBundle
from coach.errors import InputError
from coach.lab.playground import typed_item
from coach.lab.runs.variant import Variant
from tests.fakes import brain_samples as samples
from tests.fakes.openai_server import OpenAIServer, Reply

ITEM = typed_item("Tell me about a time you led a change.", samples.ANSWER)
LONGEST_OWN_S = 1.0
"""What the playground may add to the model before something is seen."""


@pytest.fixture
def parts(tmp_path: Path) -> Callable[[OpenAIServer], Services]:
    def make(server: OpenAIServer) -> Services:
        return build_services(
            coach_home=tmp_path, coach_database_url="", coach_audio_url="", coach_brain="openai",
            openai_api_key="sk-test", openai_base_url=server.base_url,
        )  # fmt: skip

    return make


def edited() -> dict[str, str]:
    files = PromptBundle.load().files
    return {**files, "system_prompt.md": files["system_prompt.md"] + "\nThe polished answer has at most 90 words.\n"}


async def test_both_sides_are_asked_with_their_own_words_and_shown_within_a_second(
    parts: Callable[[OpenAIServer], Services],
) -> None:
    before, after = Variant(name="before", brain="openai"), Variant(name="edited", brain="openai", files=edited())
    seen: list[tuple[str, str, float]] = []
    with OpenAIServer(Reply(samples.output())) as server:
        lab = parts(server).lab
        await lab.playground.warm(before)
        assert server.requests == []

        def heard(variant: Variant, section: SectionReady) -> None:
            seen.append((variant.name, section.name, time.perf_counter() - begun))

        begun = time.perf_counter()
        trial = await lab.playground.ask(ITEM, [before, after], on_section=heard)
        assert {name for name, section, _ in seen if section == "rewrite"} == {"before", "edited"}
        firsts = []
        for _ in range(3):
            seen.clear()
            begun = time.perf_counter()
            await lab.playground.ask(ITEM, [before], on_section=heard, fresh=True)
            firsts.append(seen[0][2])
        assert sorted(firsts)[1] <= LONGEST_OWN_S
        del server.requests[2:]
        prompts = [str(request) for request in server.requests]
        assert sum("at most 90 words" in prompt for prompt in prompts) == 1 and len(prompts) == 2
        assert [o.error for o in trial.outcomes] == ["", ""] and trial.paid_usd >= 0
        assert server.breaches == []


async def test_the_side_that_did_not_change_is_not_paid_again(parts: Callable[[OpenAIServer], Services]) -> None:
    before, after = Variant(name="before", brain="openai"), Variant(name="edited", brain="openai", files=edited())
    with OpenAIServer(Reply(samples.output())) as server:
        lab = parts(server).lab
        await lab.playground.ask(ITEM, [before])
        trial = await lab.playground.ask(ITEM, [before, after])
        assert [o.cached for o in trial.outcomes] == [True, False] and len(server.requests) == 2
        assert trial.paid_usd == trial.outcomes[1].cost_usd
        await lab.playground.ask(ITEM, [before], fresh=True)
        assert len(server.requests) == 3


async def test_a_provider_that_fails_says_nothing_about_quality_and_is_not_remembered(
    parts: Callable[[OpenAIServer], Services],
) -> None:
    side = Variant(name="before", brain="openai")
    with OpenAIServer(Reply(fault="http_error", status=401)) as server:
        lab = parts(server).lab
        trial = await lab.playground.ask(ITEM, [side])
        assert trial.outcomes[0].error == "VENDOR" and trial.results() == [None]
        server.replies = [Reply(samples.output())]
        again = await lab.playground.ask(ITEM, [side])
        assert again.outcomes[0].result is not None and not again.outcomes[0].cached


async def test_what_cannot_be_tried_is_refused_before_anybody_is_asked(
    parts: Callable[[OpenAIServer], Services],
) -> None:
    with OpenAIServer(Reply(samples.output())) as server:
        lab = parts(server).lab
        broken = Variant(name="x", brain="openai", files={**edited(), "bundle.yaml": "version: ["})
        for variants, words in [
            ([], "Name each side"),
            ([Variant(name="a")] * 2, "Name each"),
            ([broken], "cannot be"),
        ]:
            with pytest.raises(InputError, match=words):
                await lab.playground.ask(ITEM, variants)
        assert server.requests == []
    with pytest.raises(InputError, match="question and an answer"):
        typed_item("What?", "  ")
    assert typed_item("A?", "b").id == typed_item("A?", "b").id != typed_item("A?", "c").id
