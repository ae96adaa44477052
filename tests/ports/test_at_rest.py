"""Encryption at rest, whole: no word of anybody lies in plain form anywhere; a destroyed key ends every copy."""

import asyncio
import json
import shutil
import socket
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from coach.audio.decode import decode
from coach.audio.journal import RecordingJournal
from coach.bootstrap import Services, build_services
from coach.bootstrap.at_rest import turn
from coach.cli.diagnosis import at_rest
from coach.errors import SettingsError, StoreBusyError, StoreError
from coach.interview.spool_file import forget
from coach.interview.store_and_forward import SPOOL, SpooledStore
from coach.lab.attempts import AttemptFilter, from_attempts
from coach.lab.runs.outcome import Outcome
from coach.lab.runs.variant import Variant
from coach.lab.runs.workspace import Experiment
from coach.settings import load_settings
from coach.store import SqlStore
from coach.store.maintenance import turning
from coach.store.maintenance.transfer import in_order
from coach.store.raw import RawStore
from coach.store.repositories import coaching, interviews, lab, lab_runs, library, library_records
from coach.store.repositories.coaching import Comment, CommentAuthor
from coach.store.tables.core import mock_interview_attempts, mock_interviews, star_stories
from coach.store.tables.private import private_columns
from coach.vault import ambient
from coach.vault.keyring import HOUSE
from coach.vault.mounting import mount, unmark
from tests.fakes import records as make
from tests.fakes.store import FakeStore

KEY, NEXT = "k" * 43 + "=", "a passphrase of some length"
SECRET = "the zebra budget of Quillhaven"
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
TONE = (np.sin(np.arange(16000) / 7) * 9000).astype("<i2")


def services(home: Path, key: str = KEY) -> Services:
    chosen = {"coach_encryption_key": key} if key else {}
    return build_services(
        coach_home=home, coach_database_url="", coach_audio_url="", coach_brain="offline", coach_log="text", **chosen
    )


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Services]:
    found = services(tmp_path / "home")
    yield found
    found.store.close()


def practised(parts: Services, user_id: str, words: str) -> str:
    """One judged answer of a person, its recording by way of the journal, and all that can come of it; its id."""
    store, journal_dir = parts.store, parts.settings.journal_dir
    job = library_records.JobDescription(
        user_id=user_id, title=f"Keeper, {words}", parsed_skills=[words], description=words
    )
    store.run(library.save_job, job)
    resume = library_records.Resume(user_id=user_id, title="Master", is_base_version=True, content=words)
    store.run(library.save_resume, resume)
    session = make.interview(user_id=user_id, job_description_id=job.id, resume_id=resume.id)
    question = make.exchange(session).model_copy(update={"question_text": words, "follow_up_question_text": words})
    attempt = make.evaluated(question).model_copy(update={"transcript": make.transcript(f"I kept {words} in order.")})
    store.run(interviews.create_interview, session.model_copy(update={"strengths": [words]}), [question])
    store.run(interviews.add_attempt, attempt)
    with ambient.belonging_to(user_id):
        journal = RecordingJournal.create(journal_dir, attempt.id)
    journal.append(TONE.tobytes())
    recording = journal.seal()
    attempt = attempt.model_copy(update={"audio_uri": parts.archive.save(recording, attempt.id)})
    recording.unlink()
    store.run(interviews.complete_attempt, attempt, question, [make.usage(attempt, user_id=user_id)])
    review = {"attempt_id": attempt.id, "reviewer": "Ann", "overall": 6.0, "comment": words, "created_at": NOW}
    store.run(lab.add_review, review)
    comment = Comment(attempt_id=attempt.id, author="Ann", text=words, at_s=0.5, created_at=NOW)
    store.run(coaching.add_comment, comment)
    store.run(coaching.revise_comment, comment.id, f"{words}, again", seen=words, at=NOW, by=CommentAuthor("Ann"))
    story = library_records.StarStory(user_id=user_id, title=words, situation=words, source_attempt_id=attempt.id)
    store.run(library.save_story, story)
    store.run(lab.set_consent, user_id, True, NOW)
    return attempt.id


