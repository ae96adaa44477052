"""Which rows of which table a person reaches, one rule per table, in one place.

The rules are conditions in SQL, so that what changes in the database (a consent taken back, a role lost) counts in the
very next statement. The same rules become the policies of `row_security`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from coach.contracts.people import FIGURES_ONLY, Reach, Role
from coach.store.tables.core import lab_consents, mock_interview_attempts, mock_interviews
from coach.store.tables.people import consents, memberships
from coach.store.tables.private import private_columns

Condition = sa.ColumnElement[bool]
Ids = sa.Select[tuple[str]]


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks, as SQL.

    Args:
        me: the person's id.
        reach: how far this question goes.
        people: ids of the people who are reached besides oneself.
        places: ids of the organisations whose members and invitations are reached.
    """

    me: sa.ColumnElement[str]
    reach: Reach
    people: Ids
    places: Ids


@dataclass(frozen=True, slots=True)
class Rule:
    """How a table belongs to people. `column` leads to whom, by way of `kind`.

    own: the person alone, whoever else is reached · person: reached people as well · interview, attempt: whoever
    the interview or attempt belongs to · member: the person, and for `reaches` whoever belongs to a reached
    organisation · place: a reached organisation, for `reaches` · office: everybody whose reach is in `reaches` ·
    shared: nobody's in particular.

    Args:
        kind: see above.
        column: of the table.
        reaches: who besides the person, where the kind says so.
        others_write: reaches with which rows of other people may be written as well.
        by_program: nobody writes here on their own behalf, only the program after it has looked who asks.
    """

    kind: str
    column: str = ""
    reaches: frozenset[Reach] = frozenset(Reach)
    others_write: frozenset[Reach] = frozenset()
    by_program: bool = False


_OFFICE = Rule("office", reaches=frozenset({Reach.MONEY, Reach.OPERATIONS}))
_LAB = Rule("office", reaches=frozenset({Reach.LAB}))
_TOLD = Rule("office", reaches=frozenset({Reach.LAB, Reach.MONEY, Reach.OPERATIONS}))
_SHARED = Rule("shared")
_HEADS = frozenset({Reach.OPERATIONS})
RULES: dict[str, Rule] = {
    "users": Rule("person", "id"),
    "job_descriptions": Rule("own", "user_id"),
    "role_profiles": Rule("own", "user_id"),
    "resumes": Rule("own", "user_id"),
    "star_stories": Rule("own", "user_id"),
    "lab_consents": Rule("person", "user_id"),
    "mock_interviews": Rule("person", "user_id"),
    "mock_interview_exchanges": Rule("interview", "interview_id"),
    "mock_interview_attempts": Rule("interview", "interview_id"),
    "auth_tokens": Rule("interview", "interview_id", by_program=True),
    "evaluation_claims": Rule("attempt", "attempt_id", by_program=True),
    "interview_leases": Rule("interview", "interview_id", by_program=True),
    "service_processes": Rule("office", reaches=frozenset({Reach.OPERATIONS}), by_program=True),
    "human_reviews": Rule("attempt", "attempt_id", others_write=frozenset({Reach.COACHED})),
    "review_comments": Rule("attempt", "attempt_id", others_write=frozenset({Reach.COACHED})),
    "review_rubrics": Rule("place", "owner", frozenset({Reach.COACHED})),
    "usage_tracking": Rule("person", "user_id"),
    "use_by_day": Rule("person", "user_id", by_program=True),
    "cost_by_month": Rule("person", "user_id", by_program=True),
    "billing_accounts": Rule("person", "user_id"),
    "billing_credits": Rule("person", "user_id"),
    "billing_uses": Rule("person", "user_id"),
    "budget_alerts": _OFFICE,
    "budgets": _OFFICE,
    "billing_outbox": _OFFICE,
    "billing_webhooks": _OFFICE,
    "billing_payments": _OFFICE,
    "economics_scenarios": _OFFICE,
    "deletions": _OFFICE,
    "watch_alerts": _TOLD,
    "runs": _LAB,
    "results": _LAB,
    "experiments": _SHARED,
    "prompt_versions": _SHARED,
    "scoring_noise": _SHARED,
    "price_entries": _SHARED,
    "organisations": Rule("place", "id", by_program=True),
    "memberships": Rule("member", "person_id", _HEADS, by_program=True),
    "consents": Rule("member", "person_id", _HEADS | {Reach.COACHED}, by_program=True),
    "invitations": Rule("place", "organisation_id", _HEADS, by_program=True),
    "access_facts": Rule("place", "organisation_id", _HEADS, by_program=True),
    "identities": Rule("own", "person_id", by_program=True),
}
"""Every table has a rule; a test fails for one that has none."""

