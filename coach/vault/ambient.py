"""Which keys are in force for a path or address, and whose the thing is that is being written.

An installation's keys are mounted once, where settings become parts; everything below its folder, its archive and its
database finds them by its own address. Two installations in one process never mix.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from coach.errors import SettingsError
from coach.vault.keyring import HOUSE, Keyring

MARK = ".sealed"
"""A file in COACH_HOME that says which keys it needs: keys that are lost or left out are told, not made anew."""

_owner: ContextVar[str] = ContextVar("owner", default=HOUSE)
_ring: ContextVar[Keyring | None] = ContextVar("ring", default=None)
_mounted: dict[str, Keyring] = {}


@contextmanager
def belonging_to(owner: str) -> Iterator[None]:
    """What is written inside is this person's."""
    token = _owner.set(owner)
    try:
        yield
    finally:
        _owner.reset(token)


def owner() -> str:
    """Whose the thing is that is being written."""
    return _owner.get()


@contextmanager
def in_force(ring: Keyring | None) -> Iterator[None]:
    """Rows are sealed and opened with these keys inside; with None they pass as they are."""
    token = _ring.set(ring)
    try:
        yield
    finally:
        _ring.reset(token)


def ring() -> Keyring | None:
    """The keys rows are sealed with at the moment."""
    return _ring.get()


def mount(roots: list[str], keys: Keyring | None) -> None:
    """From now on `keys` are in force below `roots` (folders or addresses); None takes them away."""
    for root in roots:
        if keys is None:
            _mounted.pop(_plain(root), None)
        else:
            _mounted[_plain(root)] = keys


def over(place: str | Path) -> Keyring | None:
    """The keys in force for a path or address; None where nothing is encrypted.

    Raises:
        SettingsError: it lies in an encrypted installation whose keys were not opened.
    """
    address = _plain(str(place))
    for root in (address, *_above(address)):
        if keys := _mounted.get(root):
            return keys
    if "://" not in address and any(mark.is_file() for mark in _marks(address)):
        raise not_opened(address)
    return None


def not_opened(where: str) -> SettingsError:
    """What is told when an encrypted installation is used without its key."""
    return SettingsError(
        f"{where} is encrypted and COACH_ENCRYPTION_KEY is not set.",
        mend="Set it to the key this installation was encrypted with.",
    )


def _plain(place: str) -> str:
    bare = place.removeprefix("file://").removeprefix("duckdb:///")
    return bare.rstrip("/") if "://" in bare else str(Path(bare).absolute())


@lru_cache(maxsize=64)
def _marks(address: str) -> tuple[Path, ...]:
    return tuple(Path(folder) / MARK for folder in _above(address))


def _above(address: str) -> list[str]:
    """The folders, or addresses, an address lies in, nearest first."""
    parts = address.split("/")
    return ["/".join(parts[:count]) or "/" for count in range(len(parts) - 1, 0, -1)]
