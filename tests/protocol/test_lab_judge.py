"""The model as judge over the wire: both orders asked, material fenced, its use told."""

import json
from pathlib import Path

import pytest

from coach.brain.openai.brain import OpenAIBrain
from coach.brain.openai.pair_judge import OpenAIPairJudge
from coach.brain.prompts.bundle import PromptBundle
from coach.errors import InputError, VendorError
from coach.lab.statistics.pairwise import human_votes, report, vote
from tests.fakes.evaluations import make_evaluation
from tests.fakes.openai_server import OpenAIServer, Reply
from tests.unit.test_lab_replay import make_dataset


def said(better: str) -> Reply:
    return Reply(json.dumps({"reason": "It names the missing result.", "better": better}))


async def test_a_pair_is_asked_in_both_orders_and_its_use_is_told() -> None:
    used: list[object] = []
    item, low = make_dataset(1).items[0], make_evaluation()
    sharper = low.content_feedback.model_copy(update={"headline": "Say what came of it"})
    high = low.model_copy(update={"content_feedback": sharper})
    with OpenAIServer(said("second"), said("first")) as server:
        brain = OpenAIBrain(
            bundle=PromptBundle.load(), model="m", api_key="k", base_url=server.base_url, on_usage=used.append
        )
        found = await vote(OpenAIPairJudge(brain), item, low, high)
        await brain.close()
    assert (found.winner, found.consistent) == ("b", True) and len(used) == 2
    first, second = (json.dumps(request) for request in server.requests[-2:])
    assert first != second and "<material>" in first
    assert report([found]).share_b == 1.0


async def test_a_judge_that_says_nonsense_is_an_error_not_a_vote() -> None:
    item, one = make_dataset(1).items[0], make_evaluation()
    with OpenAIServer(Reply('{"better": "both"}')) as server:
        brain = OpenAIBrain(bundle=PromptBundle.load(), model="m", api_key="k", base_url=server.base_url)
        with pytest.raises(VendorError):
            await vote(OpenAIPairJudge(brain), item, one, one)
        await brain.close()


def test_human_votes_are_read_and_bad_lines_named(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    path.write_text('{"item": "i0", "winner": "b"}\n\n{"item": "i1", "winner": "tie"}\n')
    assert human_votes(path) == {"i0": "b", "i1": "tie"}
    for line, words in [("nonsense", "Line 1"), ('{"item": "i0", "winner": "me"}', "a, b or tie")]:
        path.write_text(line)
        with pytest.raises(InputError, match=words):
            human_votes(path)
