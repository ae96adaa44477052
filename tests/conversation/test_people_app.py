"""Signing in at a provider that enforces the standards, and every door as everybody: roles, somebody else, nobody."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
import websockets.sync.client as ws
from joserfc.jwk import RSAKey
from websockets.exceptions import ConnectionClosed, InvalidStatus

from coach.contracts.people import PAGES, Role
from coach.store import SqlStore
from coach.store.repositories import identities, invitations, membership
from coach.store.tables.core import human_reviews
from coach.web.endpoints import ENDPOINTS
from tests.conversation.streamlit_tab import Tab, tab
from tests.conversation.town_app import COOKIE, KEY, SIGNED, Town, town_served
from tests.conversation.ways_out import FILES, NOBODY, SOCKETS, WAYS_IN, handing_out, registered, served
from tests.fakes import town

WHO = [*town.PEOPLE]
ROLE_OF = {person: role for person, (_, role) in town.PEOPLE.items()}
TITLES = {
    "practice": "jobfoxy_stage", "jobs": "Jobs & resumes", "progress": "Progress", "library": "Library",
    "review": "Review", "cohorts": "Cohorts", "prompt_lab": "Prompt lab", "margins": "Margins",
    "operations": "Operations",
}  # fmt: skip
IDS = re.compile(r"(?:attempt|interview|exchange|story|job|resume)-(carl|dora|rex)\b")
MATERIAL = re.compile(r"(carl|dora|rex)'s (?:life|story)")
FROM_ELSEWHERE = {"X-Forwarded-For": "192.0.2.7"}
MAY_SEE = {"carl": {"carl"}, "dora": {"dora"}, "rex": {"rex"}, "kim": {"carl"}, "ruth": {"rex"}, "pia": {"dora"}}
"""Whose interviews are reached; who looks after money or machines sees ids and figures of all members."""


@pytest.fixture(scope="module")
def everybody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder: Path = tmp_path_factory.mktemp("people")
    (folder / "home").mkdir()
    with SqlStore(f"duckdb:///{folder / 'home' / 'coach.duckdb'}") as store:
        places = town.fill(store)
        store.run(lambda c: c.execute(sa.delete(human_reviews)))
    with town_served(folder, places) as found:
        yield found


# -- signing in --------------------------------------------------------------------------------------------------------


def sign_in(everybody: Town, subject: str) -> tuple[httpx.Client, httpx.Response]:
    """A browser through the provider and back."""
    everybody.provider.subject = subject
    browser = httpx.Client(
        base_url=everybody.app.url, follow_redirects=True, timeout=60, headers={"Accept": "text/html"}
    )
    page = browser.get("/practice")
    assert page.status_code == 401
    assert "/sign-in/with/default" in page.text
    return browser, browser.get("/sign-in/with/default")


def test_signing_in_and_out_and_the_same_session_everywhere(everybody):
    with everybody.store() as store:
        _, secret = store.run(invitations.invite, everybody.places["Blue"], Role.CANDIDATE, datetime.now(UTC))
    browser, arrived = sign_in(everybody, "nina")
    with closing(browser):
        assert arrived.status_code == 200
        assert everybody.provider.refusals == []
        cookie = f"{COOKIE}={browser.cookies[COOKIE]}"
        with tab(everybody.app.url, cookie) as opened:
            assert "No place here yet" in opened.open("practice")
        assert browser.post("/mock-interviews/init", json={"q_count": 1}).status_code == 403
        invited = browser.get(f"/join/{secret}", follow_redirects=False)
        assert invited.status_code == 303
        assert secret not in everybody.app.log
        with tab(everybody.app.url, f"{cookie}; jobfoxy_invitation={secret}") as opened:
            assert "You are invited to **Blue** as **candidate**" in opened.open("practice")
        with everybody.store() as store:
            known_as = identities.identity_id(everybody.provider.url, "nina")
            store.run(invitations.accept, secret, "nina", datetime.now(UTC), name="Nina", identity_id=known_as)
        time.sleep(1.1)  # roles are asked for again after a second
        began = browser.post("/mock-interviews/init", json={"q_count": 1})
        assert began.status_code == 201
        path = f"/ws/mock-interview?token={began.json()['auth_token']}"
        with ws.connect(
            f"{everybody.app.url.replace('http', 'ws')}{path}", additional_headers={"Cookie": cookie}
        ) as line:
            assert json.loads(line.recv(timeout=20))["type"] == "SESSION_STATE"
        left = browser.get("/auth/logout")
        assert COOKIE not in browser.cookies
        assert left.status_code == 401, "back at the sign-in page"
        assert browser.get("/practice").status_code == 401


@pytest.mark.parametrize(
    "spoil",
    [
        {"nonce": "another nonce that was not asked for"},
        {"aud": "somebody-else"},
        {"exp": 1_600_000_000},
        {"iss": "https://elsewhere.example"},
        "foreign key",
    ],
    ids=str,
)
def test_a_false_word_of_the_provider_signs_nobody_in(everybody, spoil):
    provider = everybody.provider
    provider.spoil = spoil if isinstance(spoil, dict) else {}
    provider.signing_key = RSAKey.generate_key(2048, parameters={"kid": "k1"}) if spoil == "foreign key" else None
    try:
        browser, arrived = sign_in(everybody, "carl")
        with closing(browser):
            assert arrived.status_code == 401
            assert COOKIE not in browser.cookies
    finally:
        provider.spoil, provider.signing_key = {}, None


def test_a_foreign_state_and_a_code_used_twice_sign_nobody_in(everybody):
    everybody.provider.subject = "carl"
    with httpx.Client(base_url=everybody.app.url, timeout=60, headers={"Accept": "text/html"}) as browser:
        at_provider = browser.get(browser.get("/sign-in/with/default").headers["location"]).headers["location"]
        back = httpx.get(at_provider).headers["location"]
        with httpx.Client(timeout=60, headers={"Accept": "text/html"}) as victim:
            assert COOKIE not in victim.get(back).cookies, "the state belongs to another browser"
        assert COOKIE not in browser.get(re.sub("state=[^&]+", "state=made-up-state-of-mine", back)).cookies
        assert COOKIE in browser.get(back).cookies
        browser.cookies.clear()
        assert COOKIE not in browser.get(back).cookies


@pytest.mark.parametrize(
    "spoiled",
    [
        {"ago": timedelta(hours=12, seconds=1)},
        {"ago": timedelta(days=-1)},
        {"secret": "a cookie secret somebody else made up, long"},
        {"is_logged_in": False},
        {"iss": ""},
        {"sub": ""},
    ],
    ids=str,
)
def test_a_wrong_or_old_cookie_opens_nothing(everybody, spoiled):
    cookie = everybody.cookie("carl", **spoiled)
    for method, path in (("GET", "/practice"), ("POST", "/mock-interviews/init"), ("GET", "/openapi.json")):
        assert everybody.ask(method, path, cookie).status_code == 401, path
    for path in ("/_stcore/stream", "/ws/mock-interview?token=x"):
        assert handshake(everybody, path, cookie) == 401


def test_a_session_ended_everywhere_is_over_at_once(everybody):
    cookie = everybody.cookie("ruth", ago=timedelta(minutes=1))
    assert everybody.ask("GET", "/openapi.json", cookie).status_code == 200
    with everybody.store() as store:
        store.run(identities.sign_out_everywhere, "ruth", datetime.now(UTC) - timedelta(seconds=30))
    time.sleep(1.1)  # known for a second
    assert everybody.ask("GET", "/openapi.json", cookie).status_code == 401
    assert everybody.ask("GET", "/openapi.json", everybody.cookie("ruth")).status_code == 200


def test_signing_out_everywhere_ends_an_interview_that_is_open_and_its_way_in(everybody):
    """Ruth practises, too: the socket she left open is closed, and its token opens nothing in a new session."""
    with everybody.store() as store:
        store.run(membership.give_role, "ruth", everybody.places["Red"], Role.CANDIDATE, datetime.now(UTC))
    cookie = everybody.cookie("ruth", ago=timedelta(seconds=20))
    everybody.ask("GET", "/openapi.json", cookie)
    made = everybody.ask("POST", "/mock-interviews/init", cookie, json={"q_count": 1}).json()
    path = f"/ws/mock-interview?token={made['auth_token']}"
    address = everybody.app.url.replace("http", "ws") + path
    with ws.connect(address, additional_headers={"Cookie": cookie}) as line:
        assert json.loads(line.recv(timeout=20))["type"] == "SESSION_STATE"
        with everybody.store() as store:
            store.run(identities.sign_out_everywhere, "ruth", datetime.now(UTC) - timedelta(seconds=10))
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(100):
                line.recv(timeout=10)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401
    fresh, interview = everybody.cookie("ruth"), made["mock_interview_id"]
    assert everybody.ask("GET", f"/mock-interviews/{interview}", fresh, made["auth_token"]).status_code == 401
    again = everybody.ask("POST", "/mock-interviews/init", fresh, json={"q_count": 1}).json()
    address = everybody.app.url.replace("http", "ws") + f"/ws/mock-interview?token={again['auth_token']}"
    with ws.connect(address, additional_headers={"Cookie": fresh}) as line:
        assert json.loads(line.recv(timeout=20))["type"] == "SESSION_STATE"
        with everybody.store() as store:
            store.run(membership.take_role, "ruth", everybody.places["Red"], Role.CANDIDATE, datetime.now(UTC))
        with pytest.raises(ConnectionClosed):
            for _ in range(100):
                line.recv(timeout=10)


def test_the_access_key_is_the_owners(everybody):
    with tab(everybody.app.url, **{"X-Access-Key": KEY}) as opened:
        drawn = opened.open("operations")
        assert "Latency" in drawn
        assert "Blue" in drawn
    headers = {"X-Access-Key": KEY}
    assert httpx.get(everybody.app.url + "/metrics", headers=headers).status_code == 200


# -- every door as everybody -------------------------------------------------------------------------------------------


def handshake(everybody: Town, path: str, cookie: str = "") -> int:
    headers = {"Cookie": cookie} if cookie else {}
    try:
        with ws.connect(everybody.app.url.replace("http", "ws") + path, additional_headers=headers):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


def test_nobody_gets_anything_but_the_way_in(everybody):
    paths = ["/", *(f"/{page}" for page in PAGES), "/openapi.json", "/assets/figtree.woff2", "/clips/x.wav", "/static/"]
    for path in (*paths, "/_stcore/host-config", "/_stcore/health", "/media/x"):
        assert everybody.ask("GET", path).status_code == 401, path
    for row in ENDPOINTS:
        path = row.path.replace("{id}", "attempt-carl")
        assert everybody.ask(row.method, path).status_code == 401, path
    for path in ("/_stcore/stream", "/ws/mock-interview?token=x"):
        assert handshake(everybody, path) == 401
    for path in ("/healthz", "/readyz", "/metrics"):
        assert everybody.ask("GET", path).status_code == 200, "probes of this machine"


def test_what_there_is_has_a_line_of_who_may_have_it(tmp_path):
    """A page, address, socket or file that is added without one is found here."""
    assert registered() == set(PAGES) == set(TITLES)
    assert served(tmp_path / "home") == set(WAYS_IN)
    assert handing_out() == set(FILES)


def some(path: str) -> str:
    """An address of this kind."""
    return re.sub(r"\{\w+(?::path)?\}", "x", path) or "/practice"


def test_every_address_as_everybody(everybody):
    """From another machine: nobody gets in anywhere, an account without a place nowhere of use, a role where it may."""
    for path, roles in WAYS_IN.items():
        if path in SOCKETS or roles == NOBODY:
            continue
        method = next((row.method for row in ENDPOINTS if row.path == path), "GET")

        def status(cookie: str = "", path: str = path, method: str = method) -> int:
            headers = FROM_ELSEWHERE | ({"Cookie": cookie} if cookie else {})
            return httpx.request(method, everybody.app.url + some(path), headers=headers, timeout=60).status_code

        assert status() == 401, path
        for person in WHO:
            found = status(everybody.cookie(person))
            assert (found == 403) == (ROLE_OF[person] not in roles), (path, person, found)
            assert found < 500 and (found != 401 or ROLE_OF[person] == Role.CANDIDATE), (path, person, found)


MET: set[str] = set()


@pytest.mark.parametrize("person", WHO)
def test_every_page_and_every_file_as_everybody(everybody, person):
    role = ROLE_OF[person]
    with tab(everybody.app.url, everybody.cookie(person)) as opened:
        for page, roles in PAGES.items():
            drawn = opened.open(page)
            if role in roles:
                assert TITLES[page] in drawn, page
                assert "This page is for another role" not in drawn, page
                drawn += every_file(everybody, opened, page, person)
            else:
                assert "This page is for another role" in drawn, page
                assert not IDS.findall(drawn), page
                assert not opened.downloads(), page
            assert set(MATERIAL.findall(drawn)) <= {person}, "jobs, resumes and stories are nobody else's business"
            if person in MAY_SEE:
                assert set(IDS.findall(drawn)) <= MAY_SEE[person], page


def every_file(everybody: Town, opened: Tab, page: str, person: str) -> str:
    """What the files hold that a page offers; nobody else's browser gets them without signing in."""
    held = []
    for label, button in opened.downloads().items():
        address = opened.address_of(button)
        found = everybody.ask("GET", address, everybody.cookie(person))
        assert found.status_code == 200, (page, label)
        assert everybody.ask("GET", address).status_code == 401, (page, label)
        held.append(found.text)
        MET.add(f"{page}: {label}")
    return "".join(held)


