"""Figures spoken digit by digit or as a price and written as one: "room two one four", "eight ninety nine"."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from coach.brain.truth.quantity import Quantity

_MOST_DIGITS = 12


def digit_by_digit(text: str, found: Sequence[Quantity]) -> Iterator[Quantity]:
    """What the sources say in single digits ("two one four": 214) or as units and hundredths ("eight ninety nine")."""
    run: list[Quantity] = []
    for quantity in found:
        if run and not _follows(text, run[-1], quantity):
            yield from _one_figure(run)
            run = []
        if _is_digit(quantity):
            run.append(quantity)
    yield from _one_figure(run)
    for whole, part in pairwise(found):
        if _plain(whole) and _follows(text, whole, part) and 10 <= part.value < 100 and whole.value < 1000:
            yield replace(part, start=whole.start, value=whole.value + part.value / 100)


def _one_figure(run: Sequence[Quantity]) -> Iterator[Quantity]:
    if 1 < len(run) <= _MOST_DIGITS:
        value = float("".join(str(int(quantity.value)) for quantity in run))
        yield replace(run[-1], start=run[0].start, value=value)


def _plain(quantity: Quantity) -> bool:
    return quantity.kind == "number" and not quantity.unit and not quantity.digits


def _is_digit(quantity: Quantity) -> bool:
    return quantity.kind == "number" and not quantity.digits and quantity.value in range(10)


def _follows(text: str, left: Quantity, right: Quantity) -> bool:
    return text[left.core_end : right.start].strip(" -") in ("", "oh", "dot")
