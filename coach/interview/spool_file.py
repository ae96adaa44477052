"""The spool as a file: its lock, its lines, and what goes with a deleted interview."""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from coach.errors import StoreError
from coach.vault.files import opened_line, sealed_line
from coach.vault.keyring import HOUSE, BrokenSealError, is_sealed

LOCK_POLL_S = 0.05
TURN_WAIT_S = 10.0


def without(path: Path, line: str, interview_id: str) -> str:
    """The line as it is where it tells nothing of the interview; else its use alone, or nothing.

    A torn line, which nobody can read or write any more, goes as well.
    """
    try:
        plain = opened_line(path, line)
    except BrokenSealError:
        return ""
    if plain and interview_id not in plain:
        return line
    rest = _usage_alone(plain)
    return rest and sealed_line(path, rest, HOUSE)


def _usage_alone(line: str) -> str:
    """The metered use in a spooled fact, cut off from its session; empty when there is none."""
    try:
        events = next((fact for fact in json.loads(line)["facts"] if isinstance(fact, list)), [])
    except (ValueError, KeyError):
        return ""
    bare = [event | {"attempt_id": None, "interview_id": None, "call_id": ""} for event in events]
    return json.dumps({"write": "add_usage", "facts": [bare]}) if bare else ""


@contextlib.contextmanager
def locked(path: Path, wait_s: float) -> Iterator[None]:
    """The spool for this process alone: two that rewrite it at once would lose what the other keeps.

    Raises:
        TimeoutError: another process has it for longer than `wait_s`.
        OSError: the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise TimeoutError("the spool is in use") from None
                time.sleep(LOCK_POLL_S)
        yield
    finally:
        os.close(lock)


def turn(path: Path, owner_of: Callable[[str], str], *, sealed: bool) -> int:
    """Seals each line for whom its session belongs to (`owner_of` an id), or opens it; how many changed. Blocking.

    Raises:
        StoreError: another process keeps the spool, or it cannot be written.
    """
    if not path.exists():
        return 0
    try:
        with locked(path, TURN_WAIT_S):
            old = lines(path)
            fresh = [line if is_sealed(line) == sealed else _turned(path, line, owner_of) for line in old]
            if fresh != old:
                keep_rest(path, [line for line in fresh if line])
    except OSError as error:
        raise StoreError("What waits to be stored could not be written anew.", mend="Try again.") from error
    return sum(line != other for line, other in zip(old, fresh, strict=True))


def _turned(path: Path, line: str, owner_of: Callable[[str], str]) -> str:
    if not is_sealed(line):
        return sealed_line(path, line, owner_of(_session_in(line)))
    try:
        return opened_line(path, line)
    except BrokenSealError:  # it was cut off by a full disk or a crash
        return ""


def _session_in(line: str) -> str:
    """The session a plain line tells of; empty where it tells of none."""
    try:
        facts = json.loads(line)["facts"]
    except (ValueError, KeyError):
        return ""
    told = [each for fact in facts for each in (fact if isinstance(fact, list) else [fact]) if isinstance(each, dict)]
    return next((str(each.get("interview_id") or each.get("id") or "") for each in told), "")


def forget(path: Path, interview_id: str) -> int:
    """Takes what waits of a deleted interview out of the spool; its use of vendors stays, without its identity.

    Args:
        path: the spool file, which a running process may be writing.
        interview_id: the interview.

    Returns:
        How many facts went.

    Raises:
        StoreError: another process keeps the spool; nothing was changed.
    """
    if not path.exists():
        return 0
    try:
        with locked(path, TURN_WAIT_S):
            old = lines(path)
            kept = [without(path, line, interview_id) for line in old]
            if kept != old:
                keep_rest(path, [line for line in kept if line])
    except OSError as error:
        raise StoreError("What waits to be stored could not be cleared.", mend="Try again.") from error
    return sum(line != other for line, other in zip(old, kept, strict=True))


def lines(path: Path) -> list[str]:
    """What stands in it; none where there is no file. What a crash tore may be no text at all."""
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []


def append(path: Path, line: str) -> None:
    """Adds a line, forced to the disk; one that was cut off before it (a full disk, a crash) does not swallow it."""
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else f"\n{line}"
        file.write(f"{line}\n".encode())
        file.flush()
        os.fsync(file.fileno())


def keep_rest(path: Path, rest: list[str]) -> None:
    """Writes it anew, whole or not at all; without lines it goes."""
    if not rest:
        path.unlink(missing_ok=True)
        return
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in rest))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