def test_a_file_on_a_page_is_for_whom_the_page_was_drawn(everybody):
    """A table to be saved, a recording to be heard: who knows its address has nothing by that."""
    met = 0
    for person, page in (("carl", "library"), ("ana", "margins")):
        with tab(everybody.app.url, everybody.cookie(person)) as opened:
            opened.open(page)
            for path in [button.url for button in opened.downloads().values() if button.url]:
                met += 1
                assert everybody.ask("GET", path, everybody.cookie(person)).status_code == 200
                assert everybody.ask("GET", path, everybody.cookie("dora")).status_code == 404
                owner = httpx.get(everybody.app.url + path, headers={"X-Access-Key": KEY}, timeout=60)
                assert owner.status_code == 200
    assert met, "a file that is there before it is asked for"


def test_every_file_that_can_be_met_was_met(everybody):
    assert set().union(*FILES.values()) == MET


def test_ids_of_others_in_an_address_show_nothing(everybody):
    with tab(everybody.app.url, everybody.cookie("kim")) as opened:
        assert "attempt-carl" in opened.open("review", "answer=attempt-carl")
        assert "attempt-dora" not in opened.open("review", "answer=attempt-dora")
    with tab(everybody.app.url, everybody.cookie("dora")) as opened:
        drawn = opened.open("progress", "session=interview-carl&person=carl")
        assert set(IDS.findall(drawn)) == {"dora"}
        for page, query in (
            ("library", "job=job-carl"),
            ("jobs", "job=job-carl"),
            ("practice", "question=exchange-carl"),
        ):
            assert "carl" not in MATERIAL.findall(opened.open(page, query)), page


