"""Facts the database would not take right now: kept on disk in order, and written as soon as it does.

`SpooledStore` stands before any `InterviewStore`. While the database is held by another process or its disk is full,
writes go to one append-only file beside the recordings (forced to disk before the call returns), so that an interview
goes on; they are replayed in order every few seconds and at the next start. Reads are never answered from here.
"""

import asyncio
import contextlib
import json
import logging
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.interview import Attempt, AttemptStatus, Exchange, Interview, InterviewSnapshot, PlannedQuestion
from coach.contracts.usage import UsageEvent
from coach.errors import (
    CoachError,
    ConflictError,
    NotFoundError,
    StoreBusyError,
    StoreError,
    StoreVersionError,
    TakenOverError,
)
from coach.interview import spool_file
from coach.interview.ports import InterviewStore
from coach.interview.recent import Recent
from coach.vault.files import opened_line, sealed_line
from coach.vault.keyring import HOUSE, BrokenSealError

log = logging.getLogger(__name__)
REPLAY_EVERY_S = 2.0
LOOK_AGAIN_S = 30.0
"""How often is looked whether an interview that another process has is free."""
SPOOL = "facts.jsonl"
LOCK_WAIT_S = 10.0
LOCK_POLL_S = 0.05
MOST_REMEMBERED = 10_000
"""Interviews whose person is known here; a fact of another is sealed for the house."""

_USAGE = TypeAdapter(list[UsageEvent])
_SHAPES: dict[str, tuple[TypeAdapter[Any], ...]] = {
    "update_interview": (TypeAdapter(Interview),),
    "add_exchange": (TypeAdapter(Exchange),),
    "update_exchange": (TypeAdapter(Exchange),),
    "add_attempt": (TypeAdapter(Attempt),),
    "update_attempt": (TypeAdapter(Attempt),),
    "complete_attempt": (TypeAdapter(Attempt), TypeAdapter(Exchange), _USAGE),
    "add_usage": (_USAGE,),
    "revoke_token": (TypeAdapter(str),),
    "keep_apart": (TypeAdapter(Attempt), TypeAdapter(Exchange | None)),
}
WRITTEN = ""
"""What is left of a line that needs nothing more."""


