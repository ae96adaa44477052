"""Who comes in: by which name, from which page, from where, with which key."""

import contextlib
import socket

import httpx
import pytest
import websockets
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from coach.web import access, routes, sign_in
from coach.web.front_door import DoorPolicy, FrontDoor
from coach.web.security_headers import SecurityHeaders
from coach.web.sign_in import SignIn
from tests.conversation.driver import make_hub
from tests.conversation.serving import Services, running

KEY = "a key nobody guesses"
OUTSIDE = {"X-Forwarded-For": "203.0.113.9"}


@pytest.fixture
async def door(tmp_path):
    """Serves an application behind the door; gives a function that does so with a policy."""
    hub = make_hub(tmp_path)
    async with contextlib.AsyncExitStack() as stack:

        async def serve(**policy):
            async def page(_):
                return PlainTextResponse("page")

            async def other_socket(line):
                await line.accept()
                await line.send_text("hello")
                await line.receive()

            middleware = Middleware(FrontDoor, policy=DoorPolicy(SignIn(KEY), **policy), headers=SecurityHeaders())
            more = [
                Route("/", page),
                Route("/hook", page, methods=["POST"]),
                WebSocketRoute("/_stcore/stream", other_socket),
            ]
            app = Starlette(routes=[*routes(Services(hub, hub.parts.archive)), *more], middleware=[middleware])
            host = await stack.enter_async_context(running(app))
            return await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://{host}"))

        yield serve
    await hub.close()


async def shakes(http, path="/_stcore/stream", **headers):
    """The status of a socket's handshake; 101 when it opens."""
    url = f"ws://{http.base_url.netloc.decode()}{path}"
    host = headers.pop("Host", "")
    try:
        async with _as(url, host, headers) if host else websockets.connect(url, additional_headers=headers):
            return 101
    except websockets.InvalidStatus as error:
        return error.response.status_code


def _as(url, host, headers):
    """Connects to `url` but asks for `host`."""
    port = int(url.split(":")[2].split("/")[0])
    return websockets.connect(
        url.replace(f"127.0.0.1:{port}", host),
        sock=socket.create_connection(("127.0.0.1", port)),
        additional_headers=headers,
    )


@pytest.mark.parametrize(
    "name", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "a@localhost", "", "0.0.0.0"]
)
async def test_another_name_is_refused_everywhere(door, name):
    http = await door()
    host = {"Host": name}
    for method, path in (
        ("GET", "/"),
        ("POST", "/mock-interviews/init"),
        ("GET", "/openapi.json"),
        ("GET", "/sign-in"),
    ):
        answer = await http.request(method, path, headers=host)
        assert answer.status_code == 421 or (name == "" and answer.status_code == 400), (path, answer.status_code)
    if name and "@" not in name:
        assert await shakes(http, Host=name) == 421
        assert await shakes(http, "/ws/mock-interview?token=x", Host=name) == 421


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST.", "127.0.0.1", "[::1]", "127.0.0.1:1234"])
async def test_our_own_names_are_let_in(door, name):
    http = await door()
    assert (await http.get("/", headers={"Host": name})).status_code == 200


async def test_listed_names_and_only_those(door):
    http = await door(hosts=("coach.example.org", "*.example.net"), open_to_all=True)
    seen = {
        n: (await http.get("/", headers={"Host": n})).status_code
        for n in (
            "coach.example.org",
            "COACH.example.org:443",
            "a.example.net",
            "example.net",
            "x.coach.example.org",
            "badexample.net",
        )
    }
    assert list(seen.values()) == [200, 200, 200, 421, 421, 421], seen


@pytest.mark.parametrize(
    ("origin", "opens"),
    [
        ("http://{}", True),
        ("https://{}", False),
        ("http://localhost:1", False),
        ("http://evil.example", False),
        ("null", False),
        ("http://{}.evil.example", False),
        ("file://", False),
    ],
)
async def test_a_page_is_ours_by_scheme_host_and_port(door, origin, opens):
    http = await door()
    header = {"Origin": origin.format(http.base_url.netloc.decode())}
    assert (await http.post("/mock-interviews/init", json={}, headers=header)).status_code == (201 if opens else 403)
    assert await shakes(http, **header) == (101 if opens else 403)
    assert (await http.get("/", headers=header)).status_code == 200


