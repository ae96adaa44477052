"""Encryption turned on, turned off, moved to a new key: over rows, recordings and the lab's files alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

from coach.bootstrap.store import StoreParts
from coach.contracts.base import Record
from coach.errors import NotFoundError, SettingsError, StoreError
from coach.vault.keyring import HOUSE, Keyring


class Turned(Record):
    """What changed its form."""

    rows: int
    recordings: int
    unfinished: int
    """Recordings in progress, or parts of them in a bucket."""
    waiting_facts: int
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

    Copies are made anew also where no row changed: an earlier try may have been killed just before.

    Raises:
        SettingsError: no key is set.
        StoreError: something could not be written, repeat it; or it is to be opened while a server runs.
    """
    from coach.interview import spool_file
    from coach.interview.store_and_forward import SPOOL
    from coach.lab import turning as lab_files
    from coach.store.maintenance import turning

    keys_of(parts)
    alone = not turning.is_served(parts.store)
    if not (alone or sealed):
        raise StoreError("A server is running here: it would go on sealing.", mend="Stop it, then repeat this.")
    rows = turning.turn(parts.store, sealed=sealed, tell=tell)
    tell("recordings")
    archive = parts.archive
    recordings = sum(_turn_recording(parts, uri, PurePosixPath(uri).stem, sealed=sealed) for uri in archive.uris())
    unfinished = _turn_unfinished(parts, sealed=sealed) if alone else 0
    facts = parts.settings.journal_dir / SPOOL
    waiting = spool_file.turn(facts, lambda each: parts.store.run(turning.owner_of_session, each), sealed=sealed)
    lab = lab_files.turn(parts.settings.coach_home / "lab", sealed=sealed)
    tell("copies of the database")
    parts.store.forget_leftovers()
    return Turned(rows=rows, recordings=recordings, unfinished=unfinished, waiting_facts=waiting, lab_files=lab)


def _turn_recording(parts: StoreParts, uri: str, attempt_id: str, *, sealed: bool) -> bool:
    from coach.store.maintenance import turning

    try:
        owner = parts.store.run(turning.owner_of_recording, attempt_id)
        turned = parts.archive.turn(uri, owner=owner, sealed=sealed)
    except NotFoundError:  # it expired meanwhile, or its key was destroyed
        return False
    if turned and owner != HOUSE and not parts.store.run(turning.is_recorded, attempt_id):
        parts.archive.delete(uri)  # deleted between reading and writing, where a bucket knows no lock
        return False
    return turned


def _turn_unfinished(parts: StoreParts, *, sealed: bool) -> int:
    """Recordings in progress, here and in a bucket; nobody may be recording."""
    in_bucket = sum(
        _turn_recording(parts, uri, PurePosixPath(uri).parent.name, sealed=sealed) for uri in parts.archive.parts()
    )
    folder = parts.settings.journal_dir
    here = [path for kind in ("*.pcm", "*.flac", "*.moved") for path in folder.glob(kind)]
    return in_bucket + sum(_turn_journal(parts, path, sealed=sealed) for path in here)


def _turn_journal(parts: StoreParts, path: Path, *, sealed: bool) -> bool:
    from coach.audio import disk
    from coach.store.maintenance import turning

    try:
        return disk.turn(path, parts.store.run(turning.owner_of_recording, path.stem), sealed=sealed)
    except NotFoundError:  # its key was destroyed
        return False