def replayed(parts: Services) -> str:
    """A run of the lab over everybody's answers, in its files and in the database."""
    work = parts.lab.workspace
    data = from_attempts(parts.store, AttemptFilter())
    data.freeze(work.datasets)
    info, _ = work.prepare(Experiment(name="x", dataset=data.content_hash, variants=[Variant(name="A")]))
    journal = work.journal(info.id)
    for item in data.items:
        said = item.input.user_answer.transcript
        outcome = Outcome(
            variant="A", variant_key="k", item_id=item.id, repeat=0, finished_at=NOW, cost_usd=Decimal(0), error=said
        )
        journal.append(outcome, item.person)
    journal.close()
    run = {"id": info.id, "experiment_id": "e", "name": "x", "definition": {}, "status": "done", "totals": {}}
    rows = [
        {"item_id": item.id, "variant": "A", "repeat": 0, "status": "done", "cached": False, "created_at": NOW,
         "output": {"said": item.input.user_answer.transcript}}
        for item in data.items
    ]  # fmt: skip
    parts.store.run(lab_runs.keep_run, run | {"dataset_hash": "h", "started_at": NOW, "ended_at": NOW}, rows)
    return info.id


class _Busy(FakeStore):
    async def update_attempt(self, attempt):
        raise StoreBusyError("The database is busy.")


def spooled(parts: Services, interview_id: str, attempt_id: str) -> Path:
    """What waits of an answer while the database is busy."""
    path = parts.settings.journal_dir / SPOOL

    async def wait() -> None:
        snapshot = parts.store.run(interviews.load_interview, interview_id)
        assert snapshot
        store = SpooledStore(_Busy(), path)
        await store.create_interview(snapshot.interview, snapshot.exchanges)
        await store.update_attempt(next(a for a in snapshot.attempts if a.id == attempt_id))

    asyncio.run(wait())
    return path


def everywhere(home: Path) -> list[str]:
    """Files below `home` in which the words, sound or the mark of a plain recording stand."""
    wanted = (SECRET.encode(), SECRET.split()[-1].encode(), TONE[:40].tobytes())
    files = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    return [
        str(path.relative_to(home))
        for path, data in files.items()
        if data.startswith(b"fLaC") or any(word in data for word in wanted)
    ]


def whose(parts: Services) -> dict[str, set[str]]:
    """By table, under whose keys its private texts lie; `plain` for what lies open."""
    assert parts.vault
    names = {parts.vault.who(person): person or "house" for person in (HOUSE, "ada", "bob")}

    def look(connection: sa.Connection) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for table in in_order():
            with ambient.in_force(None):
                query = sa.select(*private_columns(table)) if private_columns(table) else sa.select(sa.null())
                texts = [value for row in connection.execute(query) for value in row if value]
            found[table.name] = {names.get(str(text)[4:20], "plain") for text in texts}
        return found

    return {name: people for name, people in parts.store.run(look).items() if people}


def test_no_word_and_no_sound_lies_in_plain_form_anywhere(parts, tmp_path):
    home = parts.settings.coach_home
    attempt_id = practised(parts, "ada", SECRET)
    attempt = parts.store.run(interviews.find_attempt, attempt_id)
    assert attempt
    waiting = spooled(parts, attempt.interview_id, attempt_id)
    run = replayed(parts)
    with ambient.belonging_to("ada"):
        unfinished = RecordingJournal.create(parts.settings.journal_dir, "unfinished")
    unfinished.append(TONE.tobytes())
    parts.store.back_up()
    assert (home / "coach.duckdb.wal").exists() or parts.store.database.is_open
    assert everywhere(home) == []
    parts.store.release()
    assert everywhere(home) == []
    assert {path.name.split("-")[0] for path in (home / "backups").glob("*.duckdb")} == {"coach"}
    # and all of it is there
    assert SECRET in attempt.transcript.text
    assert np.array_equal(decode(parts.archive.local_path(attempt.audio_uri, tmp_path / "copy.flac")).samples, TONE)
    assert parts.archive.read(attempt.audio_uri).startswith(b"fLaC")
    _, data, outcomes = parts.lab.workspace.load(run)
    assert SECRET in data.items[0].input.user_answer.transcript
    assert SECRET in outcomes[0].error
    assert forget(waiting, attempt.interview_id) == 1
    done = parts.export_person("ada", tmp_path / "all.zip")
    assert (done.interviews, done.audio_files) == (1, 1)
    with zipfile.ZipFile(tmp_path / "all.zip") as bundle:
        texts = {name: bundle.read(name) for name in bundle.namelist()}
    person = json.loads(texts["person.json"])
    assert person["star_stories"][0]["situation"] == person["resumes"][0]["content"] == SECRET
    assert SECRET in person["results"][0]["output"]["said"]
    assert all(b"jf1." not in text and b"JFSEAL" not in text and b"JFBLOCK" not in text for text in texts.values())


def test_everybodys_words_lie_under_their_own_key(parts):
    practised(parts, "ada", SECRET)
    practised(parts, "bob", "somebody else's words")
    replayed(parts)
    people = whose(parts)
    both = {"ada", "bob"}
    assert people == {
        "job_descriptions": both, "resumes": both, "mock_interviews": both,
        "mock_interview_exchanges": both, "mock_interview_attempts": both, "star_stories": both,
        "human_reviews": both, "results": both, "review_comments": both,
    }  # fmt: skip


