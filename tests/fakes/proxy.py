"""HAProxy with the rules of `deploy/haproxy.cfg`, before processes of this machine."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import httpx

from tests.conversation.app_process import free_port

ROOT = Path(__file__).resolve().parents[2]
START_S = 20
ACCESS_KEY = "one key for all processes"


def program() -> str:
    found = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    assert found, "HAProxy is not installed: run tests/install_system.sh"
    return found


def configured(port: int, servers: Mapping[str, str], changed: Mapping[str, str]) -> str:
    """The deployed rules with another door, and other servers where some are given."""
    rules = (ROOT / "deploy" / "haproxy.cfg").read_text()
    for old, new in {"bind :8080": f"bind 127.0.0.1:{port}", **changed}.items():
        assert old in rules
        rules = rules.replace(old, new)
    if not servers:
        return rules
    kept = [line for line in rules.splitlines() if not line.strip().startswith(("server-template", "nameserver"))]
    rows = [f"    server {name} {address} check cookie {name}" for name, address in servers.items()]
    return "\n".join([*kept, *rows]) + "\n"


@contextlib.contextmanager
def running_proxy(
    folder: Path, servers: Mapping[str, str], changed: Mapping[str, str] = MappingProxyType({})
) -> Iterator[str]:
    """A started proxy; gives its address.

    Args:
        folder: for its rules and its log.
        servers: name (which is its cookie's value, too) -> host:port; none: those of the deployed rules.
        changed: texts of the deployed rules -> what stands there instead.
    """
    port = free_port()
    rules = folder / "haproxy.cfg"
    rules.write_text(configured(port, servers, changed))
    env = os.environ | {"COACH_ACCESS_KEY": ACCESS_KEY}
    with (folder / "proxy.log").open("wb") as log:
        process = subprocess.Popen([program(), "-db", "-f", str(rules)], stdout=log, stderr=log, env=env)
        try:
            _wait(f"http://127.0.0.1:{port}", process, folder)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def _wait(url: str, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/healthz", timeout=5, headers={"X-Access-Key": ACCESS_KEY}).status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"the proxy did not start: {(folder / 'proxy.log').read_text()[-2000:]}")
