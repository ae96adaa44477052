"""Rows sealed, or opened again, where encryption was turned on or off after they were written.

Batch by batch, each in its own transaction, only what is not as it shall be: killed in between, it is repeated.
"""

from collections.abc import Callable

import sqlalchemy as sa

from coach.errors import NotFoundError, StoreError
from coach.store.engine import neighbour
from coach.store.fleet import leases
from coach.store.maintenance.removal import delete_rows
from coach.store.maintenance.transfer import in_order
from coach.store.repositories import people
from coach.store.repositories.owners import owner_of, sealed_for
from coach.store.repositories.samples import PREFIX
from coach.store.sqlstore import SqlStore
from coach.store.tables.core import mock_interview_attempts, mock_interview_exchanges, mock_interviews, users
from coach.store.tables.private import private_columns
from coach.vault import ambient
from coach.vault.keyring import Keyring, is_sealed, sealed_by

BATCH = 200
_BELONGS = ("user_id", "interview_id", "attempt_id", "item_id", "is_sample")


def is_served(store: SqlStore) -> bool:
    """Whether another process serves this database at the moment: one with a door, or a line on the server."""
    if store.database.path is not None:
        return neighbour.somebody_at(store.database.path)
    return bool(store.run(leases.living))


def turn(store: SqlStore, *, sealed: bool, tell: Callable[[str], None] = lambda _: None) -> int:
    """Makes every private text of every row sealed or plain; returns how many rows changed.

    Raises:
        StoreError: a server that holds the database runs without the keys.
    """
    changed = 0
    for table in in_order():
        if not private_columns(table):
            continue
        tell(table.name)
        after: str | None = ""
        while after is not None:
            after, count = store.run(_turn_batch, table.name, after, sealed=sealed)
            changed += count
    return changed


def _turn_batch(connection: sa.Connection, name: str, after: str, *, sealed: bool) -> tuple[str | None, int]:
    """One batch of rows behind `after`; the last id (None at the end) and how many changed."""
    table = next(t for t in in_order() if t.name == name)
    _require_keys()
    key, private = next(iter(table.primary_key)), private_columns(table)
    belongs = [table.c[c] for c in _BELONGS if c in table.c]
    query = sa.select(key, *belongs, *private).where(key > after).order_by(key).limit(BATCH)
    with ambient.in_force(None):
        rows = [dict(row) for row in connection.execute(query).mappings()]
    changed = 0
    for row in rows:
        raw = {c.name: row[c.name] for c in private if row[c.name]}
        wrong = {c: value for c, value in raw.items() if (isinstance(value, str) and is_sealed(value)) != sealed}
        if wrong:
            _rewrite(connection, table, row, wrong, sealed=sealed)
            changed += 1
    return (rows[-1][key.name] if len(rows) == BATCH else None), changed


def _rewrite(
    connection: sa.Connection, table: sa.Table, row: dict[str, object], wrong: dict[str, object], *, sealed: bool
) -> None:
    key = next(iter(table.primary_key))
    change = sa.update(table).where(key == row[key.name])
    if sealed:
        with sealed_for(connection, row):
            connection.execute(change.values(wrong))
        return
    plain = (
        connection.execute(sa.select(*(table.c[name] for name in wrong)).where(key == row[key.name])).mappings().one()
    )
    with ambient.in_force(None):
        connection.execute(change.values(dict(plain)))


def owner_of_recording(connection: sa.Connection, attempt_id: str) -> str:
    """Whose a recording is; the house's where no row knows it."""
    return owner_of(connection, {"attempt_id": attempt_id})


def is_recorded(connection: sa.Connection, attempt_id: str) -> bool:
    """Whether the attempt is there and its recording was not deleted."""
    a = mock_interview_attempts.c
    return (
        connection.execute(sa.select(a.id).where(a.id == attempt_id, a.audio_deleted_at.is_(None))).first() is not None
    )


def owner_of_session(connection: sa.Connection, interview_id: str) -> str:
    """Whose a session is; the house's where no row knows it."""
    return owner_of(connection, {"interview_id": interview_id})


