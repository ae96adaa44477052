"""JSON and YAML from outside: nested too deeply, or with numbers that are none, is refused like any other fault."""

import json
import math
from itertools import accumulate
from typing import Any

import yaml

DEEPEST = 100
"""Brackets open at once in a YAML text."""
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}


def lines_of(text: str) -> list[str]:
    """The lines of JSONL: `str.splitlines` would cut at signs that JSON keeps as they are, as U+2028."""
    return text.split("\n")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is not finite")
    return number


def from_json(text: str | bytes) -> Any:
    """What the JSON says.

    Raises:
        ValueError: it is no JSON, is nested too deeply, or has a number that is not finite.
    """
    try:
        return json.loads(text, parse_constant=_finite, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def from_yaml(text: str, loader: type[yaml.SafeLoader] = yaml.SafeLoader) -> Any:
    """What the YAML says, by a safe loader.

    Raises:
        yaml.YAMLError: it is no YAML, has a value that cannot be (the 45th of a month), or is nested too deeply.
    """
    if any(depth > DEEPEST for depth in accumulate(_STEPS.get(char, 0) for char in text)):
        raise yaml.YAMLError("it is nested too deeply")  # the reader would take the square of that depth in time
    try:
        return yaml.load(text, loader)
    except RecursionError as error:
        raise yaml.YAMLError("it is nested too deeply") from error
    except ValueError as error:
        raise yaml.YAMLError(str(error)) from error
