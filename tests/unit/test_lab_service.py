"""Promotions, live splits, consent, human scores, pair votes: what the lab decides and remembers."""

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from coach.brain.prompts.bundle import PROMPTS, PromptBundle, available
from coach.contracts.evaluation import Evaluation
from coach.errors import ConflictError, InputError, NotFoundError
from coach.lab.attempts import AttemptFilter, from_attempts, import_scores
from coach.lab.bundles import create
from coach.lab.comparing import evidence_for
from coach.lab.live import compare_arms, interview_outcomes, sample_ratio
from coach.lab.promotion import PromotionEvidence, Promotions
from coach.lab.runs.variant import Variant
from coach.lab.runs.workspace import Experiment, Workspace
from coach.lab.service import Lab
from coach.lab.split import Split
from coach.lab.statistics.pairwise import pairs, report, vote
from coach.lab.way_back import WayBack, way_back
from coach.store import open_store
from coach.store.repositories import lab as rows
from coach.store.repositories.interviews import scores_noise
from coach.store.sqlstore import SqlStore
from coach.views import lab as figures
from coach.views import lab_calibration as figures_lab_calibration
from tests.fakes.evaluations import make_evaluation, make_outcome
from tests.unit.test_lab_replay import make_dataset

SPLIT = Split(name="try", shares={"jobfoxy_v1": 0.5, "other": 0.5}, salt="s")
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with open_store(f"duckdb:///{tmp_path / 'lab.duckdb'}") as opened:
        yield opened


def test_a_promotion_keeps_the_very_text_and_can_be_rolled_back(store: SqlStore) -> None:
    promotions = Promotions(store)
    shipped = PromptBundle.load()
    assert promotions.active() == shipped
    with pytest.raises(InputError, match="reason"):
        promotions.promote("jobfoxy_v1", "  ")
    with pytest.raises(InputError, match="no prompt bundle"):
        promotions.promote("nowhere", "because")
    promotions.promote("jobfoxy_v1", "the first", override=True)
    edited = {**shipped.files, "system_prompt.md": shipped.system_prompt + "\nBe brief."}
    changed = PromptBundle.from_files("jobfoxy_v1", edited)
    promotions._put_in_force(changed, "shorter")
    assert promotions.active().system_prompt.endswith("Be brief.")
    promotions.roll_back("too brief")
    assert promotions.active().hash == shipped.hash
    assert [h["is_active"] for h in promotions.history()] == [True, False, False]
    assert "too brief" in promotions.history()[0]["reason"]


def test_rolling_back_without_a_past_is_told(store: SqlStore) -> None:
    with pytest.raises(NotFoundError):
        Promotions(store).roll_back("")


def test_the_first_promotion_can_be_taken_back(store: SqlStore) -> None:
    promotions, shipped = Promotions(store), PromptBundle.load()
    promotions.promote("jobfoxy_anchors_v1", "it is better", override=True)
    assert promotions.active().name == "jobfoxy_anchors_v1"
    promotions.roll_back("it is not")
    assert promotions.active() == shipped
    assert [h["name"] for h in promotions.history()] == ["jobfoxy_v1", "jobfoxy_anchors_v1", "jobfoxy_v1"]


def named(row: Mapping[str, Any] | None) -> str:
    return "" if row is None else str(row["reason"])


def test_each_step_back_goes_one_further_and_each_step_forward_undoes_the_last(store: SqlStore) -> None:
    promotions, shipped = Promotions(store), PromptBundle.load()
    words = {
        n: PromptBundle.from_files("x", {**shipped.files, "system_prompt.md": f"Version {n}."}) for n in range(1, 4)
    }
    for number, bundle in words.items():
        promotions._put_in_force(bundle, f"try {number}", PromotionEvidence(run=f"r{number}"))
    for wanted in (words[2], words[1], shipped):
        promotions.roll_back("worse")
        assert promotions.active().hash == wanted.hash
    with pytest.raises(NotFoundError, match="no earlier"):
        promotions.roll_back("worse")
    for number in (1, 2):
        promotions.put_back("it was not")
        assert promotions.active().hash == words[number].hash
        assert promotions.history()[0]["evidence"]["run"] == f"r{number}", "what it rested on comes back with it"
    assert named(promotions.way_back().later) == "try 3"
    with pytest.raises(ConflictError, match="meanwhile"):
        promotions.put_back("of a tab that saw another one", seen=words[1].hash)
    promotions.promote("jobfoxy_anchors_v1", "a new way", override=True)
    way = promotions.way_back()
    assert way.later is None and way.earlier is not None and way.earlier["content_hash"] == words[2].hash
    with pytest.raises(NotFoundError, match="Nothing was rolled back"):
        promotions.put_back("there is nothing")