def plain_tables(connection: sa.Connection) -> list[str]:
    """Tables in which something lies unsealed that would be sealed today."""
    found = []
    for table in in_order():
        plain = [_is_plain(column) for column in private_columns(table)]
        if (
            plain
            and connection.execute(sa.select(sa.literal(1)).select_from(table).where(sa.or_(*plain)).limit(1)).first()
        ):
            found.append(table.name)
    return found


def _is_plain(column: sa.Column[object]) -> sa.ColumnElement[bool]:
    shown = sa.cast(column, sa.Text())
    empty = shown.in_(["", "[]", "{}", "null", '""'])
    return sa.and_(column.is_not(None), sa.not_(empty), sa.not_(sa.func.ltrim(shown, '"').startswith("jf1.")))


def forget_destroyed(store: SqlStore) -> list[str]:
    """After a copy was taken back: people whose key was destroyed since go from it; returns their ids.

    Of somebody who came back under the same id afterwards, and has a key again, what was sealed before goes.
    """
    gone = store.run(_destroyed)
    for user_id in gone:
        store.run(_forget, user_id)
    back = store.run(_forget_earlier_lives)
    if gone or back:
        store.forget_leftovers()
    return [*gone, *back]


def _forget_earlier_lives(connection: sa.Connection) -> list[str]:
    """Deletes sessions and material in which something was sealed with a key that was destroyed; whose they were."""
    keys = ambient.ring()
    if keys is None:
        return []
    sessions: set[str] = set()
    whose: set[str] = set()
    for table in (mock_interview_exchanges, mock_interview_attempts, mock_interviews):
        sessions |= _under_dead_keys(connection, keys, table, "interview_id" if table is not mock_interviews else "id")
    for interview_id in sorted(sessions):
        owner = connection.execute(sa.select(mock_interviews.c.user_id).where(mock_interviews.c.id == interview_id))
        whose |= {str(user_id) for user_id in owner.scalars()}
        delete_rows(connection, interview_id, noted=False)
    for table in people.MATERIAL:
        dead = table.c.id.in_(_under_dead_keys(connection, keys, table, "id"))
        whose |= set(connection.execute(sa.select(table.c.user_id).where(dead)).scalars())
        connection.execute(sa.delete(table).where(dead))
    return sorted(whose)


def _under_dead_keys(connection: sa.Connection, keys: Keyring, table: sa.Table, column: str) -> set[str]:
    """Values of `column` in rows that hold something sealed with a key there is none of any more."""
    private = private_columns(table)
    with ambient.in_force(None):
        rows = connection.execute(sa.select(table.c[column].label("of"), *private)).mappings()
        named = [(row["of"], {sealed_by(v) for v in row.values() if isinstance(v, str)} - {None}) for row in rows]
    dead = {name for _, names in named for name in names if name and keys.find(name) is None}
    return {str(of) for of, names in named if names & dead}


def _destroyed(connection: sa.Connection) -> list[str]:
    keys = ambient.ring()
    if keys is None:
        return []
    known = connection.execute(sa.select(users.c.id)).scalars().all()
    return [u for u in known if not u.startswith(PREFIX) and not keys.has_key(u) and _has_sealed(connection, u)]


def _has_sealed(connection: sa.Connection, user_id: str) -> bool:
    """Whether something of a person was sealed, with a key there is none of any more."""
    try:
        attempts = people.attempts_of(connection, people.sessions_of(connection, user_id))
    except NotFoundError:
        return False
    with ambient.in_force(None):
        rows = people.rows_of(connection, user_id)
        a = mock_interview_attempts.c
        said = connection.execute(sa.select(a.transcript).where(a.id.in_(attempts))).scalars()
        texts = [value for table in people.MATERIAL for row in rows[table.name] for value in row.values()]
        return any(isinstance(text, str) and is_sealed(text) for text in (*texts, *said))


def _forget(connection: sa.Connection, user_id: str) -> None:
    for interview_id in people.sessions_of(connection, user_id):
        delete_rows(connection, interview_id, noted=False)
    people.forget(connection, user_id)


def _require_keys() -> None:
    if ambient.ring() is None:
        raise StoreError(
            "The database is held by a process that runs without COACH_ENCRYPTION_KEY.",
            mend="Stop the server, set the key for it too, then repeat this.",
        )
