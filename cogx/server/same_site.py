"""Knows what another site makes a browser send, and refuses what would change something.

A browser sends the cookie of a login along, and a server without authentication asks for none. A
key or a token can only be sent by a client that has it, so such requests are let through.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from cogx.server.refusals import answer, refused

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OURS: Final = frozenset({"same-origin", "none"})
"""What Sec-Fetch-Site says of this server's own pages, and of what a person typed."""


class SameSite:
    """Lets nobody but this server's own pages use what a browser holds."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and scope["method"] not in _SAFE and _is_foreign(scope):
            no = refused(
                403,
                "A page of another site may not do this.",
                code="request.cross-site",
                remedy="Send X-Api-Key, or a token as Authorization: Bearer.",
            )
            await answer(no)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_foreign(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    if "x-api-key" in headers or "authorization" in headers:
        return False
    if site := headers.get("sec-fetch-site"):
        return site not in _OURS
    origin = headers.get("origin")  # of a browser that does not say more
    return origin is not None and urlsplit(origin).netloc != headers.get("host")
