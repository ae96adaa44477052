"""What commands are given: files, standard input and choices, read the same way everywhere."""

import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from coach.cli.patience import a_persons_turn
from coach.errors import InputError
from coach.text.decoding import decoded

Function = TypeVar("Function", bound=Callable[..., Any])

BRAINS = ("auto", "openai", "local", "offline")
TRANSCRIBERS = ("auto", "deepgram", "whisper", "server", "typed")
_KEPT = "\n\r\t"


def brain_option(function: Function) -> Function:
    """Adds `--brain`, empty when not given."""
    choice = click.Choice(BRAINS)
    return click.option("--brain", type=choice, default=None, help="Default: COACH_BRAIN.")(function)


def read_text(source: str | Path, what: str = "") -> str:
    """Text of a file, or of standard input for `-`, without control characters.

    Args:
        source: a path, or `-`.
        what: what it is, for the message.

    Raises:
        InputError: it cannot be read, or is not text.
    """
    name = f"{what} {source}".strip() if str(source) != "-" else f"{what} standard input".strip()
    try:
        raw = _typed() if str(source) == "-" else Path(source).read_bytes()
        return without_controls(decoded(raw))
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror or type(error).__name__}.") from error
    except ValueError as error:
        raise InputError(f"{name} is not text (UTF-8, UTF-16 or Windows-1252).") from error


def _typed() -> bytes:
    with a_persons_turn():
        return sys.stdin.buffer.read()


def without_controls(text: str) -> str:
    """`text` with control characters other than line ends and tabs as spaces."""
    if text.isprintable():
        return text
    return "".join(" " if unicodedata.category(c) == "Cc" and c not in _KEPT else c for c in text)
