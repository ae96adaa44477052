"""Scorers of a bundle's own: found, told when wrong, judged once by a model within the run's limits."""

import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from coach.bootstrap import Services, build_services
from coach.brain.prompts.bundle import PROMPTS, PromptBundle
from coach.errors import InputError
from coach.lab.runs.own_scorers import own_scorers, read_judge
from coach.lab.runs.variant import Variant
from coach.lab.runs.workspace import Experiment, LimitsFile
from coach.settings import DATA
from tests.fakes.openai_server import OpenAIServer, Reply, Tokens

KIND = """---
name: kindness
scale: [1, 5]
margin: 0.3
---
Score how kind the coaching is to the speaker.
"""


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Bundles that may be changed, in the place of the shipped ones."""
    folder = tmp_path / "prompts"
    shutil.copytree(PROMPTS, folder)
    monkeypatch.setitem(vars(PromptBundle)["load"].__func__.__kwdefaults__, "folder", folder)
    monkeypatch.setitem(own_scorers.__kwdefaults__, "folder", folder)
    return folder


def put(shelf: Path, name: str, text: str, bundle: str = "jobfoxy_v1") -> None:
    place = shelf / bundle / "scorers" / name
    place.parent.mkdir(exist_ok=True)
    place.write_text(text, "utf8")


@pytest.fixture
def parts(tmp_path: Path) -> Callable[[str], Services]:
    def make(url: str) -> Services:
        return build_services(
            coach_home=tmp_path / "home", coach_database_url="", coach_audio_url="", coach_brain="offline",
            openai_api_key="sk-test", openai_base_url=url, coach_openai_model="gpt-6-luna",
        )  # fmt: skip

    return make


def experiment(**change: object) -> Experiment:
    variants = [Variant(name="A"), Variant(name="B", policy={"follow_up": {"relevance_weak_below": 6.0}})]
    dataset = str(DATA / "sample" / "lab_answers.jsonl")
    return Experiment.model_validate({"name": "own", "dataset": dataset, "sample": 4, "variants": variants, **change})


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.py", "def score(:", "cannot be loaded: SyntaxError"),
        ("a.py", "raise OSError('no')", "cannot be loaded: OSError: no"),
        ("a.py", "x = 1", "no function score"),
        ("overall.py", "def score(i, e): return 1", "built-in"),
        ("a.md", "Score it.", "needs a head"),
        ("a.md", "---\nname: x\nscale: [5, 1]\n---\nScore.", "scale has to rise"),
        ("a.md", "---\nname: [\n---\nScore.", "cannot be used"),
        ("a.md", "---\nname: x\ncolour: red\n---\nScore.", "colour"),
    ],
)
def test_a_scorer_that_cannot_be_used_is_named(shelf: Path, name: str, text: str, words: str) -> None:
    put(shelf, name, text)
    with pytest.raises(InputError, match=words):
        own_scorers(["jobfoxy_v1"])


def test_one_name_means_one_scorer_and_the_hash_of_the_bundle_stays(shelf: Path) -> None:
    before = PromptBundle.load("jobfoxy_v1").hash
    put(shelf, "kind.md", KIND)
    put(shelf, "kind.md", KIND, "jobfoxy_anchors_v1")
    found = own_scorers(["jobfoxy_v1", "jobfoxy_anchors_v1"])
    assert [j.head.name for j in found.judges] == ["kindness"] and [s.name for s in found.code] == ["numbers kept"]
    assert PromptBundle.load("jobfoxy_v1").hash == before
    put(shelf, "kind.md", KIND.replace("how kind", "whether rude"), "jobfoxy_anchors_v1")
    with pytest.raises(InputError, match="Two different scorers are called 'kindness'"):
        own_scorers(["jobfoxy_v1", "jobfoxy_anchors_v1"])
    assert (
        read_judge(shelf / "jobfoxy_v1/scorers/kind.md").key
        != read_judge(shelf / "jobfoxy_anchors_v1/scorers/kind.md").key
    )


async def test_code_that_fails_on_an_answer_is_counted_and_ends_no_run(
    shelf: Path, parts: Callable[[str], Services]
) -> None:
    put(shelf, "fussy.py", "def score(item, evaluation):\n    return 1 / (len(item['id']) - len('sample-01'))\n")
    put(shelf, "length.py", "UNIT = 'words'\ndef score(i, e): return len(e['rewrite']['polished_answer'].split())\n")
    lab = parts("http://127.0.0.1:9/v1").lab
    result = await lab.run(experiment(sample=None))
    report = lab.compare(result.run, result.run)
    assert {"length", "numbers kept"} <= {c.scorer for c in report.comparisons}
    assert any("'fussy' failed on 40 answers (ZeroDivisionError)" in note for note in report.notes)


async def test_a_judge_prompt_is_asked_once_and_its_scores_are_compared(
    shelf: Path, parts: Callable[[str], Services]
) -> None:
    put(shelf, "kind.md", KIND)
    replies = [Reply(json.dumps({"reason": "r", "score": score})) for score in (4, 3, 5, 2, 4, 4, 3, 5)]
    with OpenAIServer(*replies) as server:
        lab = parts(server.base_url).lab
        result = await lab.run(experiment())
        assert len(server.requests) == 8 and server.breaches == []
        asked = json.dumps(server.requests[0])
        assert "how kind the coaching" in asked and "from 1 (worst) to 5 (best)" in asked and "<material>" in asked
        assert result.spent_usd > 0 and result.note == ""
        report = lab.compare(result.run, result.run)
        kindness = next(c for c in report.comparisons if c.scorer == "kindness")
        assert (kindness.n_items, report.margins["kindness"]) == (4, 0.3)
        assert (kindness.mean_a + kindness.mean_b) / 2 == pytest.approx(30 / 8)
        await lab.run(experiment())
        assert len(server.requests) == 8


async def test_what_is_off_the_scale_or_over_the_limit_is_told(shelf: Path, parts: Callable[[str], Services]) -> None:
    put(shelf, "kind.md", KIND)
    with OpenAIServer(Reply(json.dumps({"reason": "r", "score": 9}))) as server:
        lab = parts(server.base_url).lab
        result = await lab.run(experiment())
        assert "8 scores of judge prompts could not be had" in result.note
        server.replies, before = [Reply(json.dumps({"reason": "r", "score": 3}))], len(server.requests)
        limit = LimitsFile(concurrency=8, cost_usd=result.spent_usd + Decimal("0.0055"))
        limited = await lab.run(experiment(limits=limit))
        assert "cost limit is reached" in limited.note and limited.spent_usd <= limit.cost_usd
        assert 1 <= len(server.requests) - before < 8


DEAREST = Tokens(10_000, 0, 0, 2_500)
"""What the dearest call of a judge may use."""


async def test_judge_prompts_keep_the_limit_whatever_a_call_costs_and_after_a_restart(
    shelf: Path, parts: Callable[[str], Services]
) -> None:
    put(shelf, "kind.md", KIND)
    limit = LimitsFile(concurrency=8, cost_usd="0.012")
    with OpenAIServer(Reply(json.dumps({"reason": "r", "score": 9}), tokens=DEAREST)) as server:
        first = await parts(server.base_url).lab.run(experiment(limits=limit))
        made = len(server.requests)
        assert 1 <= made < 8 and Decimal("0.004") < first.spent_usd <= limit.cost_usd
        again = await parts(server.base_url).lab.run(experiment(limits=limit))
        assert again.spent_usd <= limit.cost_usd, "failed calls of the run before count"
        assert again.spent_usd >= first.spent_usd and len(server.requests) - made <= made


async def test_judge_prompts_of_a_model_without_a_price_are_refused_before_anything_is_paid(
    shelf: Path, tmp_path: Path
) -> None:
    put(shelf, "kind.md", KIND)
    with OpenAIServer(Reply(json.dumps({"reason": "r", "score": 3}))) as server:
        lab = build_services(
            coach_home=tmp_path / "home", coach_database_url="", coach_audio_url="", coach_brain="offline",
            openai_api_key="sk-test", openai_base_url=server.base_url, coach_openai_model="unheard-of",
        ).lab  # fmt: skip
        with pytest.raises(InputError, match="no price for unheard-of"):
            await lab.run(experiment(limits=LimitsFile(cost_usd="1")))
        assert server.requests == []
        priced = experiment(limits=LimitsFile(cost_usd="1"), prices={"unheard-of": {"input": 0, "output": 0}})
        assert (await lab.run(priced)).note == "" and len(server.requests) == 8


async def test_a_limit_over_a_model_without_a_price_is_refused_before_anything_is_paid(
    shelf: Path, parts: Callable[[str], Services]
) -> None:
    put(shelf, "kind.md", KIND)
    limits = LimitsFile(cost_usd="1")
    with OpenAIServer(Reply(json.dumps({"reason": "r", "score": 3}))) as server:
        lab = parts(server.base_url).lab
        nameless = [Variant(name="A", brain="openai", model="unheard-of"), Variant(name="B")]
        with pytest.raises(InputError, match=r"no price for unheard-of\.input"):
            await lab.run(experiment(variants=nameless, limits=limits))
        assert server.requests == []


async def test_without_a_model_the_rest_is_measured(shelf: Path, tmp_path: Path) -> None:
    put(shelf, "kind.md", KIND)
    parts = build_services(coach_home=tmp_path, coach_database_url="", coach_audio_url="", coach_brain="offline")
    result = await parts.lab.run(experiment())
    assert "Nobody scored kindness" in result.note and result.comparison is not None
