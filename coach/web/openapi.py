"""The OpenAPI 3.1 document, generated from the route table and the models."""

from functools import lru_cache
from typing import Any

from pydantic.json_schema import models_json_schema

from coach.contracts.events import PROTOCOL_VERSION
from coach.web import models
from coach.web.endpoints import ENDPOINTS, Endpoint

_MEANING = {
    400: "the request is malformed",
    401: "no token, or one that does not open this",
    402: "the plan does not include it",
    403: "called from a foreign page",
    404: "there is no such thing",
    409: "not possible now; nothing was changed",
    413: "too large",
    416: "the range lies outside the recording",
    422: "the body cannot be used",
    429: "too often",
    503: "the store or a vendor is not available; try again",
}
_REF = "#/components/schemas/{model}"


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The whole document."""
    bodies = [m for row in ENDPOINTS for m in (row.request, row.response) if m] + [models.ErrorBody]
    unique = list(dict.fromkeys(bodies))
    _, schemas = models_json_schema([(m, "validation") for m in unique], ref_template=_REF)
    paths: dict[str, dict[str, object]] = {}
    for row in ENDPOINTS:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Job Foxy mock interviews",
            "version": PROTOCOL_VERSION,
            "description": "REST side of an interview. Events and audio go over the WebSocket: see docs/asyncapi.yaml.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "query": {"type": "apiKey", "in": "query", "name": "token"},
            },
        },
    }


def _operation(row: Endpoint) -> dict[str, object]:
    out: dict[str, Any] = {
        "operationId": row.handler,
        "summary": row.summary,
        "parameters": _parameters(row),
        "responses": {str(row.status): _success(row), **{str(e): _error(e) for e in row.errors}},
        "security": [] if row.open else [{"bearer": []}, {"query": []}],
    }
    body = _request(row)
    if body:
        out["requestBody"] = body
    if row.handler == "audio":
        out["responses"]["206"] = {"description": "part of the recording", "content": {"audio/flac": {}}}
    return out


def _parameters(row: Endpoint) -> list[dict[str, object]]:
    schema = {"type": "string", "minLength": 1, "maxLength": 64}
    known = [{"name": "id", "in": "path", "required": True, "schema": schema}] if "{id}" in row.path else []
    if row.handler == "audio":
        known.append({"name": "Range", "in": "header", "required": False, "schema": {"type": "string"}})
    return known


def _request(row: Endpoint) -> dict[str, object] | None:
    if row.handler == "upload":
        form = {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}, "required": ["file"]}
        return {
            "required": True,
            "content": {"multipart/form-data": {"schema": form}, "audio/wav": {"schema": {"type": "string"}}},
        }
    if row.request is None:
        return None
    return {"required": False, "content": {"application/json": {"schema": _ref(row.request.__name__)}}}


def _success(row: Endpoint) -> dict[str, object]:
    if row.response is None:
        return {"description": "the recording", "content": {"audio/flac": {}}}
    return {"description": "done", "content": {"application/json": {"schema": _ref(row.response.__name__)}}}


def _error(status: int) -> dict[str, object]:
    return {"description": _MEANING[status], "content": {"application/json": {"schema": _ref("ErrorBody")}}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
