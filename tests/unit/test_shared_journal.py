"""A recording in progress is in the bucket a moment later, and goes on from there on another machine."""

import os
import random

import pytest

from coach.audio.archive import AudioArchive
from coach.audio.decode import decode
from coach.audio.shared_journal import BLOCK_BYTES, SharedJournals
from coach.audio.takes import ClockedFrame, TakeMap
from coach.errors import StoreError

RATE = 16_000


class Bucket(AudioArchive):
    """A folder that can be out of reach, or break off after some parts."""

    def __init__(self, url):
        super().__init__(url)
        self.takes = 10**9

    def put_part(self, attempt_id, name, data):
        if self.takes <= 0:
            raise StoreError("The recording cannot be stored (away).")
        self.takes -= 1
        super().put_part(attempt_id, name, data)


@pytest.fixture
def bucket(tmp_path):
    return Bucket(str(tmp_path / "bucket"))


def sound(seconds, seed=1):
    return random.Random(seed).randbytes(int(seconds * RATE) * 2)


def machine(bucket, tmp_path, name):
    """A process on a machine of its own."""
    journals = SharedJournals(bucket)
    return lambda: journals.create(tmp_path / name, "a1")


def test_another_machine_goes_on_where_the_bucket_stands(bucket, tmp_path):
    said = sound(11)
    first = machine(bucket, tmp_path, "one")()
    first.append(said[: 9 * 2 * RATE])
    assert first.resting == 0
    first.ship()
    assert first.resting == 9 * RATE
    first.append(said[9 * 2 * RATE :])  # dies with this machine
    second = machine(bucket, tmp_path, "two")()
    assert second.resting * 2 == 9 * 2 * RATE and second.read() == said[: 9 * 2 * RATE]
    second.append(said[9 * 2 * RATE :])
    sealed = second.seal()
    second.rest()
    assert decode(sealed).samples.tobytes() == said
    assert machine(bucket, tmp_path, "three")().read() == said, "an answer that was finished can be judged elsewhere"


def test_what_is_not_in_the_bucket_is_not_acknowledged(bucket, tmp_path):
    journal = machine(bucket, tmp_path, "one")()
    takes = TakeMap(journal)
    takes.place(ClockedFrame(7, 0, 0, 0.0, sound(1)))
    assert takes.kept == (7, 0)
    journal.ship()
    assert takes.kept == (7, RATE)
    moved = TakeMap(machine(bucket, tmp_path, "two")())
    moved.place(ClockedFrame(7, 1, RATE, 1000.0, sound(1, seed=2)))
    assert moved.kept == (7, RATE) and moved.samples == 2 * RATE


def test_who_dies_while_writing_leaves_an_earlier_moment_whole(bucket, tmp_path):
    said = sound(10)
    first = machine(bucket, tmp_path, "one")()
    first.append(said[:BLOCK_BYTES])
    first.ship()
    first.insert(100, said[:2000], [])
    for parts in range(2):
        bucket.takes = parts
        with pytest.raises(StoreError):
            first.ship()
        assert machine(bucket, tmp_path, f"other{parts}")().read() == said[:BLOCK_BYTES]
    assert first.resting == 0, "what was moved is not kept yet"
    bucket.takes = 99
    first.ship()
    assert machine(bucket, tmp_path, "last")().read() == said[:200] + said[:2000] + said[200:BLOCK_BYTES]
    assert len(os.listdir(tmp_path / "bucket" / "in-progress" / "a1")) == 3, "two blocks and what names them"


def test_the_machine_that_was_left_behind_takes_what_the_other_wrote(bucket, tmp_path):
    here = machine(bucket, tmp_path, "here")
    first = here()
    first.append(sound(2))
    first.ship()
    elsewhere = machine(bucket, tmp_path, "elsewhere")()
    elsewhere.append(sound(1, seed=5))
    elsewhere.put_down()
    assert not (tmp_path / "elsewhere" / "a1.pcm").exists()
    assert here().read() == sound(2) + sound(1, seed=5)


