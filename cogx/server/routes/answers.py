"""Knows how the API's description tells what routes can answer beside success; never why they do.

What any route may answer is told without its doing: 400 instead of FastAPI's 422 for requests that
are not what it takes, 401 and 429 wherever a caller is asked for, 413 wherever a body is, 500, 503.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI

_MEANINGS: Final = {
    206: "The part that was asked for.",
    304: "It is what the client has already.",
    400: "The request is not what this route takes.",
    401: "The key or token is nobody's, or of a user who may not call any more.",
    402: "The budget of tokens is spent.",
    403: "The caller may not do that, the dataset is not there, or another site asks.",
    404: "There is no such thing, or it is another's.",
    408: "The body stopped coming.",
    409: "It cannot be done as things are.",
    411: "The body must say its length.",
    412: "It is not any more what the client holds it for.",
    413: "The body, or what it holds, is larger than this server takes.",
    415: "The body is in a form that this server does not take.",
    416: "What is asked for lies outside of what there is.",
    422: "The request was understood, and what it says cannot be done.",
    429: "Too many requests; Retry-After says when to try again.",
    500: "The server failed.",
    502: "Another server, which this one asked, failed.",
    503: "Something this needs is not set up, or does not answer, or the server stops.",
    504: "Another server, which this one asked, did not answer in time.",
}
_SMALLEST_REFUSAL: Final = 400
_FAULT: Final = {
    "type": "object",
    "required": ["type", "loc", "msg"],
    "properties": {
        "type": {"type": "string"},
        "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
        "msg": {"type": "string"},
    },
}
_REFUSAL: Final = {
    "type": "object",
    "properties": {
        "detail": {
            "description": "What HTTP, the domain or the check of a request refuses.",
            "anyOf": [{"type": "string"}, {"type": "array", "items": _FAULT}],
        },
        "error": {"description": "What the route refuses itself."},
        "code": {"type": "string", "description": "Permanent, to be compared."},
        "remediation": {"type": "string", "description": "What to do."},
    },
    "anyOf": [{"required": ["detail"]}, {"required": ["error"]}],
}
_NAME: Final = "Refusal"
_FRAMEWORKS: Final = ("HTTPValidationError", "ValidationError")
"""What FastAPI believes to answer with 422."""


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return ``responses`` for a route that may answer with these statuses beside success."""
    return {status: _answer(status) for status in statuses}


def describe(app: FastAPI) -> None:
    """Let the application describe itself as it answers."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _correct(made())
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _answer(status: int) -> dict[str, Any]:
    told: dict[str, Any] = {"description": _MEANINGS[status]}
    if status >= _SMALLEST_REFUSAL:
        schema = {"$ref": f"#/components/schemas/{_NAME}"}
        told["content"] = {"application/json": {"schema": schema}}
    return told


def _correct(document: dict[str, Any]) -> None:
    """Change the framework's description of an API into what refusals.py does."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _FRAMEWORKS:
        schemas.pop(name, None)
    schemas[_NAME] = _REFUSAL
    for operations in document["paths"].values():
        for method, operation in operations.items():
            told = operation["responses"]
            if method != "get":
                told.setdefault("403", _answer(403))
            if _FRAMEWORKS[0] in str(told.get("422", "")):
                del told["422"]
            if operation.get("parameters") or "requestBody" in operation:
                told.setdefault("400", _answer(400))
            if "security" in operation:
                told.setdefault("401", _answer(401))
                told.setdefault("429", _answer(429))
            if "requestBody" in operation:
                told.setdefault("413", _answer(413))
            told.setdefault("500", _answer(500))
            told.setdefault("503", _answer(503))