class SpooledStore:
    """An `InterviewStore` that outlives a database that is busy or full."""

    def __init__(self, store: InterviewStore, path: Path, trouble: Callable[[bool], None] = lambda _: None) -> None:
        """`path` is the spool file; `trouble(True)` tells that writes are waiting, `trouble(False)` that none are."""
        self._store = store
        self._path = path
        self._trouble = trouble
        self._lock = asyncio.Lock()
        self._waiting = path.exists()
        self._apart = False
        self._task: asyncio.Task[None] | None = None
        self._people: Recent[str, str] = Recent(MOST_REMEMBERED)
        """Whose the interviews are that went through here: what waits on disk is sealed for them."""

    @property
    def waiting(self) -> bool:
        """Whether facts wait to be written."""
        return self._waiting

    async def recover(self) -> None:
        """Replays what an earlier process left; goes on trying when the database still refuses."""
        async with self._lock:
            await self._replay()
        self._go_on_trying()

    async def close(self) -> None:
        """One last try; what remains waits on disk for the next start."""
        if self._task:
            self._task.cancel()
        async with self._lock:
            await self._replay()

    async def _write(self, name: str, *facts: object) -> None:
        async with self._lock:
            if self._waiting:
                await self._replay()
            if not self._waiting:
                try:
                    await getattr(self._store, name)(*facts)
                    return
                except StoreError as error:
                    if isinstance(error, TakenOverError):
                        await self._meter(facts)
                    if not _passing(error):
                        raise
            await asyncio.to_thread(self._keep, name, facts)
            if not self._waiting:
                self._waiting = True
                self._trouble(True)
        self._go_on_trying()

    def _line(self, name: str, facts: Sequence[Any]) -> str:
        values = [shape.dump_python(fact, mode="json") for shape, fact in zip(_SHAPES[name], facts, strict=True)]
        return sealed_line(self._path, json.dumps({"write": name, "facts": values}), self._person(facts))

    def _keep(self, name: str, facts: Sequence[Any]) -> None:
        line = self._line(name, facts)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with spool_file.locked(self._path, LOCK_WAIT_S):
                spool_file.append(self._path, line)
        except OSError as error:
            raise StoreError("Neither database nor disk takes anything more.", mend="Free some disk space.") from error

    def _person(self, facts: Sequence[object]) -> str:
        known = (self._people.used(getattr(fact, "interview_id", getattr(fact, "id", ""))) for fact in facts)
        return next((person for person in known if person), HOUSE)

    async def _replay(self) -> None:
        """Writes what waits, in order; stops at the first the database still refuses. One process at a time."""
        if not (self._waiting or self._apart):
            return
        waited = self._waiting
        try:
            with contextlib.ExitStack() as stack:
                await asyncio.to_thread(stack.enter_context, spool_file.locked(self._path, 0.0))
                self._waiting = await self._write_again()
        except TimeoutError:
            return  # another process is writing them
        except OSError as error:
            log.warning("the spool cannot be written anew (%s); trying again", error.strerror)
        if waited and not self._waiting:
            self._trouble(False)

    async def _write_again(self) -> bool:
        """Whether the database refuses; a full disk is not asked to take again what it holds."""
        lines, left, refused = await asyncio.to_thread(spool_file.lines, self._path), list[str](), False
        for at, line in enumerate(lines):
            rest = await self._again(line)
            if rest is None:
                left, refused = [*left, *lines[at:]], True
                break
            left += [rest] if rest else []
        if left != lines or not lines:
            await asyncio.to_thread(spool_file.keep_rest, self._path, left)
        self._apart = bool(left) and not refused
        return refused

    async def _again(self, line: str) -> str | None:
        """What is left of a line: `WRITTEN` also where it never can be, what waits for others, None: refused."""
        try:
            raw = json.loads(opened_line(self._path, line))
            shapes = _SHAPES[raw["write"]]
            facts = [shape.validate_python(value) for shape, value in zip(shapes, raw["facts"], strict=True)]
        except (ValueError, KeyError, BrokenSealError):
            log.warning("a torn line of the spool was left out")
            return WRITTEN
        try:
            kept = await getattr(self._store, raw["write"])(*facts)
            return line if kept is False else WRITTEN
        except TakenOverError:
            return await self._set_apart(facts) if await self._meter(facts) else None
        except StoreError as error:
            if _passing(error):
                return None
            log.warning("a spooled fact was refused for good: %s", error.code)
        return WRITTEN

    async def _meter(self, facts: Sequence[object]) -> bool:
        """What was used of vendors was used, whoever has the interview; False: the database would not take it."""
        used = [event for fact in facts if isinstance(fact, list) for event in fact]
        try:
            if used:
                await self._store.add_usage(used)
        except StoreError as error:
            return not _passing(error)
        return True

    async def _set_apart(self, facts: Sequence[object]) -> str | None:
        """The line that an answer with words waits in; `WRITTEN` where there are none, None: the database refuses."""
        attempt = next((fact for fact in facts if isinstance(fact, Attempt)), None)
        if attempt is None or attempt.transcript is None or attempt.status == AttemptStatus.DISCARDED:
            return WRITTEN
        if self._people.used(attempt.interview_id) is None:  # left by an earlier process
            try:
                found = await self._store.load_interview(attempt.interview_id)
            except StoreError:
                return None
            self._people[attempt.interview_id] = found.interview.user_id if found else HOUSE
        log.warning("an answer was kept of an interview that another process has; it is stored when that is over")
        return self._line("keep_apart", (attempt, next((fact for fact in facts if isinstance(fact, Exchange)), None)))

    def _go_on_trying(self) -> None:
        if (self._waiting or self._apart) and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._try_on())

    async def _try_on(self) -> None:
        while self._waiting or self._apart:
            await asyncio.sleep(REPLAY_EVERY_S if self._waiting else LOOK_AGAIN_S)
            try:
                async with self._lock:
                    await self._replay()
            except CoachError:
                log.warning("the spool could not be replayed; trying again")

    # -- the port ----------------------------------------------------------------------------------------------------

    async def create_interview(self, interview: Interview, exchanges: Sequence[Exchange]) -> None:
        """Never spooled: what cannot be begun is not begun."""
        self._people[interview.id] = interview.user_id
        await self._store.create_interview(interview, exchanges)

    async def load_interview(self, interview_id: str) -> InterviewSnapshot | None:
        """After what waits was written: a stale answer would undo facts."""
        async with self._lock:
            await self._replay()
            if self._waiting:
                raise StoreBusyError("The database is busy.", mend="Try again in a moment.")
        found = await self._store.load_interview(interview_id)
        if found is not None:
            self._people[interview_id] = found.interview.user_id
        return found

    async def find_attempt(self, attempt_id: str) -> Attempt | None:
        """From the database."""
        return await self._store.find_attempt(attempt_id)

    async def update_interview(self, interview: Interview) -> None:
        """See the port."""
        await self._write("update_interview", interview)

    async def add_exchange(self, exchange: Exchange) -> None:
        """See the port."""
        await self._write("add_exchange", exchange)

    async def update_exchange(self, exchange: Exchange) -> None:
        """See the port."""
        await self._write("update_exchange", exchange)

    async def add_attempt(self, attempt: Attempt) -> None:
        """See the port."""
        await self._write("add_attempt", attempt)

    async def update_attempt(self, attempt: Attempt) -> None:
        """See the port."""
        await self._write("update_attempt", attempt)

    async def claim_evaluation(self, attempt_id: str, *, owner: str) -> bool:
        """While writes wait, this process alone knows the attempt, so the claim is its own."""
        if self._waiting:
            return True
        try:
            return await self._store.claim_evaluation(attempt_id, owner=owner)
        except StoreBusyError:
            return True

    async def keep_and_claim(self, attempt: Attempt, *, owner: str) -> bool:
        """While writes wait, this process alone knows the attempt: it is spooled, and the claim is its own."""
        if not self._waiting:
            try:
                return await self._store.keep_and_claim(attempt, owner=owner)
            except StoreError as error:
                if not _passing(error):
                    raise
        await self._write("update_attempt", attempt)
        return await self.claim_evaluation(attempt.id, owner=owner)

    async def complete_attempt(self, attempt: Attempt, exchange: Exchange, usage: Sequence[UsageEvent]) -> None:
        """See the port."""
        await self._write("complete_attempt", attempt, exchange, list(usage))

    async def keep_apart(self, attempt: Attempt, exchange: Exchange | None) -> bool:
        """From the spool to the database."""
        return await self._store.keep_apart(attempt, exchange)

    async def add_usage(self, usage: Sequence[UsageEvent]) -> None:
        """See the port."""
        if usage:
            await self._write("add_usage", list(usage))

    async def unfinished_attempts(self) -> list[Attempt]:
        """From the database."""
        return await self._store.unfinished_attempts()

    async def store_token(self, interview_id: str, token_hash: str, expires_at: float) -> None:
        """Never spooled: a token that is not stored opens nothing."""
        await self._store.store_token(interview_id, token_hash, expires_at)

    async def existing(self, interview_ids: Sequence[str]) -> list[str]:
        """See `InterviewStore`."""
        return await self._store.existing(interview_ids)

    async def check_token(self, token_hash: str, now: float, latest: float = math.inf) -> str | None:
        """From the database."""
        return await self._store.check_token(token_hash, now, latest)

    async def revoke_token(self, interview_id: str) -> None:
        """See the port."""
        await self._write("revoke_token", interview_id)

    async def scores_noise(self, bundle: str) -> float | None:
        """From the database; None when it does not answer."""
        try:
            return await self._store.scores_noise(bundle)
        except StoreError:
            return None

    async def asked_questions(self, user_id: str, *, limit: int) -> list[PlannedQuestion]:
        """From the database; none when it does not answer."""
        try:
            return await self._store.asked_questions(user_id, limit=limit)
        except StoreError:
            return []

    async def earlier_deliveries(
        self, user_id: str, *, transcriber: str, but: str, limit: int
    ) -> list[DeliveryMetrics]:
        """From the database; none when it does not answer."""
        try:
            return await self._store.earlier_deliveries(user_id, transcriber=transcriber, but=but, limit=limit)
        except StoreError:
            return []


def _passing(error: StoreError) -> bool:
    """Whether the same write may succeed later: busy or full, not refused."""
    return not isinstance(error, NotFoundError | StoreVersionError | ConflictError)
