"""Facts that wait on disk: a line that was cut off takes no other one with it and stops nothing."""

import pytest

from coach.errors import StoreBusyError, TakenOverError
from coach.interview.spool_file import forget
from coach.interview.store_and_forward import SpooledStore
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


class Elsewhere(Store):
    """Another process has the interview: facts of it are refused, for as long as `others` is set."""

    busy, others = False, True

    def __init__(self) -> None:
        super().__init__()
        self.apart: list[tuple[str, str]] = []

    async def update_attempt(self, attempt):
        raise TakenOverError("This interview goes on in another process.")

    async def complete_attempt(self, attempt, exchange, usage):
        raise TakenOverError("This interview goes on in another process.")

    async def keep_apart(self, attempt, exchange):
        if not self.others:
            self.apart.append((attempt.id, exchange.id if exchange else ""))
        return not self.others


async def test_what_was_acknowledged_and_then_taken_over_is_metered_at_once_and_kept_until_it_can_be_stored(home):
    path, store = home / "facts.jsonl", Elsewhere()
    question = make.exchange(make.interview())
    answered = make.evaluated(question)
    silent = make.attempt(question).model_copy(update={"transcript": None})
    use = make.usage(answered)
    store.busy = True
    spooled = SpooledStore(store, path)
    await spooled.add_usage([make.usage(answered, call="before")])
    await spooled.update_attempt(silent)
    await spooled.complete_attempt(answered, question, [use])
    assert spooled.waiting
    store.busy = False
    await spooled.close()
    assert len(store.usage) == 2 and use.event_id in store.usage, "what a vendor was paid for is in the ledger"
    assert not spooled.waiting, "nobody is told that the database is busy"
    assert len(path.read_text().splitlines()) == 1, "the answer with words waits; the rest the successor knows better"
    assert store.apart == []

    after = SpooledStore(store, path)
    await after.recover()
    assert store.apart == [] and not after.waiting
    store.others = False
    await after.close()
    assert store.apart == [(answered.id, question.id)]
    assert not path.exists()


async def test_an_answer_refused_on_the_spot_is_still_metered(home):
    store, question = Elsewhere(), make.exchange(make.interview())
    answered = make.evaluated(question)
    spooled = SpooledStore(store, home / "facts.jsonl")
    with pytest.raises(TakenOverError):
        await spooled.complete_attempt(answered, question, [make.usage(answered)])
    assert len(store.usage) == 1 and not (home / "facts.jsonl").exists()


async def test_an_answer_that_waits_goes_with_its_deleted_interview(home):
    path, store = home / "facts.jsonl", Elsewhere()
    question = make.exchange(make.interview())
    store.busy = True
    spooled = SpooledStore(store, path)
    await spooled.add_usage([make.usage(ANSWER)])
    await spooled.update_attempt(make.evaluated(question))
    store.busy = False
    await spooled.close()
    assert path.exists()
    assert forget(path, question.interview_id) == 1
    assert not path.exists()
