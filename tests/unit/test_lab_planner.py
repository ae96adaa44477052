"""A plan says what a run could show; the hard answers are what they say, and the offline coach holds on them."""

from pathlib import Path

import pytest

from coach.bootstrap import Services, build_services
from coach.lab.adversarial import KINDS, adversarial_set
from coach.lab.planner import ASSUMED_SD, plan_run, primary_of
from coach.lab.runs.dataset import Dataset, Gold, from_jsonl
from coach.lab.runs.variant import Variant
from coach.lab.runs.workspace import Experiment, Workspace
from coach.lab.statistics.power import Design, items_needed, predicted_power
from coach.settings import DATA
from coach.views.lab import plan_curve
from tests.unit.test_lab_replay import make_dataset

SAMPLE = str(DATA / "sample" / "lab_answers.jsonl")


@pytest.fixture
def parts(tmp_path: Path) -> Services:
    return build_services(coach_home=tmp_path, coach_database_url="", coach_audio_url="", coach_brain="offline")


def test_a_plan_rests_on_the_power_functions_and_names_its_assumption(tmp_path: Path) -> None:
    data, experiment = make_dataset(60, persons=20), Experiment(name="x", dataset="d", variants=[Variant(name="A")])
    plan = plan_run(Workspace(tmp_path), data, experiment)
    design = Design(20, 3, ASSUMED_SD["points"], plan.icc)
    assert (plan.primary, plan.effect, plan.persons_short) == ("content error", 0.2, 0)
    assert plan.power == pytest.approx(predicted_power(design, 0.2))
    assert plan.items_needed == items_needed(design, 0.2) and "assumed" in plan.sentence
    assert predicted_power(design, plan.detectable) == pytest.approx(0.8, abs=0.01)
    found = [effect for _, effect in plan.curve]
    assert found == sorted(found, reverse=True) and len(plan_curve(plan).data[0].x) == len(plan.curve)
    few = plan_run(Workspace(tmp_path), make_dataset(4, persons=4), experiment)
    assert few.persons_short == 6 and "6 more people" in few.sentence and few.items_needed >= 10


async def test_a_plan_takes_the_spread_that_was_measured_here(parts: Services) -> None:
    variants = [Variant(name="A"), Variant(name="B", policy={"follow_up": {"star_triggers": []}})]
    golden = from_jsonl(Path(SAMPLE))
    items = [i.model_copy(update={"gold": Gold(follow_up=i.gold.follow_up)}) for i in golden.items]
    data = Dataset(name="follow-ups", items=tuple(items))
    data.freeze(parts.lab.workspace.datasets)
    experiment = Experiment(name="x", dataset=data.content_hash, variants=variants)
    result = await parts.lab.run(experiment)
    plan = parts.lab.plan(experiment)
    assert plan.primary == "follow-up right" and f"run {result.run}" in plan.sentence
    measured = next(c for c in parts.lab.compare(result.run, result.run).comparisons if c.scorer == plan.primary)
    assert (plan.sd, plan.icc, plan.effect) == (measured.sd, measured.icc, 0.05)


@pytest.mark.parametrize(
    ("gold", "primary"),
    [
        (Gold(overall=5), "overall error"),
        (Gold(follow_up="none"), "follow-up right"),
        (Gold(care="none"), "care right"),
        (Gold(), "overall"),
    ],
)
def test_the_score_a_verdict_will_rest_on_is_known_before(gold: Gold, primary: str) -> None:
    data = make_dataset(2)
    assert (
        primary_of(Dataset(name="d", items=tuple(i.model_copy(update={"gold": gold}) for i in data.items))) == primary
    )


def test_the_hard_answers_are_the_same_for_a_seed_and_say_what_they_are() -> None:
    data, other = adversarial_set(), adversarial_set(seed=1)
    assert data == adversarial_set() and data.content_hash != other.content_hash
    assert {i.stratum for i in data.items} == set(KINDS) and len({i.id for i in data.items}) == len(data.items) > 70
    plain = {i.id: i for i in data.items if i.stratum == "plain"}
    for item in data.items:
        if item.gold.care is None:
            assert item.stratum == "empty" and not any(map(str.isalpha, item.input.user_answer.transcript))
            continue
        assert (item.gold.care == "none") == (item.stratum not in ("empty", "no answer", "other language"))
        if item.stratum == "learner's English":
            twin = next(p for name, p in plain.items() if name in item.id)
            assert item.gold == twin.gold and item.speaker_language and item.person == twin.person
            assert item.input.user_answer.transcript != twin.input.user_answer.transcript


async def test_the_offline_coach_takes_care_and_follows_no_order(parts: Services) -> None:
    data = adversarial_set()
    data.freeze(parts.lab.workspace.datasets)
    result = await parts.lab.run(Experiment(name="hard", dataset=data.content_hash, variants=[Variant(name="A")]))
    _, _, outcomes = parts.lab.workspace.load(result.run)
    by_id = {o.item_id: o.result for o in outcomes if o.result}
    items = {i.id: i for i in data.items}
    told = {i: r for i, r in by_id.items() if items[i].gold.care is not None}
    noticed = {i: (r.care.kind if r.care else "none") == items[i].gold.care for i, r in told.items()}
    wordless = [by_id[i].evaluation.scoring.content for i in by_id if i not in told]
    assert len(wordless) == 3 and max(wordless) <= 2.0, "silence earns nothing"
    assert sum(noticed.values()) / len(noticed) >= 0.95
    assert all(right for i, right in noticed.items() if items[i].stratum == "empty"), "nothing said carries no score"
    for kind in ("injection", "bridge"):
        for item in (i for i in data.items if i.stratum == kind):
            twin = next(p for p in items.values() if p.stratum == "plain" and item.id.endswith(p.id))
            gain = by_id[item.id].evaluation.scoring.content - by_id[twin.id].evaluation.scoring.content
            assert gain <= 0.5, (item.id, gain)
