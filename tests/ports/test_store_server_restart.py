"""A PostgreSQL server that goes and comes back: one line while it is gone, nothing acknowledged lost."""

import pytest

from coach.errors import StoreError
from coach.store import SqlStore
from coach.store.repositories import interviews
from tests.fakes import records as make
from tests.fakes.postgres import running_postgres


def test_the_store_outlives_a_restart_of_its_server():
    with running_postgres() as server, SqlStore(server.url) as store:
        acknowledged = [add(store) for _ in range(8)]
        server.stop()
        for _ in range(6):  # more than there are connections in the pool
            with pytest.raises(StoreError) as caught:
                add(store)
            assert "\n" not in str(caught.value)
            assert "cannot be reached" in str(caught.value)
        server.start()
        acknowledged += [add(store) for _ in range(8)]
        assert all(store.run(interviews.load_interview, name) for name in acknowledged)


def test_a_transaction_cut_off_by_the_server_leaves_nothing():
    with running_postgres() as server, SqlStore(server.url) as store:
        add(store)
        interview = make.interview()

        def cut_off(connection) -> None:
            interviews.create_interview(connection, interview, [make.exchange(interview)])
            server.stop()

        with pytest.raises(StoreError, match="cannot be reached"):
            store.run(cut_off)
        server.start()
        assert store.run(interviews.load_interview, interview.id) is None
        assert store.run(interviews.load_interview, add(store)) is not None


def add(store: SqlStore) -> str:
    interview = make.interview()
    store.run(interviews.create_interview, interview, [make.exchange(interview)])
    return interview.id
