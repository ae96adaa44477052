"""Length limits of the contract, enforced before validation: text is cut at a word boundary, lists at their end.

The limits are read from the contract's own schema, so that there is one place to change them.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from referencing import Registry
from referencing.jsonschema import DRAFT202012

from coach.contracts.brain import GuardFinding
from coach.contracts.evaluation import json_schema

_NUMBER = re.compile(r"(-?\d{1,6})(\.\d{1,12})?(?:\s*/\s*10)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def cut_at_word(text: str, limit: int) -> str:
    """The longest beginning of `text` within `limit` characters that ends with a whole word.

    A single word longer than the limit is cut hard.
    """
    if len(text) <= limit:
        return text
    head = text[: limit + 1]
    boundary = max((m.start() for m in re.finditer(r"\s+", head)), default=0)
    return head[:boundary].rstrip() if boundary else text[:limit]


def fit(section: str, value: object) -> tuple[object, list[GuardFinding]]:
    """Cuts over-long text and lists of one section; returns the value and a record of every cut."""
    findings: list[GuardFinding] = []
    return _fit(value, _schema()["properties"].get(section, {}), section, findings), findings


def warm_up() -> None:
    """Reads the contract's limits, a tenth of a second that the first answer would hold everybody up for."""
    _schema()


@lru_cache(maxsize=1)
def _schema() -> dict[str, Any]:
    full = json_schema()
    resolver = Registry().resolver_with_root(DRAFT202012.create_resource(full))
    return _resolved(full, lambda reference: resolver.lookup(reference).contents)


def _resolved(node: Any, look_up: Callable[[str], Any]) -> Any:
    if isinstance(node, dict):
        if "$ref" in node:
            return _resolved(look_up(node["$ref"]), look_up)
        return {key: _resolved(child, look_up) for key, child in node.items() if key != "$defs"}
    if isinstance(node, list):
        return [_resolved(child, look_up) for child in node]
    return node


def _typed(value: object, kind: str) -> object:
    """A number or truth value that was sent as a string, as itself; anything else untouched."""
    if kind == "integer" and isinstance(value, float) and value == int(value):
        return int(value)
    if not isinstance(value, str):
        return value
    if kind == "boolean":
        return {"true": True, "false": False}.get(value.strip().lower(), value)
    number = _NUMBER.fullmatch(value.strip())
    if not number:
        return value
    return (
        int(number.group(1))
        if kind == "integer" and not number.group(2)
        else float(number.group(1) + (number.group(2) or ""))
    )


def _fit(value: Any, schema: dict[str, Any], path: str, findings: list[GuardFinding]) -> Any:
    if schema.get("type") in ("number", "integer", "boolean"):
        typed = _typed(value, schema["type"])
        if typed is not value and isinstance(value, str):
            findings.append(GuardFinding(rule="peeled", detail=f"{path}: {schema['type']} sent as a string"))
        return typed
    if isinstance(value, str):
        return _fit_text(value, schema.get("maxLength"), path, findings)
    if isinstance(value, list):
        limit = schema.get("maxItems", len(value))
        if len(value) > limit:
            findings.append(GuardFinding(rule="truncated", detail=f"{path}: {len(value)} items cut to {limit}"))
        return [_fit(item, schema.get("items", {}), f"{path}.{i}", findings) for i, item in enumerate(value[:limit])]
    if isinstance(value, dict):
        parts = schema.get("properties", {})
        return {key: _fit(child, parts.get(key, {}), f"{path}.{key}", findings) for key, child in value.items()}
    return value


def _fit_text(text: str, limit: int | None, path: str, findings: list[GuardFinding]) -> str:
    clean = _CONTROL.sub("", text)
    if limit is None or len(clean) <= limit:
        return clean
    short = cut_at_word(clean, limit)
    findings.append(GuardFinding(rule="truncated", detail=f"{path}: {len(clean)} characters cut to {len(short)}"))
    return short
