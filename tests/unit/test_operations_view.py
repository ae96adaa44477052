"""Operations: stages add up, percentiles are right, providers and troubles are counted."""

import itertools
from datetime import timedelta

import pytest

from coach.interview import latency as waterfall
from coach.store import open_store
from coach.views import operations as ops
from coach.views import operations_figures as ops_operations_figures
from tests.fakes import records as make

LINE = {
    "finish": 0.0,
    "transcript_final": 300.0,
    "measured": 310.0,
    "request_sent": 312.0,
    "first_token": 800.0,
    "follow_up_complete": 1200.0,
    "speak_requested": 1203.0,
    "speech_start": 1900.0,
    "first_scores": 2500.0,
    "rewrite": 6000.0,
    "stored": 6012.0,
}


@pytest.mark.parametrize("missing", [None, "measured", "first_token", "follow_up_complete", "rewrite", "stored"])
def test_stages_add_up_to_the_wall_time_whatever_mark_is_missing(missing):
    line = {k: v for k, v in LINE.items() if k != missing}
    stages = waterfall.stages(line)
    assert sum(s.ms for s in stages) == pytest.approx(waterfall.wall_ms(line))
    assert all(a.end_ms == b.start_ms for a, b in itertools.pairwise(stages))
    assert (waterfall.REMAINDER in {s.name for s in stages}) == (
        missing in ("measured", "first_token", "follow_up_complete", "rewrite")
    )


def test_marks_out_of_order_and_none_at_all_are_no_trouble():
    assert waterfall.stages({}) == [] and waterfall.wall_ms({}) == 0
    odd = {"finish": 0.0, "transcript_final": 500.0, "request_sent": 400.0, "first_scores": 600.0}
    assert sum(s.ms for s in waterfall.stages(odd)) == pytest.approx(600)


def test_the_avatar_runs_beside_the_main_line():
    beside = waterfall.beside(LINE)
    assert [stage.name for stage in beside] == ["avatar request", "avatar start"]
    assert [stage.ms for stage in beside] == pytest.approx([3, 697])


@pytest.fixture
def store(tmp_path):
    with open_store(f"duckdb:///{tmp_path / 'coach.duckdb'}") as opened:
        yield opened


async def test_the_operator_sees_providers_and_what_went_wrong(store):
    interview = make.interview()
    exchange = make.exchange(interview)
    await store.create_interview(interview, [exchange])
    for number in range(1, 5):
        status = "delayed" if number == 4 else "evaluated"
        extra = {"evaluation_status": {3: "repaired", 4: "fallback"}.get(number, "complete")}
        line = {**LINE, "first_scores": 2000.0 + 100 * number}
        await store.add_attempt(make.evaluated(exchange, number, status=status, timeline=line, extra=extra))
    now = make.START + timedelta(days=1)
    answers = ops.answers_frame(store, days=30, now=now)
    assert list(answers["scores_ms"]) == [2100, 2200, 2300, 2400]
    health = ops.health_frame(answers, "brain").iloc[0]
    assert (health["answers"], health["repaired"], health["fallback"], health["failed"]) == (4, 0.25, 0.25, 0)
    assert len(ops.trouble_frame(answers)) == 1
    table = ops.percentiles_frame(ops.stages_frame(answers)).set_index("stage")
    assert table.loc["scores and feedback", "p50"] == pytest.approx(1050)
    assert table.loc["first token", "p99"] == pytest.approx(488)
    assert len(ops_operations_figures.median_waterfall(table.reset_index()).data) == 3
    assert ops.answers_frame(store, days=30, now=now + timedelta(days=60)).empty
    assert ops.retention_counts(store, now)["recordings kept"] == 0
    assert ops.outbox_counts(store)["without a price"] == 0


def test_an_empty_store_shows_empty_tables(store):
    answers = ops.answers_frame(store)
    assert answers.empty and ops.stages_frame(answers).empty and ops.trouble_frame(answers).empty
    assert ops.percentiles_frame(ops.stages_frame(answers)).empty
    assert ops.health_frame(answers, "brain").empty
    ops_operations_figures.over_time(answers)