@pytest.fixture(scope="module")
def begun(everybody: Town) -> dict[str, dict[str, str]]:
    """An interview of Carl's and one of Dora's: its ids and its token."""
    found = {}
    for person in ("carl", "dora"):
        cookie = everybody.cookie(person)
        made = everybody.ask("POST", "/mock-interviews/init", cookie, json={"q_count": 1}).json()
        interview, token = made["mock_interview_id"], made["auth_token"]
        asked = everybody.ask("POST", f"/mock-interviews/{interview}/next-question", cookie, token)
        ids = asked.json()
        found[person] = {
            "mock-interviews": interview, "attempts": ids["attempt_id"] or "", "exchanges": ids["exchange_id"],
            "token": token, "cookie": cookie,
        }  # fmt: skip
    return found


@pytest.mark.parametrize("row", ENDPOINTS, ids=lambda row: f"{row.method} {row.path}")
def test_every_route_as_everybody(everybody, begun, row):
    kind = row.path.split("/")[1]
    carls, doras = begun["carl"], begun["dora"]
    path = row.path.replace("{id}", carls[kind])
    for person in WHO:
        if ROLE_OF[person] != Role.CANDIDATE:
            answer = everybody.ask(row.method, path, everybody.cookie(person), carls["token"])
            assert answer.status_code == 403, person
    if row.handler != "init":
        stolen = everybody.ask(row.method, path, doras["cookie"], carls["token"])
        assert stolen.status_code == 404, "somebody else with the token"
        guessed = everybody.ask(row.method, path, doras["cookie"], doras["token"])
        assert guessed.status_code == 404, "somebody else with their own token"
        assert everybody.ask(row.method, path, doras["cookie"]).status_code == 401, "no token"
        assert everybody.ask(row.method, path, "", carls["token"]).status_code == 401, "the token alone"
    if row.handler != "finish":
        own = everybody.ask(row.method, path, carls["cookie"], carls["token"])
        assert own.status_code not in (401, 403), own.text
        assert own.status_code != 404 or "no recording" in own.text or "no feedback" in own.text


