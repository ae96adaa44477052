"""Work for the database that can be handed to another process of ours: what to call, with what, on whose behalf.

An order is pickled, so only functions of this program that stand in a module can travel; whoever cannot be packed is
done with the file in one's own hands. Unpacking takes names of this program and of plain value types, nothing else:
the other end is the same user behind a socket only that user can open, but a torn or foreign message runs nothing.
"""

import builtins
import io
import os
import pickle
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from coach.contracts.people import Asker
from coach.errors import StoreError

_VALUES = {
    "datetime": {"datetime", "date", "time", "timedelta", "timezone"},
    "decimal": {"Decimal"},
    "collections": {"OrderedDict", "defaultdict", "deque", "Counter"},
    "pathlib": {"Path", "PosixPath", "PurePosixPath"},
    "uuid": {"UUID"},
    "types": {"SimpleNamespace", "MappingProxyType"},
    "sqlalchemy.engine.row": {"Row", "RowMapping"},
    "sqlalchemy.engine.result": {"SimpleResultMetaData"},
    "sqlalchemy.engine._row_cy": {"rowproxy_reconstructor", "BaseRow"},
    "sqlalchemy.sql.functions": {"count"},
}
_PLAIN = {"set", "frozenset", "bytearray", "complex", "range", "slice", "object", "dict", "list", "tuple"}

_caller: ContextVar[int | None] = ContextVar("caller", default=None)


@dataclass(frozen=True, slots=True)
class Order:
    """A function on a connection in a transaction of its own, or (`chore`) a method of the store on its database."""

    call: Callable[..., object] | str
    args: tuple[object, ...] = ()
    kwargs: dict[str, object] = field(default_factory=dict)
    asked_by: Asker | None = None
    """On whose behalf; None for the program itself."""

    @property
    def chore(self) -> str:
        """The chore's name; empty for a function."""
        return self.call if isinstance(self.call, str) else ""


def caller_pid() -> int:
    """The process on whose behalf the present transaction runs: this one, or the neighbour that handed it over."""
    return _caller.get() or os.getpid()


def on_behalf(pid: int, work: Callable[[], object]) -> object:
    """Runs `work` with `pid` as its caller."""
    token = _caller.set(pid)
    try:
        return work()
    finally:
        _caller.reset(token)


def pack(message: object) -> bytes | None:
    """The bytes of a message; None when something in it cannot travel (a closure, a connection, a foreign class)."""
    try:
        packed = pickle.dumps(message, protocol=5)
        unpack(packed)
    except Exception:  # pickling calls whatever the objects bring along
        return None
    return packed


class ForeignMessageError(StoreError):
    """What came through the door is not a message of this program."""

    code = "STORE_MESSAGE"


def unpack(packed: bytes) -> Any:
    """The message.

    Raises:
        ForeignMessageError: it names something that is not ours.
    """
    try:
        return _Reader(io.BytesIO(packed)).load()
    except ForeignMessageError:
        raise
    except Exception as error:  # a torn pickle raises anything
        raise ForeignMessageError("The message through the database's door cannot be read.") from error


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        if module.split(".")[0] == "coach":
            found = super().find_class(module, name)
            if str(getattr(found, "__module__", "")).split(".")[0] == "coach":
                return found
        elif name in _VALUES.get(module, ()) or (module == "builtins" and _is_plain(name)):
            return super().find_class(module, name)
        raise ForeignMessageError(f"The message through the database's door names {module}.{name}.")


def _is_plain(name: str) -> bool:
    found = getattr(builtins, name, None)
    return name in _PLAIN or (isinstance(found, type) and issubclass(found, Exception))
