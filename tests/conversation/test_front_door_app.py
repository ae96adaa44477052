"""The whole application behind its door, its own sockets and Streamlit's, seen from here and from elsewhere."""

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import websockets.sync.client as ws
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.conversation.app_process import application

HERE, THERE = "10.203.77.1", "10.203.77.2"
PATHS = (
    "/",
    "/practice",
    "/_stcore/health",
    "/_stcore/host-config",
    "/openapi.json",
    "/assets/figtree.woff2",
    "/static/",
)
SOCKETS = ("/_stcore/stream", "/ws/mock-interview?token=x")


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with application(tmp_path_factory.mktemp("app")) as running:
        yield running


def shake(app, path, **headers):
    """Status of a socket's handshake at this address."""
    host = headers.pop("Host", f"localhost:{app.port}")
    line = socket.create_connection((app.address, app.port))
    try:
        with ws.connect(f"ws://{host}{path}", sock=line, additional_headers=headers):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


def test_localhost_works_and_another_name_is_refused(app):
    assert "<title>" in httpx.get(f"http://localhost:{app.port}/").text
    for path in PATHS:
        assert httpx.get(app.url + path, headers={"Host": "rebound.example"}).status_code == 421, path
    assert (
        httpx.post(app.url + "/mock-interviews/init", json={}, headers={"Host": "rebound.example"}).status_code == 421
    )
    for path in SOCKETS:
        assert shake(app, path, Host=f"rebound.example:{app.port}") == 421
        assert shake(app, path) == 101


def test_a_foreign_page_opens_neither_socket(app):
    for path in SOCKETS:
        assert shake(app, path, Origin=f"http://localhost:{app.port}") == 101
        for origin in ("http://localhost:1", f"https://localhost:{app.port}", "http://evil.example"):
            assert shake(app, path, Origin=origin) == 403, (path, origin)


def test_a_forwarded_request_needs_the_key_which_lies_in_the_home(app):
    outside = {"X-Forwarded-For": "203.0.113.9"}
    assert httpx.get(app.url, headers=outside).status_code == 401
    key = (app.home / "access.key").read_text()
    assert httpx.get(app.url, headers={**outside, "X-Access-Key": key}).status_code == 200
    assert key not in app.log


def test_what_is_written_is_the_owners_alone(app):
    assert httpx.post(app.url + "/mock-interviews/init", json={"q_count": 1}).status_code == 201
    found = [app.home, *app.home.rglob("*")]
    assert len(found) > 3
    open_ones = [str(p) for p in found if not p.is_symlink() and stat.S_IMODE(p.lstat().st_mode) & 0o077]
    assert open_ones == []


def test_the_giant_frame_is_cut_off_on_streamlits_socket_too(app):
    line = socket.create_connection((app.address, app.port))
    to = f"ws://localhost:{app.port}/_stcore/stream"
    with ws.connect(to, sock=line, max_size=None) as stream, pytest.raises(ConnectionClosed, match="1009"):
        stream.send(bytes(300_000))
        while True:
            stream.recv(timeout=10)


def test_a_head_without_end_is_cut_off(app):
    with socket.create_connection((app.address, app.port), timeout=10) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 70_000)
        assert line.recv(100).startswith(b"HTTP/1.1 431")


@pytest.fixture
def elsewhere():
    """Another machine: a network namespace joined by a cable of its own."""
    if os.geteuid() or not shutil.which("ip"):
        pytest.skip("a network namespace needs root and iproute2")
    name, near, far = f"jf{os.getpid()}", f"jfa{os.getpid() % 9999}", f"jfb{os.getpid() % 9999}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no network namespace can be made here: {made.stderr.strip()}")
    try:
        for line in (
            f"link add {near} type veth peer name {far} netns {name}",
            f"addr add {HERE}/30 dev {near}",
            f"link set {near} up",
            f"-n {name} addr add {THERE}/30 dev {far}",
            f"-n {name} link set {far} up",
            f"-n {name} link set lo up",
        ):
            subprocess.run(["ip", *line.split()], check=True, capture_output=True)
        yield name
    finally:
        subprocess.run(["ip", "link", "del", near], capture_output=True)
        subprocess.run(["ip", "netns", "del", name], capture_output=True)


CALLER = """
import json, sys, httpx
import websockets.sync.client as ws
from websockets.exceptions import InvalidStatus
base, key, paths, sockets = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), json.loads(sys.argv[4])
headers = {"X-Access-Key": key} if key else {}
seen = {}
def attempt(name, call):
    try: seen[name] = call()
    except (httpx.HTTPError, OSError) as error: seen[name] = type(error).__name__
def shake(path):
    try:
        with ws.connect("ws://" + base + path, additional_headers=headers, open_timeout=5): return 101
    except InvalidStatus as error: return error.response.status_code
for path in paths: attempt(path, lambda: httpx.get("http://" + base + path, headers=headers, timeout=5).status_code)
attempt("init", lambda: httpx.post("http://" + base + "/mock-interviews/init", json={}, headers=headers).status_code)
liar = {**headers, "Host": "localhost", "X-Forwarded-For": "127.0.0.1"}
attempt("host", lambda: httpx.get("http://" + base, headers={**headers, "Host": "evil.example"}).status_code)
attempt("liar", lambda: httpx.get("http://" + base, headers=liar).status_code)
for path in sockets: attempt(path, lambda: shake(path))
print(json.dumps(seen))
"""


def call_from(elsewhere, base, key=""):
    """What another machine is answered."""
    command = [
        "ip",
        "netns",
        "exec",
        elsewhere,
        sys.executable,
        "-c",
        CALLER,
        base,
        key,
        json.dumps(PATHS),
        json.dumps(SOCKETS),
    ]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)


def test_from_another_machine_nothing_answers_by_default(app, elsewhere):
    seen = call_from(elsewhere, f"{HERE}:{app.port}")
    assert set(seen.values()) <= {"ConnectError", "ConnectionRefusedError"}, seen


def test_with_an_address_set_another_machine_has_to_sign_in(elsewhere, tmp_path: Path):
    key = "key of this test"
    with application(
        tmp_path, "--server.address", HERE, address=HERE, COACH_ADDRESS=HERE, COACH_ACCESS_KEY=key
    ) as running:
        seen = call_from(elsewhere, f"{HERE}:{running.port}")
        assert seen.pop("host") == 421
        assert set(seen.values()) == {401}, seen
        known = call_from(elsewhere, f"{HERE}:{running.port}", key)
        assert known["/"] == known["/practice"] == 200 and known["init"] == 201 and known["host"] == 421
        assert known["/_stcore/stream"] == known["/ws/mock-interview?token=x"] == 101


def test_make_run_listens_where_the_setting_says():
    told = subprocess.run(
        ["make", "-n", "run"], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert "--server.address" in told.stdout and "coach_address" in told.stdout
