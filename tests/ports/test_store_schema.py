"""Migrations lead from every version to the tables of the code, and a copy is made on the way."""

import importlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from coach.contracts.people import Role
from coach.settings import load_settings
from coach.speech.pieces.confidence import mean_confidence
from coach.store import SqlStore
from coach.store.engine import copies as safekeeping
from coach.store.engine import schema
from coach.store.maintenance import integrity
from coach.store.repositories import coaching, interviews, invitations, lab
from coach.store.tables.billing import billing_accounts
from coach.store.tables.columns import metadata
from coach.store.tables.core import human_reviews, mock_interview_attempts
from coach.vault.mounting import mount
from tests.fakes import records as make
from tests.fakes import town

pytestmark = pytest.mark.usefixtures("begins_empty")

COLUMNS = sa.text(
    "SELECT table_name, column_name, is_nullable FROM information_schema.columns "
    "WHERE table_schema IN ('main', 'public') AND table_name <> 'alembic_version'"
)


@pytest.fixture(params=["duckdb", "postgresql"])
def empty_url(request, tmp_path) -> str:
    """A database without tables."""
    if request.param == "postgresql":
        return request.getfixturevalue("empty_postgres_url")
    return f"duckdb:///{tmp_path / 'coach.duckdb'}"


def columns_of_code() -> set[tuple[str, str, str]]:
    assert billing_accounts.name in metadata.tables
    return {
        (table.name, column.name, "YES" if column.nullable else "NO")
        for table in metadata.tables.values()
        for column in table.columns
    }


def columns_of_database(store: SqlStore) -> set[tuple[str, str, str]]:
    return {tuple(row) for row in store.run(lambda c: c.execute(COLUMNS).all())}


@pytest.mark.parametrize("version", schema.known_versions())
def test_every_version_leads_to_the_tables_of_the_code(empty_url, version):
    with SqlStore(empty_url) as store, store.database.engine().begin() as connection:
        schema.upgrade(connection, version)
        assert schema.current(connection) == version
    with SqlStore(empty_url) as store:
        assert store.upgrade() == (version, schema.head())
        assert columns_of_database(store) == columns_of_code()


def test_rows_survive_a_migration_and_a_copy_of_before_is_kept(tmp_path):
    database = tmp_path / "coach.duckdb"
    interview = make.interview()
    with SqlStore(f"duckdb:///{database}") as store:
        with store.database.engine().begin() as connection:
            schema.upgrade(connection, "0001")
        store._ready = True
        store.run(interviews.create_interview, interview, [make.exchange(interview)])
        store._ready = False
        store.upgrade()
        assert store.run(interviews.load_interview, interview.id).interview == interview
    (copy, *_) = safekeeping.backups(database)
    assert copy.intact
    with SqlStore(f"duckdb:///{copy.path}") as before:
        assert before.version() == "0001"


def test_old_answers_learn_how_sure_their_transcripts_are(sql_url):
    """The statement of the migration counts as the code does, on either engine."""
    interview = make.interview()
    exchange = make.exchange(interview)
    heard = make.transcript()
    words = [w.model_copy(update={"confidence": 0.3 + 0.05 * n if n else None}) for n, w in enumerate(heard.words)]
    doubtful = heard.model_copy(update={"words": words})
    curt = heard.model_copy(update={"words": heard.words[:4]})
    told = [heard, doubtful, curt, None]
    filling = importlib.import_module("coach.store.migrations.versions.0010_coaching").filling
    table = mock_interview_attempts
    with SqlStore(sql_url) as store:
        store.run(interviews.create_interview, interview, [exchange])
        for number, transcript in enumerate(told, 1):
            store.run(interviews.add_attempt, make.evaluated(exchange, number, transcript=transcript))
        wanted = [None if t is None else mean_confidence(t.words) for t in told]
        reading = sa.select(table.c.recognition_confidence).order_by(table.c.attempt_number)
        assert store.run(lambda c: list(c.execute(reading).scalars())) == pytest.approx(wanted, nan_ok=True)
        store.run(lambda c: c.execute(sa.update(table).values(recognition_confidence=None)))
        store.run(lambda c: c.execute(sa.text(filling(postgresql=c.dialect.name == "postgresql"))))
        assert store.run(lambda c: list(c.execute(reading).scalars())) == pytest.approx(wanted, nan_ok=True)
    assert wanted[1] is not None and wanted[2:] == [None, None]


