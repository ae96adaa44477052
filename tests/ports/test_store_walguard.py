"""A damaged log is noticed, told, and gives up only what comes after the damage."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from coach.store import SqlStore
from coach.store.repositories import interviews
from tests import forks
from tests.fakes import records as make
from tests.ports.test_store_durability import ROOT, WRITER

FLIPS = 12
ROWS = 12


@pytest.fixture(scope="module")
def crashed(tmp_path_factory) -> tuple[Path, list[str]]:
    """A database whose process was killed, log and seals beside it, and the attempts it had acknowledged."""
    folder = tmp_path_factory.mktemp("crashed")
    url = f"duckdb:///{folder / 'coach.duckdb'}"
    with SqlStore(url) as store:
        store.upgrade()
    process = forks.Python(
        ["-c", WRITER, url, "0"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    acknowledged = [process.stdout.readline().strip() for _ in range(ROWS)]
    process.kill()
    acknowledged += [name for name in process.communicate()[0].split("\n")[:-1] if name]
    assert (folder / "coach.duckdb.wal").stat().st_size > 10_000
    assert (folder / "coach.duckdb.wal.seals").exists()
    return folder, acknowledged


def found(database: Path, wanted: list[str]) -> tuple[list[bool], SqlStore]:
    store = SqlStore(f"duckdb:///{database}")
    return [store.run(interviews.find_attempt, name) is not None for name in wanted], store


def test_a_whole_log_gives_every_row_and_no_alarm(crashed, tmp_path):
    folder, acknowledged = crashed
    shutil.copytree(folder, tmp_path / "copy")
    there, store = found(tmp_path / "copy" / "coach.duckdb", acknowledged)
    assert all(there)
    assert store.database.damage is None
    store.close()
    assert not (tmp_path / "copy" / "quarantine").exists()


def test_no_flipped_bit_loses_rows_in_silence(crashed, tmp_path):
    folder, acknowledged = crashed
    chance = random.Random(4)
    size = (folder / "coach.duckdb.wal").stat().st_size
    for trial in range(FLIPS):
        copy = tmp_path / f"flip{trial}"
        shutil.copytree(folder, copy)
        at = chance.randrange(size)
        wal = bytearray((copy / "coach.duckdb.wal").read_bytes())
        wal[at] ^= 1 << chance.randrange(8)
        (copy / "coach.duckdb.wal").write_bytes(wal)
        there, store = found(copy / "coach.duckdb", acknowledged)
        store.close()
        if store.database.damage is None:
            assert all(there), f"silent loss, bit flipped at {at} of {size}"
            continue
        kept = there.index(False) if False in there else len(there)
        assert not any(there[kept:]), "rows after the damage without those before"
        assert kept >= int(at / size * len(there)) - 2, "more was given up than the damage asks for"
        assert (store.database.damage.quarantine / "coach.duckdb.wal").read_bytes() == bytes(wal)


def test_a_log_cut_short_is_noticed(crashed, tmp_path):
    folder, acknowledged = crashed
    shutil.copytree(folder, tmp_path / "copy")
    wal = tmp_path / "copy" / "coach.duckdb.wal"
    wal.write_bytes(wal.read_bytes()[: wal.stat().st_size // 2])
    there, store = found(tmp_path / "copy" / "coach.duckdb", acknowledged)
    store.close()
    assert store.database.damage is not None
    assert any(there)
    assert not all(there)


def test_an_unreadable_log_without_seals_is_set_aside(crashed, tmp_path):
    folder, _ = crashed
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / "coach.duckdb.wal.seals").unlink()
    wal = tmp_path / "copy" / "coach.duckdb.wal"
    content = bytearray(wal.read_bytes())
    content[len(content) // 2] ^= 16
    wal.write_bytes(content)
    there, store = found(tmp_path / "copy" / "coach.duckdb", ["any"])
    store.close()
    assert there == [False]
    assert store.database.damage is not None


def test_sealing_goes_on_after_a_checkpoint(tmp_path):
    database = tmp_path / "coach.duckdb"
    with SqlStore(f"duckdb:///{database}", idle_s=30) as store:
        interview = make.interview()
        store.run(interviews.create_interview, interview, [make.exchange(interview)])
        store.run(lambda c: c.exec_driver_sql("SELECT 1"))
        store.database.engine().raw_connection().driver_connection.execute("CHECKPOINT")
        other = make.interview()
        store.run(interviews.create_interview, other, [make.exchange(other)])
        guard = store.database.guard
        assert guard is not None and guard._whole_prefix() is None
        assert guard._read_seals()[-1][0] == database.with_name("coach.duckdb.wal").stat().st_size
