"""Everything of a person: one file has all of it, and after the deletion no byte of it is anywhere."""

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from coach.audio.flac import write_flac
from coach.audio.pcm import Pcm
from coach.bootstrap import Services, build_services
from coach.contracts.asking import asking
from coach.contracts.interview import Attempt
from coach.contracts.people import Asker, Reach, Role
from coach.errors import ConflictError, InputError, NotFoundError
from coach.lab import coaching
from coach.lab.attempts import AttemptFilter, from_attempts
from coach.lab.runs.outcome import Outcome
from coach.lab.runs.variant import Variant
from coach.lab.runs.workspace import Experiment
from coach.store.maintenance.person import confirm
from coach.store.repositories import (
    billing,
    deletions,
    interviews,
    lab,
    library,
    library_records,
    people,
    queries,
    use_by_day,
)
from coach.store.tables.billing import billing_outbox
from coach.store.tables.columns import UtcDateTime, metadata
from coach.store.tables.core import human_reviews, usage_tracking, users
from coach.views.sessions import list_sessions
from tests.fakes import records as make

SECRET = "the zebra budget of Quillhaven"
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Services]:
    found = build_services(
        coach_home=tmp_path / "home", coach_database_url="", coach_audio_url="", coach_brain="offline"
    )
    yield found
    found.store.close()


def practised(parts: Services, user_id: str, words: str) -> str:
    """One judged answer of a person with recording, review, story, job, resume, use, consent, lab copy and clip."""
    store = parts.store
    job = library_records.JobDescription(user_id=user_id, title=f"Keeper, {words}")
    store.run(library.save_job, job)
    resume = library_records.Resume(user_id=user_id, title="Master", is_base_version=True, content=words)
    store.run(library.save_resume, resume)
    session = make.interview(user_id=user_id, job_description_id=job.id, resume_id=resume.id)
    question = make.exchange(session)
    attempt = make.evaluated(question).model_copy(update={"transcript": make.transcript(f"I kept {words} in order.")})
    sound = parts.settings.coach_home / "take.flac"
    sound.parent.mkdir(parents=True, exist_ok=True)
    write_flac(Pcm(np.zeros(16000, dtype=np.int16)), sound)
    attempt = attempt.model_copy(update={"audio_uri": parts.archive.save(sound, attempt.id)})
    sound.unlink(missing_ok=True)
    store.run(interviews.create_interview, session, [question])
    store.run(interviews.add_attempt, attempt)
    store.run(interviews.complete_attempt, attempt, question, [make.usage(attempt, user_id=user_id)])
    store.run(
        lab.add_review,
        {"attempt_id": attempt.id, "reviewer": "Ann", "overall": 6.0, "comment": words, "created_at": NOW},
    )
    coaching.comment_on(store, attempt, "Ann", words, at_s=1.0)
    store.run(
        library.save_story,
        library_records.StarStory(user_id=user_id, title="Order", situation=words, source_attempt_id=attempt.id),
    )
    store.run(lab.set_consent, user_id, True, NOW)
    journal = parts.settings.journal_dir
    journal.mkdir(parents=True, exist_ok=True)
    (journal / f"{attempt.id}.pcm").write_bytes(words.encode())
    line = {"write": "update_attempt", "facts": [attempt.model_dump(mode="json")]}
    with (journal / "facts.jsonl").open("a") as spool:
        spool.write(json.dumps(line) + "\n")
    clips = parts.settings.coach_home / "clips"
    clips.mkdir(exist_ok=True)
    (clips / f"{session.id}.once.wav").write_bytes(words.encode())
    return attempt.id


def replayed(parts: Services) -> str:
    """A run of the lab over everybody's answers, and what somebody typed in the playground."""
    work = parts.lab.workspace
    data = from_attempts(parts.store, AttemptFilter())
    data.freeze(work.datasets)
    info, _ = work.prepare(Experiment(name="x", dataset=data.content_hash, variants=[Variant(name="A")]))
    with (work.folder / "runs" / info.id / "outcomes.jsonl").open("w") as lines:
        for item in data.items:
            outcome = Outcome(
                variant="A", variant_key="k", item_id=item.id, repeat=0, finished_at=NOW, cost_usd=Decimal(0),
                error=item.input.user_answer.transcript,
            )  # fmt: skip
            lines.write(outcome.model_dump_json() + "\n")
    (work.folder / "playground").mkdir()
    (work.folder / "playground" / "outcomes.jsonl").write_text(SECRET)
    return info.id


