"""Two organisations with everybody in them, each candidate with one answer and everything that hangs on it.

Blue: Carl (candidate, said yes), Dora (candidate, said nothing), Kim (coach), Ana (analyst), Pia (prompt engineer),
Olga (operator). Red: Rex (candidate, said yes), Ruth (coach).
"""

from datetime import UTC, datetime, timedelta

from coach.contracts.people import Asker, Reach, Role
from coach.store import SqlStore
from coach.store.repositories import identities, interviews, invitations, lab, library, membership
from coach.store.repositories.library_records import JobDescription, Resume, StarStory
from tests.fakes import records as make

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
PEOPLE: dict[str, tuple[str, Role]] = {
    "carl": ("Blue", Role.CANDIDATE),
    "dora": ("Blue", Role.CANDIDATE),
    "kim": ("Blue", Role.COACH),
    "ana": ("Blue", Role.ANALYST),
    "pia": ("Blue", Role.PROMPT_ENGINEER),
    "olga": ("Blue", Role.OPERATOR),
    "rex": ("Red", Role.CANDIDATE),
    "ruth": ("Red", Role.COACH),
}
CANDIDATES = [name for name, (_, role) in PEOPLE.items() if role == Role.CANDIDATE]
ISSUER = "https://idp.example"


def asker(person: str, reach: Reach = Reach.OWN) -> Asker:
    """Somebody of the town, asking."""
    return Asker(person, frozenset({PEOPLE[person][1]}) if person in PEOPLE else frozenset(), reach)


def fill(store: SqlStore) -> dict[str, str]:
    """Builds the town; gives each organisation's id by name."""
    places = {name: store.run(membership.organisation_named, name, NOW).id for name in ("Blue", "Red")}
    for person, (place, role) in PEOPLE.items():
        _, secret = store.run(invitations.invite, places[place], role, NOW)
        known_as = identities.identity_id(ISSUER, person)
        store.run(invitations.accept, secret, person, NOW, name=person.title(), identity_id=known_as)
    for person in CANDIDATES:
        practised(store, person)
    store.run(membership.give_consent, "carl", places["Blue"], NOW)
    store.run(membership.give_consent, "rex", places["Red"], NOW)
    store.run(lab.set_consent, "dora", True, NOW)
    store.run(lab.set_consent, "rex", True, NOW)
    return places


def practised(store: SqlStore, person: str) -> None:
    """One interview with one judged and reviewed answer, whose ids end with the person's name; and all material."""
    ids = {kind: f"{kind}-{person}" for kind in ("interview", "exchange", "attempt", "story", "job", "resume")}
    job = JobDescription(id=ids["job"], user_id=person, title="Analyst", created_at=NOW)
    store.run(library.save_job, job)
    resume = Resume(id=ids["resume"], user_id=person, is_base_version=True, title="Mine", content=f"{person}'s life")
    store.run(library.save_resume, resume)
    interview = make.interview(id=ids["interview"], user_id=person, job_description_id=job.id, created_at=NOW)
    exchange = make.exchange(interview, id=ids["exchange"])
    answer = make.evaluated(exchange, id=ids["attempt"], created_at=NOW)
    store.run(interviews.create_interview, interview, [exchange])
    store.run(interviews.add_attempt, answer)
    store.run(interviews.add_usage, [make.usage(answer, user_id=person)])
    store.run(interviews.store_token, interview.id, f"hash-{person}", 4e9)
    story = StarStory(id=ids["story"], user_id=person, title=f"{person}'s story", source_attempt_id=answer.id)
    store.run(library.save_story, story)
    score = {"attempt_id": answer.id, "reviewer": "Kim", "overall": 6.0, "created_at": NOW}
    store.run(lab.add_review, score)