_ROLE_OF = {
    Reach.COACHED: Role.COACH,
    Reach.LAB: Role.PROMPT_ENGINEER,
    Reach.MONEY: Role.ANALYST,
    Reach.OPERATIONS: Role.OPERATOR,
}


def people_reached(reach: Reach, me: sa.ColumnElement[str]) -> Ids:
    """Ids of the people whose rows are reached besides one's own."""
    if reach == Reach.OWN:
        return sa.select(memberships.c.person_id).where(sa.false())
    if reach == Reach.COACHED:
        c = consents.c
        said_yes = c.revoked_at.is_(None) & (c.coach_id.is_(None) | (c.coach_id == me))
        return sa.select(c.person_id).where(said_yes, c.organisation_id.in_(places_reached(reach, me)))
    theirs = sa.select(memberships.c.person_id).where(memberships.c.organisation_id.in_(places_reached(reach, me)))
    agreed = memberships.c.person_id.in_(sa.select(lab_consents.c.user_id))
    return theirs.where(agreed) if reach == Reach.LAB else theirs


def places_reached(reach: Reach, me: sa.ColumnElement[str]) -> Ids:
    """Ids of the organisations that are reached: those in which one has the role that the reach is for."""
    mine = memberships.alias("mine")
    query = sa.select(mine.c.organisation_id).where(mine.c.person_id == me)
    return query.where(mine.c.role == sa.literal(_ROLE_OF[reach].value)) if reach in _ROLE_OF else query


def readable(table: sa.Table, who: Who) -> Condition | None:
    """Which rows may be read; None for all.

    Raises:
        KeyError: the table has no rule.
    """
    return _condition(table, who, others=True)


def writable(table: sa.Table, who: Who) -> Condition | None:
    """Which rows may be changed and deleted: one's own, and where a rule says so those of others; None for all."""
    rule = RULES[table.name]
    return sa.false() if rule.by_program else _condition(table, who, others=who.reach in rule.others_write)


def hidden(table: sa.Table, reach: Reach) -> list[sa.Column[object]]:
    """The columns that read as empty, whoever's the row is: words, where only figures are reached."""
    return private_columns(table) if reach in FIGURES_ONLY else []


def _condition(table: sa.Table, who: Who, *, others: bool) -> Condition | None:
    rule = RULES[table.name]
    return _KINDS[rule.kind](table, rule, who, others)


def _own(table: sa.Table, rule: Rule, who: Who, others: bool) -> Condition:
    return table.c[rule.column] == who.me


def _person(table: sa.Table, rule: Rule, who: Who, others: bool) -> Condition:
    return _belongs(table.c[rule.column], who, others)


def _belongs(column: sa.ColumnElement[str], who: Who, others: bool) -> Condition:
    return sa.or_(column == who.me, column.in_(who.people)) if others else column == who.me


def _interview(table: sa.Table, rule: Rule, who: Who, others: bool) -> Condition:
    theirs = sa.select(mock_interviews.c.id).where(_belongs(mock_interviews.c.user_id, who, others))
    return table.c[rule.column].in_(theirs)


def _attempt(table: sa.Table, rule: Rule, who: Who, others: bool) -> Condition:
    a, i = mock_interview_attempts.c, mock_interviews.c
    theirs = sa.select(a.id).join_from(mock_interview_attempts, mock_interviews, i.id == a.interview_id)
    return table.c[rule.column].in_(theirs.where(_belongs(i.user_id, who, others)))


def _member(table: sa.Table, rule: Rule, who: Who, others: bool) -> Condition:
    own = table.c[rule.column] == who.me
    return sa.or_(own, table.c.organisation_id.in_(who.places)) if others and who.reach in rule.reaches else own


def _place(table: sa.Table, rule: Rule, who: Who, others: bool) -> Condition:
    return table.c[rule.column].in_(who.places) if who.reach in rule.reaches else sa.false()


def _office(table: sa.Table, rule: Rule, who: Who, others: bool) -> Condition | None:
    return None if who.reach in rule.reaches else sa.false()


def _shared(table: sa.Table, rule: Rule, who: Who, others: bool) -> None:
    return None


_KINDS: dict[str, Callable[[sa.Table, Rule, Who, bool], Condition | None]] = {
    "own": _own,
    "person": _person,
    "interview": _interview,
    "attempt": _attempt,
    "member": _member,
    "place": _place,
    "office": _office,
    "shared": _shared,
}