def everywhere(home: Path) -> list[str]:
    """Files below `home` in which the secret words stand, whatever they are."""
    return [str(p.relative_to(home)) for p in home.rglob("*") if p.is_file() and SECRET.encode() in p.read_bytes()]


def test_one_file_has_everything(parts: Services, tmp_path: Path):
    attempt_id = practised(parts, "ada", SECRET)
    practised(parts, "bob", "somebody else's words")
    replayed(parts)
    done = parts.export_person("ada", tmp_path / "all.zip")
    assert (done.interviews, done.audio_files, done.stories, done.lab_copies) == (1, 1, 1, 1)
    with zipfile.ZipFile(tmp_path / "all.zip") as bundle:
        texts = {name: bundle.read(name).decode("utf8", "replace") for name in bundle.namelist()}
    assert {name.split("/")[0] for name in texts} == {
        "README.md", "person.json", "library.md", "interviews", "lab", "in-progress"
    }  # fmt: skip
    person = json.loads(texts["person.json"])
    told = [
        "star_stories",
        "resumes",
        "job_descriptions",
        "human_reviews",
        "review_comments",
        "usage_tracking",
        "lab_consents",
    ]
    assert [len(person[name]) for name in told] == [1] * len(told)
    assert sum(name.endswith(f"{attempt_id}.flac") for name in texts) == 1
    assert all(
        SECRET in texts[name] for name in texts if name.startswith(("interviews", "lab")) and "audio" not in name
    )
    assert not any("somebody else" in text for text in texts.values())


def test_a_deleted_session_leaves_the_lab_and_the_others_stay(parts: Services):
    gone, stays = practised(parts, "ada", SECRET), practised(parts, "bob", "somebody else's words")
    run = replayed(parts)
    tried = parts.settings.coach_home / "lab" / "playground" / "outcomes.jsonl"
    shape = {"variant": "A", "variant_key": "k", "repeat": 0, "finished_at": NOW, "cost_usd": Decimal(0)}
    lines = [Outcome(item_id=item, error=said, **shape) for item, said in ((gone, SECRET), (stays, "typed"))]
    tried.write_text("".join(f"{line.model_dump_json()}\n" for line in lines))
    attempt = parts.store.run(interviews.find_attempt, gone)
    assert attempt
    parts.delete_session(attempt.interview_id, with_stories=True)
    assert everywhere(parts.settings.coach_home / "lab") == []
    assert "typed" in tried.read_text()
    _, data, outcomes = parts.lab.workspace.load(run)
    assert [item.id for item in data.items] == [outcome.item_id for outcome in outcomes] == [stays]
    with pytest.raises(NotFoundError):
        parts.delete_session(attempt.interview_id)


def test_nothing_is_left_and_the_receipt_proves_it(parts: Services):
    mine = practised(parts, "ada", SECRET)
    other = practised(parts, "bob", "somebody else's words")
    run = replayed(parts)
    parts.store.back_up()
    parts.store.release()
    home = parts.settings.coach_home
    assert len(everywhere(home)) >= 6
    told = (Path(__file__).parents[2] / "docs" / "storage.md").read_text()
    assert [path.name for path in home.iterdir() if f"`{path.name}" not in told] == [], "a place nobody knows of"
    receipt = parts.delete_person("ada")
    parts.store.release()
    assert everywhere(home) == []
    assert receipt.counts["answers"] == receipt.counts["recordings"] == receipt.counts["lab_answers"] == 1
    assert receipt.counts["lab_judgements"] == receipt.counts["star_stories"] == 1
    assert confirm(parts.store, receipt.model_dump_json()) == receipt
    (row,) = parts.store.run(deletions.latest)
    assert (row["id"], row["cause"], row["sessions"]) == (receipt.id, "person", 1)
    forged = receipt.model_copy(update={"counts": {}}).model_dump_json()
    with pytest.raises(InputError, match="changed"):
        confirm(parts.store, forged)
    assert [row["id"] for row in parts.store.run(people.listed)] == ["bob"]
    assert [s["user_id"] for s in list_sessions(parts.store)] == ["bob"]
    _, data, outcomes = parts.lab.workspace.load(run)
    assert [item.id for item in data.items] == [o.item_id for o in outcomes] == [other]
    assert mine not in str(outcomes)
    with pytest.raises(NotFoundError):
        parts.delete_person("ada")


