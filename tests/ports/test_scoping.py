"""Whose rows a question reaches: every table for every reach, reads and writes, on both databases, around the wall."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from coach.contracts.asking import asking, when_unsaid
from coach.contracts.people import Reach, Role
from coach.errors import NotFoundError, StoreError
from coach.store import SqlStore
from coach.store.engine import schema
from coach.store.repositories import interviews, invitations, lab, library, membership, operations, people, queries
from coach.store.repositories.library_records import StarStory
from coach.store.scoping import row_security, rules
from coach.store.tables.columns import metadata
from coach.store.tables.core import mock_interview_attempts, mock_interviews, star_stories, users
from coach.store.tables.private import private_columns
from tests.fakes import records as make
from tests.fakes import town
from tests.fakes.town import LATER, NOW, asker

ALL = {"carl", "dora", "rex"}
REACHED: dict[tuple[str, Reach], dict[str, set[str]]] = {
    ("carl", Reach.OWN): {"own": {"carl"}, "seen": {"carl"}},
    ("dora", Reach.OWN): {"own": {"dora"}, "seen": {"dora"}},
    ("kim", Reach.OWN): {"own": set(), "seen": set()},
    ("kim", Reach.COACHED): {"own": set(), "seen": {"carl"}},
    ("ruth", Reach.COACHED): {"own": set(), "seen": {"rex"}},
    ("carl", Reach.COACHED): {"own": {"carl"}, "seen": {"carl"}},
    ("pia", Reach.LAB): {"own": set(), "seen": {"dora"}},
    ("ana", Reach.MONEY): {"own": set(), "seen": {"carl", "dora"}},
    ("olga", Reach.OPERATIONS): {"own": set(), "seen": {"carl", "dora"}},
    ("kim", Reach.OPERATIONS): {"own": set(), "seen": set()},
    ("ruth", Reach.MONEY): {"own": set(), "seen": set()},
    ("", Reach.COACHED): {"own": set(), "seen": set()},
    ("nobody", Reach.OPERATIONS): {"own": set(), "seen": set()},
}
OWNERS = {
    "job_descriptions": "id", "resumes": "id", "star_stories": "id", "mock_interviews": "id",
    "mock_interview_exchanges": "id", "mock_interview_attempts": "id", "usage_tracking": "user_id",
    "auth_tokens": "interview_id", "human_reviews": "attempt_id",
}  # fmt: skip


@pytest.fixture
def places(sql_store: SqlStore) -> dict[str, str]:
    return town.fill(sql_store)


@pytest.fixture(autouse=True)
def _nobody_said() -> Iterator[None]:
    yield
    when_unsaid(None)


def seen(store: SqlStore, table: str, column: str) -> set[str]:
    values = store.run(lambda c: list(c.execute(sa.select(metadata.tables[table].c[column])).scalars()))
    return {value.rpartition("-")[2] for value in values}


def rows_of(connection: sa.Connection, columns: list[sa.Column[Any]]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(sa.select(*columns))]


def test_every_table_has_a_rule():
    assert set(rules.RULES) == set(metadata.tables)


def test_the_program_itself_and_the_owner_reach_everything(sql_store, places):
    assert {table: seen(sql_store, table, column) for table, column in OWNERS.items()} == dict.fromkeys(OWNERS, ALL)


@pytest.mark.parametrize(("who", "reach"), [*REACHED])
def test_every_table_gives_only_the_rows_that_are_reached(sql_store, places, who, reach):
    expected = REACHED[who, reach]
    with asking(asker(who, reach)):
        for table, column in OWNERS.items():
            own = rules.RULES[table].kind == "own"
            assert seen(sql_store, table, column) == expected["own" if own else "seen"], table


@pytest.mark.parametrize(("who", "reach"), [("ana", Reach.MONEY), ("olga", Reach.OPERATIONS)])
def test_figures_without_words_for_who_looks_after_money_and_machines(sql_store, places, who, reach):
    words = {table: private_columns(table) for table in metadata.sorted_tables if private_columns(table)}
    with asking(asker(who, reach)):
        for table, columns in words.items():
            rows = sql_store.run(rows_of, columns)
            assert not [value for row in rows for value in row if value], table
        figures = sql_store.run(queries.attempt_rows)
        assert {(row["attempt_id"], row["overall_score"]) for row in figures} == {
            ("attempt-carl", 6.5), ("attempt-dora", 6.5)
        }  # fmt: skip
        found = sql_store.run(interviews.find_attempt, "attempt-carl")
        assert (found.transcript, found.evaluation, found.overall_score) == (None, None, 6.5)
        (day,) = {row["evaluation_status"] for row in sql_store.run(operations.answer_rows, NOW)}
        assert day is None
    with asking(asker("kim", Reach.COACHED)):
        assert sql_store.run(interviews.find_attempt, "attempt-carl").transcript is not None


def test_a_page_thread_is_asked_who_it_is(sql_store, places):
    when_unsaid(lambda: asker("carl"))
    assert seen(sql_store, "mock_interviews", "id") == {"carl"}
    with asking(None):
        assert seen(sql_store, "mock_interviews", "id") == ALL


def test_joins_counts_and_subqueries_are_narrowed_inside(sql_store, places):
    with asking(asker("kim", Reach.COACHED)):
        assert [row["attempt_id"] for row in sql_store.run(queries.attempt_rows)] == ["attempt-carl"]
        (row,) = sql_store.run(queries.interview_rows)
        assert (row["id"], row["person"], row["attempts"], row["job_title"]) == ("interview-carl", "Carl", 1, None)
        assert sql_store.run(queries.totals)["mock_interview_attempts"] == 1
        assert sql_store.run(interviews.load_interview, "interview-dora") is None
        assert sql_store.run(interviews.find_attempt, "attempt-rex") is None
        listed = {row["id"]: (row["sessions"], row["attempts"]) for row in sql_store.run(people.listed)}
        assert listed == {"kim": (0, 0), "carl": (1, 1)}
        assert len(sql_store.run(queries.review_rows)) == 1
        other = mock_interviews.alias("other")
        pair = sa.select(mock_interviews.c.id).join_from(mock_interviews, other, sa.true())
        assert len(sql_store.run(lambda c: c.execute(pair).all())) == 1


def test_consent_that_is_taken_back_hides_in_the_next_question(sql_store, places):
    with asking(asker("kim", Reach.COACHED)):
        assert sql_store.run(interviews.find_attempt, "attempt-carl") is not None
    sql_store.run(membership.revoke_consent, "carl", places["Blue"], LATER)
    with asking(asker("kim", Reach.COACHED)):
        assert sql_store.run(interviews.find_attempt, "attempt-carl") is None
        assert seen(sql_store, "human_reviews", "attempt_id") == set()
    sql_store.run(membership.give_consent, "carl", places["Blue"], LATER, coach_id="kim")
    with asking(asker("kim", Reach.COACHED)):
        assert sql_store.run(interviews.find_attempt, "attempt-carl") is not None
    sql_store.run(membership.give_role, "pia", places["Blue"], Role.COACH, LATER)
    with asking(asker("pia", Reach.COACHED)):
        assert sql_store.run(interviews.find_attempt, "attempt-carl") is None, "the word was given to Kim alone"


def test_nobody_writes_what_is_somebody_elses(sql_store, places):
    with asking(asker("carl")):
        theirs = StarStory(id="story-dora", user_id="carl", title="Taken over")
        foreign = StarStory(user_id="dora", title="Put upon her")
        for story in (theirs, foreign):
            with pytest.raises(NotFoundError):
                sql_store.run(library.save_story, story)
        with pytest.raises(NotFoundError):
            sql_store.run(interviews.add_attempt, make.attempt(make.exchange(make.interview()), 7))
        with pytest.raises(NotFoundError):
            sql_store.run(library.save_story, StarStory(user_id="carl", title="x", job_description_id="job-dora"))
        sql_store.run(lambda c: c.execute(sa.update(users).values(name="Mallory")))
        sql_store.run(lambda c: c.execute(sa.delete(mock_interview_attempts)))
        sql_store.run(lambda c: c.execute(sa.delete(star_stories)))
        with pytest.raises(StoreError, match="narrowed"):
            sql_store.run(lambda c: c.execute(sa.text("SELECT * FROM users")))
        sql_store.run(library.save_story, StarStory(id="own", user_id="carl", title="Mine"))
        given_away = sa.update(star_stories).where(star_stories.c.id == "own")
        with pytest.raises(NotFoundError):
            sql_store.run(lambda c: c.execute(given_away.values(user_id="dora")))
        with pytest.raises(NotFoundError):
            sql_store.run(lambda c: c.execute(given_away, {"user_id": "dora"}))
        columns = ("id", "user_id", "title", "source_type", "is_sample", "created_at", "updated_at")
        copied = sa.select(sa.literal("copied"), sa.literal("dora"), *(star_stories.c[name] for name in columns[2:]))
        with pytest.raises((StoreError, NotFoundError)):
            sql_store.run(lambda c: c.execute(sa.insert(star_stories).from_select(columns, copied)))
        sql_store.run(library.delete_story, "own")
    names = {row["id"]: row["name"] for row in sql_store.run(people.listed)}
    assert (names["carl"], names["dora"]) == ("Mallory", "Dora")
    assert seen(sql_store, "mock_interview_attempts", "id") == {"dora", "rex"}
    assert seen(sql_store, "star_stories", "id") == {"dora", "rex"}


def test_one_writes_ones_own_and_a_coach_reviews_without_changing_the_answer(sql_store, places):
    with asking(asker("carl")):
        sql_store.run(library.save_story, StarStory(id="story-carl", user_id="carl", title="Better"))
        assert [story.title for story in sql_store.run(library.stories, "carl")] == ["Better"]
    score: dict[str, Any] = {"reviewer": "Kim", "overall": 7.0, "created_at": LATER}
    with asking(asker("kim", Reach.COACHED)):
        sql_store.run(lab.add_review, {"attempt_id": "attempt-carl", **score})
        for hidden in ("attempt-dora", "attempt-rex"):
            with pytest.raises(NotFoundError):
                sql_store.run(lab.add_review, {"attempt_id": hidden, **score})
        sql_store.run(lambda c: c.execute(sa.update(mock_interview_attempts).values(overall_score=0)))
        sql_store.run(lambda c: c.execute(sa.delete(mock_interviews)))
    assert {a["overall_score"] for a in sql_store.run(queries.attempt_rows)} == {6.5}
    judged = {row["overall"]: row["reviewer_id"] for row in sql_store.run(queries.review_rows)}
    assert judged == {6.0: None, 7.0: "kim"}, "signed by the account, whatever the name says"


@pytest.mark.parametrize("person", ["carl", "olga"])
def test_nobody_gives_themselves_a_role_or_a_consent(sql_store, places, person):
    for reach in Reach:
        with asking(asker(person, reach)):
            for function, words in (
                (membership.give_role, (person, places["Blue"], Role.COACH)),
                (invitations.invite, (places["Blue"], Role.OPERATOR)),
                (membership.give_consent, ("dora", places["Blue"])),
            ):
                with pytest.raises(NotFoundError):
                    sql_store.run(function, *words, NOW)
            sql_store.run(membership.revoke_consent, "carl", places["Blue"], LATER)
    assert sql_store.run(membership.roles_of, person) == {town.PEOPLE[person][1]}
    assert [word.revoked_at for word in sql_store.run(membership.consents_of, "carl")] == [None]


# -- PostgreSQL alone, with the first wall taken away ------------------------------------------------------------------


@pytest.fixture
def bare(postgres_url: str) -> Iterator[sa.Engine]:
    """The database of the town as somebody sees it who gets around the program's own wall."""
    with SqlStore(postgres_url) as store:
        town.fill(store)
    engine = sa.create_engine(postgres_url)
    with engine.connect() as connection:
        walled = sa.text("SELECT DISTINCT tablename FROM pg_policies WHERE policyname LIKE 'jobfoxy_%'")
        assert set(connection.execute(walled).scalars()) == set(rules.RULES)
    engine.dispose()
    engine = sa.create_engine(postgres_url)
    yield engine
    engine.dispose()


