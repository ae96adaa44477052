"""The second wall, on PostgreSQL: the same rules as row-level security, which no statement gets around.

A transaction on behalf of a person runs as the role `jobfoxy_person`, which owns nothing and is bound by policies; one
that reaches figures only as `jobfoxy_figures`, which has no right to the columns of words. Who
asks and how far stands in settings of this transaction alone (SET LOCAL), so pooled connections carry nothing over.
The program's own transactions run as the tables' owner, whom policies do not bind. What the policies look up of
consent and membership they look up through functions that run as the owner (SECURITY DEFINER).

https://www.postgresql.org/docs/current/ddl-rowsecurity.html
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from coach.contracts.asking import asking
from coach.contracts.people import FIGURES_ONLY, Asker, Reach
from coach.errors import StoreError
from coach.store.scoping.rules import RULES, Condition, Ids, Who, people_reached, places_reached, readable, writable
from coach.store.tables.columns import metadata
from coach.store.tables.private import private_columns

ROLE, FIGURES_ROLE = "jobfoxy_person", "jobfoxy_figures"
PEOPLE, PLACES = "jobfoxy_people", "jobfoxy_places"
LOCK = 7_350_061
"""Advisory lock: one process builds the wall at a time."""
_ME = "current_setting('jobfoxy.person', true)"
_REACH = "current_setting('jobfoxy.reach', true)"


def restrict(connection: sa.Connection, who: Asker | None) -> None:
    """Binds the present transaction to what a person reaches; nothing to do for the program itself or on DuckDB.

    Raises:
        StoreError: the database has no such role for this account.
    """
    if who is None or connection.dialect.name != "postgresql":
        return
    said = "SELECT set_config('jobfoxy.person', :person, true), set_config('jobfoxy.reach', :reach, true)"
    with asking(None):
        connection.execute(sa.text(said), {"person": who.person_id or "-", "reach": who.reach.value})
        role = FIGURES_ROLE if who.reach in FIGURES_ONLY else ROLE
        try:
            connection.execute(sa.text(f"SET LOCAL ROLE {role}"))
        except sa.exc.DBAPIError as error:
            raise StoreError(
                f"The database has no role {role} for this account, so nothing is shown to anybody who signs in.",
                mend=f"Have its administrator run: CREATE ROLE {role} NOLOGIN; GRANT {role} TO the account; "
                "then `python -m coach db upgrade`.",
            ) from error


@contextmanager
def begun(engine: sa.Engine, who: Asker | None) -> Iterator[sa.Connection]:
    """A transaction in which everything is asked by `who`, and that is bound to it."""
    with engine.begin() as connection:
        restrict(connection, who)
        with asking(who):
            yield connection


def raise_wall(connection: sa.Connection) -> None:
    """Builds roles, functions and policies where they are not those of these rules; looked at at every start.

    Where a role cannot be made, nothing is built. Then the product goes on for one owner, and `restrict` says what is
    missing when somebody signs in.
    """
    if connection.dialect.name != "postgresql":
        return
    with asking(None):
        if _stands(connection):
            return
        connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        if _stands(connection) or not all([_has_role(connection, role) for role in (ROLE, FIGURES_ROLE)]):
            return
        for statement in statements():
            connection.execute(sa.text(statement))
        connection.execute(sa.text(f"COMMENT ON FUNCTION {PEOPLE}() IS '{fingerprint()}'"))


def _stands(connection: sa.Connection) -> bool:
    """Whether the wall there is was built from the same rules, for roles that have what they were given."""
    noted = sa.text(
        "SELECT obj_description(to_regprocedure(:function), 'pg_proc') FROM pg_roles "
        "WHERE rolname IN (:role, :figures) AND has_any_column_privilege(oid, to_regclass('users'), 'SELECT')"
    )
    asked = {"function": f"{PEOPLE}()", "role": ROLE, "figures": FIGURES_ROLE}
    found = connection.execute(noted, asked).scalars().all()
    return len(found) == 2 and {*found} == {fingerprint()}


@cache
def fingerprint() -> str:
    """SHA-256 of everything that makes the wall: noted beside it, so that other rules are noticed."""
    return hashlib.sha256("\n".join(statements()).encode()).hexdigest()


def _has_role(connection: sa.Connection, role: str) -> bool:
    """Makes the role and lets this account become it; False where the account may not."""
    there = connection.execute(sa.text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": role}).first()
    try:
        with connection.begin_nested():
            if not there:
                connection.execute(sa.text(f"CREATE ROLE {role} NOLOGIN"))
            connection.execute(sa.text(f"GRANT {role} TO CURRENT_USER"))
    except sa.exc.DBAPIError:
        member = sa.text("SELECT pg_has_role(current_user, :name, 'MEMBER')")
        return bool(there) and bool(connection.execute(member, {"name": role}).scalar())
    return True


def statements() -> list[str]:
    """Everything that makes the wall, in order; each may be run again."""
    made = [f"GRANT USAGE ON SCHEMA public TO {ROLE}, {FIGURES_ROLE}"]
    made += [_function(PEOPLE, people_reached), _function(PLACES, places_reached)]
    for name in RULES:
        table = metadata.tables[name]
        made += [
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {ROLE}",
            f"REVOKE ALL ON {name} FROM {FIGURES_ROLE}",
            f"GRANT SELECT ({_figures(table)}), INSERT, UPDATE, DELETE ON {name} TO {FIGURES_ROLE}",
            f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
            *_policies(table),
        ]
    return made


def _figures(table: sa.Table) -> str:
    closed = {column.name for column in private_columns(table)}
    return ", ".join(f'"{column.name}"' for column in table.columns if column.name not in closed)


def _policies(table: sa.Table) -> list[str]:
    read, write = _by_reach(table, writing=False), _by_reach(table, writing=True)
    name = table.name
    roles = f"{ROLE}, {FIGURES_ROLE}"
    parts = {
        "read": f"FOR SELECT TO {roles} USING ({read})",
        "change": f"FOR UPDATE TO {roles} USING ({write}) WITH CHECK ({write})",
        "delete": f"FOR DELETE TO {roles} USING ({write})",
        "new": f"FOR INSERT TO {roles} WITH CHECK ({'true' if RULES[name].kind == 'office' else write})",
    }
    made = []
    for part, rule in parts.items():
        made += [f"DROP POLICY IF EXISTS jobfoxy_{part} ON {name}", f"CREATE POLICY jobfoxy_{part} ON {name} {rule}"]
    return made


def _by_reach(table: sa.Table, *, writing: bool) -> str:
    """The rule with the functions in the place of the look-ups; reaches with the same rule share it."""
    of = writable if writing else readable
    found: dict[str, list[str]] = {}
    for reach in Reach:
        found.setdefault(_text(of(table, _who(reach))), []).append(reach.value)
    if [*found] == ["true"]:
        return f"{_ME} <> ''"
    return " OR ".join(
        f"({_REACH} IN ({', '.join(repr(reach) for reach in reaches)}) AND ({rule}))" for rule, reaches in found.items()
    )


def _who(reach: Reach) -> Who:
    me: sa.ColumnElement[str] = sa.literal_column(_ME, sa.String(64))
    return Who(me, reach, looked_up(PEOPLE), looked_up(PLACES))


def looked_up(function: str) -> Ids:
    """The ids that a function of the wall gives."""
    return sa.select(sa.literal_column(f"{function}()", sa.String(64)))


def _text(condition: Condition | None) -> str:
    return "true" if condition is None else _sql(condition)


def _function(name: str, of: object) -> str:
    """A function that gives the ids reached by whoever this transaction is for; runs as the tables' owner."""
    assert callable(of)
    me: sa.ColumnElement[str] = sa.literal_column(_ME, sa.String(64))
    parts = [f"SELECT * FROM ({_sql(of(reach, me))}) AS reached WHERE {_REACH} = '{reach.value}'" for reach in Reach]
    body = " UNION ".join(parts)
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS SETOF varchar LANGUAGE sql STABLE SECURITY DEFINER "
        f"SET search_path = public, pg_temp AS $wall$ {body} $wall$"
    )


def _sql(what: sa.ClauseElement) -> str:
    dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
    return str(what.compile(dialect=dialect, compile_kwargs={"literal_binds": True})).replace(":", "\\:")
