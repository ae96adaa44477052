"""What processes on one PostgreSQL tell each other: NOTIFY, in parts where a message is long."""

import json
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

CHANNEL = "coach"
PART = 3800
"""Characters of one notification's text; with JSON's own quoting it stays below the 8000 bytes PostgreSQL takes."""
UNFINISHED_MOST = 200
"""Messages of which parts are missing; the oldest is forgotten."""

Message = dict[str, Any]


def send(connection: sa.Connection, *messages: Message) -> None:
    """Tells every process, this one included, once the transaction is written; in order."""
    parts = [{"part": part} for message in messages for part in _parts(message)]
    if parts:
        connection.execute(sa.text(f"SELECT pg_notify('{CHANNEL}', :part)"), parts)


def _parts(message: Message) -> Iterator[str]:
    """A message as notifications: short ones whole, long ones in numbered parts."""
    text = json.dumps(message)
    if len(text) <= PART:
        yield text
        return
    name, pieces = uuid4().hex, [text[at : at + PART] for at in range(0, len(text), PART)]
    for number, piece in enumerate(pieces):
        yield json.dumps({"of": name, "n": number, "all": len(pieces), "text": piece})


class Joining:
    """Puts the parts of long messages together again."""

    def __init__(self) -> None:
        self._pieces: OrderedDict[str, dict[int, str]] = OrderedDict()

    def message(self, payload: str) -> Message | None:
        """The message that `payload` completes; None while parts are missing, or for what is none of ours."""
        with suppress(ValueError, KeyError, TypeError):
            told = json.loads(payload)
            if not isinstance(told, dict):
                return None
            if "of" not in told:
                return told
            pieces = self._pieces.setdefault(told["of"], {})
            pieces[told["n"]] = told["text"]
            if len(pieces) == told["all"]:
                del self._pieces[told["of"]]
                return dict(json.loads("".join(pieces[number] for number in sorted(pieces))))
            while len(self._pieces) > UNFINISHED_MOST:
                self._pieces.popitem(last=False)
        return None