@pytest.mark.parametrize(("who", "reach"), [*REACHED])
def test_row_level_security_gives_only_the_rows_that_are_reached(bare, who, reach):
    expected = REACHED[who, reach]
    with bare.begin() as connection:
        row_security.restrict(connection, asker(who, reach))
        for table, column in OWNERS.items():
            values = connection.execute(sa.text(f"SELECT {column} FROM {table}")).scalars()
            own = rules.RULES[table].kind == "own"
            found = {value.rpartition("-")[2] for value in values}
            assert found == expected["own" if own else "seen"], table


@pytest.mark.parametrize(("who", "reach"), [("ana", Reach.MONEY), ("olga", Reach.OPERATIONS)])
def test_the_server_gives_no_words_where_figures_are_reached(bare, who, reach):
    for table, column in (("mock_interview_attempts", "transcript"), ("mock_interviews", "summary"), ("resumes", "*")):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), bare.begin() as connection:
            row_security.restrict(connection, asker(who, reach))
            connection.execute(sa.text(f"SELECT {column} FROM {table}"))


@pytest.mark.parametrize(
    "attack",
    [
        "INSERT INTO resumes (id, user_id, is_base_version, title, content, is_sample, created_at, updated_at) "
        "VALUES ('x', 'dora', false, 'x', '', false, now(), now())",
        "UPDATE star_stories SET user_id = 'dora' WHERE id = 'story-carl'",
        "INSERT INTO memberships (id, organisation_id, person_id, role, created_at) "
        "SELECT 'x', organisation_id, 'carl', 'operator', now() FROM memberships",
        "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
        "DROP POLICY jobfoxy_read ON users",
        "CREATE OR REPLACE FUNCTION jobfoxy_people() RETURNS SETOF varchar LANGUAGE sql AS 'SELECT id FROM users'",
        "SELECT * FROM alembic_version",
        "TRUNCATE users CASCADE",
    ],
)
def test_attacks_past_the_first_wall_are_refused_by_the_server(bare, attack):
    with pytest.raises(sa.exc.ProgrammingError), bare.begin() as connection:
        row_security.restrict(connection, asker("carl"))
        connection.execute(sa.text(attack))


