"""A throw-away PostgreSQL server on a free port, run as an ordinary user, gone when the tests end."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


def bin_dir() -> Path:
    """The newest installed server's programs."""
    found = shutil.which("initdb")
    candidates = [Path(found).parent] if found else []
    for root in ("/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"):
        candidates += sorted(path.parent for path in Path(root).glob("*/bin/initdb"))
    assert candidates, "PostgreSQL is not installed: run tests/install_system.sh"
    return candidates[-1]


def _as_user() -> list[str]:
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """Yields the URL of the server's maintenance database (`postgresql+psycopg://…/postgres`)."""
    home = Path(tempfile.mkdtemp(prefix="coach-pg-"))
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(home, account.pw_uid, account.pw_gid)
    data, port, programs = home / "data", _free_port(), bin_dir()

    def call(*command: str) -> None:
        subprocess.run([*_as_user(), *command], check=True, capture_output=True, cwd=home, timeout=60)

    options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off"
    try:
        call(
            f"{programs}/initdb", "-D", str(data), "-U", "coach", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"
        )
        call(f"{programs}/pg_ctl", "-D", str(data), "-o", options, "-l", str(home / "log"), "-w", "start")
        try:
            yield f"postgresql+psycopg://coach@127.0.0.1:{port}/postgres"
        finally:
            call(f"{programs}/pg_ctl", "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)
