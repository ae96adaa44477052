"""The contract's schema as a vendor's strict mode takes it: limits it does not know are left to our own guards."""

from copy import deepcopy
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from coach.contracts.evaluation import json_schema

_UNKNOWN_TO_STRICT_MODE = frozenset(
    ("$schema", "$id", "title", "default", "minLength", "maxLength", "format", "examples", "uniqueItems")
)


def strict_schema(schema: dict[str, object], *, descriptions: bool = True) -> dict[str, object]:
    """A copy without the keywords strict mode does not take, every property required, no additional ones.

    Key order is kept: strict mode writes keys in the order of the schema.
    """
    return _strict(deepcopy(schema), _UNKNOWN_TO_STRICT_MODE | (frozenset() if descriptions else {"description"}))


def _strict(node: Any, drop: frozenset[str]) -> Any:
    if isinstance(node, list):
        return [_strict(item, drop) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    kept: dict[str, Any] = {}
    for key, value in node.items():
        if key in ("properties", "$defs"):
            kept[key] = {name: _strict(child, drop) for name, child in value.items()}
        elif key not in drop:
            kept[key] = _strict(value, drop)
    if "maxLength" in node and "description" not in drop:
        kept["description"] = f"{node.get('description', '')} At most {node['maxLength']} characters.".strip()
    if kept.get("type") == "object":
        kept["required"] = list(kept.get("properties", {}))
        kept["additionalProperties"] = False
    return kept


@lru_cache(maxsize=2)
def evaluation_schema(*, descriptions: bool) -> dict[str, Any]:
    """The evaluation's schema for the vendor."""
    return strict_schema(json_schema(), descriptions=descriptions)


def model_schema(model: type[BaseModel]) -> dict[str, object]:
    """The vendor schema of any of our output models."""
    return strict_schema(model.model_json_schema())
