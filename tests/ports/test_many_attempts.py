"""Among thousands of answers of others a person's own are found, by an index where there are any."""

import sqlalchemy as sa

from benchmarks.scale import BUSY, NOW, PER_SESSION, fill, questions
from coach.views import operations, sessions
from coach.views.attempts import attempts_frame


def test_a_person_is_found_among_others(sql_store):
    fill(sql_store, 6_000)
    mine = sessions.list_sessions(sql_store, "p0")
    assert len(mine) == BUSY / PER_SESSION
    assert {row["user_id"] for row in mine} == {"p0"}
    assert len(attempts_frame(sql_store, user_id="p0")) == BUSY
    other = attempts_frame(sql_store, user_id="p3")
    assert len(other) == 200
    assert set(other["user_id"]) == {"p3"}
    assert 0 < len(operations.answers_frame(sql_store, days=1, now=NOW)) < 100
    assert all(question() is not None for question in questions(sql_store).values())


def test_the_last_days_are_found_by_an_index(sql_store):
    if sql_store.database.is_duckdb:
        return
    sql_store.upgrade()
    named = sql_store.run(lambda c: {row["name"] for row in sa.inspect(c).get_indexes("mock_interview_attempts")})
    assert "ix_mock_interview_attempts_created_at" in named
