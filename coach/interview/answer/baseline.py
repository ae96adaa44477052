"""The speaker's own earlier answers: loaded while the person speaks, compared with when the answer is measured."""

import asyncio
from dataclasses import asdict

from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.interview import Attempt, BaselineRow
from coach.delivery.baseline import compare, sentence
from coach.interview.aggregate import InterviewAggregate

EARLIER_MOST = 30
PATIENCE_S = 0.05
"""What a comparison may hold up an answer whose history was not loaded in time; then there is none."""


def compared_with(attempt: Attempt, earlier: list[DeliveryMetrics]) -> Attempt:
    """`attempt` with its delivery against the medians of `earlier`; as it is where nothing of it was measured."""
    if attempt.delivery is None or not attempt.delivery.speech_s:
        return attempt
    found = compare(attempt.delivery, earlier)
    return attempt.noting(baseline=[BaselineRow(**asdict(row), sentence=sentence(row)) for row in found])


class Baseline:
    """History per attempt of one interview."""

    def __init__(self, session: InterviewAggregate) -> None:
        """The conductor's session."""
        self._s = session
        self._loading: dict[str, asyncio.Task[list[DeliveryMetrics]]] = {}

    def load(self, attempt_id: str) -> None:
        """Begins to load what is known before this attempt, beside everything else."""
        if attempt_id not in self._loading:
            self._loading[attempt_id] = asyncio.get_running_loop().create_task(self._earlier(attempt_id))

    async def _earlier(self, attempt_id: str) -> list[DeliveryMetrics]:
        user_id, transcriber = self._s.board.interview.user_id, self._s.parts.transcriber.name
        return await self._s.parts.store.earlier_deliveries(
            user_id, transcriber=transcriber, but=attempt_id, limit=EARLIER_MOST
        )

    async def compared(self, attempt: Attempt) -> Attempt:
        """`attempt` with its delivery against the speaker's own medians."""
        self.load(attempt.id)
        loading = self._loading[attempt.id]
        done, _ = await asyncio.wait([loading], timeout=PATIENCE_S)
        return attempt if not done or loading.exception() else compared_with(attempt, loading.result())

    async def close(self) -> None:
        """Leaves no task running."""
        for task in self._loading.values():
            task.cancel()
        await asyncio.gather(*self._loading.values(), return_exceptions=True)
        self._loading.clear()
