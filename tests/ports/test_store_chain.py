"""The chain of production, `Spooled(Metered(Sql))`, while somebody else has the file, and what the ledger has after."""

from decimal import Decimal
from pathlib import Path

from coach.contracts.interview import AttemptStatus
from coach.economics.metering import MeteredStore
from coach.interview.store_and_forward import SPOOL, SpooledStore
from coach.store.repositories import ledger
from tests.fakes import records as make
from tests.fakes.holder import holder


async def test_what_waited_is_metered_once_when_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "coach.duckdb"
    metered = MeteredStore(f"duckdb:///{file}", lock_wait_s=0.1)
    chain = SpooledStore(metered, tmp_path / SPOOL)
    interview = make.interview()
    exchange = make.exchange(interview)
    begun = make.attempt(exchange, status=AttemptStatus.RECORDING)
    await chain.create_interview(interview, [exchange])
    await chain.add_attempt(begun)
    metered.close()
    done = make.evaluated(exchange, id=begun.id)
    use = make.usage(done, cost_usd=None, user_id=None)

    metered = MeteredStore(f"duckdb:///{file}", lock_wait_s=0.1)
    chain = SpooledStore(metered, tmp_path / SPOOL)
    with holder(str(file), "raw"):
        assert await chain.keep_and_claim(begun.model_copy(update={"status": AttemptStatus.CAPTURED}), owner="o")
        await chain.complete_attempt(done, exchange, [use])
        await chain.add_usage([use])
        assert chain.waiting
    await chain.recover()
    assert not chain.waiting
    assert await chain.find_attempt(begun.id) == done
    assert not await chain.claim_evaluation(begun.id, owner="late")
    events = await metered.arun(ledger.usage_events)
    assert sorted(event.meter for event in events) == ["answer.evaluated", "interview.used", use.meter]
    (vendors,) = (event for event in events if event.vendor == "deepgram")
    assert vendors.cost_usd == Decimal("0.000930417")
    assert vendors.user_id == interview.user_id
    await chain.close()
    await metered.aclose()
