"""Everything of a person: one file has all of it, and after the deletion no byte of it is anywhere."""

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from coach.audio.flac import write_flac
from coach.audio.pcm import Pcm
from coach.bootstrap import Services, build_services
from coach.contracts.asking import asking
from coach.contracts.people import Asker, Reach, Role
from coach.errors import ConflictError, InputError, NotFoundError
from coach.lab import coaching
from coach.lab.attempts import AttemptFilter, from_attempts
from coach.lab.runs.outcome import Outcome
from coach.lab.runs.variant import Variant
from coach.lab.runs.workspace import Experiment
from coach.store.maintenance.person import confirm
from coach.store.repositories import billing, deletions, interviews, lab, library, library_records, people
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
