"""One way to print a result: JSON for programs, plain lines for people."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

Function = TypeVar("Function", bound=Callable[..., Any])


def json_option(function: Function) -> Function:
    """Adds `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")(function)


def emit(result: Any, *, as_json: bool, human: Callable[[Any], str] | None = None) -> None:
    """Prints `result`: as JSON, or through `human` (default: indented JSON)."""
    plain = result.model_dump(mode="json") if isinstance(result, BaseModel) else to_jsonable_python(result)
    if as_json or human is None:
        click.echo(json.dumps(plain, ensure_ascii=False, indent=None if as_json else 2))
    else:
        click.echo(human(result))
