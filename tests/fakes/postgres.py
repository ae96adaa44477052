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


class PostgresServer:
    """One server that can be stopped and started again."""

    def __init__(self, home: Path) -> None:
        self.home, self.port, self._programs = home, _free_port(), bin_dir()
        self.url = f"postgresql+psycopg://coach@127.0.0.1:{self.port}/postgres"
        if not (home / "data").exists():
            self._call("initdb", "-D", self.data, "-U", "coach", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")

    @property
    def data(self) -> str:
        return str(self.home / "data")

    def start(self) -> None:
        options = f"-p {self.port} -k {self.home} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off"
        self._call("pg_ctl", "-D", self.data, "-o", options, "-l", str(self.home / "log"), "-w", "start")

    def stop(self) -> None:
        self._call("pg_ctl", "-D", self.data, "-m", "immediate", "stop")

    def _call(self, program: str, *words: str) -> None:
        command = [*_as_user(), f"{self._programs}/{program}", *words]
        subprocess.run(command, check=True, capture_output=True, cwd=self.home, timeout=60)


@contextlib.contextmanager
def running_postgres(kept: Path | None = None) -> Iterator[PostgresServer]:
    """A started server, stopped and gone afterwards; in the folder `kept` its data stay for the next time."""
    home = kept or Path(tempfile.mkdtemp(prefix="coach-pg-"))
    home.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(home, account.pw_uid, account.pw_gid)
    try:
        server = PostgresServer(home)
        server.start()
        try:
            yield server
        finally:
            with contextlib.suppress(subprocess.CalledProcessError):  # it may be stopped already
                server.stop()
    finally:
        if not kept:
            shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """Yields the URL of the server's maintenance database (`postgresql+psycopg://…/postgres`)."""
    with running_postgres() as server:
        yield server.url
