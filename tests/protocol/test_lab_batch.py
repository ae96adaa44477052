"""Large replays through the Batch API: same bodies, same pipeline, half price, one batch even after a restart."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import openai
import pytest

from coach.brain.offline.coach import OfflineCoach
from coach.brain.openai.batch import OpenAIBatch
from coach.brain.openai.brain import OpenAIBrain
from coach.brain.port import Brain
from coach.brain.prompts.bundle import PromptBundle
from coach.economics.ledger import price_what_can_be
from coach.economics.pricebook import price_book
from coach.errors import InputError, VendorError, VendorProtocolError
from coach.lab.runs.budget import CallCeilings
from coach.lab.runs.variant import Variant
from coach.lab.runs.workspace import Experiment, LimitsFile, Workspace
from coach.lab.service import Lab
from coach.store import open_store
from tests.fakes.evaluations import make_evaluation
from tests.fakes.openai_batches import BatchServer, response_line

LIMIT = Decimal("0.005")
LIMITED = LimitsFile(cost_usd=LIMIT)
EVALUATION = json.dumps(make_evaluation(content=7.0).model_dump(mode="json"))


async def no_wait(_: float) -> None:
    return None


def make_lab(folder: Path, server: BatchServer) -> Lab:
    def live(bundle: PromptBundle) -> OpenAIBrain:
        return OpenAIBrain(bundle=bundle, model="gpt-6-luna", api_key="k", base_url=server.base_url)

    def brain(variant: Variant, bundle: PromptBundle) -> Brain:
        return live(bundle) if variant.brain == "openai" else OfflineCoach()

    def batch(_: Variant, bundle: PromptBundle) -> OpenAIBatch:
        client = openai.AsyncOpenAI(api_key="k", base_url=server.base_url, max_retries=0)
        return OpenAIBatch(live(bundle), client, poll_s=0, sleep=no_wait)

    return Lab(
        workspace=Workspace(folder / "lab"),
        store=open_store(f"duckdb:///{folder / 'lab.duckdb'}"),
        make_brain=brain,
        price=lambda events: price_what_can_be(events, price_book())[0],
        meter=lambda events: None,
        default_model="gpt-6-luna",
        make_batch=batch,
    )


def make_experiment(folder: Path, *, size: int = 6) -> Experiment:
    path = folder / "answers.jsonl"
    rows = [{"id": f"a{n}", "question": "Why us?", "answer": f"Because I fixed {n} pumps."} for n in range(size)]
    path.write_text("\n".join(map(json.dumps, rows)))
    variants = [Variant(name="live bundle", brain="openai"), Variant(name="offline")]
    return Experiment(name="Batch", dataset=str(path), variants=variants, batch=True)


async def test_a_batch_answers_the_run_at_half_price(tmp_path: Path) -> None:
    with BatchServer(lambda line: response_line(line, EVALUATION)) as server:
        lab = make_lab(tmp_path, server)
        experiment = make_experiment(tmp_path)
        result = await lab.run(experiment)
        _, _, outcomes = lab.workspace.load(result.run)
    mine = [o for o in outcomes if o.variant == "live bundle"]
    assert result.done == 12 and result.failures == 0
    assert [len(lines) for lines in server.submitted] == [6]
    body: dict[str, Any] = server.submitted[0][0]["body"]
    assert body["text"]["format"]["type"] == "json_schema" and "stream" not in body
    assert all(o.first_section_ms is None and o.result and o.result.status == "complete" for o in mine)
    tokens = 200 * Decimal("0.05") + 1000 * Decimal("0.005") + 800 * Decimal("0.25")
    assert mine[0].cost_usd == tokens / 1_000_000
    assert result.spent_usd == 6 * mine[0].cost_usd


async def test_a_restart_waits_for_the_same_batch(tmp_path: Path) -> None:
    answers = {"fail": True}

    def answer(line: dict[str, Any]) -> dict[str, Any]:
        if answers["fail"]:
            raise RuntimeError("the vendor's server died")
        return response_line(line, EVALUATION)

    with BatchServer(answer) as server:
        lab = make_lab(tmp_path, server)
        with pytest.raises(VendorError):
            await lab.run(make_experiment(tmp_path))
        answers["fail"] = False
        result = await make_lab(tmp_path, server).run(make_experiment(tmp_path))
    assert len(server.submitted) == 1 and result.done == 12 and result.failures == 0


async def test_lines_that_failed_are_provider_trouble_not_quality(tmp_path: Path) -> None:
    def answer(line: dict[str, Any]) -> dict[str, Any]:
        if "2 pumps" in json.dumps(line["body"]):
            return {"id": "x", "custom_id": line["custom_id"], "response": None, "error": {"code": "batch_expired"}}
        return response_line(line, EVALUATION)

    with BatchServer(answer) as server:
        result = await make_lab(tmp_path, server).run(make_experiment(tmp_path))
    assert (result.done, result.failures) == (12, 1)


PUMPS = 40


async def test_no_part_of_a_batch_can_pass_the_cost_limit_and_the_parts_together_cannot(tmp_path: Path) -> None:
    """One call costs 0.000215 here and 0.0025 at its dearest, so a limit of 0.005 needs several parts."""
    with BatchServer(lambda line: response_line(line, EVALUATION)) as server:
        lab = make_lab(tmp_path, server)
        limited = make_experiment(tmp_path, size=PUMPS).model_copy(update={"limits": LIMITED})
        result = await lab.run(limited)
        again = await make_lab(tmp_path, server).run(limited)
        first = [line["body"] for line in server.submitted[0]]
    bound = CallCeilings(lab._price, "gpt-6-luna")
    data = lab.workspace.dataset_of(limited)
    dearest = max(bound.batched(limited.variants[0], item) for item in data.items)
    assert len(server.submitted) > 2 and sum(map(len, server.submitted)) < PUMPS
    assert len(first) * dearest <= LIMIT < (len(first) + 2) * dearest
    assert result.spent_usd <= LIMIT and LIMIT - result.spent_usd < dearest
    assert "cost limit" in result.stopped
    assert again.spent_usd == result.spent_usd and again.done == result.done


async def test_answers_known_to_the_cache_are_not_asked_of_a_batch(tmp_path: Path) -> None:
    with BatchServer(lambda line: response_line(line, EVALUATION)) as server:
        lab = make_lab(tmp_path, server)
        await lab.run(make_experiment(tmp_path))
        other = make_experiment(tmp_path).model_copy(update={"name": "Another name"})
        result = await lab.run(other)
    assert len(server.submitted) == 1 and result.cached == 12 and result.spent_usd == 0


async def test_a_repair_is_asked_live_only_where_the_limit_has_room(tmp_path: Path) -> None:
    """The batch's text is no JSON; a repair at its dearest does not fit, so the answer fails and nothing is spent."""
    with BatchServer(lambda line: response_line(line, "not an object")) as server:
        lab = make_lab(tmp_path, server)
        experiment = make_experiment(tmp_path, size=1).model_copy(update={"limits": LIMITED})
        result = await lab.run(experiment)
    assert result.failures == 1 and Decimal(0) < result.spent_usd <= LIMIT


