"""Looks at a run before its end: written down, each with its boundary; the verdict keeps to it."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from coach.errors import InputError
from coach.lab.comparing import compare_runs, evidence_for, look_at
from coach.lab.live_looks import LiveLooks
from coach.lab.promotion import Promotions
from coach.lab.runs.journal import RunJournal
from coach.lab.runs.looks import Look, LookBook, standing
from coach.lab.runs.replay import Replay, RunLimits
from coach.lab.runs.variant import Variant
from coach.lab.runs.workspace import Experiment, LimitsFile, Workspace
from coach.lab.split import Split
from coach.lab.statistics.paired import compare_paired
from coach.lab.statistics.sequential import boundaries
from coach.lab.statistics.verdict import Verdict, decide
from coach.store import open_store
from coach.store.repositories import live_split as rows_live_split
from tests.long import how_many
from tests.ports.test_watch import practise
from tests.unit.test_lab_replay import A, B, CountingJudge, make_dataset

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def verdict_at(table: pd.DataFrame, judged: int, earlier: list[Look]) -> tuple[Verdict, Look]:
    look = standing(earlier, "p", judged, len(table), NOW)
    found = compare_paired(table.head(judged), confidence=1 - look.alpha, bootstrap=False, permutations=499)
    return decide(found, smallest_useful=0.2, alpha=look.alpha), look


def peeked(rng: np.random.Generator, *, effect: float, people: int, sizes: tuple[int, ...]) -> str:
    """The first decision of whoever looks at `sizes` answers, five of each person, in random order."""
    who = np.repeat(np.arange(people), 5)
    difference = effect + rng.normal(0, 0.55, people)[who] + rng.normal(0, 0.84, len(who))
    table = pd.DataFrame({"item": np.arange(len(who)), "cluster": who, "a": 0.0, "b": difference})
    table = table.sample(frac=1, random_state=int(rng.integers(2**31))).reset_index(drop=True)
    looks: list[Look] = []
    for judged in sizes:
        verdict, look = verdict_at(table, judged, looks)
        looks.append(look)
        if verdict.decision == "ship":
            return "ship"
    return verdict.decision


def test_whoever_looks_five_times_ships_an_equal_pair_no_more_often_than_allowed() -> None:
    rng, times = np.random.default_rng(14), how_many("equal pairs looked at five times")
    ships = [peeked(rng, effect=0.0, people=40, sizes=(40, 80, 120, 160, 200)) == "ship" for _ in range(times)]
    assert np.mean(ships) <= 0.05
    planted = [peeked(rng, effect=0.8, people=40, sizes=(40, 80, 120, 160, 200)) == "ship" for _ in range(15)]
    assert np.mean(planted) >= 0.9


def test_boundaries_fall_towards_the_end_and_one_look_at_the_end_is_the_usual_one() -> None:
    looks: list[Look] = []
    for judged in (50, 100, 150, 200):
        looks.append(standing(looks, "p", judged, 200, NOW))
    assert [round(look.boundary, 2) for look in looks] == [4.33, 2.96, 2.36, 2.01]
    assert [look.boundary for look in looks] == pytest.approx(boundaries([0.25, 0.5, 0.75, 1.0]))
    alone = standing([], "p", 200, 200, NOW)
    assert alone.alpha == 0.05 and alone.sentence == ""
    assert standing(looks, "p", 100, 200, NOW) is looks[1], "the same state is the same look"


def test_a_look_too_early_too_near_or_one_too_many_decides_nothing() -> None:
    assert "from 40 on" in standing([], "p", 39, 200, NOW).closed and not standing([], "p", 41, 200, NOW).closed
    first = standing([], "p", 60, 200, NOW)
    assert "from 70 on" in standing([first], "p", 66, 200, NOW).closed
    looks: list[Look] = []
    for judged in (60, 80, 100, 120, 140):
        looks.append(standing(looks, "p", judged, 200, NOW))
    assert "All 5 looks" in standing(looks, "p", 170, 200, NOW).closed
    last = standing(looks, "p", 200, 200, NOW)
    assert not last.closed and last.number == 6 and 1.96 < last.boundary < 2.3


def test_two_who_look_at_once_take_one_look_and_half_a_line_loses_none(tmp_path: Path) -> None:
    book = LookBook(tmp_path / "looks.jsonl", lambda: NOW)
    both = [threading.Thread(target=book.take, args=("p", 100, 200)) for _ in range(4)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    with (tmp_path / "looks.jsonl").open("ab") as half:
        half.write(b'{"pair": "p", "num\n')
    book.take("p", 150, 200)
    book.take("other", 160, 200)
    assert [look.judged for look in book.taken("p")] == [100, 150]
    assert book.taken("other")[0].number == 1, "another comparison has looks of its own"


def experiment(workspace: Workspace, data_hash: str, answers: int | None = None) -> Experiment:
    return Experiment(name="Looks", dataset=data_hash, variants=[A, B], limits=LimitsFile(answers=answers))


async def run_to(workspace: Workspace, data_hash: str, answers: int | None) -> str:
    info, data = workspace.prepare(experiment(workspace, data_hash, answers))
    limits = RunLimits(answers=answers)
    report = await Replay(data, [A, B], CountingJudge(), workspace.journal(info.id), limits=limits).run()
    assert ("Paused for a look" in report.stopped) == (answers is not None)
    return info.id


async def test_a_run_that_pauses_is_looked_at_and_its_verdict_keeps_to_the_boundary(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, shipped=tmp_path / "none")
    data = make_dataset(60, persons=20)
    data.freeze(workspace.datasets)
    run = await run_to(workspace, data.content_hash, 30)
    waiting = look_at(workspace, run, run, take=False)
    assert waiting.unseen and (waiting.judged, waiting.planned) == (30, 60)
    unseen = compare_runs(workspace, run, run, take_look=False)
    assert unseen.verdict.decision == "need more" and "Nobody looked" in unseen.verdict.sentence
    assert workspace.looks(run).taken(waiting.pair) == []
    first = compare_runs(workspace, run, run)
    assert first.look is not None and first.look.boundary == pytest.approx(2.963, abs=0.01)
    assert first.comparisons[0].confidence == pytest.approx(1 - first.look.alpha) and "Look 1 at 30" in first.notes[0]
    assert compare_runs(workspace, run, run, take_look=False).look == first.look, "the same state is the same look"
    await run_to(workspace, data.content_hash, 33)
    near = compare_runs(workspace, run, run)
    assert near.verdict.decision == "need more" and "Not decided" in near.verdict.sentence
    await run_to(workspace, data.content_hash, None)
    last = compare_runs(workspace, run, run)
    assert last.look is not None and (last.look.number, last.look.judged) == (2, 60)
    assert 0.045 < last.look.alpha < 0.05 and last.summary()["look"]["number"] == 2
    assert [look.judged for look in workspace.looks(run).taken(waiting.pair)] == [30, 60]


async def test_whoever_looks_once_at_the_end_loses_nothing(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, shipped=tmp_path / "none")
    data = make_dataset(40, persons=20)
    data.freeze(workspace.datasets)
    run = await run_to(workspace, data.content_hash, None)
    report = compare_runs(workspace, run, run)
    assert report.alpha == 0.05 and report.comparisons[0].confidence == 0.95
    assert not (tmp_path / "runs" / run / "looks.jsonl").exists()


async def test_what_is_there_at_a_look_is_drawn_by_lot_and_whole(tmp_path: Path) -> None:
    data = make_dataset(40)
    judge = CountingJudge()
    limits = RunLimits(answers=10)
    paused = await Replay(data, [A, B], judge, RunJournal(tmp_path / "r.jsonl"), repeats=2, limits=limits).run()
    seen = {o.item_id for o in paused.outcomes}
    assert paused.done == 40 and len(seen) == 10, "ten answers, two variants, twice"
    assert seen != {item.id for item in data.items[:10]}
    again = await Replay(data, [A, B], judge, RunJournal(tmp_path / "r.jsonl"), repeats=2, limits=limits).run()
    assert again.done == 40 and sum(judge.calls.values()) == 40
    whole = await Replay(data, [A, B], judge, RunJournal(tmp_path / "r.jsonl"), repeats=2).run()
    assert whole.done == 160 and not whole.stopped


async def test_no_promotion_rests_on_a_look_nobody_took(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, shipped=tmp_path / "none")
    data = make_dataset(60, persons=20)
    data.freeze(workspace.datasets)
    variants = [Variant(name="one", bundle="jobfoxy_v1"), Variant(name="two", bundle="jobfoxy_anchors_v1")]
    wanted = Experiment(name="Half", dataset=data.content_hash, variants=variants, limits=LimitsFile(answers=40))
    info, frozen = workspace.prepare(wanted)
    await Replay(frozen, variants, CountingJudge(), workspace.journal(info.id), limits=RunLimits(answers=40)).run()
    labels = {o.variant: o.result.bundle for o in workspace.load(info.id)[2] if o.result}
    found = evidence_for(workspace, labels["two"], labels["one"])
    assert found is None or not found.ships
    assert workspace.looks(info.id).taken(look_at(workspace, info.id, info.id, take=False).pair) == []


def test_a_live_split_is_looked_at_on_record_and_outcomes_stand_as_they_were_then(tmp_path: Path) -> None:
    clock = [NOW]
    with open_store(f"duckdb:///{tmp_path / 'lab.duckdb'}") as store:
        looks, promotions = LiveLooks(store, lambda: clock[0]), Promotions(store)
        with pytest.raises(InputError, match="planned size"):
            looks.take(10)
        shares = {"jobfoxy_v1": 0.5, "jobfoxy_anchors_v1": 0.5}
        promotions.start_split(Split(name="no plan", shares=shares, salt="s"))
        with pytest.raises(InputError, match="planned size"):
            looks.take(10)
        promotions.start_split(Split(name="try", shares=shares, salt="s", planned=100))
        began = store.run(rows_live_split.live_split)["created_at"]
        clock[0] = began + timedelta(hours=1)
        for number in range(3):
            practise(store, f"p{number}", began + timedelta(minutes=40 * number + 1))
        with pytest.raises(InputError, match="from 20 on"):
            looks.take(19)
        both = [threading.Thread(target=looks.take, args=(30,)) for _ in range(3)]
        for each in both:
            each.start()
        for each in both:
            each.join()
        (first,) = looks.taken()
        assert len(looks.outcomes(first)) == 2, "the third began after the look"
        clock[0] += timedelta(hours=2)
        assert looks.take(400).judged == 100 and [look.number for look in looks.taken()] == [1, 2]
        assert promotions.split() == Split(name="try", shares=shares, salt="s", planned=100)
        promotions.start_split(Split(name="next", shares=shares, salt="t", planned=100))
        assert looks.taken() == [], "another split has looks of its own"
