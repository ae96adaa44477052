"""Failures of a database in plain words: one line that says what is wrong, and the mend."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
from sqlalchemy.exc import SQLAlchemyError

from coach.errors import CoachError, NotFoundError, StoreError
from coach.store.engine import copies
from coach.store.engine.hold import busy

_DAMAGED = ("not a valid duckdb", "could not read enough bytes", "corrupt", "checksum", "deserialize", "metadata")
"""What DuckDB 2.0 says of a file that was cut short, overwritten, or written by two processes."""


UNSEEN = "There is nothing of this identity."
"""What somebody is told who asks for what is another's: the same as for what does not exist."""


class DamagedDatabaseError(StoreError):
    """The DuckDB file itself cannot be read; the mend names the copy to take back."""

    code = "STORE_DAMAGED"


def one_line(error: BaseException) -> str:
    """The first line of an error's own words, without parameters or statements."""
    cause = getattr(error, "orig", None) or error
    lines = str(cause).strip().splitlines()
    return (lines[0] if lines else type(cause).__name__)[:300]


def is_lock_conflict(error: BaseException) -> bool:
    """Whether another process holds the DuckDB file."""
    return "Could not set lock on file" in str(error) or "used by another process" in str(error)


@contextlib.contextmanager
def plain_errors(where: str) -> Iterator[None]:
    """Turns every database or disk failure into one `StoreError` line; nothing was half-written."""
    try:
        yield
    except CoachError:
        raise
    except (SQLAlchemyError, duckdb.Error, OSError) as error:
        raise translate(error, where) from error


def translate(error: BaseException, where: str) -> StoreError:
    """The `StoreError` that says in one line what is wrong with the database at `where`, and the mend."""
    words = one_line(error)
    low = words.lower()
    if is_lock_conflict(error):
        return busy(Path(where))
    if "no space left" in low or "disk quota" in low or "file too large" in low or "out of disk" in low:
        return StoreError(
            f"The disk with {where} is full; the last change was not stored.", mend="Free some space and try again."
        )
    if "row-level security" in low:
        return NotFoundError(UNSEEN)
    if "permission denied" in low or "read-only" in low or "not permitted" in low:
        return unwritable(where)
    if any(sign in low for sign in _DAMAGED) and (error_of_file := damaged(Path(where), words)):
        return error_of_file
    if "not a valid duckdb" in low:
        return StoreError(f"{where} is not a Job Foxy database.", mend="Set COACH_HOME or COACH_DATABASE_URL right.")
    if "connection" in low and "://" in where:
        return StoreError(f"The database {where} cannot be reached.", mend="Start its server and try again.")
    return StoreError(f"The database {where} failed: {words}.", mend="Try again; COACH_DEBUG=1 shows where it failed.")


def unwritable(where: str) -> StoreError:
    """The error that says `where` cannot be written."""
    mend = "Give this user the right to write there, or set COACH_HOME to another folder."
    return StoreError(f"{where} cannot be written.", mend=mend)


def damaged(path: Path, words: str) -> DamagedDatabaseError | None:
    """The error that says which copy of a damaged file to take back and how; None where no copy is whole.

    Args:
        path: the DuckDB file.
        words: what is wrong with it, as the end of a sentence.
    """
    whole = [copy for copy in copies.backups(path) if copy.intact]
    if not whole:
        return None
    newest = whole[-1]
    others = f" ({len(whole) - 1} older: `python -m coach db restore --from FILE`)" if len(whole) > 1 else ""
    return DamagedDatabaseError(
        f"The database {path} is damaged: {words.rstrip('.!')}.",
        mend=f"`python -m coach db restore` takes back the copy {newest.path.name} of {newest.made_at:%d %B %Y %H:%M} "
        f"UTC and keeps the damaged file{others}.",
    )