async def test_from_outside_nothing_answers_without_the_key(door):
    http = await door()
    for method, path in (
        ("GET", "/"),
        ("POST", "/mock-interviews/init"),
        ("GET", "/openapi.json"),
        ("GET", "/assets/x"),
        ("POST", "/hook"),
        ("POST", "/attempts/x/recording"),
        ("GET", "/healthz"),
        ("GET", "/metrics"),
    ):
        assert (await http.request(method, path, headers=OUTSIDE)).status_code == 401, path
    assert await shakes(http, **OUTSIDE) == 401
    assert await shakes(http, "/ws/mock-interview?token=x", **OUTSIDE) == 401
    keyed = {**OUTSIDE, "X-Access-Key": KEY}
    assert (await http.get("/", headers=keyed)).status_code == 200
    assert (await http.post("/mock-interviews/init", json={}, headers=keyed)).status_code == 201
    assert await shakes(http, **keyed) == 101
    assert (await http.get("/", headers={**OUTSIDE, "X-Access-Key": KEY + "x"})).status_code == 401


@pytest.mark.parametrize("header", ["Forwarded", "X-Real-IP", "Via"])
async def test_a_proxy_that_hides_who_calls_is_no_neighbour(door, header):
    http = await door()
    assert (await http.get("/", headers={header: "for=127.0.0.1"})).status_code == 401


async def test_signing_in_and_out_with_a_browser(door):
    http = await door()
    asked = await http.get("/progress", headers={**OUTSIDE, "Accept": "text/html"})
    assert asked.status_code == 401 and "Access key" in asked.text and 'value="/progress"' in asked.text
    wrong = await http.post("/sign-in", data={"key": "wrong"}, headers=OUTSIDE)
    assert wrong.status_code == 401 and "not the key" in wrong.text and not http.cookies
    right = await http.post("/sign-in", data={"key": KEY, "next": "/"}, headers=OUTSIDE)
    assert right.status_code == 303 and right.headers["location"] == "/"
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and KEY not in cookie
    assert (await http.get("/", headers=OUTSIDE)).status_code == 200
    assert "signed in" in (await http.get("/sign-in", headers=OUTSIDE)).text
    await http.post("/sign-out", headers=OUTSIDE)
    assert (await http.get("/", headers=OUTSIDE)).status_code == 401
    http.cookies.set(sign_in.COOKIE, "in.AAAA.forged")
    assert (await http.get("/", headers=OUTSIDE)).status_code == 401


@pytest.mark.parametrize(
    "bad", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb"]
)
async def test_signing_in_leads_nowhere_else(door, bad):
    http = await door()
    answer = await http.post("/sign-in", data={"key": KEY, "next": bad}, headers=OUTSIDE)
    assert answer.headers["location"] == "/"
    assert "evil" not in (await http.get("/sign-in", params={"next": f'"><script>{bad}'}, headers=OUTSIDE)).text


async def test_keys_cannot_be_tried_for_ever(door):
    http = await door()
    seen = [(await http.post("/sign-in", data={"key": str(n)}, headers=OUTSIDE)).status_code for n in range(12)]
    assert seen == [401] * 10 + [429] * 2
    other = await http.post("/sign-in", data={"key": KEY}, headers={"X-Forwarded-For": "203.0.113.10"})
    assert other.status_code == 303
    assert (
        await http.post("/sign-in", content=b"key=" + b"x" * 100_000, headers={"X-Forwarded-For": "203.0.113.11"})
    ).status_code == 401


async def test_open_to_all_asks_nobody_and_signed_webhooks_prove_themselves(door):
    http = await door(open_to_all=True)
    assert (await http.get("/", headers=OUTSIDE)).status_code == 200
    http = await door(own_proof=("/hook",))
    assert (await http.post("/hook", headers=OUTSIDE)).status_code == 200
    assert (await http.get("/", headers=OUTSIDE)).status_code == 401


async def test_sockets_per_address_are_counted_and_given_back(door, monkeypatch):
    monkeypatch.setattr(access, "SOCKETS_PER_ADDRESS", 2)
    http = await door(open_to_all=True)
    url = f"ws://{http.base_url.netloc.decode()}/_stcore/stream"
    async with websockets.connect(url) as one, websockets.connect(url) as two:
        assert await one.recv() == await two.recv() == "hello"
        assert await shakes(http) == 429
        assert await shakes(http, **OUTSIDE) == 101
    for _ in range(50):
        if await shakes(http) == 101:
            return
    pytest.fail("the places were not given back")


async def test_every_answer_carries_the_security_headers(door):
    http = await door()
    for path, host in (("/", "localhost"), ("/nothing", "localhost"), ("/", "evil.example")):
        headers = (await http.get(path, headers={"Host": host})).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'self'" in policy and "object-src 'none'" in policy
        assert "http" not in policy.replace("'", "")
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin"


def test_a_key_is_made_once_and_for_its_owner_only(tmp_path):
    home = tmp_path / "home"
    key = sign_in.key_in(home)
    assert len(key) >= 24 and sign_in.key_in(home) == key
    assert (home / sign_in.KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert sign_in.key_in(tmp_path / "home" / sign_in.KEY_FILE / "not a folder")
