"""Knows each request from outside: its id, caller and answer; never its query, never its body.

What goes wrong in the server itself is told to the log with the id, and to the client as 500 with
nothing but the id. While the server stops, nothing new is taken. A body that nobody wants any more
when it is answered is not read to its end: the connection closes.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cogx.server.logs import REQUEST
from cogx.server.metrics import Metrics
from cogx.server.refusals import Refusal, answer, failed

LOG: Final = logging.getLogger("cogx.server.access")
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_READING: Final = ("GET", "HEAD", "OPTIONS")
_LINGER_S: Final = 2.0
"""For how long what a client still sends is dropped after the answer, so that it can read that."""
_CUT_OFF: Final = 408
_CLIENT_GONE: Final = 499
"""What the log shows for a request that nobody waits for any more."""


@dataclass(slots=True)
class Exchange:
    """One request and what came of it."""

    id: str
    began: float
    status: int = 0
    is_received: bool = False
    received_bytes: int = 0
    sent_bytes: int = 0


class Access:
    """Logs and counts every request of an application, and gives it an id."""

    def __init__(self, app: ASGIApp, metrics: Metrics | None) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope).get("x-request-id", "")
        one = Exchange(asked if _ID.fullmatch(asked) else uuid4().hex, time.perf_counter())
        one.is_received = not _has_body(scope)
        token = REQUEST.set(one.id)
        scope.setdefault("state", {})
        try:
            await self._answered(one, scope, _counted(one, receive), _watched(one, receive, send))
        finally:
            self._told(one, scope)
            REQUEST.reset(token)

    async def _answered(self, one: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in _READING and _is_stopping(scope):
            await answer(_stopping())(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        except Exception:
            LOG.exception("the server failed at a request")
            if one.status:
                raise  # The answer has begun: the connection must break, so that it is seen.
            text = f"The server failed. Its log says why, at the request {one.id}."
            await answer(failed(500, text, code="server.failed"))(scope, receive, send)

    def _told(self, one: Exchange, scope: Scope) -> None:
        seconds = time.perf_counter() - one.began
        status = one.status or _CLIENT_GONE
        about: dict[str, Any] = {
            "method": scope["method"],
            "path": quote(scope["path"]),
            "status": status,
            "seconds": round(seconds, 4),
            "received_bytes": one.received_bytes,
            "sent_bytes": one.sent_bytes,
            "client": (scope.get("client") or [None])[0],
            "user": scope["state"].get("user"),
        }
        LOG.info("request", extra=about)
        if self._metrics is not None:
            route = getattr(scope.get("route"), "path", "unknown")
            self._metrics.request_ended(scope["method"], route, status, seconds)


def _counted(one: Exchange, receive: Receive) -> Receive:
    async def counted() -> Message:
        message = await receive()
        one.received_bytes += len(message.get("body", b""))
        one.is_received = one.is_received or not message.get("more_body", False)
        return message

    return counted


def _watched(one: Exchange, receive: Receive, send: Send) -> Send:
    async def watched(message: Message) -> None:
        if message["type"] == "http.response.start":
            one.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = one.id
            if not one.is_received:
                headers["Connection"] = "close"
        one.sent_bytes += len(message.get("body", b""))
        is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
        if is_last and not one.is_received:
            await send({**message, "more_body": True})
            if one.status != _CUT_OFF:
                await _linger(_counted(one, receive), one)
            message = {"type": "http.response.body", "body": b""}
        await send(message)

    return watched


async def _linger(receive: Receive, one: Exchange) -> None:
    """Drop what still comes: a client that is cut off while it sends may not see the answer."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_S):
            while not one.is_received:
                await receive()


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _is_stopping(scope: Scope) -> bool:
    return bool(scope["app"].state.context.dispatcher.is_stopping)


def _stopping() -> Refusal:
    refusal = failed(503, "The server stops. Try again in a moment.", code="server.stopping")
    refusal.headers |= {"Retry-After": "5", "Connection": "close"}
    return refusal