def test_a_record_in_which_a_second_step_back_led_forward_is_read_as_it_was() -> None:
    def row(content: str, reason: str, evidence: object = None) -> dict[str, Any]:
        return {"name": "x", "version": "1", "content_hash": content, "reason": reason, "evidence": evidence}

    old = [row("a", "first", {}), row("b", "second", {}), row("a", "rolled back: no"), row("b", "rolled back: yes")]
    way = way_back(old)
    assert way.earlier is not None and way.earlier["content_hash"] == "a" and way.later is None
    assert way_back([]) == way_back(old[:1]) == WayBack()


def test_of_two_tabs_one_neither_ends_nor_replaces_the_split_of_the_other(store: SqlStore) -> None:
    promotions = Promotions(store)
    second = next(name for name in available() if name != "jobfoxy_v1")
    one, other = (Split(name=s, shares={"jobfoxy_v1": 0.5, second: 0.5}, salt=s) for s in ("one", "other"))
    promotions.start_split(one, alone=True)
    with pytest.raises(ConflictError, match="'one' is running"):
        promotions.start_split(other, alone=True)
    with pytest.raises(ConflictError, match="ended meanwhile"):
        promotions.end_split("other")
    assert promotions.split() == one
    promotions.end_split("one")
    assert promotions.split() is None


def test_a_promotion_rests_on_a_verdict_about_these_very_words(store: SqlStore) -> None:
    promotions, label = Promotions(store), PromptBundle.load("jobfoxy_anchors_v1").label
    ships = PromotionEvidence(run="r", a="A", b="B", bundle=label, decision="ship", sentence="Ship: it is.")
    for evidence, words in [
        (None, "No comparison says"),
        (ships.model_copy(update={"decision": "hold", "sentence": "Hold: no."}), "Hold: no"),
        (ships.model_copy(update={"bundle": "jobfoxy_anchors_v1@2.0#other"}), "No comparison says"),
    ]:
        with pytest.raises(InputError, match=words):
            promotions.promote("jobfoxy_anchors_v1", "because", evidence=evidence)
    assert not promotions.promote("jobfoxy_anchors_v1", "because", evidence=ships)["override"]
    assert promotions.history()[0]["evidence"]["sentence"] == "Ship: it is."
    assert promotions.promote("jobfoxy_v1", "back", override=True)["override"]
    assert promotions.history()[0]["evidence"]["override"]


def test_evidence_is_found_among_the_runs_of_this_bundle_against_the_one_in_force(tmp_path: Path) -> None:
    workspace, data = Workspace(tmp_path), make_dataset(48, persons=16)
    a, b = Variant(name="now", brain="openai"), Variant(name="new", bundle="jobfoxy_anchors_v1", brain="openai")
    experiment = Experiment(name="try", dataset=str(data.freeze(workspace.datasets)), variants=[a, b])
    info, _ = workspace.prepare(experiment.model_copy(update={"dataset": data.content_hash}))
    rng, journal = np.random.default_rng(1), workspace.journal(info.id)
    labels = {v.name: PromptBundle.load(v.bundle).label for v in (a, b)}
    for item in data.items:
        for variant, content in ((a, 8.0), (b, 6.5)):  # the gold content is 6: nearer is better
            made = make_outcome(variant.name, variant.key, item.id, content=content + float(rng.normal(0, 0.3)))
            result = made.result.model_copy(update={"bundle": labels[variant.name]})
            journal.append(made.model_copy(update={"result": result}))
    journal.close()
    found = evidence_for(workspace, labels["new"], labels["now"])
    assert found is not None and found.ships and (found.run, found.a, found.b) == (info.id, "now", "new")
    assert evidence_for(workspace, labels["now"], labels["new"]).decision == "hold"
    assert evidence_for(workspace, "other@1#x", labels["now"]) is None
    assert evidence_for(workspace, labels["new"], labels["now"], run="another") is None


