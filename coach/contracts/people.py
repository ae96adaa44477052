"""People of an organisation: their roles, what each role may open, and who is asking at the moment.

Without sign-in there is one person, the owner of the computer, who has every role; nothing here is asked then.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from coach.contracts.base import Record
from coach.contracts.interview import new_id

OWNER = "local"
"""Who practises where nobody signs in."""


class Role(StrEnum):
    """What a person does in an organisation; one person may have several."""

    CANDIDATE = "candidate"
    COACH = "coach"
    ANALYST = "analyst"
    PROMPT_ENGINEER = "prompt_engineer"
    OPERATOR = "operator"


class Reach(StrEnum):
    """Whose rows a person's question may reach; a page has one, and only people with its role get it."""

    OWN = "own"
    COACHED = "coached"
    LAB = "lab"
    MONEY = "money"
    OPERATIONS = "operations"


FIGURES_ONLY = frozenset({Reach.MONEY, Reach.OPERATIONS})
"""Who looks after money or machines sees figures of other people, never what anybody said, wrote or was told."""
PAGES: dict[str, dict[Role, Reach]] = {
    "practice": {Role.CANDIDATE: Reach.OWN},
    "jobs": {Role.CANDIDATE: Reach.OWN},
    "progress": {Role.COACH: Reach.COACHED, Role.CANDIDATE: Reach.OWN},
    "library": {Role.CANDIDATE: Reach.OWN},
    "review": {Role.COACH: Reach.COACHED},
    "cohorts": {Role.COACH: Reach.COACHED},
    "prompt_lab": {Role.PROMPT_ENGINEER: Reach.LAB},
    "margins": {Role.ANALYST: Reach.MONEY},
    "operations": {Role.OPERATOR: Reach.OPERATIONS},
}
"""Page (its address) -> who may open it, and what that person reaches there; of several roles the first that fits."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: a signed-in person, with their roles and what they reach just now.

    Args:
        person_id: of `users`; empty for somebody who signed in and belongs to no organisation.
        roles: over all of the person's organisations.
        reach: whose rows this question may see.
    """

    person_id: str
    roles: frozenset[Role] = frozenset()
    reach: Reach = Reach.OWN

    def may_open(self, page: str) -> bool:
        """Whether one of the roles opens the page."""
        return self.reach_on(page) is not None

    def reach_on(self, page: str) -> Reach | None:
        """What the person reaches on a page; None where it is not theirs."""
        return next((reach for role, reach in PAGES.get(page, {}).items() if role in self.roles), None)


class OrganisationRecord(Record):
    """People who work together."""

    id: str = Field(default_factory=new_id)
    name: str
    created_at: datetime


class Invitation(Record):
    """A link that makes whoever opens it a member, once; its secret is kept as a hash only."""

    id: str = Field(default_factory=new_id)
    organisation_id: str
    role: Role
    created_at: datetime
    expires_at: datetime
    created_by: str
    used_at: datetime | None = None
    used_by: str | None = None
    revoked_at: datetime | None = None


class Consent(Record):
    """A candidate's word that an organisation's coaches (or one of them) may see their interviews; a dated fact."""

    id: str = Field(default_factory=new_id)
    person_id: str
    organisation_id: str
    coach_id: str | None = None
    given_at: datetime
    revoked_at: datetime | None = None
