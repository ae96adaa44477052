"""The sample organisation: made by the real pipeline, in and out without a trace, in nobody's own figures."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from coach.audio.archive import AudioArchive
from coach.cli.samples.people import Organisation
from coach.economics.pricebook import price_book
from coach.lab.live import compare_arms, interview_outcomes, sample_ratio
from coach.lab.promotion import Promotions
from coach.lab.split import Split
from coach.store import SqlStore
from coach.store.maintenance.retention import RetentionPolicy, sweep
from coach.store.maintenance.sample import load_sample
from coach.store.maintenance.sample_file import EPOCH, SAMPLE
from coach.store.maintenance.sample_people import read_people
from coach.store.maintenance.sample_removal import remove_sample
from coach.store.repositories import lab, ledger, live_split, outbox_sums
from coach.store.tables.columns import metadata
from coach.views import coaches, margins_ledger, review
from coach.views import operations as ops
from coach.views.attempts import attempts_frame

NOW = datetime(2026, 12, 24, 12, tzinfo=UTC)


def rows_by_table(store: SqlStore) -> dict[str, int]:
    """How many rows each table holds, empty ones left out."""

    def count(connection: sa.Connection) -> dict[str, int]:
        found = {
            t.name: connection.execute(sa.select(sa.func.count()).select_from(t)).scalar_one()
            for t in metadata.sorted_tables
        }
        return {name: rows for name, rows in found.items() if rows}

    return store.run(count)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A database with the organisation in, its archive, and what was loaded."""
    home = tmp_path_factory.mktemp("people")
    store, archive = SqlStore(f"duckdb:///{home / 'coach.duckdb'}"), AudioArchive(str(home / "audio"))
    loaded = load_sample(store, lambda: archive, size="full", now=NOW)
    yield store, archive, loaded
    store.close()


def test_it_is_an_organisation_of_four_hundred_attempts(whole):
    store, archive, loaded = whole
    assert load_sample(store, lambda: archive, size="full", now=NOW).interviews == 0
    frame = attempts_frame(store)
    invented = frame[frame["user_id"] != "local"]
    assert (loaded.interviews, len(invented), invented["user_id"].nunique()) == (135, 400, 12)
    assert invented["is_sample"].all()
    assert invented["person"].str.contains("(sample)", regex=False).all()
    assert (NOW - invented["created_at"].min()).days in range(77, 86)
    early = (
        invented[invented["interview_created_at"] < NOW - timedelta(days=60)].groupby("user_id")["overall_score"].mean()
    )
    late = (
        invented[invented["interview_created_at"] > NOW - timedelta(days=25)].groupby("user_id")["overall_score"].mean()
    )
    gains = late - early
    assert gains.min() > 0
    assert gains.max() > 2 * gains.min()


def test_every_page_has_something_to_say_of_it_and_own_figures_nothing(whole):
    store, *_ = whole
    since = NOW - timedelta(days=90)
    assert ops.answers_frame(store, now=NOW, days=90).empty
    answers = ops.answers_frame(store, now=NOW, days=90, of_samples=True)
    bad = answers[answers["outcome"] == "fallback"]
    assert bad["created_at"].dt.date.nunique() == 1
    assert answers[answers["created_at"].dt.date == bad["created_at"].dt.date.iloc[0]]["scores_ms"].median() > 8000
    assert ops.retention_counts(store, NOW)["due within 7 days"] == 0
    assert ops.retention_counts(store, NOW, of_samples=True)["due within 7 days"] == 4
    assert not any(ops.outbox_counts(store).values())
    assert ops.outbox_counts(store, of_samples=True)["outbox: sent"] > 300
    assert store.run(outbox_sums.all_rows) == []
    assert store.run(outbox_sums.oldest_open) is None
    assert store.run(ledger.usage_sums, since=since) == []
    assert store.run(ledger.usage_events, since=since) == []
    billed = margins_ledger.ledger_frame(store, price_book(), now=NOW, of_samples=True)
    assert set(billed["vendor"]) == {"deepgram", "openai", "jobfoxy"}
    assert billed["unpriced"].sum() == 0
    assert store.run(lab.stored_answers) == []
    frame = review.review_frame(store)
    (pair,) = coaches.pairs_table(coaches.pairs(frame, review.all_reviews(store))).to_dict("records")
    assert (pair["first"], pair["answers"]) == ("Jonas Adeyemi (sample)", 65)
    assert pair["first higher by"] > 1


def test_the_bundles_under_test_differ_and_divide_nobody_else(whole):
    store, *_ = whole
    found = store.run(live_split.sample_split)
    assert found is not None
    outcomes = interview_outcomes(store.run(live_split.live_outcomes, found["created_at"], of_samples=True))
    split = Split(name=found["name"], shares=found["shares"], salt=found["salt"])
    assert sample_ratio(list(outcomes["bundle"]), split).held
    control, treatment = found["shares"]
    gain = next(d for d in compare_arms(outcomes, control=control, treatment=treatment) if d.metric == "retry_gain")
    assert gain.low > 0
    assert Promotions(store).split() is None


def test_it_comes_out_without_a_trace(sql_store, tmp_path: Path):
    archive = AudioArchive(str(tmp_path / "audio"))
    load_sample(sql_store, lambda: archive, size="full")
    assert rows_by_table(sql_store)["usage_tracking"] > 2000
    now = datetime.now(UTC) + timedelta(days=10)
    sweep(sql_store, archive, now=now, policy=RetentionPolicy())
    assert ops.retention_counts(sql_store, now)["recordings deleted"] == 0
    remove_sample(sql_store, archive, tmp_path / "journal")
    assert set(rows_by_table(sql_store)) <= {"users"}
    assert rows_by_table(sql_store).get("users", 0) <= 1
    assert archive.uris() == []


def test_the_file_is_what_the_pipeline_makes_of_the_people():
    plan = yaml.safe_load((SAMPLE / "people.yaml").read_text("utf8"))
    organisation = Organisation(plan)
    shipped = read_people(lambda plain: plain).snapshots
    spoken = [s for s in itertools.islice(organisation.sittings(), 12) if s.number in (0, 5)]
    for sitting in spoken:
        made = asyncio.run(organisation.held(sitting))
        known = next(snapshot for snapshot in shipped if snapshot.interview.id == sitting.id)
        assert made.model_dump(mode="json") == known.model_dump(mode="json")
        assert made.interview.created_at < EPOCH