def test_what_is_spooled_is_written_once_the_database_takes_it(parts):
    attempt_id = practised(parts, "ada", SECRET)
    attempt = parts.store.run(interviews.find_attempt, attempt_id)
    waiting = spooled(parts, attempt.interview_id, attempt_id)
    assert parts.vault
    assert waiting.read_text().startswith(f"jf1.{parts.vault.who('ada')}.")
    taken = FakeStore()

    async def replay() -> None:
        store = SpooledStore(taken, waiting)
        snapshot = parts.store.run(interviews.load_interview, attempt.interview_id)
        await taken.create_interview(snapshot.interview, snapshot.exchanges)
        await taken.add_attempt(snapshot.attempts[0].model_copy(update={"transcript": None}))
        await store.recover()
        await store.close()

    asyncio.run(replay())
    assert SECRET in asyncio.run(taken.find_attempt(attempt_id)).transcript.text


def test_a_deleted_person_is_unreadable_in_every_copy_and_the_other_is_not(parts, tmp_path):
    mine, other = practised(parts, "ada", SECRET), practised(parts, "bob", "somebody else's words")
    replayed(parts)
    parts.store.release()
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(parts.settings.coach_home, elsewhere, ignore=shutil.ignore_patterns("keys"))
    receipt = parts.delete_person("ada")
    assert "key to what you said and wrote was destroyed" in receipt.backups
    assert parts.vault
    assert not parts.vault.has_key("ada")
    # a copy of the whole folder, made before, with the keys that are left
    shutil.copytree(parts.settings.coach_home / "keys", elsewhere / "keys")
    old = services(elsewhere)
    with old.store as store:
        gone = store.run(interviews.find_attempt, mine)
        assert (gone.transcript, gone.evaluation) == (None, None)
        with pytest.raises(StoreError, match="destroyed"):
            old.archive.read(gone.audio_uri.replace(str(parts.settings.coach_home), str(elsewhere)))
        assert "somebody else" in store.run(interviews.find_attempt, other).transcript.text
        assert turning.forget_destroyed(store) == ["ada"]
        assert turning.forget_destroyed(store) == []
        assert store.run(interviews.find_attempt, mine) is None
        assert store.run(interviews.find_attempt, other) is not None
    # who comes back begins anew
    again = practised(parts, "ada", "new words")
    assert "new words" in parts.store.run(interviews.find_attempt, again).transcript.text


def test_a_copy_taken_back_gives_nothing_of_somebody_who_was_deleted_and_came_back(parts, tmp_path):
    """Under the same id, with a key again: what the old copy holds of their first life goes, what is new stays."""
    first, other = practised(parts, "ada", SECRET), practised(parts, "bob", "somebody else's words")
    parts.store.release()
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(parts.settings.coach_home, elsewhere, ignore=shutil.ignore_patterns("keys"))
    parts.delete_person("ada")
    again = practised(parts, "ada", "new words")
    assert parts.vault
    assert parts.vault.has_key("ada")
    assert turning.forget_destroyed(parts.store) == []
    assert "new words" in parts.store.run(interviews.find_attempt, again).transcript.text
    shutil.copytree(parts.settings.coach_home / "keys", elsewhere / "keys")
    with services(elsewhere).store as store:
        assert store.run(interviews.find_attempt, first) is not None
        assert turning.forget_destroyed(store) == ["ada"]
        assert turning.forget_destroyed(store) == []
        assert store.run(interviews.find_attempt, first) is None
        assert "somebody else" in store.run(interviews.find_attempt, other).transcript.text
        stories = store.run(lambda c: c.execute(sa.select(star_stories.c.user_id)).scalars().all())
        assert stories == ["bob"]


