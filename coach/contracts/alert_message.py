"""What an operator is told of by mail or webhook, whatever raised it."""

from collections.abc import Callable

from pydantic import JsonValue

from coach.contracts.base import Record


class AlertMessage(Record):
    """One message. `id` is the same however often it is tried; `body` is what a webhook gets, beside `id` and `text`.

    It carries ids and figures, never a name or a word somebody said.
    """

    id: str
    subject: str
    text: str
    email: str = ""
    webhook: str = ""
    body: dict[str, JsonValue] = {}


Tell = Callable[[AlertMessage], str]
"""Tells a notice: empty when it arrived, else why not, without an address or a password."""