@pytest.mark.parametrize("sealed", [False, True])
def test_old_answers_get_their_figures_sealed_or_not(sql_url, tmp_path, sealed):
    key = {"coach_encryption_key": "k" * 43 + "="} if sealed else {}
    mount(load_settings(coach_home=tmp_path / "home", coach_database_url=sql_url, coach_audio_url="", **key))
    interview = make.interview()
    exchange = make.exchange(interview)
    answers = [make.evaluated(exchange, n).noting(evaluation_status=told) for n, told in enumerate(["repaired", ""], 1)]
    a = mock_interview_attempts.c
    reading = sa.select(a.evaluation_status, a.guard_count).order_by(a.attempt_number)

    def back_to_the_version_before(connection: sa.Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("DROP INDEX ix_mock_interviews_is_sample"))
            connection.execute(sa.text("DROP INDEX ix_mock_interview_attempts_recordings"))
        for column in ("evaluation_status", "guard_count"):
            connection.execute(sa.text(f"ALTER TABLE mock_interview_attempts DROP COLUMN {column}"))
        without_ways_of_alerts(connection)
        without_what_followed(connection)
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0012'"))

    with SqlStore(sql_url) as store:
        store.run(interviews.create_interview, interview, [exchange])
        for answer in answers:
            store.run(interviews.add_attempt, answer)
        store.run(back_to_the_version_before)
    with SqlStore(sql_url) as store:
        assert store.upgrade()[0] == "0012"
        told = [("repaired", len(answers[0].guards)), (None, len(answers[1].guards))]
        assert [tuple(row) for row in store.run(lambda c: c.execute(reading).all())] == told
        assert len(answers[0].guards) > 0


def without_what_followed(connection: sa.Connection) -> None:
    """As before 0014 and 0015."""
    if connection.dialect.name == "postgresql":
        for change in ("insert", "update", "delete"):
            connection.execute(sa.text(f"DROP FUNCTION jobfoxy_use_{change}() CASCADE"))
        connection.execute(sa.text("DROP INDEX ix_mock_interviews_created_at"))
    connection.execute(sa.text("DROP TABLE use_by_day"))
    signed = {"human_reviews": "reviewer_id", "review_comments": "author_id", "review_rubrics": "author_id"}
    for table, column in signed.items():
        connection.execute(sa.text(f"ALTER TABLE {table} DROP COLUMN {column}"))


def without_ways_of_alerts(connection: sa.Connection) -> None:
    """As before 0016, and nobody signed yet; without what 0017 makes."""
    connection.execute(sa.text("DROP TABLE IF EXISTS cost_by_month"))
    for table in ("budget_alerts", "watch_alerts"):
        connection.execute(sa.text(f"ALTER TABLE {table} DROP COLUMN arrived"))
    connection.execute(sa.text("UPDATE alembic_version SET version_num = '0015'"))


def test_old_reviews_and_comments_become_their_coachs_where_the_name_is_one_coachs_alone(sql_url):
    with SqlStore(sql_url) as store:
        places = town.fill(store)
        for person, name in (("una", "Twin"), ("ula", "Twin")):
            _, secret = store.run(invitations.invite, places["Blue"], Role.COACH, town.NOW)
            store.run(invitations.accept, secret, person, town.NOW, name=name, identity_id=person)
        twins = {"attempt_id": "attempt-carl", "reviewer": "Twin", "overall": 5.0, "created_at": town.NOW}
        store.run(lab.add_review, twins)
        comment = coaching.Comment(attempt_id="attempt-carl", author="Kim", text="Calm.", at_s=0.0, created_at=town.NOW)
        store.run(coaching.add_comment, comment)
        store.run(without_ways_of_alerts)
    with SqlStore(sql_url) as store:
        assert store.upgrade()[0] == "0015"
        h = human_reviews.c
        named = store.run(lambda c: c.execute(sa.select(h.reviewer, h.reviewer_id)).all())
        assert {(row.reviewer, row.reviewer_id) for row in named} == {("Kim", "kim"), ("Twin", None)}
        (kept,) = store.run(coaching.comments, ["attempt-carl"])
        assert kept.author_id == "kim"


def test_postgresql_keeps_references_itself(postgres_url):
    interview = make.interview()
    exchange = make.exchange(interview)
    with SqlStore(postgres_url) as store:
        store.run(interviews.create_interview, interview, [exchange])
        store.run(interviews.add_attempt, make.attempt(exchange))
        store.run(lambda c: c.execute(sa.text("DELETE FROM mock_interviews")))
        assert store.run(integrity.dangling_references) == {}
        assert store.run(lambda c: c.execute(sa.text("SELECT count(*) FROM mock_interview_attempts")).scalar()) == 0


def test_dangling_references_are_counted(tmp_path):
    interview = make.interview()
    exchange = make.exchange(interview)
    with SqlStore(f"duckdb:///{tmp_path / 'coach.duckdb'}") as store:
        store.run(interviews.create_interview, interview, [exchange])
        store.run(lambda c: c.execute(sa.text("DELETE FROM mock_interviews")))
        assert store.run(integrity.dangling_references) == {"mock_interview_exchanges.interview_id": 1}


def test_two_databases_of_one_process_are_migrated_at_once(tmp_path):
    """Alembic keeps the migration in hand in its module: two at once took it from each other (`KeyError: 'script'`)."""
    together = threading.Barrier(6)

    def migrated(number: int) -> tuple[str | None, str]:
        with SqlStore(f"duckdb:///{tmp_path / f'{number}.duckdb'}") as store:
            together.wait(30)
            return store.upgrade()

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(migrated, range(6))) == {(None, schema.head())}
