"""Where wrapped keys lie: small files in a folder (0600), or in a bucket that all processes of an installation reach.

Never in the database: its copies would hold them, and what was deleted could be read from a copy.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from coach.errors import StoreError


class KeyPlace:
    """Named small files; each is written whole or not at all."""

    def __init__(self, url: str) -> None:
        """`url`: a folder, or an fsspec address such as `s3://bucket/keys`."""
        self.where = url
        self._bucket: Any = None
        if "://" in url and not url.startswith("file://"):
            import fsspec

            self._bucket, self._root = fsspec.core.url_to_fs(url)
        else:
            self._folder = Path(url.removeprefix("file://"))

    def read(self, name: str) -> bytes | None:
        """A file's content; None when there is none."""
        try:
            return self._bucket.cat_file(f"{self._root}/{name}") if self._bucket else (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._trouble(error) from error

    def create(self, name: str, data: bytes) -> bool:
        """Writes a file that is not there yet; False when another process was quicker."""
        try:
            if self._bucket:
                self._bucket.pipe_file(f"{self._root}/{name}", data, mode="create")
            else:
                part = self._part(name, data)
                try:
                    os.link(part, self._folder / name)
                finally:
                    part.unlink()
        except FileExistsError:
            return False
        except OSError as error:
            raise self._trouble(error) from error
        self._sync_folder()
        return True

    def replace(self, name: str, data: bytes, *, instead_of: bytes) -> bool:
        """Writes a file anew; False where it is not any more what it was, so that nothing destroyed comes back.

        In a bucket another process may still destroy it between that look and the writing.
        """
        with self._alone():
            if self.read(name) != instead_of:
                return False
            try:
                if self._bucket:
                    self._bucket.pipe_file(f"{self._root}/{name}", data)
                else:
                    self._part(name, data).replace(self._folder / name)
            except OSError as error:
                raise self._trouble(error) from error
            self._sync_folder()
        return True

    def destroy(self, name: str) -> bool:
        """Removes a file for good, written over before where the disk writes in place; False when there was none.

        So go drafts of it, which a process that was killed over them left.
        """
        with self._alone():
            try:
                for draft in [] if self._bucket else self._folder.glob(f".{name}.*.part"):
                    _remove(draft)
                if self._bucket:
                    self._bucket.rm_file(f"{self._root}/{name}")
                    self._bucket.invalidate_cache()
                else:
                    _remove(self._folder / name)
            except FileNotFoundError:
                return False
            except OSError as error:
                raise self._trouble(error) from error
            self._sync_folder()
        return True

    def names(self) -> list[str]:
        """Every file's name."""
        if not self._bucket:
            return sorted(path.name for path in self._folder.glob("*.key"))
        self._bucket.invalidate_cache()
        with suppress(FileNotFoundError):
            return sorted(p.rsplit("/", 1)[-1] for p in self._bucket.ls(self._root, detail=False) if p.endswith(".key"))
        return []

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The folder for this process alone, as far as replacing and destroying go; a bucket has no such lock."""
        if self._bucket or not self._folder.is_dir():
            yield
            return
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _part(self, name: str, data: bytes) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self._folder / f".{name}.{secrets.token_hex(4)}.part"
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return part

    def _sync_folder(self) -> None:
        if self._bucket:
            return
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _trouble(self, error: OSError) -> StoreError:
        return StoreError(
            f"The keys in {self.where} cannot be reached ({error.strerror or type(error).__name__}).",
            mend="Give write access and free space there, or set COACH_KEYS_URL right.",
        )


def _remove(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.pwrite(descriptor, secrets.token_bytes(os.fstat(descriptor).st_size), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    path.unlink()
