"""One way to print a result: JSON for programs, plain lines for people."""

import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import click
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

if TYPE_CHECKING:
    from coach.contracts.usage import UsageEvent

Function = TypeVar("Function", bound=Callable[..., object])


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


def usage_records(events: "Iterable[UsageEvent]") -> list[dict[str, object]]:
    """Usage as the commands print it; quantities and costs as plain decimal strings, no digit of them rounded."""
    return [
        {
            "vendor": event.vendor,
            "meter": event.meter,
            "quantity": plain_decimal(event.quantity),
            "unit": event.unit,
            "cost_usd": plain_decimal(event.cost_usd),
            "price_entry": event.price_entry,
        }
        for event in events
    ]


def plain_decimal(value: Decimal | None) -> str | None:
    """`value` without exponent and trailing zeros: 1, 0.0043."""
    if value is None:
        return None
    return format(value.normalize() if value else Decimal(0), "f")


def care_lines(care: dict[str, Any] | None, evaluation: dict[str, Any]) -> list[str]:
    """What is printed instead of scores for an answer that coaching stops for; nothing for any other answer."""
    if not care or care["kind"] not in ("crisis", "other_language", "not_an_answer"):
        return []
    helpers = [f"  {r['country']}: {r['name']}, {r['contact']}" for r in care["resources"]]
    return [evaluation["content_feedback"]["headline"], care["message"], *helpers]


def unbilled(event: "UsageEvent") -> "UsageEvent":
    """Use of a command that serves nobody's practice: in the ledger, on nobody's bill."""
    return event.model_copy(update={"billable": False})