def test_a_recording_that_is_sealed_meanwhile_goes_with_its_person(parts: Services, monkeypatch):
    """In a bucket, which knows no locks: it is written again behind the first deletion, and its row stands."""
    attempt = parts.store.run(interviews.find_attempt, practised(parts, "ada", SECRET))
    assert attempt and attempt.audio_uri
    sound, drop, deleted = parts.archive.read(attempt.audio_uri), parts.archive.delete, list[str]()
    path = Path(parts.archive._path(attempt.audio_uri))

    def delete(uri: str) -> None:
        drop(uri)
        if not deleted:
            path.write_bytes(sound)
        deleted.append(uri)

    monkeypatch.setattr(parts.archive, "delete", delete)
    parts.delete_person("ada")
    assert len(deleted) == 2 and not path.exists()


def test_whoever_has_a_session_in_memory_is_told_before_and_after(parts: Services):
    attempt = parts.store.run(interviews.find_attempt, practised(parts, "ada", SECRET))
    assert attempt
    told: list[tuple[str, bool]] = []

    def forget(interview_id: str) -> None:
        told.append((interview_id, bool(parts.store.run(interviews.existing, [interview_id]))))

    parts.store.when_deleting(forget)
    parts.delete_person("ada")
    assert told == [(attempt.interview_id, True), (attempt.interview_id, False)]


def test_use_stays_without_its_owner_and_what_is_not_billed_keeps_the_account(parts: Services):
    practised(parts, "ada", SECRET)
    parts.store.run(billing.change_account, "ada", stripe_customer_id="cus_1", status="none")
    parts.delete_person("ada")
    assert parts.store.run(billing.account_of, "ada").stripe_customer_id == "cus_1", "its use waits to be billed"


def test_a_running_subscription_is_cancelled_first(parts: Services):
    practised(parts, "ada", SECRET)
    parts.store.run(billing.change_account, "ada", subscription_id="sub_1", status="active")
    with pytest.raises(ConflictError, match="subscription"):
        parts.delete_person("ada")
    assert list_sessions(parts.store)


def test_sample_people_are_not_deleted_one_by_one(parts: Services):
    with pytest.raises(InputError, match="sample"):
        parts.delete_person("sample-x")


@pytest.mark.parametrize("reach", Reach)
def test_nobody_else_may_have_it_or_delete_it(parts, tmp_path, reach):
    """Whatever somebody else's roles let them see: exports and deletions are the person's own, by id as well."""
    practised(parts, "ada", SECRET)
    (session,) = [each["interview_id"] for each in list_sessions(parts.store, "ada")]
    target = tmp_path / "all.zip"
    with asking(Asker("ben", frozenset(Role), reach)):
        for deed in (
            lambda: parts.export_person("ada", target),
            lambda: parts.delete_person("ada"),
            lambda: parts.delete_session(session),
        ):
            with pytest.raises(NotFoundError):
                deed()
    assert not target.exists()
    assert [each["interview_id"] for each in list_sessions(parts.store, "ada")] == [session]
    with asking(Asker("ada")):
        parts.export_person("ada", target)
    assert SECRET.encode() in zipfile.ZipFile(target).read("person.json")


# -- every table, also those that come later ---------------------------------------------------------------------------

SESSIONS = {"mock_interviews", "mock_interview_exchanges", "mock_interview_attempts"}
"""Exported as files of their own."""
NOT_EXPORTED = {"auth_tokens", "evaluation_claims", "interview_leases", "use_by_day", "cost_by_month"}
"""Keys and locks of the moment, about which nobody can say anything later; sums of what is exported one by one."""
UNDER_STRIPES_NUMBER = {"billing_payments", "billing_outbox"}
"""Stays for the books, as the receipt says."""
OF_NOBODY = {
    "anonymous_id", "budget_id", "payment_id", "use_id", "call_id", "event_id", "experiment_id", "organisation_id",
    "persona_id", "plan_id", "role_profile_id", "rubric_id", "run_id", "subscription_id",
}  # fmt: skip


def whose(attempt: Attempt) -> dict[str, str]:
    """Column -> what stands there in a row about Ada."""
    person = ("user_id", "person_id", "used_by", "created_by", "by_id", "coach_id", "reviewer_id", "author_id")
    answer = ("attempt_id", "source_attempt_id", "final_attempt_id", "item_id")
    return {
        **dict.fromkeys(person, "ada"),
        **dict.fromkeys(answer, attempt.id),
        **dict.fromkeys(("exchange_id", "follow_up_of"), attempt.exchange_id),
        **dict.fromkeys(("customer_id", "stripe_customer_id"), "cus_ada"),
        "interview_id": attempt.interview_id,
        "job_description_id": "ada's job",
        "resume_id": "ada's resume",
        "source_resume_id": "ada's resume",
    }


