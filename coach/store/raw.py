"""A store whose rows pass as they lie there: nothing sealed is opened, nothing is sealed on its way in."""

from coach.store.sqlstore import SqlStore
from coach.vault.keyring import Keyring


class RawStore(SqlStore):
    """For moving rows from one database to another, sealed ones as they are. Makes no copies by itself."""

    def __init__(self, url: str) -> None:
        """`url`: as in `SqlStore`."""
        super().__init__(url, backup_hours=0)

    @property
    def _keys(self) -> Keyring | None:
        return None