def test_writes_past_the_first_wall_touch_nobody_else(bare):
    with bare.begin() as connection:
        row_security.restrict(connection, asker("carl", Reach.COACHED))
        for table in ("mock_interview_attempts", "star_stories", "consents", "memberships", "invitations"):
            connection.execute(sa.text(f"DELETE FROM {table}"))
        connection.execute(sa.text("UPDATE users SET name = 'Mallory'"))
    with bare.begin() as connection:
        names = dict(connection.execute(sa.text("SELECT id, name FROM users")).all())
        assert names["dora"] == "Dora"
        assert connection.execute(sa.text("SELECT count(*) FROM mock_interview_attempts")).scalar() == 2
        assert connection.execute(sa.text("SELECT count(*) FROM memberships")).scalar() == len(town.PEOPLE)
        assert connection.execute(sa.text("SELECT count(*) FROM consents WHERE revoked_at IS NULL")).scalar() == 2


def test_who_asked_is_forgotten_with_the_transaction(bare):
    with bare.connect() as connection:
        with connection.begin():
            row_security.restrict(connection, asker("carl"))
            assert connection.execute(sa.text("SELECT count(*) FROM users")).scalar() == 1
        with connection.begin():
            assert connection.execute(sa.text("SELECT count(*) FROM users")).scalar() == len(town.PEOPLE)


