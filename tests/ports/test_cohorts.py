"""Cohorts counted by the database equal a slow count by hand, on either engine, and are ready within a second."""

import math
import random
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from coach.contracts.brain import JobContext
from coach.contracts.interview import Attempt, AttemptStatus, Exchange, Interview, InterviewStatus
from coach.store import SqlStore
from coach.store.repositories import cohorts, interviews, lab_runs, library, library_records
from coach.store.repositories.cohorts import DIMENSIONS
from coach.store.tables.core import mock_interview_attempts, mock_interview_exchanges, mock_interviews, users
from coach.views import cohorts as views
from tests.fakes import records as make

SD = 0.2
NOISE = {"jobfoxy_v1@2.0#a": 0.4}
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


class Practice:
    """People, sessions, questions, answers and stories by chance, and everything kept in the store as well."""

    def __init__(self, store: SqlStore, seed: int, *, is_sample: bool = False) -> None:
        self.store, self.rng, self.is_sample = store, random.Random(seed), is_sample
        self.sessions: list[Interview] = []
        self.exchanges: list[Exchange] = []
        self.attempts: list[Attempt] = []
        self.saved: set[str] = set()

    def fill(self, people: list[str], jobs: list[str], count: int) -> None:
        for _ in range(count):
            self._session(self.rng.choice(people), self.rng.choice([*jobs, None, None]))

    def _session(self, person: str, job: str | None) -> None:
        rng = self.rng
        session = make.interview(
            user_id=person,
            job_description_id=job,
            job=JobContext(job_title=rng.choice(["Nurse", ""])),
            status=rng.choice([InterviewStatus.COMPLETED, InterviewStatus.COMPLETED, InterviewStatus.ABANDONED]),
            bundle=rng.choice([*NOISE, "other@1#b"]),
            created_at=MONDAY + timedelta(hours=rng.randrange(24 * 28)),
            is_sample=self.is_sample,
        )
        questions = [
            make.exchange(session, n, competency=rng.choice(["ownership", "leadership", ""])) for n in range(3)
        ]
        follow_up = make.exchange(session, 3, competency="ownership", follow_up_of=questions[0].id)
        self.store.run(interviews.create_interview, session, [*questions, follow_up])
        self.sessions.append(session)
        for exchange in [*questions, follow_up]:
            self.exchanges.append(exchange)
            for number in range(1, rng.randrange(4) + 1):
                self._attempt(exchange, number)

    def _attempt(self, exchange: Exchange, number: int) -> None:
        status = self.rng.choice([AttemptStatus.EVALUATED] * 6 + [AttemptStatus.DELAYED, AttemptStatus.DISCARDED])
        scored = status == AttemptStatus.EVALUATED
        overall = self.rng.randrange(20, 95) / 10 if scored else None
        attempt = make.attempt(exchange, number, status=status, overall_score=overall)
        self.store.run(interviews.add_attempt, attempt)
        self.attempts.append(attempt)
        for _ in range(2 if self.rng.random() < 0.2 else 0):
            story = library_records.StarStory(user_id="anybody", title="x", source_attempt_id=attempt.id)
            self.store.run(library.save_story, story)
            self.saved.add(attempt.id)

    def by_hand(self, dimension: str, names: dict[str, str], hidden: set[str]) -> dict[tuple[str, str], dict[str, Any]]:
        """The same in plain loops."""
        out: dict[tuple[str, str], dict[str, Any]] = {}
        for session in self.sessions:
            if session.id in hidden:
                continue
            for key, questions in self._grouped(session, dimension).items():
                row = out.setdefault((key, session.user_id), dict.fromkeys(cohorts.COLUMNS[3:], 0))
                self._count(row, session, questions)
        return out

    def _grouped(self, session: Interview, dimension: str) -> dict[str, list[Exchange]]:
        begun: dict[str, list[Exchange]] = defaultdict(list)
        monday = session.created_at.date() - timedelta(days=session.created_at.weekday())
        fixed = {
            "person": session.user_id, "job": session.job_description_id or session.job.job_title,
            "bundle": session.bundle, "week": monday.isoformat(),
        }  # fmt: skip
        for exchange in self.exchanges:
            if exchange.interview_id == session.id and self._standing(exchange):
                begun[exchange.competency if dimension == "competency" else fixed[dimension]].append(exchange)
        return begun

    def _standing(self, exchange: Exchange) -> list[Attempt]:
        mine = [a for a in self.attempts if a.exchange_id == exchange.id and a.status != AttemptStatus.DISCARDED]
        return sorted(mine, key=lambda a: a.attempt_number)

    def _count(self, row: dict[str, Any], session: Interview, questions: list[Exchange]) -> None:
        completed = session.status == InterviewStatus.COMPLETED
        main = [self._standing(e) for e in questions if e.follow_up_of is None]
        retried = completed and any(len(answers) > 1 for answers in main)
        told = any(a.id in self.saved for e in questions for a in self._standing(e))
        row["started"] += 1
        row["completed"] += completed
        row["retried"] += retried
        row["saved"] += retried and told
        for answers in main:
            scores = [a.overall_score for a in answers if a.overall_score is not None]
            if len(scores) > 1:
                row["gains"] += 1
                row["gain_sum"] += scores[1] - scores[0]
                row["gain_squares"] += (scores[1] - scores[0]) ** 2
                row["noise_sum"] += 2 * NOISE.get(session.bundle, SD) ** 2