def test_the_socket_as_everybody(everybody, begun):
    path = f"/ws/mock-interview?token={begun['carl']['token']}"
    for person in WHO:
        headers = {"Cookie": everybody.cookie(person)}
        with ws.connect(everybody.app.url.replace("http", "ws") + path, additional_headers=headers) as line:
            told = json.loads(line.recv(timeout=20))
        expected = "SESSION_STATE" if person == "carl" else "ERROR"
        assert told["type"] == expected, person


def test_somebody_elses_material_cannot_be_used(everybody):
    for asked in ({"job_description_id": "job-dora"}, {"resume_id": "resume-dora"}):
        answer = everybody.ask("POST", "/mock-interviews/init", everybody.cookie("carl"), json=asked)
        assert answer.status_code == 404, asked


def test_consent_taken_back_hides_within_a_second(everybody):
    """Counted in turns of the page's clock, which does not depend on how busy the machine is."""
    with tab(everybody.app.url, everybody.cookie("kim")) as opened, everybody.store() as store:
        assert "attempt-carl" in opened.open("review")
        ((look, every_s),) = opened.clocks().items()
        assert every_s < 0.41
        assert "display: none" not in opened.strike(look), "nothing has happened"
        store.run(membership.revoke_consent, "carl", everybody.places["Blue"], datetime.now(UTC))
        assert "display: none" in opened.strike(look), "the very next turn takes it out of sight"
        redrawn = opened.strike(look)
        assert "attempt-carl" not in redrawn and "Nothing to review yet" in redrawn, "the one after draws it anew"
        assert "carl" not in "".join(IDS.findall(opened.open("progress")))
        store.run(membership.give_consent, "carl", everybody.places["Blue"], datetime.now(UTC))
        assert "attempt-carl" in opened.open("review")


def test_no_name_and_no_secret_is_in_the_log(everybody):
    assert everybody.app.process.poll() is None
    for word in ("Carl", "Dora", "Nina", KEY, SIGNED):
        assert word not in everybody.app.log
