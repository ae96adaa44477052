"""A word on the terminal while a command takes its time: nobody looks at a silent screen and wonders.

Only where somebody looks: stderr is a terminal. What scripts read stays as it is.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

FIRST_S = 3.0
"""Seconds of silence before the first word; the next ones come after twice as long each."""
_a_person_acts = threading.Event()


@contextmanager
def still_working(first_s: float | None = None) -> Iterator[None]:
    """Says after 3, 9, 21 … s that the command goes on, unless the person is the one who is waited for."""
    over = threading.Event()
    if sys.stderr.isatty():
        threading.Thread(target=_tell, args=(over, FIRST_S if first_s is None else first_s), daemon=True).start()
    try:
        yield
    finally:
        over.set()


@contextmanager
def a_persons_turn() -> Iterator[None]:
    """Around what reads from the person: their time is no waiting."""
    _a_person_acts.set()
    try:
        yield
    finally:
        _a_person_acts.clear()


def confirm(question: str) -> None:
    """Asks on stderr; anything but yes ends the command (`click.Abort`)."""
    with a_persons_turn():
        click.confirm(question, abort=True, err=True)


def _tell(over: threading.Event, pause_s: float) -> None:
    began = time.monotonic()
    while not over.wait(pause_s):
        pause_s *= 2
        if not _a_person_acts.is_set():
            click.echo(f"still working ({time.monotonic() - began:.0f} s) …", err=True)
