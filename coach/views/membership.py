"""People as pages show and change them: one's own word to coaches, and an organisation's members and invitations.

What is read is narrowed like everything else. What is changed is changed by the program, after it was looked up here
that whoever asks may have it changed.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from coach.contracts.asking import as_program, asker, asking, own_id
from coach.contracts.interview import new_id
from coach.contracts.people import Consent, Invitation, Role
from coach.errors import NotFoundError
from coach.store import SqlStore
from coach.store.repositories import identities, invitations, lab, membership

Plain = dict[str, Any]
ROLE_WORDS = {
    Role.CANDIDATE: "Candidate",
    Role.COACH: "Coach",
    Role.ANALYST: "Cost analyst",
    Role.PROMPT_ENGINEER: "Prompt engineer",
    Role.OPERATOR: "Operator",
}


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation one belongs to, and the word one gave its coaches."""

    id: str
    name: str
    consent: Consent | None
    """The one that stands, else the last that was taken back."""

    @property
    def seen(self) -> bool:
        """Whether its coaches see one's interviews now."""
        return self.consent is not None and self.consent.revoked_at is None


class PeopleDesk:
    """Everything blocks."""

    def __init__(self, store: SqlStore) -> None:
        """Asks nothing yet."""
        self._store = store

    # -- one's own -----------------------------------------------------------------------------------------------------

    def own_places(self) -> list[Place]:
        """The organisations of whoever asks, by name."""
        me = own_id()
        with asking(None):
            given = self._store.run(membership.consents_of, me)
            rows = self._store.run(membership.organisations_of, me)
        standing = {word.organisation_id: word for word in reversed(given)}
        standing |= {word.organisation_id: word for word in given if word.revoked_at is None}
        return [Place(row["id"], row["name"], standing.get(row["id"])) for row in rows]

    def let_see(self, organisation_id: str, yes: bool) -> None:
        """Gives one's word to the organisation's coaches, or takes it back; it counts in the next question asked.

        Raises:
            NotFoundError: one does not belong there.
        """
        me = own_id()
        with as_program():
            if yes:
                self._store.run(membership.give_consent, me, organisation_id, _now())
            else:
                self._store.run(membership.revoke_consent, me, organisation_id, _now())

    def reached(self) -> frozenset[str]:
        """Ids of everybody whom whoever asks reaches just now, oneself among them."""
        return self._store.run(membership.reached)

    def in_lab(self) -> bool:
        """Whether one's own answers may be replayed in the prompt lab."""
        return self._store.run(lab.has_consent, own_id())

    def let_replay(self, yes: bool) -> None:
        """Gives one's word for the prompt lab, or takes it back."""
        self._store.run(lab.set_consent, own_id(), yes, _now())

    def invited_to(self, secret: str) -> tuple[str, Role]:
        """What an invitation is to: the organisation's name and the role.

        Raises:
            NotFoundError, ConflictError: it is none, or cannot be used any more.
        """
        with asking(None):
            found, name = self._store.run(invitations.invitation_of, secret, _now())
        return name, found.role

    def join(self, secret: str, *, name: str, identity_id: str) -> None:
        """Becomes a member by an invitation.

        Raises:
            NotFoundError, ConflictError: it is none, or cannot be used any more.
        """
        me = own_id() or new_id()
        with as_program():
            self._store.run(invitations.accept, secret, me, _now(), name=name, identity_id=identity_id)

    def sign_out_everywhere(self) -> None:
        """Ends every session of whoever asks."""
        me = own_id()
        with as_program():
            self._store.run(identities.sign_out_everywhere, me, _now())

    def name(self) -> str:
        """What the person is called."""
        me = own_id()
        with asking(None):
            return self._store.run(membership.name_of, me)

    def coaches_in(self) -> str:
        """Whose rubric a coach judges by: the organisation's (of several the first by name); the owner's own else."""
        me = own_id()
        with asking(None):
            places = self._store.run(membership.organisations_of, me, Role.COACH)
        return str(places[0]["id"]) if places else me

    # -- an organisation's -----------------------------------------------------------------------------------------

    def headed(self) -> list[Plain]:
        """Organisations whose people whoever asks looks after: an operator's own, all for the owner."""
        who = asker()
        with asking(None):
            if who is None:
                return self._store.run(membership.organisations_of)
            return self._store.run(membership.organisations_of, who.person_id, Role.OPERATOR)

    def members(self, organisation_id: str) -> list[Plain]:
        """Members with their roles: `person_id, name, role, created_at`."""
        return self._store.run(membership.members, organisation_id)

    def open_invitations(self, organisation_id: str) -> list[Invitation]:
        """Invitations that can still be used."""
        found = self._store.run(invitations.invitations_of, organisation_id)
        return [one for one in found if not (one.used_at or one.revoked_at) and one.expires_at > _now()]

    def facts(self) -> list[Plain]:
        """The latest changes of access, newest first."""
        return self._store.run(membership.facts, 30)

    def invite(self, organisation_id: str, role: Role, *, days: int) -> str:
        """A new invitation's secret, told here and never again.

        Raises:
            NotFoundError: one does not look after this organisation.
        """
        me = self._require_head(organisation_id)
        with as_program():
            return self._store.run(invitations.invite, organisation_id, role, _now(), days=days, by=me)[1]

    def take_back(self, organisation_id: str, invitation_id: str) -> None:
        """The invitation's link is dead.

        Raises:
            NotFoundError: it is none of this organisation's, or was used.
        """
        me = self._require_head(organisation_id)
        if invitation_id not in {one.id for one in self.open_invitations(organisation_id)}:
            raise NotFoundError("There is no such invitation that could still be used.")
        with as_program():
            self._store.run(invitations.revoke_invitation, invitation_id, _now(), by=me)

    def change_role(self, organisation_id: str, person_id: str, role: Role, *, give: bool) -> None:
        """Gives a member a role, or takes one.

        Raises:
            NotFoundError: one does not look after this organisation, or the person is none of its members.
            ConflictError: nobody would be left who can give roles.
        """
        me = self._require_head(organisation_id)
        with as_program():
            if person_id not in {row["person_id"] for row in self._store.run(membership.members, organisation_id)}:
                raise NotFoundError("There is no such member.")
            change = membership.give_role if give else membership.take_role
            self._store.run(change, person_id, organisation_id, role, _now(), by=me)

    def _require_head(self, organisation_id: str) -> str:
        if organisation_id not in {row["id"] for row in self.headed()}:
            raise NotFoundError("There is no such organisation.")
        return own_id()


def _now() -> datetime:
    return datetime.now(UTC)
