"""Knows how an answer says no: the status, and the three shapes of body that clients know.

``detail`` for what HTTP and the domain refuse, ``error`` for what a route says itself; requests
that are not what a route takes are 400, as with cognee, and never repeat what was sent.
Source: spec/wire.md#errors.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from starlette.exceptions import HTTPException

from cogx.errors import (
    ArchiveError,
    BudgetSpent,
    CogxError,
    MissingExtra,
    RemoteError,
    StoreUnavailable,
)


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
    text = error.full_text
    if isinstance(error, ArchiveError):
        return failed(400, text, code="archive.invalid")
    if isinstance(error, BudgetSpent):
        return failed(402, text, code="model.budget-spent")
    if isinstance(error, RemoteError):
        return failed(502, text, code="remote.failed")
    if isinstance(error, MissingExtra):
        return failed(503, text, code="server.extra-missing")
    if isinstance(error, StoreUnavailable):
        return failed(503, text, code="store.unavailable")
    return failed(409, text, code="request.refused")


def refusal_of(error: Exception) -> Refusal:
    """Return what an error means over HTTP.

    Raises:
        Exception: the error itself, if it means that the server failed.
    """
    if isinstance(error, Refusal):
        return error
    if isinstance(error, CogxError):
        return of_error(error)
    if isinstance(error, RequestValidationError):
        return Refusal(400, {"detail": [_fault(one) for one in error.errors()]})
    if isinstance(error, HTTPException):
        return Refusal(error.status_code, {"detail": error.detail}, error.headers)
    return _of_state(error)


def _of_state(error: Exception) -> Refusal:
    if isinstance(error, DataError):
        return refused(400, "The request holds a text or a number that cannot be kept.")
    if isinstance(error, IntegrityError):
        return refused(409, "Something else changed this at the same time. Look, then try again.")
    if isinstance(error, OperationalError) and _is_passing(error):
        return refused(
            503, "The server's database does not answer. Try again in a moment.",
            code="state.unavailable", headers={"Retry-After": "1"},
        )  # fmt: skip
    raise error


_TOLD: Final[tuple[type[Exception], ...]] = (
    Refusal,
    CogxError,
    RequestValidationError,
    HTTPException,
    DataError,
    IntegrityError,
    OperationalError,
)


def install(app: FastAPI) -> None:
    """Let the application answer with these shapes, whatever is raised."""

    async def told(_: Request, error: Exception) -> Response:
        return answer(refusal_of(error))

    for kind in _TOLD:
        app.add_exception_handler(kind, told)


def answer(refusal: Refusal) -> Response:
    """Return the response that a refusal is."""
    return Response(orjson.dumps(refusal.body), refusal.status, refusal.headers, "application/json")


def _fault(error: Mapping[str, Any]) -> dict[str, Any]:
    """Return a fault of a request without what was sent, save the names of its fields."""
    where = [_printable(one) if isinstance(one, str) else one for one in error["loc"]]
    return {"type": error["type"], "loc": where, "msg": _printable(error["msg"])}


def _printable(text: str) -> str:
    """Return a text that can be sent: JSON may hold halves of characters."""
    return text.encode("utf-8", "backslashreplace").decode()


def _is_passing(error: OperationalError) -> bool:
    """Tell whether a database may answer the next time; SQLite also calls faults of ours so."""
    return not isinstance(error.orig, sqlite3.OperationalError) or "locked" in str(error.orig)
