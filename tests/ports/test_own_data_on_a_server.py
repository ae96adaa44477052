"""*Delete everything of mine* where several machines serve: rows in PostgreSQL, objects in a bucket, journals here."""

import asyncio

import sqlalchemy as sa

from coach.audio.archive import AudioArchive
from coach.audio.flac import write_flac
from coach.audio.pcm import Pcm
from coach.audio.shared_journal import SharedJournals
from coach.contracts.interview import AttemptStatus
from coach.store import SqlStore
from coach.store.fleet import leases
from coach.store.maintenance import person
from coach.store.repositories import interviews
from coach.store.tables.columns import metadata
from tests.fakes import records as make
from tests.fakes.bucket import running_bucket

SOUND = bytes(2 * 16_000)


def session(store, archive, folder, user_id, said):
    """A finished answer with its recording, and one in the middle of which somebody stopped."""
    interview = make.interview(user_id=user_id)
    exchange = make.exchange(interview)
    store.run(interviews.create_interview, interview, [exchange])
    done = make.evaluated(exchange, transcript=make.transcript(said))
    sealed = folder / f"{done.id}.flac"
    write_flac(Pcm.from_bytes(SOUND), sealed)
    store.run(interviews.add_attempt, done.model_copy(update={"audio_uri": archive.save(sealed, done.id)}))
    sealed.unlink()
    begun = make.attempt(exchange, 2, status=AttemptStatus.RECORDING)
    store.run(interviews.add_attempt, begun)
    store.run(interviews.add_usage, [make.usage(done)])
    store.run(leases.take, interview.id, "a process")
    journal = SharedJournals(archive).create(folder, begun.id)
    journal.append(SOUND)
    journal.ship()
    journal.close()
    return interview, (done.id, begun.id)


def rows_with(store, *words):
    """The tables in which one of the words stands anywhere."""

    def look(connection):
        found = []
        for table in metadata.sorted_tables:
            rows = connection.execute(sa.text(f'SELECT t::text FROM "{table.name}" t')).scalars().all()
            found += [table.name] if any(word in row for row in rows for word in words) else []
        return found

    return store.run(look)


def test_nothing_of_a_person_stays_on_server_bucket_or_disk_and_others_keep_theirs(postgres_url, tmp_path, monkeypatch):
    with running_bucket(tmp_path) as bucket, SqlStore(postgres_url) as store:
        for name, value in bucket.settings.items():
            monkeypatch.setenv(name, value)
        archive, folder = AudioArchive(bucket.url), tmp_path / "journal"
        folder.mkdir()
        hers, attempts = session(store, archive, folder, "anna", "zanzibar lighthouse")
        his, _ = session(store, archive, folder, "bert", "ordinary words")
        before = bucket.names()
        assert sum(any(each in key for each in attempts) for key in before) == 3
        files = person.delete_files(store, archive, "anna", journal_dir=folder)
        receipt = person.delete_everything(store, "anna", files)
        assert receipt.counts["recordings"] == 1 and receipt.counts["sessions"] == 1
        assert rows_with(store, "anna", "zanzibar", hers.id, *attempts) == []
        left = bucket.names()
        assert not any(each in key for key in left for each in attempts) and len(left) == 3
        assert not [path for each in attempts for path in folder.glob(f"{each}*")]
        assert asyncio.run(store.load_interview(his.id)) is not None
        assert person.confirm(store, receipt.model_dump_json()) == receipt
