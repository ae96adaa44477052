"""Two processes look at one thing at once on one PostgreSQL, and both would write it: the second sees the first's."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from coach.contracts.people import Role
from coach.errors import ConflictError, InputError
from coach.store import SqlStore
from coach.store.repositories import coaching, interviews, lab, library, live_split, membership
from coach.store.repositories.coaching import Comment, Criterion, Rubric
from coach.store.repositories.library_records import Resume, StarStory
from coach.store.tables.core import experiments, resumes, star_stories, users
from coach.store.tables.people import consents, memberships
from coach.store.tables.review import review_comments, review_rubrics
from tests.fakes import records as make

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
PAUSE_S = 0.4
"""How long the first one stands between its look and its writing: enough for the second to do all of it."""
WRITES = ("INSERT", "UPDATE", "DELETE")


@pytest.fixture
def stores(postgres_url):
    with SqlStore(postgres_url) as one, SqlStore(postgres_url) as other:
        for store in (one, other):
            store.upgrade()
        yield one, other


def at_once(stores, first, second):
    """What both came to, the second one begun while the first has looked and not yet written."""
    looked, through = threading.Event(), threading.Event()

    def paused(connection):
        def wait(_connection, _cursor, statement, *_):
            if statement.lstrip().startswith(WRITES) and not looked.is_set():
                looked.set()
                through.wait(PAUSE_S)

        sa.event.listen(connection, "before_cursor_execute", wait)
        return first(connection)

    def tried(store, call):
        try:
            return store.run(call)
        except (ConflictError, InputError) as error:
            return error

    def behind():
        assert looked.wait(20)
        try:
            return tried(stores[1], second)
        finally:
            through.set()

    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(tried, stores[0], paused), pool.submit(behind)
        return [each.result(60) for each in running]


def count(store, table, *where):
    return store.run(lambda c: c.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one())


@pytest.fixture
def attempt(stores):
    session = make.interview()
    question = make.exchange(session)
    answered = make.evaluated(question)
    stores[0].run(interviews.create_interview, session, [question])
    stores[0].run(interviews.add_attempt, answered)
    return answered


def test_one_answer_is_one_story(stores, attempt):
    def save(title):
        story = StarStory(title=title, source_type="mock_interview", source_attempt_id=attempt.id)
        return lambda connection: library.save_story(connection, story)

    stores[0].run(interviews.ensure_user, "local")
    at_once(stores, save("one"), save("two"))
    assert count(stores[0], star_stories) == 1


def test_one_master_resume(stores):
    def save(title):
        return lambda c: library.save_resume(c, Resume(title=title, is_base_version=True, content="all"))

    stores[0].run(interviews.ensure_user, "local")
    told = at_once(stores, save("one"), save("two"))
    assert count(stores[0], resumes) == 1
    assert isinstance(told[1], InputError)


def test_a_second_click_is_the_same_comment(stores, attempt):
    def say(connection):
        said = Comment(attempt_id=attempt.id, author="Ann", text="Slower here.", at_s=1.0, created_at=NOW)
        return coaching.add_comment(connection, said).id

    one, other = at_once(stores, say, say)
    assert one == other and count(stores[0], review_comments) == 1


def test_two_who_change_one_rubric(stores):
    def save(name):
        rubric = Rubric(owner="o", criteria=(Criterion(name=name),), created_at=NOW)
        return lambda connection: coaching.save_rubric(connection, rubric, seen=0)

    told = at_once(stores, save("Depth"), save("Honesty"))
    assert isinstance(told[1], ConflictError) and count(stores[0], review_rubrics) == 1


def test_one_split_of_real_interviews_runs(stores):
    def start(name):
        return lambda c: live_split.set_live_split(c, {"name": name, "shares": {}, "salt": ""}, NOW)

    at_once(stores, start("one"), start("two"))
    assert count(stores[0], experiments, experiments.c.status == "running") == 1
    assert stores[0].run(live_split.live_split)["name"] == "two"


def test_agreeing_twice_is_agreeing(stores):
    def agree(connection):
        lab.set_consent(connection, "local", agreed=True, at=NOW)

    at_once(stores, agree, agree)
    assert stores[0].run(lab.has_consent, "local")


def test_of_two_operators_who_take_each_others_role_one_stays(stores):
    place = stores[0].run(membership.organisation_named, "Blue", NOW).id
    for person in ("ann", "ben"):
        stores[0].run(lambda c, p=person: c.execute(sa.insert(users).values(id=p, name=p, created_at=NOW)))
        stores[0].run(membership.give_role, person, place, Role.OPERATOR, NOW)

    def take(person):
        return lambda c: membership.take_role(c, person, place, Role.OPERATOR, NOW)

    told = at_once(stores, take("ann"), take("ben"))
    assert isinstance(told[1], ConflictError)
    assert count(stores[0], memberships, memberships.c.role == Role.OPERATOR.value) == 1


def test_consent_given_twice_is_given_once(stores):
    place = stores[0].run(membership.organisation_named, "Blue", NOW).id
    stores[0].run(lambda c: c.execute(sa.insert(users).values(id="cy", name="cy", created_at=NOW)))
    stores[0].run(membership.give_role, "cy", place, Role.CANDIDATE, NOW)

    def agree(connection):
        return membership.give_consent(connection, "cy", place, NOW).id

    one, other = at_once(stores, agree, agree)
    assert one == other and count(stores[0], consents) == 1