def test_a_role_made_later_and_rules_that_changed_are_built_at_the_next_upgrade(postgres_url, monkeypatch):
    """The wall is looked at also where no migration is missing: so says the mend of the missing role."""
    policies = sa.text("SELECT count(*) FROM pg_policies WHERE policyname LIKE 'jobfoxy_%'")
    with SqlStore(postgres_url) as store:
        town.fill(store)
        built = store.run(lambda c: c.execute(policies).scalar())
        spoiled = [f"DROP POLICY jobfoxy_read ON {table}" for table in rules.RULES]
        spoiled.append(f"COMMENT ON FUNCTION {row_security.PEOPLE}() IS 'of other rules'")
        store.run(lambda c: [c.execute(sa.text(each)) for each in spoiled])
    with SqlStore(postgres_url) as again:
        assert again.upgrade() == (schema.head(), schema.head())
        assert again.run(lambda c: c.execute(policies).scalar()) == built
        with asking(asker("carl")):
            assert seen(again, "mock_interviews", "id") == {"carl"}
    monkeypatch.setattr(row_security, "statements", lambda: pytest.fail("built again"))
    with SqlStore(postgres_url) as third:
        third.upgrade()


def test_without_the_role_nothing_is_shown_and_the_mend_is_named(empty_postgres_url, monkeypatch):
    monkeypatch.setattr(row_security, "ROLE", "jobfoxy_missing")
    monkeypatch.setattr(row_security, "_has_role", lambda *_: False)
    with SqlStore(empty_postgres_url) as store:
        store.upgrade()
        assert store.run(people.listed) == []
        with asking(asker("carl")), pytest.raises(StoreError, match="CREATE ROLE jobfoxy_missing"):
            store.run(people.listed)