def is_about_somebody(table: sa.Table, known: dict[str, str]) -> bool:
    """Whether a column leads to a person; one that may and is in neither list has to be put into one."""
    leading = {name for name in table.c.keys() if name.endswith(("_id", "_by"))}  # noqa: SIM118
    assert leading <= {*known, *OF_NOBODY}, f"{table.name}: whose are {leading - {*known, *OF_NOBODY}}?"
    return bool(leading & {*known}) or table.name == "users"


def a_row(table: sa.Table, known: dict[str, str]) -> dict[str, object]:
    """A row of the table about Ada, whatever its columns are."""
    plain: dict[type, object] = {date: NOW.date(), bool: False, int: 1, float: 1.0, Decimal: Decimal(1), dict: {}}

    def value(column: sa.Column[object]) -> object:
        if column.name in known:
            return known[column.name]
        if isinstance(column.type, UtcDateTime):
            return NOW
        try:
            return plain.get(column.type.python_type, "x")
        except NotImplementedError:
            return None if column.nullable else "x"

    return {column.name: value(column) for column in table.columns}


def rows_in_full(parts: Services) -> dict[str, str]:
    """Every table as text, unsealed or not."""

    def look(connection: sa.Connection) -> dict[str, str]:
        return {
            t.name: str(connection.execute(sa.text(f'SELECT * FROM "{t.name}"')).all()) for t in metadata.sorted_tables
        }

    return parts.store.run(look)


def test_every_table_about_a_person_is_in_the_export_and_empty_of_them_after_the_deletion(parts, tmp_path):
    attempt = parts.store.run(interviews.find_attempt, practised(parts, "ada", SECRET))
    assert attempt
    known = whose(attempt)
    about = [table for table in metadata.sorted_tables if is_about_somebody(table, known)]
    before = rows_in_full(parts)
    for table in about:
        filled_by_triggers = table in use_by_day.KEPT  # on PostgreSQL: tests/ports/test_use_by_day.py
        if table.name == "usage_tracking" or (before[table.name] == "[]" and not filled_by_triggers):
            parts.store.run(lambda c, t=table: c.execute(sa.insert(t).values(a_row(t, known))))
    signed = sa.update(human_reviews).values(reviewer_id="ada")
    parts.store.run(lambda c: c.execute(signed))
    parts.export_person("ada", tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as bundle:
        person = json.loads(bundle.read("person.json"))
    told = {name.removesuffix("_by_me") for name, rows in person.items() if isinstance(rows, list) and rows}
    assert told >= {table.name for table in about} - SESSIONS - NOT_EXPORTED
    assert "token_hash" not in json.dumps(person)
    parts.store.run(lambda c: c.execute(sa.update(usage_tracking).values(billed_state="confirmed")))
    parts.store.run(lambda c: c.execute(sa.update(billing_outbox).values(settled_at=NOW)))
    parts.delete_person("ada")
    left = rows_in_full(parts)
    names = {*known.values()} - {"cus_ada"}
    assert [name for name, text in left.items() if any(f"'{word}'" in text for word in names)] == []
    assert {name for name, text in left.items() if "cus_ada" in text} == UNDER_STRIPES_NUMBER


def test_a_coach_who_leaves_takes_the_name_along_and_leaves_what_was_said(parts):
    answer = practised(parts, "ada", "plain words")
    for coach in ("kim", "ben"):
        person = {"id": coach, "name": coach.title(), "created_at": NOW}
        score = {"attempt_id": answer, "reviewer": coach.title(), "reviewer_id": coach, "overall": 7.0}
        parts.store.run(lambda c, row=person: c.execute(sa.insert(users).values(row)))
        parts.store.run(lab.add_review, score | {"created_at": NOW})
    parts.delete_person("kim")
    parts.delete_person("ben")
    reviews = [row for row in parts.store.run(queries.review_rows) if row["overall"] == 7.0]
    names = {row["reviewer"] for row in reviews}
    assert len(names) == 2 and all(name.startswith("Former coach ") for name in names)
    assert {row["reviewer_id"] for row in reviews} == {None}
