"""Facts that wait on disk: a line that was cut off takes no other one with it and stops nothing."""

import pytest

from coach.errors import StoreBusyError
from coach.interview.store_and_forward import SpooledStore, forget
from coach.vault import ambient
from coach.vault.keyring import Keyring
from coach.vault.place import KeyPlace
from tests.fakes import records as make
from tests.fakes.store import FakeStore

ANSWER = make.attempt(make.exchange(make.interview()))


class Store(FakeStore):
    """Takes usage only while it is not busy."""

    busy = True

    async def add_usage(self, usage):
        if self.busy:
            raise StoreBusyError("The database is busy.")
        await super().add_usage(usage)


@pytest.fixture(params=["plain", "sealed"])
def home(request, tmp_path):
    keys = Keyring(KeyPlace(str(tmp_path / "keys")), "m" * 43 + "=") if request.param == "sealed" else None
    ambient.mount([str(tmp_path)], keys)
    yield tmp_path
    ambient.mount([str(tmp_path)], None)


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 5, 40])
async def test_a_fact_behind_a_torn_one_is_written(home, cut):
    path, store = home / "facts.jsonl", Store()
    before, torn, behind = (make.usage(ANSWER, call=call) for call in ("one", "two", "three"))
    spooled = SpooledStore(store, path)
    await spooled.add_usage([before])
    await spooled.add_usage([torn])
    path.write_bytes(path.read_bytes()[:-cut])  # as a full disk or a crash leaves it
    await spooled.add_usage([behind])
    await spooled.close()
    store.busy = False
    after = SpooledStore(store, path)
    await after.recover()
    assert not after.waiting
    assert {before.event_id, behind.event_id} <= store.usage.keys()
    assert len(store.usage) == (3 if cut == 1 else 2), "where the end of the line alone was missing, nothing was torn"


async def test_a_torn_line_does_not_hold_up_a_deletion(home):
    path, store = home / "facts.jsonl", Store()
    spooled = SpooledStore(store, path)
    await spooled.add_usage([make.usage(ANSWER)])
    path.write_bytes(path.read_bytes()[:-4])
    await spooled.close()
    assert forget(path, "some-interview") in (0, 1)


async def test_a_spool_that_cannot_be_written_anew_takes_more_and_is_replayed_later(home):
    """As on a disk that is full but for some bytes: the copy without what was written does not fit."""
    path, store = home / "facts.jsonl", Store()
    one, two, three = (make.usage(ANSWER, call=call) for call in ("one", "two", "three"))
    spooled = SpooledStore(store, path)
    await spooled.add_usage([one])
    path.with_suffix(".part").mkdir()
    await spooled.add_usage([two])
    assert spooled.waiting and len(path.read_text().splitlines()) == 2
    store.busy = False
    await spooled.add_usage([three])
    path.with_suffix(".part").rmdir()
    await spooled.close()
    assert not spooled.waiting and len(store.usage) == 3 and not path.exists()