def test_a_split_is_stable_fair_and_its_own() -> None:
    arms = [SPLIT.assign(f"interview-{n}") for n in range(4000)]
    assert arms == [SPLIT.assign(f"interview-{n}") for n in range(4000)]
    assert sample_ratio(arms, SPLIT).held
    assert 0.46 < Counter(arms)["other"] / 4000 < 0.54
    another = SPLIT.model_copy(update={"salt": "t"})
    same = np.mean([another.assign(f"interview-{n}") == arm for n, arm in enumerate(arms)])
    assert 0.45 < same < 0.55


def test_a_broken_split_is_noticed() -> None:
    check = sample_ratio(["jobfoxy_v1@1#a"] * 600 + ["other"] * 400, SPLIT)
    assert not check.held and check.counts == {"jobfoxy_v1": 600, "other": 400}
    assert sample_ratio([], SPLIT).held


@pytest.mark.parametrize("shares", [{"a": 1.0}, {"a": 0.5, "b": 0.6}, {"a": 0.0, "b": 1.0}])
def test_impossible_shares_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="shares"):
        Split(name="x", shares=shares, salt="s")


def test_live_traffic_follows_the_running_split_and_then_the_active_bundle(store: SqlStore) -> None:
    promotions = Promotions(store)
    with pytest.raises(InputError):
        promotions.start_split(SPLIT)
    second = next(name for name in available() if name != "jobfoxy_v1")
    twin = Split(name="t", shares={"jobfoxy_v1": 0.5, second: 0.5}, salt="s")
    promotions.start_split(twin)
    served = {promotions.bundle_for(f"i{n}").name for n in range(40)}
    assert served == set(twin.shares) and promotions.split() == twin
    promotions.end_split()
    assert promotions.split() is None and promotions.bundle_for("i1").name == "jobfoxy_v1"


def live_rows(
    rng: np.random.Generator, users: int, lift: float, *, gain: float = 0.5, retries: int = 1
) -> list[dict[str, Any]]:
    """Four interviews a person, of one question each; the treatment's people retry `retries` times, others once."""
    found = []
    for n in range(users * 4):
        bundle = "other" if n % 2 else "jobfoxy_v1"
        first = float(rng.normal(5, 1))
        times = retries if bundle == "other" else 1
        brought = rng.normal(gain + (lift if bundle == "other" else 0), 0.5, times)
        for number, score in enumerate([first, *(first + brought)], start=1):
            found.append(
                {
                    "interview_id": f"i{n:04d}", "user_id": f"u{n % users}", "bundle": f"{bundle}@1#h",
                    "interview_status": "completed", "exchange_id": f"e{n}", "question_type": "behavioral",
                    "attempt_id": f"a{n}-{number}", "attempt_number": number, "status": "evaluated",
                    "overall_score": float(score), "timeline": {"first_scores": 900.0}, "created_at": START,
                    "cost_usd": None, "saved": False,
                }
            )  # fmt: skip
    return found


def test_a_live_lift_is_found_and_equal_arms_are_not() -> None:
    rng = np.random.default_rng(5)
    lifted = compare_arms(interview_outcomes(live_rows(rng, 60, 0.5)), control="jobfoxy_v1", treatment="other")
    improvement = next(d for d in lifted if d.metric == "retry_gain")
    assert improvement.low > 0 and improvement.estimate == pytest.approx(0.5, abs=0.25) and improvement.n == 240
    equal = compare_arms(interview_outcomes(live_rows(rng, 60, 0.0)), control="jobfoxy_v1", treatment="other")
    assert next(d for d in equal if d.metric == "retry_gain").p_value > 0.01
    with pytest.raises(InputError, match="Each arm"):
        compare_arms(interview_outcomes([]), control="a", treatment="b")


