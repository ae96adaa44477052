"""What a process remembers for convenience, and may forget: at most so many, those longest unused go first."""

from collections import OrderedDict
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(OrderedDict[Key, Value]):
    """A dictionary of at most `most` entries. Whoever writes or reads an entry has used it."""

    def __init__(self, most: int) -> None:
        """Empty."""
        super().__init__()
        self._most = most

    def __setitem__(self, key: Key, value: Value) -> None:
        """Keeps it as the newest; the one longest unused goes where there are too many."""
        super().__setitem__(key, value)
        self.move_to_end(key)
        while len(self) > self._most:
            del self[next(iter(self))]

    def used(self, key: Key) -> Value | None:
        """The value, which counts as used now; None where it is not remembered."""
        if key not in self:
            return None
        self.move_to_end(key)
        return self[key]
