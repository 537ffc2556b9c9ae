"""Knows how long a body may be that is read into memory; never one that a route streams to disk.

FastAPI reads bodies whole before it looks who calls. So each is limited, whatever its type and its
route say, unless the route takes it piece by piece and counts itself: :func:`streamed`.
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY_BYTES: Final = 4 << 20
_STREAMED: Final = "cogx.streamed"


class BodyLimit:
    """Refuses bodies of an application that are too long, at the first byte over the limit."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        limited = _limited(scope, receive) if scope["type"] == "http" else receive
        await self._app(scope, limited, send)


def streamed(scope: Scope) -> None:
    """Say that who reads the body of this request counts its bytes."""
    scope[_STREAMED] = True


def _limited(scope: Scope, receive: Receive) -> Receive:
    told = Headers(scope=scope).get("content-length", "")
    told_bytes = int(told) if told.isdecimal() and told.isascii() else 0
    came_bytes = 0

    async def limited() -> Message:
        nonlocal came_bytes
        if not scope.get(_STREAMED) and told_bytes > MOST_BODY_BYTES:
            raise _too_large()
        message = await receive()
        came_bytes += len(message.get("body", b""))
        if not scope.get(_STREAMED) and came_bytes > MOST_BODY_BYTES:
            raise _too_large()
        return message

    return limited


def _too_large() -> HTTPException:
    # No Refusal: of what is raised while it reads a body, FastAPI passes on only its own.
    text = f"The body is larger than {MOST_BODY_BYTES:,} bytes, the most that this route takes."
    return HTTPException(413, text, {"Connection": "close"})