def test_more_retries_alone_are_no_better_arm() -> None:
    rows = live_rows(np.random.default_rng(7), 60, 0.0, gain=0.0, retries=6)
    outcomes = interview_outcomes(rows)
    found = {d.metric: d for d in compare_arms(outcomes, control="jobfoxy_v1", treatment="other")}
    assert found["retry_gain"].low < 0 < found["retry_gain"].high
    best = max(row["overall_score"] for row in rows if row["exchange_id"] == "e1")
    assert best > next(row["overall_score"] for row in rows if row["attempt_id"] == "a1-1"), (
        "the best of seven is higher"
    )
    once = interview_outcomes([row for row in rows if row["attempt_number"] == 1])
    assert once["retry_gain"].isna().all(), "nobody retried: nothing is said, not 0"
    assert "retry_gain" not in {d.metric for d in compare_arms(once, control="jobfoxy_v1", treatment="other")}
    table = figures.arms_frame([*found.values()], "jobfoxy_v1", "other")
    assert table["measure"].iloc[0] == "Gain of a first retry, points"
    assert set(table["what it says"]) <= {"no difference to be seen", "better", "worse"}
    assert table.set_index("measure").loc["Finish to scores, s", "other"] == pytest.approx(0.9)


def test_answers_without_consent_stay_out(store: SqlStore) -> None:
    with pytest.raises(InputError, match="No stored answer"):
        from_attempts(store, AttemptFilter())
    store.run(rows.set_consent, "local", True, START)
    assert store.run(rows.has_consent, "local")
    store.run(rows.set_consent, "local", False, START)
    assert not store.run(rows.has_consent, "local")


