"""Knows how routes take multipart forms: received within limits, checked, described."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from cogx.server.context import Context
from cogx.server.form import Form, received_form

_FILES: Final = {"type": "array", "items": {"type": "string", "format": "binary"}}

Fields = TypeVar("Fields", bound=BaseModel)


@asynccontextmanager
async def received(request: Request, context: Context) -> AsyncIterator[Form]:
    """Give the form of a request, in its turn; see :func:`cogx.server.form.received_form`."""
    settings = context.settings
    async with (
        context.uploads.enter(),
        received_form(
            request,
            context.places.incoming,
            limit_bytes=settings.max_upload_bytes,
            idle_s=settings.idle_upload_s,
        ) as form,
    ):
        yield form


def checked(model: type[Fields], form: Form, *lists: str) -> Fields:
    """Return the fields of a form as a model.

    Args:
        lists: fields that may be sent several times.

    Raises:
        RequestValidationError: they are not what they should be (400).
    """
    try:
        return model.model_validate(form.plain(*lists))
    except ValidationError as error:
        raise RequestValidationError(
            [one | {"loc": ("body", *one["loc"])} for one in error.errors()]
        ) from error


def multipart(model: type[BaseModel]) -> dict[str, Any]:
    """Return how OpenAPI describes a form of files under ``data`` and of a model's fields."""
    fields = {name: _field(one) for name, one in model.model_json_schema()["properties"].items()}
    schema = {"type": "object", "properties": fields | {"data": _FILES}}
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }


def _field(told: dict[str, Any]) -> dict[str, Any]:
    """Return how a field is sent: one that may be None is left out then, for a form has no null."""
    kinds = [one for one in told.get("anyOf", ()) if one != {"type": "null"}]
    kept = {name: value for name, value in told.items() if name not in ("anyOf", "title")}
    if kept.get("default", ...) is None:
        del kept["default"]
    return kept | (kinds[0] if kinds else {})