@pytest.fixture
def store(sql_url):
    with SqlStore(sql_url, backup_hours=0) as opened:
        yield opened


def test_counted_by_the_database_equals_counted_by_hand(store):
    jobs = [library_records.JobDescription(user_id="ada", title=title) for title in ("Baker", "Baker", "Clerk")]
    for job in jobs:
        store.run(library.save_job, job)
    for bundle, sd in NOISE.items():
        store.run(lab_runs.keep_noise, bundle=bundle, sd_overall=sd, repeats=5, at=MONDAY)
    mine, invented = Practice(store, 1), Practice(store, 2, is_sample=True)
    mine.fill(["ada", "bob", "cem", "dan"], [job.id for job in jobs], 40)
    invented.fill(["sample-eve"], [], 5)
    hidden = {mine.sessions[0].id}
    for dimension in DIMENSIONS:
        rows = store.run(cohorts.group_rows, dimension, unmeasured_sd=SD, hidden=hidden)
        found = {(row["key"], row["user_id"]): {name: row[name] for name in cohorts.COLUMNS[3:]} for row in rows}
        wanted = mine.by_hand(dimension, {}, hidden)
        assert found.keys() == wanted.keys(), dimension
        for key, row in wanted.items():
            assert {k: float(v) for k, v in found[key].items()} == pytest.approx(row), (dimension, key)
    of_samples = views.cohort_frame(store, "person", of_samples=True)
    assert set(of_samples["user_id"]) == {"sample-eve"}
    by_job = views.groups_table(views.cohort_frame(store, "job"))
    assert sorted(by_job["group"]).count("Baker") == 2, "two postings of one title stay two"
    assert "General practice" in set(by_job["group"])


def test_an_empty_store_has_an_empty_frame_with_its_columns(store):
    for dimension in DIMENSIONS:
        frame = views.cohort_frame(store, dimension)
        assert frame.empty and list(frame) == list(cohorts.COLUMNS) and views.groups_table(frame).empty


def _many(connection: sa.Connection) -> None:
    """500 people, 20,000 sessions of two questions, 100,000 answers, made by the database itself."""

    def insert(table: sa.Table, **columns: str) -> None:
        names = ", ".join(f'"{name}"' for name in columns)
        upto = {"users": 500, "mock_interviews": 20_000, "mock_interview_exchanges": 40_000}.get(table.name, 100_000)
        select = ", ".join(columns.values())
        connection.execute(sa.text(f"INSERT INTO {table.name} ({names}) SELECT {select} FROM range({upto}) AS r(n)"))

    at = "TIMESTAMPTZ '2026-01-01 00:00:00+00' + INTERVAL (n) MINUTE"
    insert(users, id="'u' || n", name="'Person ' || n", created_at=at)
    insert(
        mock_interviews, id="'i' || n", user_id="'u' || n % 500", persona_id="''", q_count="2", bundle="'b' || n % 7",
        status="CASE WHEN n % 3 = 0 THEN 'abandoned' ELSE 'completed' END", is_sample="false", created_at=at,
        last_activity_at=at, job="'{\"job_title\": \"Clerk\"}'",
    )  # fmt: skip
    insert(
        mock_interview_exchanges, id="'e' || n", interview_id="'i' || n // 2", order="n % 2", question_text="'?'",
        competency="'c' || n % 9", question_type="'behavioral'", follow_up_question_text="''", avatar_clip_key="''",
        avatar_dynamic_text_hash="''",
    )  # fmt: skip
    empty = ("prompt_version", "policy_version", "model", "brain", "transcriber")
    insert(
        mock_interview_attempts, id="'a' || n", exchange_id="'e' || n % 40000",
        interview_id="'i' || (n % 40000) // 2", attempt_number="1 + n // 40000", status="'evaluated'",
        duration_seconds="30", overall_score="3 + n % 50 / 10.0", created_at=at, **dict.fromkeys(empty, "''"),
    )  # fmt: skip


def test_a_hundred_thousand_answers_are_counted_within_a_second(tmp_path):
    with SqlStore(f"duckdb:///{tmp_path / 'coach.duckdb'}", backup_hours=0) as store:
        store.upgrade()
        store.run(_many)
        took = []
        views.groups_table(views.cohort_frame(store, DIMENSIONS[0]))  # the first question loads pyarrow and statistics
        for dimension in DIMENSIONS:
            begun = time.process_time()
            frame = views.cohort_frame(store, dimension)
            table = views.groups_table(frame)
            took.append(time.process_time() - begun)
            if dimension != "competency":
                assert int(table["started"].sum()) == 20_000
        assert max(took) <= 1.0, took
    assert not math.isnan(table["gain"].iloc[0])