def test_human_scores_are_imported_whole_or_not_at_all(store: SqlStore, tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    for content, words in [
        ("", "no human score"),
        ('{"attempt_id": "x", "reviewer": "r", "overall": 11}', "Line 1"),
        ('{"attempt_id": "unknown", "reviewer": "r", "overall": 7}', "no attempt"),
    ]:
        path.write_text(content)
        with pytest.raises(InputError, match=words):
            import_scores(store, path)


def test_calibration_by_type_and_drift() -> None:
    stored: list[dict[str, object]] = [
        {
            "id": f"a{n}", "question_type": "technical" if n % 2 else "behavioral", "review": {"overall": 6.0},
            "overall_score": 6.0 + (1.5 if n >= 20 else 0.1 * (n % 3 - 1)), "prompt_version": "v",
            "created_at": START + timedelta(days=n // 5 * 7),
        }
        for n in range(30)
    ]  # fmt: skip
    frame = figures_lab_calibration.calibration_frame([*stored, {**stored[0], "review": None}])
    table = figures_lab_calibration.agreement_frame(frame)
    assert list(table["group"]) == ["all", "behavioral", "technical"] and table["n"].tolist() == [30, 15, 15]
    alarms = figures_lab_calibration.drift_frame(frame)
    assert alarms["alarm"].tolist() == [False, False, False, False, True, True]
    few = frame.assign(created_at=START, machine=frame["human"] + [1.0, 1.5, 2.0] * 10).head(3)
    assert not figures_lab_calibration.drift_frame(few)["alarm"].any(), "three answers are no drift"
    rng = np.random.default_rng(2)
    false = 0
    for _ in range(60):  # a year of weeks of six answers, without any drift
        weeks = [START + timedelta(weeks=n // 6) for n in range(52 * 6)]
        year = pd.DataFrame({"created_at": weeks, "human": 6.0, "machine": 6.0 + rng.normal(0, 1, len(weeks))})
        false += bool(figures_lab_calibration.drift_frame(year)["alarm"].any())
    assert false <= 9, "one year in twenty, not most of them"
    assert (
        len(figures_lab_calibration.calibration_scatter(frame).data) == 3
        and len(figures_lab_calibration.drift(frame).data) == 1
    )
    assert figures_lab_calibration.agreement_frame(frame.head(0)).empty


class Longer:
    """Prefers the higher content score; with a bias it prefers whatever is shown first."""

    def __init__(self, *, biased: bool = False) -> None:
        self.biased = biased

    async def prefer(self, question: str, answer: str, first: Evaluation, second: Evaluation) -> Any:
        a, b = first.scoring.content, second.scoring.content
        return "first" if self.biased or a > b else "second" if b > a else "tie"


async def test_pair_votes_need_both_orders() -> None:
    item = make_dataset(1).items[0]
    low, high = make_evaluation(content=4), make_evaluation(content=8)
    assert (await vote(Longer(), item, low, high)).winner == "b"
    biased = await vote(Longer(biased=True), item, low, high)
    assert (biased.winner, biased.consistent) == ("tie", False)
    votes = [await vote(Longer(), i, low, high if n else low) for n, i in enumerate(make_dataset(8).items)]
    summed = report(votes, {f"i{n}": "b" if n else "tie" for n in range(8)})
    assert (summed.wins_b, summed.ties, summed.share_b, summed.n_human) == (7, 1, 1.0, 8)
    assert summed.kappa == pytest.approx(1)
    with pytest.raises(InputError):
        report([])


def test_pairs_are_of_answers_both_variants_judged() -> None:
    items = make_dataset(3).items
    outcomes = [make_outcome("A", "ka", "i0"), make_outcome("B", "kb", "i0"), make_outcome("A", "ka", "i1")]
    assert [item.id for item, _, _ in pairs(outcomes, items, a="A", b="B")] == ["i0"]
    with pytest.raises(InputError, match="judged by both"):
        pairs(outcomes, items, a="A", b="C")


def test_bundles_differ_in_what_their_files_say() -> None:
    one = PromptBundle.load()
    two = PromptBundle.from_files(one.name, {**one.files, "system_prompt.md": one.system_prompt + "\nBe brief."})
    assert "+Be brief." in figures.bundle_diff(one, two) and figures.bundle_diff(one, one) == ""
    assert pd.Series([one.hash, two.hash]).is_unique


def test_a_new_bundle_starts_as_a_copy_with_its_own_idea(tmp_path: Path) -> None:
    shutil.copytree(PROMPTS / "jobfoxy_v1", tmp_path / "jobfoxy_v1")
    made = create("shorter_v1", source="jobfoxy_v1", idea='Say "less"', folder=tmp_path)
    old = PromptBundle.load("jobfoxy_v1", folder=tmp_path)
    assert made.idea == 'Say "less"' and made.system_prompt == old.system_prompt and made.hash != old.hash
    for name, idea, words in [("shorter_v1", "x", "already"), ("../up", "x", "small letters"), ("fine", " ", "idea")]:
        with pytest.raises(InputError, match=words):
            create(name, source="jobfoxy_v1", idea=idea, folder=tmp_path)
    with pytest.raises(InputError, match="no prompt bundle"):
        create("fine", source="nowhere", idea="x", folder=tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["jobfoxy_v1", "shorter_v1"]
    odd = 'back\\slash \\d \\g<0> "quoted": # [it]\nand on'
    assert create("odd_v1", source="jobfoxy_v1", idea=odd, folder=tmp_path).idea == " ".join(odd.split())


def test_noise_is_that_of_the_words_that_judged_and_of_the_noisier_side(store: SqlStore, tmp_path: Path) -> None:
    lab = Lab(
        workspace=Workspace(tmp_path), store=store, make_brain=lambda _, __: None, price=list, meter=lambda _: None,
        default_model="m",
    )  # fmt: skip
    data = make_dataset(4)
    data.freeze(lab.workspace.datasets)
    a, b = Variant(name="noisy", brain="openai"), Variant(name="still", brain="offline")
    info, _ = lab.workspace.prepare(Experiment(name="n", dataset=data.content_hash, variants=[a, b], repeats=2))
    journal = lab.workspace.journal(info.id)
    for item in data.items:
        for repeat in (0, 1):
            for variant, content in ((a, 6.0 + repeat), (b, 6.0)):
                made = make_outcome(variant.name, variant.key, item.id, repeat, content=content)
                result = made.result.model_copy(update={"bundle": "jobfoxy_v1@1.0#asitwas"})
                journal.append(made.model_copy(update={"result": result}))
    journal.close()
    ((label, sd),) = lab.measure_noise(info.id).items()
    assert label == "jobfoxy_v1@1.0#asitwas" and sd > 0.3
    assert store.run(scores_noise, label) == sd
