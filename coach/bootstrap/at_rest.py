"""Encryption turned on, turned off, moved to a new key: over rows, recordings and the lab's files alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from coach.bootstrap.store import StoreParts
from coach.contracts.base import Record
from coach.errors import NotFoundError, SettingsError
from coach.vault.keyring import Keyring


class Turned(Record):
    """What changed its form."""

    rows: int
    recordings: int
    lab_files: int


def keys_of(parts: StoreParts) -> Keyring:
    """The keys in force.

    Raises:
        SettingsError: nothing is encrypted here.
    """
    if parts.vault is None:
        raise SettingsError(
            "COACH_ENCRYPTION_KEY is not set.", mend="`openssl rand -base64 32` makes a good one; set it."
        )
    return parts.vault


def turn(parts: StoreParts, *, sealed: bool, tell: Callable[[str], None] = lambda _: None) -> Turned:
    """Seals (or opens) whatever was written otherwise; blocking, repeatable, and then no copy holds the old form.

    Raises:
        SettingsError: no key is set.
        StoreError: something could not be written; repeat it.
    """
    from coach.lab import turning as lab_files
    from coach.store.maintenance import turning

    keys_of(parts)
    rows = turning.turn(parts.store, sealed=sealed, tell=tell)
    tell("recordings")
    recordings = sum(_turn_recording(parts, uri, sealed=sealed) for uri in parts.archive.uris())
    lab = lab_files.turn(parts.settings.coach_home / "lab", sealed=sealed)
    if rows:
        tell("copies of the database")
        parts.store.forget_leftovers()
    return Turned(rows=rows, recordings=recordings, lab_files=lab)


def _turn_recording(parts: StoreParts, uri: str, *, sealed: bool) -> bool:
    from coach.store.maintenance import turning

    try:
        owner = parts.store.run(turning.owner_of_recording, PurePosixPath(uri).stem)
        return parts.archive.turn(uri, owner=owner, sealed=sealed)
    except NotFoundError:  # it expired meanwhile, or its key was destroyed
        return False
