"""Where finished recordings live: a folder or any bucket fsspec can reach."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coach.errors import CoachError, NotFoundError, StoreError
from coach.private_files import written_whole
from coach.vault import ambient, files

IN_PROGRESS = "in-progress"
"""The folder of recordings that are not finished, where several machines serve."""


class AudioArchive:
    """Finished recordings by attempt. Blocking; call it off the event loop."""

    def __init__(self, url: str) -> None:
        """`url`: a folder path or an fsspec URL such as `s3://bucket/prefix`."""
        import fsspec

        remote = "://" in url and not url.startswith(("file://", "local://"))
        options = {"use_listings_cache": False} if remote else {}  # other processes write there, too
        self._filesystem, self._root = fsspec.core.url_to_fs(url, **options)
        self._local = "file" in _protocols(self._filesystem)

    @property
    def shared(self) -> bool:
        """Whether other machines reach it."""
        return not self._local

    def save(self, path: Path, attempt_id: str) -> str:
        """Copies the recording in, whole or not at all, and returns its URI; saving again replaces it.

        Where keys are in force it lies there sealed: as it comes, or for `ambient.owner()`.

        Raises:
            StoreError: the place cannot be written.
        """
        target = f"{self._root}/{attempt_id}{path.suffix}"
        with _reached("The recording cannot be stored"):
            self._filesystem.makedirs(self._root, exist_ok=True)
            if ambient.over(target) is not None:
                self._put(target, files.sealed_bytes(target, path.read_bytes()))
            elif self._local:
                with written_whole(Path(target)) as draft:
                    shutil.copyfile(path, draft)
            else:
                self._filesystem.put_file(str(path), target)
        return self._filesystem.unstrip_protocol(target)

    def read(self, uri: str) -> bytes:
        """The recording's bytes (FLAC), in plain form.

        Raises:
            NotFoundError: it expired or was deleted.
        """
        try:
            with _reached("The recording cannot be read"):
                raw: bytes = self._filesystem.cat_file(self._path(uri))
        except FileNotFoundError as error:
            raise NotFoundError("This recording is no longer there.") from error
        return files.opened_bytes(self._path(uri), raw)

    def local_path(self, uri: str, copy: Path) -> Path:
        """A file on this machine with the recording, as it lies there (`files.read` opens it): the archive's own, or
        `copy`, to which a bucket's object is fetched whole or not at all.

        Raises:
            NotFoundError: it expired or was deleted.
            StoreError: the place does not answer.
        """
        path = self._path(uri)
        if self._local:
            if not Path(path).is_file():
                raise NotFoundError("This recording is no longer there.")
            return Path(path)
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            with written_whole(copy) as draft, _reached("The recording cannot be read"):
                self._filesystem.get_file(path, str(draft))
        except FileNotFoundError as error:
            raise NotFoundError("This recording is no longer there.") from error
        return copy

    def exists(self, uri: str) -> bool:
        """Whether the recording is still there."""
        return self._filesystem.exists(self._path(uri))

    def delete(self, uri: str) -> None:
        """Removes the recording; one that is gone already is no error."""
        with suppress(FileNotFoundError), _reached("The recording cannot be removed"), self._alone():
            self._filesystem.rm_file(self._path(uri))

    def uris(self) -> list[str]:
        """Every recording in the archive."""
        if not self._filesystem.exists(self._root):
            return []
        return sorted(uri for uri, _ in self.listed())

    def listed(self) -> list[tuple[str, datetime | None]]:
        """Every file of the archive with the time it was last written; None where the place does not say."""
        with _reached("The recordings cannot be listed"):
            if not self._filesystem.exists(self._root):
                return []
            found = [item for item in self._filesystem.ls(self._root, detail=True) if item["type"] == "file"]
        return [(self._filesystem.unstrip_protocol(item["name"]), _moment_of(item)) for item in found]

    def parts(self) -> list[str]:
        """Every part of every recording in progress."""
        with _reached("The recordings cannot be listed"):
            found = self._filesystem.find(f"{self._root}/{IN_PROGRESS}")
        return sorted(self._filesystem.unstrip_protocol(path) for path in found)

    def turn(self, uri: str, *, owner: str, sealed: bool) -> bool:
        """Makes a recording, or a part of one, sealed for `owner`, or plain; False when it is so already.

        One that is deleted at the same moment, by whichever process, stays deleted; in a bucket, which has no locks,
        the caller looks afterwards.

        Raises:
            NotFoundError: it is gone, or its key was destroyed.
        """
        path = self._path(uri)
        try:
            with self._alone():
                raw: bytes = self._filesystem.cat_file(path)
                if files.is_sealed_file(raw) == sealed:
                    return False
                with ambient.belonging_to(owner):
                    self._put(path, files.sealed_bytes(path, raw) if sealed else files.opened_bytes(path, raw))
        except FileNotFoundError as error:
            raise NotFoundError("This recording is no longer there.") from error
        return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else on this machine deletes or turns a recording meanwhile; in a bucket nothing is held.

        Raises:
            FileNotFoundError: there is no such folder.
        """
        if not self._local:
            yield
            return
        folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _put(self, target: str, data: bytes) -> None:
        if not self._local:
            self._filesystem.pipe_file(target, data)
            return
        with written_whole(Path(target)) as draft:
            draft.write_bytes(data)

    def put_part(self, attempt_id: str, name: str, data: bytes) -> None:
        """Keeps a part of a recording in progress, replacing an older one of this name; sealed as `save` does.

        Raises:
            StoreError: the place cannot be written.
        """
        with _reached("The recording cannot be stored"):
            if self._local:
                self._filesystem.makedirs(self._parts(attempt_id), exist_ok=True)
            target = f"{self._parts(attempt_id)}/{name}"
            self._filesystem.pipe_file(target, files.sealed_bytes(target, data))

    def get_part(self, attempt_id: str, name: str) -> bytes | None:
        """One part of a recording in progress; None when it is not there.

        Raises:
            StoreError: the place does not answer.
        """
        with suppress(FileNotFoundError), _reached("The recording cannot be read"):
            source = f"{self._parts(attempt_id)}/{name}"
            return files.opened_bytes(source, bytes(self._filesystem.cat_file(source)))
        return None

    def drop_parts(self, attempt_id: str, names: list[str] | None = None) -> None:
        """Removes these parts of a recording in progress, or all of them; what is gone already is no error.

        Raises:
            StoreError: the place does not answer.
        """
        folder = self._parts(attempt_id)
        with suppress(FileNotFoundError), _reached("The recording cannot be removed"):
            for path in self._filesystem.find(folder) if names is None else [f"{folder}/{name}" for name in names]:
                with suppress(FileNotFoundError):
                    self._filesystem.rm_file(path)
            if self._local and names is None:
                shutil.rmtree(folder, ignore_errors=True)

    def in_progress(self) -> dict[str, datetime | None]:
        """The attempts of which parts lie here, with the time the newest was written (None: not known)."""
        found: dict[str, datetime | None] = {}
        with _reached("The recordings cannot be listed"):
            parts = self._filesystem.find(f"{self._root}/{IN_PROGRESS}", detail=True)
        for path, item in parts.items():
            attempt_id, written = str(path).split("/")[-2], _moment_of(item)
            known = found.get(attempt_id)
            found[attempt_id] = max(known, written) if known and written else written or known
        return found

    def _parts(self, attempt_id: str) -> str:
        return f"{self._root}/{IN_PROGRESS}/{attempt_id}"

    def _path(self, uri: str) -> str:
        """The path of `uri`; one outside the archive is refused, so that a row cannot make us read any file."""
        path = self._filesystem._strip_protocol(uri)
        if not str(path).startswith(f"{str(self._root).rstrip('/')}/") or ".." in Path(path).parts:
            raise NotFoundError("This recording is not in the archive.")
        return str(path)


@contextmanager
def _reached(trouble: str) -> Iterator[None]:
    """Turns whatever a back end raises (an OSError, a vendor's own exception) into one line; what is missing stays so.

    Raises:
        StoreError: `trouble`, and why.
        FileNotFoundError: there is no such file.
    """
    try:
        yield
    except (FileNotFoundError, CoachError):
        raise
    except Exception as error:
        reason = (isinstance(error, OSError) and error.strerror) or type(error).__name__
        raise StoreError(f"{trouble} ({reason}).") from error


def _moment_of(item: dict[str, object]) -> datetime | None:
    """When a file was last written: seconds on a disk, a datetime (`LastModified`, `last_modified`) in a bucket."""
    found = next((item[key] for key in ("mtime", "LastModified", "last_modified", "created") if item.get(key)), None)
    if isinstance(found, (int, float)):
        return datetime.fromtimestamp(found, UTC)
    if isinstance(found, datetime):
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def _protocols(filesystem: Any) -> tuple[str, ...]:
    protocol = filesystem.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)
