"""Organisations, roles, invitations and consent on both databases: once, dated, refused clearly, forgotten whole."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from coach.contracts.people import Invitation, Role
from coach.errors import ConflictError, InputError, NotFoundError
from coach.store import SqlStore
from coach.store.repositories import identities, invitations, membership, people
from coach.store.tables.people import access_facts, consents
from coach.store.tables.people import identities as known_as
from coach.store.tables.people import invitations as invited

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


@pytest.fixture
def place(sql_store: SqlStore) -> str:
    """An organisation."""
    return sql_store.run(membership.organisation_named, "  Blue   Fox ", NOW).id


def join(store: SqlStore, place: str, role: Role, person: str, at: datetime = NOW) -> str:
    _, secret = store.run(invitations.invite, place, role, NOW)
    store.run(invitations.accept, secret, person, at, name=person.title(), identity_id=f"identity-{person}")
    return secret


def test_an_invitation_makes_one_member_once(sql_store, place):
    secret = join(sql_store, place, Role.COACH, "carla")
    (member,) = sql_store.run(membership.members, place)
    assert (member["person_id"], member["name"], member["role"]) == ("carla", "Carla", "coach")
    assert member["organisation"] == "Blue Fox"
    with pytest.raises(ConflictError, match="used already"):
        sql_store.run(invitations.accept, secret, "dora", NOW)
    assert len(sql_store.run(membership.members, place)) == 1
    (kept,) = sql_store.run(invitations.invitations_of, place)
    assert (kept.used_by, kept.used_at) == ("carla", NOW)
    stored = sql_store.run(lambda c: c.execute(sa.select(invited)).mappings().one())
    assert secret not in str(dict(stored))


def test_an_invitation_taken_back_in_the_moment_it_is_accepted_makes_nobody_a_member(postgres_url, monkeypatch):
    with SqlStore(postgres_url) as store, SqlStore(postgres_url) as operators:
        place = store.run(membership.organisation_named, "Blue Fox", NOW).id
        made, secret = store.run(invitations.invite, place, Role.COACH, NOW)
        look = invitations.invitation_of

        def looked_and_taken_back(connection: sa.Connection, secret: str, at: datetime) -> tuple[Invitation, str]:
            found = look(connection, secret, at)
            operators.run(invitations.revoke_invitation, made.id, at)
            return found

        monkeypatch.setattr(invitations, "invitation_of", looked_and_taken_back)
        with pytest.raises(ConflictError, match="taken back"):
            store.run(invitations.accept, secret, "ada", NOW)
        assert store.run(membership.members, place) == []


def test_two_operators_who_take_each_others_role_at_once_leave_one(postgres_url):
    with SqlStore(postgres_url) as store, SqlStore(postgres_url) as other, ThreadPoolExecutor(1) as beside:
        place = store.run(membership.organisation_named, "Blue Fox", NOW).id
        for person in ("ada", "bob"):
            join(store, place, Role.OPERATOR, person)
        waits = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")

        def take(connection: sa.Connection) -> Future[None]:
            membership.take_role(connection, "ada", place, Role.OPERATOR, NOW, by="bob")
            second = beside.submit(other.run, membership.take_role, "bob", place, Role.OPERATOR, NOW, by="ada")
            while not second.done() and not connection.execute(waits).scalar():
                pass
            return second

        with pytest.raises(ConflictError, match="only operator"):
            store.run(take).result(10)
        assert [row["person_id"] for row in store.run(membership.members, place)] == ["bob"]


def test_an_organisation_of_the_same_name_is_the_same(sql_store, place):
    assert sql_store.run(membership.organisation_named, "Blue Fox", LATER).id == place
    for name in ("", " ", "x" * 121):
        with pytest.raises(InputError):
            sql_store.run(membership.organisation_named, name, NOW)


@pytest.mark.parametrize(
    ("spoil", "at", "why"), [("expire", NOW + timedelta(days=7), "expired"), ("revoke", NOW, "taken back")]
)
def test_dead_invitations_say_why(sql_store, place, spoil, at, why):
    made, secret = sql_store.run(invitations.invite, place, Role.CANDIDATE, NOW)
    if spoil == "revoke":
        sql_store.run(invitations.revoke_invitation, made.id, NOW)
        with pytest.raises(NotFoundError):
            sql_store.run(invitations.revoke_invitation, made.id, NOW)
    with pytest.raises(ConflictError, match=why):
        sql_store.run(invitations.accept, secret, "carla", at)
    with pytest.raises(NotFoundError):
        sql_store.run(invitations.accept, secret + "x", "carla", NOW)
    assert sql_store.run(membership.members, place) == []


@pytest.mark.parametrize("days", [0, -1, 91])
def test_an_invitation_lives_for_days_not_for_ever(sql_store, place, days):
    with pytest.raises(InputError):
        sql_store.run(invitations.invite, place, Role.COACH, NOW, days=days)


def test_roles_are_given_once_and_the_last_operator_stays(sql_store, place):
    join(sql_store, place, Role.OPERATOR, "olga")
    join(sql_store, place, Role.CANDIDATE, "carl")
    assert sql_store.run(membership.give_role, "carl", place, Role.COACH, NOW)
    assert not sql_store.run(membership.give_role, "carl", place, Role.COACH, NOW)
    assert sql_store.run(membership.roles_of, "carl") == {Role.CANDIDATE, Role.COACH}
    with pytest.raises(ConflictError, match="only operator"):
        sql_store.run(membership.take_role, "olga", place, Role.OPERATOR, NOW)
    sql_store.run(membership.take_role, "carl", place, Role.COACH, NOW)
    with pytest.raises(NotFoundError):
        sql_store.run(membership.take_role, "carl", place, Role.COACH, NOW)
    with pytest.raises(NotFoundError):
        sql_store.run(membership.give_role, "nobody", place, Role.COACH, NOW)
    with pytest.raises(NotFoundError):
        sql_store.run(membership.give_role, "carl", "nowhere", Role.COACH, NOW)


def test_what_was_done_about_ones_access_is_in_ones_export(sql_store, place):
    for person in ("ada", "bob"):
        join(sql_store, place, Role.CANDIDATE, person)
        sql_store.run(membership.give_consent, person, place, LATER)
    rows = sql_store.run(people.rows_of, "ada")["access_facts"]
    assert {row["kind"] for row in rows} == {"joined", "role_given", "consent_given"}
    assert {row["person_id"] for row in rows} == {"ada"}


def test_consent_is_a_dated_fact_that_goes_with_the_membership(sql_store, place):
    join(sql_store, place, Role.CANDIDATE, "carl")
    first = sql_store.run(membership.give_consent, "carl", place, NOW)
    assert sql_store.run(membership.give_consent, "carl", place, LATER) == first, "said twice it is once"
    assert sql_store.run(membership.revoke_consent, "carl", place, LATER) == 1
    assert sql_store.run(membership.revoke_consent, "carl", place, LATER) == 0
    (kept,) = sql_store.run(membership.consents_of, "carl")
    assert (kept.given_at, kept.revoked_at) == (NOW, LATER)
    sql_store.run(membership.give_consent, "carl", place, LATER)
    sql_store.run(membership.take_role, "carl", place, Role.CANDIDATE, LATER)
    assert all(word.revoked_at for word in sql_store.run(membership.consents_of, "carl"))
    with pytest.raises(NotFoundError):
        sql_store.run(membership.give_consent, "carl", place, NOW)


def test_a_session_that_was_ended_everywhere_is_over(sql_store, place):
    join(sql_store, place, Role.COACH, "carla")
    assert sql_store.run(identities.person_of, "identity-carla", NOW) == ("carla", {Role.COACH})
    assert sql_store.run(identities.person_of, "identity-nobody", NOW) is None
    sql_store.run(identities.sign_out_everywhere, "carla", LATER)
    with pytest.raises(ConflictError):
        sql_store.run(identities.person_of, "identity-carla", NOW)
    assert sql_store.run(identities.person_of, "identity-carla", LATER + timedelta(seconds=1)) is not None


def test_what_was_done_is_kept_and_forgets_a_deleted_person(sql_store, place):
    join(sql_store, place, Role.CANDIDATE, "carl")
    sql_store.run(membership.give_consent, "carl", place, NOW)
    kinds = {row["kind"] for row in sql_store.run(membership.facts)}
    assert kinds == {"organisation_made", "invited", "joined", "role_given", "consent_given"}
    exported = sql_store.run(people.rows_of, "carl")
    assert {name: len(exported[name]) for name in ("memberships", "identities", "consents")} == {
        "memberships": 1, "identities": 1, "consents": 1,
    }  # fmt: skip
    sql_store.run(people.forget, "carl")
    left = sql_store.run(
        lambda c: [str(row) for t in (access_facts, consents, known_as, invited) for row in c.execute(sa.select(t))]
    )
    assert not [row for row in left if "carl" in row]
    assert sql_store.run(membership.members, place) == []


def test_two_who_make_an_organisation_of_one_name_at_once_make_one(postgres_url):
    """Two commands, or two servers: on a server both looked before either wrote."""
    together = threading.Barrier(4)

    def made(_: int) -> str:
        with SqlStore(postgres_url) as store:
            store.version()
            together.wait(30)
            return store.run(membership.organisation_named, " The  Blue ", NOW).id

    with SqlStore(postgres_url) as store:
        with ThreadPoolExecutor(4) as pool:
            assert len({*pool.map(made, range(4))}) == 1
        assert [row["name"] for row in store.run(membership.organisations_of)] == ["The Blue"]
