"""What an operator is told of by mail or webhook, whatever raised it."""

from collections.abc import Callable

from pydantic import JsonValue

from coach.contracts.base import Record


class AlertMessage(Record):
    """One message. `id` is the same however often it is tried; `body` is what a webhook gets, beside `id` and `text`.

    It carries ids and figures, never a name or a word somebody said. `arrived` are the ways (`webhook`, `email`) by
    which it arrived before: those are not gone again.
    """

    id: str
    subject: str
    text: str
    email: str = ""
    webhook: str = ""
    body: dict[str, JsonValue] = {}
    arrived: tuple[str, ...] = ()


class Delivery(Record):
    """What became of telling: by which ways it has arrived by now; why not by the others, without address or password.

    `error` is empty where it arrived by all that were named.
    """

    arrived: tuple[str, ...] = ()
    error: str = ""


Tell = Callable[[AlertMessage], Delivery]
"""Tells a notice."""
