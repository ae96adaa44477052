"""One run of the lab from two machines: folders of their own, one PostgreSQL; exactly one of them pays."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from coach.brain.offline.coach import OfflineCoach
from coach.errors import InputError
from coach.lab.runs.variant import Variant
from coach.lab.runs.workspace import Experiment, Workspace
from coach.lab.service import Lab
from coach.store import SqlStore
from tests.unit.test_lab_replay import make_dataset


def machine(folder: Path, store: SqlStore) -> Lab:
    """A lab in a folder of its own."""
    brain = OfflineCoach()
    return Lab(
        workspace=Workspace(folder), store=store, make_brain=lambda *_, **__: brain, price=lambda events: events,
        meter=lambda _: None, default_model="",
    )  # fmt: skip


async def test_two_machines_do_not_pay_for_the_same_run(postgres_url, tmp_path):
    data = make_dataset(3)
    run = Experiment(name="both", dataset=data.content_hash, variants=[Variant(name="A", brain="offline")])
    with SqlStore(postgres_url) as one, SqlStore(postgres_url) as other:
        labs = [machine(tmp_path / name, store) for name, store in (("a", one), ("b", other))]
        for lab in labs:
            data.freeze(lab.workspace.datasets)
        ids = {lab.workspace.prepare(run)[0].id for lab in labs}
        assert len(ids) == 1, "the same run has the same name everywhere"
        told = await asyncio.gather(*(lab.run(run) for lab in labs), return_exceptions=True)
        refused = [one for one in told if isinstance(one, InputError)]
        (done,) = [one for one in told if not isinstance(one, BaseException)]
        assert ["another process" in str(error) for error in refused] == [True]
        assert (done.done, done.spent_usd) == (done.total, Decimal(0))
        again = await next(lab for lab, result in zip(labs, told, strict=True) if result in refused).run(run)
        assert again.run == done.run, "free again afterwards"


def test_one_machine_as_before(tmp_path):
    with SqlStore(f"duckdb:///{tmp_path / 'coach.duckdb'}") as store:
        lab = machine(tmp_path / "a", store)
        with lab._alone("r"), pytest.raises(InputError, match="another process"), lab._alone("r"):
            raise AssertionError("it was let in")
