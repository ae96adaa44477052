"""The database: all SQL lives here. `open_store(url)` is the door."""

from coach.store.sqlstore import SqlStore

__all__ = ["SqlStore", "open_store"]


def open_store(url: str = "", *, lock_wait_s: float | None = None) -> SqlStore:
    """The store at `url` (default: the settings' database); nothing is opened before its first use."""
    from coach.settings import settings
    from coach.store.engine.engine import LOCK_WAIT_S
    from coach.vault.mounting import mount

    mount(settings())
    return SqlStore(
        url or settings().database_url,
        lock_wait_s=LOCK_WAIT_S if lock_wait_s is None else lock_wait_s,
        backup_hours=settings().coach_backup_hours,
        backups_kept=settings().coach_backups_kept,
    )
