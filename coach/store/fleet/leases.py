"""Which process has which interview: plain functions on a PostgreSQL connection, each called inside one transaction.

A process lives while it holds its advisory lock (the server drops it with the connection, so a killed process is known
to be dead at once) and has been seen lately by the server's own clock (one that hangs keeps its lock, and is passed
over after `EXPIRES_S`). The lock stands in the two-number space, `CLASS` and the process's number.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from coach.contracts.interview import AttemptStatus
from coach.errors import TakenOverError
from coach.store.tables.core import evaluation_claims, mock_interview_attempts
from coach.store.tables.fleet import interview_leases, service_processes

CLASS = 0x4A46
"""First number of the locks that say a process lives; `JF` in ASCII."""
DEAD_AFTER_S = 5.0
"""A process without its lock, unseen for so long, is taken out: one that only lost its connection is back by then."""
EXPIRES_S = 15.0
"""A process that was not seen for so long has lost its interviews, whether it still has its lock or not."""

_LIVING = sa.text(
    """
    SELECT owner FROM service_processes
    WHERE seen_at > now() - make_interval(secs => :expires_s) AND number IN (
        SELECT objid::bigint FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND classid = :class AND objsubid = 2
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
    """
)


@dataclass(frozen=True, slots=True)
class Buried:
    """Processes found dead, and those of their interviews in which an answer waits to be judged."""

    owners: tuple[str, ...] = ()
    interviews: tuple[str, ...] = ()


def number_of(name: str) -> int:
    """A lock's second number: 31 bits of a name."""
    return zlib.crc32(name.encode()) & 0x7FFFFFFF


def living(connection: sa.Connection) -> set[str]:
    """The processes that are there."""
    return set(connection.execute(_LIVING, {"class": CLASS, "expires_s": EXPIRES_S}).scalars())


def take(connection: sa.Connection, interview_id: str, owner: str, *, from_dead: bool = True) -> bool:
    """Gives the interview to `owner` where it is free, or with a process that is dead; whether it is `owner`'s now.

    Without `from_dead` only a free one: whose line was cut a moment ago looks like the dead. A process that was judging
    an answer of it and only lost its connection may come back until `DEAD_AFTER_S`: what is judged twice is paid for
    twice.
    """
    table = interview_leases
    row = {"interview_id": interview_id, "owner": owner, "taken_at": sa.func.now()}
    free = insert(table).values(row).on_conflict_do_nothing().returning(table.c.owner)
    if connection.execute(free).first() is not None:
        return True
    held = sa.select(table.c.owner).where(table.c.interview_id == interview_id).with_for_update()
    holder = connection.execute(held).scalar()
    if holder == owner:
        return True
    if not from_dead or holder is None or holder in living(connection):
        return False
    theirs = evaluation_claims.c.attempt_id.in_(_attempts_of(interview_id))
    if connection.execute(_judged_by_one_just_seen(holder).where(theirs)).first() is not None:
        return False
    change = sa.update(table).where(table.c.interview_id == interview_id)
    connection.execute(change.values(owner=owner, taken_at=sa.func.now()))
    _free_claims(connection, [holder], theirs)
    return True


def require(connection: sa.Connection, interview_id: str, owner: str) -> None:
    """No living process but `owner` has the interview, until this transaction is over.

    What a process spooled before it died is written by its successor, under another name, while the lease is still the
    dead one's.

    Raises:
        TakenOverError: another process has it.
    """
    c = interview_leases.c
    row = sa.select(c.owner).where(c.interview_id == interview_id).with_for_update(read=True)
    holder = connection.execute(row).scalar()
    if holder not in (None, owner) and holder in living(connection):
        raise TakenOverError("This interview goes on in another process.", mend="Reload the page.")


def _attempts_of(interview_id: str) -> sa.Select[tuple[str]]:
    c = mock_interview_attempts.c
    return sa.select(c.id).where(c.interview_id == interview_id)


def _judged_by_one_just_seen(owner: str) -> sa.Select[tuple[str]]:
    claims, seen = evaluation_claims.c, service_processes.c
    lately = seen.seen_at >= sa.func.now() - timedelta(seconds=DEAD_AFTER_S)
    joined = sa.select(claims.attempt_id).join_from(evaluation_claims, service_processes, seen.owner == claims.owner)
    return joined.where(claims.owner == owner, lately)


def give_back(connection: sa.Connection, owner: str, interview_ids: Sequence[str]) -> None:
    """These interviews are nobody's again, where they are `owner`'s."""
    c = interview_leases.c
    connection.execute(sa.delete(interview_leases).where(c.owner == owner, c.interview_id.in_(interview_ids)))


def held(connection: sa.Connection, owner: str) -> set[str]:
    """The interviews of `owner`."""
    c = interview_leases.c
    return set(connection.execute(sa.select(c.interview_id).where(c.owner == owner)).scalars())


def with_a_living(connection: sa.Connection, interview_id: str) -> bool:
    """Whether some living process has the interview."""
    c = interview_leases.c
    holder = connection.execute(sa.select(c.owner).where(c.interview_id == interview_id)).scalar()
    return holder is not None and holder in living(connection)


def leave(connection: sa.Connection, owner: str) -> None:
    """The process ends in good order: its interviews are free at once, what it was judging waits to be judged again."""
    _free_claims(connection, [owner])
    connection.execute(sa.delete(interview_leases).where(interview_leases.c.owner == owner))
    connection.execute(sa.delete(service_processes).where(service_processes.c.owner == owner))


def bury(connection: sa.Connection) -> Buried:
    """Takes dead processes out: their interviews and claims are free, half-judged answers wait to be judged again.

    Of several that bury at once exactly one gets each dead process.
    """
    table, leases = service_processes, interview_leases
    unseen = table.c.seen_at < sa.func.now() - timedelta(seconds=DEAD_AFTER_S)
    dead = sa.select(table.c.owner).where(table.c.owner.not_in(living(connection)), unseen)
    owners = tuple(connection.execute(dead.with_for_update(skip_locked=True)).scalars())
    if not owners:
        return Buried()
    freed = sa.delete(leases).where(leases.c.owner.in_(owners)).returning(leases.c.interview_id)
    theirs = [*connection.execute(freed).scalars()]
    _free_claims(connection, owners)
    connection.execute(sa.delete(table).where(table.c.owner.in_(owners)))
    return Buried(owners, _waiting(connection, theirs))


def _free_claims(connection: sa.Connection, owners: Sequence[str], *which: sa.ColumnElement[bool]) -> None:
    """Releases what dead processes were judging: it waits to be judged again."""
    claims, attempts = evaluation_claims, mock_interview_attempts
    gone = sa.delete(claims).where(claims.c.owner.in_(owners), *which).returning(claims.c.attempt_id)
    ids = [*connection.execute(gone).scalars()]
    evaluating = attempts.c.status == AttemptStatus.EVALUATING.value
    change = sa.update(attempts).where(attempts.c.id.in_(ids), evaluating)
    connection.execute(change.values(status=AttemptStatus.CAPTURED.value))


def _waiting(connection: sa.Connection, interview_ids: Sequence[str]) -> tuple[str, ...]:
    c = mock_interview_attempts.c
    captured = c.status == AttemptStatus.CAPTURED.value
    query = sa.select(c.interview_id).where(c.interview_id.in_(interview_ids), captured).distinct()
    return tuple(sorted(connection.execute(query).scalars()))
