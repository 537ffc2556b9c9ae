"""Knows how an answer says no: the status, and the three shapes of body that clients know.

``detail`` for what HTTP and the domain refuse, ``error`` for what a route says itself; requests
that are not what a route takes are 400, as with cognee, and never repeat what was sent.
Source: spec/wire.md#errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from cogx.errors import ArchiveError, CogxError, MissingExtra, StoreUnavailable


class Refusal(Exception):
    """An answer that is no: raised anywhere, sent by the application."""

    def __init__(
        self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = dict(body)
        self.headers = dict(headers or {})


def refused(
    status: int, text: str, name: str | None = None, *, code: str | None = None,
    remedy: str | None = None, headers: Mapping[str, str] | None = None,
) -> Refusal:  # fmt: skip
    """Return a refusal in words; ``name`` is that of the typed error that cognee appends."""
    body: dict[str, Any] = {"detail": f"{text} [{name}]" if name else text}
    body |= {"code": code} if code else {}
    body |= {"remediation": remedy} if remedy else {}
    return Refusal(status, body, headers)


def failed(status: int, text: str, *, code: str | None = None, **more: Any) -> Refusal:
    """Return a refusal that a route says itself, under ``error``."""
    return Refusal(status, {"error": text} | ({"code": code} if code else {}) | more)


def not_permitted(permission: str) -> Refusal:
    """Return the answer for a dataset that is another's, or not there: nobody learns which."""
    return refused(
        403,
        f"Request owner does not have necessary permission: [{permission}] for all datasets "
        "requested.",
        "PermissionDeniedError",
    )


def invalid(where: tuple[str | int, ...], message: str, kind: str = "value_error") -> Refusal:
    """Return the answer for one field that is not what it should be."""
    return Refusal(400, {"detail": [{"type": kind, "loc": list(where), "msg": message}]})


def of_error(error: CogxError) -> Refusal:
    """Return what an error of the library means over HTTP."""
    if isinstance(error, ArchiveError):
        return failed(400, str(error), code="archive.invalid")
    if isinstance(error, MissingExtra):
        return failed(503, str(error), code="server.extra-missing")
    if isinstance(error, StoreUnavailable):
        return failed(503, str(error), code="store.unavailable")
    return failed(409, str(error), code="request.refused")


def install(app: FastAPI) -> None:
    """Let the application answer with these shapes, whatever is raised."""

    @app.exception_handler(Refusal)
    async def _(_: Request, refusal: Refusal) -> Response:
        return answer(refusal)

    @app.exception_handler(CogxError)
    async def _(_: Request, error: CogxError) -> Response:
        return answer(of_error(error))

    @app.exception_handler(RequestValidationError)
    async def _(_: Request, error: RequestValidationError) -> Response:
        kept = ("type", "loc", "msg")
        return answer(
            Refusal(400, {"detail": [{k: one[k] for k in kept} for one in error.errors()]})
        )

    @app.exception_handler(HTTPException)
    async def _(_: Request, error: HTTPException) -> Response:
        return answer(Refusal(error.status_code, {"detail": error.detail}, error.headers))


def answer(refusal: Refusal) -> Response:
    """Return the response that a refusal is."""
    return Response(orjson.dumps(refusal.body), refusal.status, refusal.headers, "application/json")