def test_the_same_machine_goes_on_with_its_own_file_which_is_newer(bucket, tmp_path):
    here = machine(bucket, tmp_path, "here")
    first = here()
    first.append(sound(2))
    first.ship()
    first.append(sound(1, seed=3))
    first.close()
    again = here()
    assert again.read() == sound(2) + sound(1, seed=3)
    again.ship()
    assert again.resting == 3 * RATE


def test_with_the_bucket_away_an_answer_is_kept_here_and_judged(bucket, tmp_path, caplog):
    here = machine(bucket, tmp_path, "here")()
    here.append(sound(2))
    bucket.takes = 0
    sealed = here.seal()
    here.rest()
    assert len(decode(sealed).samples) == 2 * RATE
    assert "on this machine alone" in caplog.text


def test_start_over_and_deletion_leave_nothing(bucket, tmp_path):
    here = machine(bucket, tmp_path, "here")()
    here.append(sound(9))
    here.note_use("[]")
    here.ship()
    here.discard()
    assert not bucket.in_progress() and not [*(tmp_path / "here").iterdir()]
    other = machine(bucket, tmp_path, "here")()
    other.append(sound(1))
    other.ship()
    assert [*bucket.in_progress()] == ["a1"]
    SharedJournals(bucket).forget(tmp_path / "here", "a1")
    assert not bucket.in_progress() and not [*(tmp_path / "here").iterdir()]


def test_who_fetches_while_another_still_writes_gets_a_whole_moment(bucket, tmp_path):
    first = machine(bucket, tmp_path, "one")()
    first.append(sound(6))
    first.ship()
    first.append(sound(1, seed=2))
    get = bucket.get_part
    asked: list[str] = []

    def meanwhile(attempt_id, name):
        if not asked and name.endswith(".pcm"):
            asked.append(name)
            first.ship()
        return get(attempt_id, name)

    bucket.get_part = meanwhile
    second = machine(bucket, tmp_path, "two")()
    assert second.read() == sound(6) + sound(1, seed=2)
    assert second.resting == 7 * RATE


def test_a_block_that_is_gone_is_told_and_never_becomes_silence(bucket, tmp_path):
    first = machine(bucket, tmp_path, "one")()
    first.append(sound(6))
    first.ship()
    next((tmp_path / "bucket" / "in-progress" / "a1").glob("000001-*.pcm")).unlink()
    with pytest.raises(StoreError, match="not whole"):
        machine(bucket, tmp_path, "two")()
    assert not [*(tmp_path / "two").iterdir()]


def test_what_a_power_cut_took_from_the_disk_comes_from_the_bucket(bucket, tmp_path):
    here = machine(bucket, tmp_path, "here")
    first = here()
    first.append(sound(3))
    first.ship()
    first.close()
    os.truncate(tmp_path / "here" / "a1.pcm", 2 * 2 * RATE)
    again = here()
    assert again.read() == sound(3)
    again.append(sound(1, seed=2))
    again.ship()
    assert machine(bucket, tmp_path, "two")().read() == sound(3) + sound(1, seed=2)


def test_what_an_answer_used_is_known_where_nothing_of_it_lies(bucket, tmp_path):
    here = machine(bucket, tmp_path, "here")()
    here.append(sound(1))
    here.note_use('[{"a": 1}]')
    here.ship()
    assert SharedJournals(bucket).noted_use(tmp_path / "there", "a1") == '[{"a": 1}]'
    assert SharedJournals(bucket).noted_use(tmp_path / "there", "a2") == ""


def test_what_an_answer_used_comes_along(bucket, tmp_path):
    here = machine(bucket, tmp_path, "here")()
    here.append(sound(1))
    here.note_use('[{"a": 1}]')
    here.ship()
    machine(bucket, tmp_path, "there")()
    assert SharedJournals(bucket).noted_use(tmp_path / "there", "a1") == '[{"a": 1}]'
