"""Is the database at this program's version, are its references whole, are its copies intact."""

from dataclasses import dataclass, field

from coach.store.engine import copies, schema
from coach.store.engine.troubles import damaged
from coach.store.maintenance import integrity
from coach.store.sqlstore import SqlStore


@dataclass(frozen=True, slots=True)
class DatabaseHealth:
    """What was found; nothing was changed."""

    database: str
    version: str | None
    newest: str
    dangling: dict[str, int] = field(default_factory=dict)
    backups: int = 0
    damaged_backups: int = 0
    quarantined: int = 0

    @property
    def ok(self) -> bool:
        """Whether it can be used as it is."""
        return self.version == self.newest and not self.dangling

    @property
    def sentence(self) -> str:
        """One line for people, with the mend."""
        if self.version is None:
            return f"There is no database at {self.database} yet. Run `python -m coach db upgrade`."
        if self.version > self.newest:
            return (
                f"The database is at version {self.version}, newer than this program ({self.newest}). Update Job Foxy."
            )
        if self.version < self.newest:
            return f"The database is at version {self.version} of {self.newest}. Run `python -m coach db upgrade`."
        if self.dangling:
            found = ", ".join(f"{count} in {column}" for column, count in self.dangling.items())
            return f"Rows refer to nothing ({found}). `python -m coach db restore` takes the newest copy back."
        if self.quarantined:
            return f"The database is sound; {self.quarantined} set aside earlier in quarantine/: look, then delete it."
        kept = ("1 copy" if self.backups == 1 else f"{self.backups} copies") + (
            f", {self.damaged_backups} damaged" if self.damaged_backups else ""
        )
        return f"The database is at version {self.version}, sound, with {kept}."


def check_database(store: SqlStore) -> DatabaseHealth:
    """Looks at version, every block, references and copies. A DuckDB file that is not there is not made.

    Raises:
        StoreError, StoreBusyError: it cannot be opened.
    """
    path, where = store.database.path, store.database.where
    if path is not None and not path.exists():
        if trouble := damaged(path, "it is missing"):
            raise trouble
        return DatabaseHealth(where, None, schema.head())
    version = store.version()
    store.run(integrity.read_through)
    dangling = store.run(integrity.dangling_references) if version == schema.head() else {}
    kept = copies.backups(path) if path is not None else []
    spoilt = sum(not copy.intact for copy in kept)
    set_aside = len(list((path.parent / "quarantine").glob("*"))) if path is not None else 0
    return DatabaseHealth(where, version, schema.head(), dangling, len(kept), spoilt, set_aside)