@pytest.mark.parametrize(("prices", "refused"), [({}, True), ({"own-model": {"input": "0", "output": "0"}}, False)])
async def test_a_model_without_a_price_is_refused_under_a_limit(tmp_path: Path, prices: Any, refused: bool) -> None:
    with BatchServer(lambda line: response_line(line, EVALUATION)) as server:
        lab = make_lab(tmp_path, server)
        plain = make_experiment(tmp_path).model_dump()
        plain |= {"limits": {"cost_usd": "1"}, "prices": prices}
        plain["variants"] = [{"name": "own", "brain": "openai", "model": "own-model"}]
        experiment = Experiment.model_validate(plain)
        if refused:
            with pytest.raises(InputError, match=r"no price for own-model") as told:
                await lab.run(experiment)
            assert "prices:" in told.value.mend and not server.submitted
        else:
            assert (await lab.run(experiment)).spent_usd == 0 and len(server.submitted) == 1


async def test_a_run_under_way_elsewhere_is_not_run_twice(tmp_path: Path) -> None:
    with BatchServer(lambda line: response_line(line, EVALUATION)) as server:
        lab = make_lab(tmp_path, server)
        experiment = make_experiment(tmp_path)
        info, _ = lab.workspace.prepare(experiment)
        with Workspace(tmp_path / "lab").alone(info.id), pytest.raises(InputError, match="under way"):
            await lab.run(experiment)
        assert not server.submitted


async def test_refusals_truncations_and_refused_batches_are_told_apart(tmp_path: Path) -> None:
    with BatchServer(lambda line: line) as server:
        brain = OpenAIBrain(bundle=PromptBundle.load(), model="m", api_key="k", base_url=server.base_url)
        client = openai.AsyncOpenAI(api_key="k", base_url=server.base_url, max_retries=0)
        batch = OpenAIBatch(brain, client, poll_s=0, sleep=no_wait)
        line = {"custom_id": "c", "body": {"model": "m"}}
        refused = batch._answer(response_line(line, "", refusal="no"))
        cut = batch._answer(response_line(line, '{"follow', status="incomplete"))
        assert (refused.ended, cut.ended, cut.text) == ("refused", "truncated", '{"follow')
        server.refuse_all = True
        started = await batch.submit([])
        with pytest.raises(VendorProtocolError):
            await batch.answers(started)
