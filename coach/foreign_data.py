"""JSON and YAML from outside: nested too deeply, or with numbers that are none, is refused like any other fault."""

import json
import math
from typing import Any

import yaml


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


def from_yaml(text: str) -> Any:
    """What the YAML says.

    Raises:
        yaml.YAMLError: it is no YAML, or is nested too deeply.
    """
    try:
        return yaml.safe_load(text)
    except RecursionError as error:
        raise yaml.YAMLError("it is nested too deeply") from error
