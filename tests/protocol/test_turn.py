"""TURN servers of one's own: a real coturn relays for whom the settings give a user, and for nobody else."""

import asyncio
import contextlib
import itertools
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
import yaml
from aioice import stun, turn

from coach.errors import SettingsError
from coach.settings import load_settings
from coach.web.ice import ice_servers
from pages.components.practice import microphone

SECRET = "a secret of the relay and of ours"
DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """coturn with the options of the deployment, on this machine alone; its port."""
    program = shutil.which("turnserver", path="/usr/bin:/usr/sbin:/usr/local/bin:/opt/homebrew/bin")
    assert program, "coturn is not installed: run tests/install_system.sh"
    options = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["turn"]["command"]
    kept = [o.replace("${TURN_SECRET:?}", SECRET) for o in options if not o.startswith(("--external", "--log"))]
    port, folder = free_udp_port(), tmp_path_factory.mktemp("turn")
    here = ["-n", f"--listening-port={port}", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1"]
    files = [f"--pidfile={folder / 'pid'}", f"--log-file={folder / 'log'}", "--simple-log"]
    process = subprocess.Popen([program, *here, *kept, *files], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        listening(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def listening(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Until the relay answers a STUN question."""
    asked = bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST))
    until = time.monotonic() + 30
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(0.3)
        while time.monotonic() < until and process.poll() is None:
            line.sendto(asked, ("127.0.0.1", port))
            with contextlib.suppress(OSError):
                assert line.recv(1500)
                return
    raise AssertionError("the relay does not answer")


async def relayed(port: int, server: dict[str, object]) -> str:
    """Where the relay lets somebody be reached."""
    transport, _ = await turn.create_turn_endpoint(
        asyncio.DatagramProtocol, ("127.0.0.1", port), str(server["username"]), str(server["credential"])
    )
    where = transport.get_extra_info("sockname")[0]
    transport.close()
    return str(where)


async def test_the_relay_takes_our_users_and_no_others(relay):
    settings = load_settings(coach_turn_url=f"turn:127.0.0.1:{relay}", coach_turn_secret=SECRET)
    (server,) = ice_servers(settings)
    assert server["urls"] == [f"turn:127.0.0.1:{relay}"]
    assert SECRET not in repr(server)
    assert await relayed(relay, server) == "127.0.0.1"
    (old,) = ice_servers(settings, clock=lambda: time.time() - 14 * 3600)
    other = load_settings(coach_turn_url=f"turn:127.0.0.1:{relay}", coach_turn_secret="another secret of somebody")
    (forged,) = ice_servers(other)
    for refused in (old, forged, server | {"username": "9999999999"}):
        with pytest.raises(stun.TransactionFailed, match="401"):
            await relayed(relay, refused)


def test_a_user_stays_the_same_for_an_hour_and_lives_for_twelve():
    settings = load_settings(coach_turn_url="turn:a.example:3478, turns:a.example:5349", coach_turn_secret=SECRET)
    begun = 1_800_000_000.0
    moments = [itertools.repeat(begun + after).__next__ for after in (0.0, 3599.0, 3600.0)]
    (first,), (later,), (next_hour,) = (ice_servers(settings, clock=moment) for moment in moments)
    assert first == later != next_hour
    assert int(str(first["username"])) - begun >= 12 * 3600
    assert first["urls"] == ["turn:a.example:3478", "turns:a.example:5349"]


def test_a_fixed_user_and_what_cannot_be_used():
    fixed = load_settings(coach_turn_url="turn:a.example", coach_turn_user="us", coach_turn_password="them")
    assert ice_servers(fixed) == [{"urls": ["turn:a.example"], "username": "us", "credential": "them"}]
    assert ice_servers(load_settings(coach_turn_url="stun:a.example")) == [{"urls": ["stun:a.example"]}]
    assert ice_servers(load_settings()) == []
    for wrong, told in (({"coach_turn_url": "turn:a.example"}, "COACH_TURN_SECRET"), ({"coach_turn_url": "a"}, "3478")):
        with pytest.raises(SettingsError) as error:
            ice_servers(load_settings(**wrong))
        assert told in f"{error.value} {error.value.mend}"


def test_the_microphone_uses_them_away_from_localhost():
    settings = load_settings(coach_turn_url="turn:a.example", coach_turn_secret=SECRET)
    with mock.patch("streamlit.context") as context, mock.patch("coach.settings.settings", lambda: settings):
        context.headers = {"Host": "coach.example.org"}
        assert microphone.ice_configuration() == {"iceServers": ice_servers(settings)}
        context.headers = {"Host": "localhost:8501"}
        assert microphone.ice_configuration() == microphone.NO_ICE
