"""Knows how a server runs until it is told to stop."""

from __future__ import annotations

import uvicorn

from cogx.server.app import create_app
from cogx.server.settings import Settings

_GRACE_S = 30


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C; requests that are being answered are answered first."""
    assert settings.port is not None
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_level="info",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