def test_turned_on_later_and_off_again_from_where_it_stood(tmp_path):
    home = tmp_path / "home"
    before = services(home, "")
    attempt_id = practised(before, "ada", SECRET)
    run = replayed(before)
    attempt = before.store.run(interviews.find_attempt, attempt_id)
    assert attempt
    waiting = spooled(before, attempt.interview_id, attempt_id)
    unfinished = [RecordingJournal.create(before.settings.journal_dir, name) for name in ("broken-off", "not-archived")]
    for journal in unfinished:
        journal.append(TONE.tobytes())
    unfinished[0].close()
    kept = unfinished[1].seal()
    before.store.back_up()
    before.store.close()
    assert len(everywhere(home)) >= 4
    on = services(home)
    assert at_rest(on.settings).status == "warning"
    on.store.run(turning._turn_batch, "mock_interview_attempts", "", sealed=True)
    assert turning.turn(on.store, sealed=True) == 8, "one was sealed before"
    done = turn(on, sealed=True)  # the one before was killed here: the copies still had the old form
    assert (done.rows, done.recordings, done.unfinished, done.waiting_facts, done.lab_files) == (0, 1, 2, 1, 2)
    assert set(turn(on, sealed=True).model_dump().values()) == {0}
    on.store.release()
    assert everywhere(home) == []
    assert at_rest(on.settings).status == "ok"
    assert set.union(*whose(on).values()) == {"ada"}
    assert SECRET in on.store.run(interviews.find_attempt, attempt_id).transcript.text
    assert SECRET in on.lab.workspace.load(run)[2][0].error
    assert unfinished[0].read() == TONE.tobytes()
    opened = turn(on, sealed=False)
    assert (opened.unfinished, opened.waiting_facts) == (2, 1)
    assert set.union(*whose(on).values()) == {"plain"}
    on.store.close()
    assert on.vault
    unmark(on.settings, on.vault)  # with the keys gone, nothing is
    off = services(home, "")
    attempt = off.store.run(interviews.find_attempt, attempt_id)
    assert attempt
    assert SECRET in attempt.transcript.text
    assert off.archive.read(attempt.audio_uri).startswith(b"fLaC")
    assert SECRET in waiting.read_text()
    assert unfinished[0].path.read_bytes() == TONE.tobytes()
    assert np.array_equal(decode(kept).samples, TONE)
    off.store.close()


def test_nothing_is_opened_while_a_server_runs(parts):
    """It would go on sealing with keys that are destroyed at the end."""
    practised(parts, "ada", SECRET)
    door = parts.store.database.path.with_name("coach.duckdb.door-1")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(door))
        server.listen()
        with pytest.raises(StoreError, match="server is running"):
            turn(parts, sealed=False)
        assert "plain" not in set.union(*whose(parts).values())
    door.unlink()
    assert turn(parts, sealed=False).rows


@pytest.mark.parametrize("key", ["", NEXT])
def test_without_the_right_key_nothing_is_read_and_nothing_written(parts, key):
    attempt_id = practised(parts, "ada", SECRET)
    parts.store.release()
    home = parts.settings.coach_home
    with pytest.raises(SettingsError, match="COACH_ENCRYPTION_KEY"):
        services(home, key)
    ambient.mount([str(home), parts.settings.audio_url, parts.settings.database_url], None)
    with SqlStore(parts.settings.database_url) as bare, pytest.raises(SettingsError, match="is not set"):
        bare.run(interviews.find_attempt, attempt_id)
    mount(parts.settings)
    found = at_rest(load_settings(coach_home=home, coach_encryption_key=key or None, coach_database_url=""))
    assert found.status == "failed"
    assert found.mend
    mount(parts.settings)


def test_doctor_tells_a_rotation_that_is_not_finished(tmp_path):
    home = tmp_path / "home"
    with services(home).store as store:
        store.run(library.save_story, library_records.StarStory(user_id="ada", title=SECRET))
    rotating = services(home, f"{NEXT},{KEY}")
    assert "db rotate-key" in at_rest(rotating.settings).mend
    assert rotating.vault
    rotating.vault.rotate()
    assert at_rest(services(home, NEXT).settings).status == "ok"
    assert at_rest(load_settings(coach_home=tmp_path / "plain", coach_database_url="")).status == "off"


def test_both_engines_seal_and_open(sql_url, tmp_path):
    settings = load_settings(
        coach_home=tmp_path / "home", coach_encryption_key=KEY, coach_database_url=sql_url, coach_audio_url=""
    )
    mount(settings)
    session = make.interview(user_id="ada")
    question = make.exchange(session)
    attempt = make.evaluated(question).model_copy(update={"transcript": make.transcript(SECRET)})
    with SqlStore(sql_url, idle_s=30) as store:
        store.run(interviews.create_interview, session, [question])
        store.run(interviews.add_attempt, attempt)
        assert store.run(interviews.find_attempt, attempt.id) == attempt
        assert store.run(turning.plain_tables) == []
        store.run(
            library.save_resume, library_records.Resume(user_id="ada", title="", content="", is_base_version=True)
        )
        assert store.run(turning.plain_tables) == []
    with RawStore(sql_url) as raw:
        lies = raw.run(
            lambda c: [*c.execute(sa.select(mock_interview_attempts)), *c.execute(sa.select(mock_interviews))]
        )
        assert SECRET not in repr(lies)
        assert repr(lies).count("jf1.") >= 5
