"""Knows how a server runs until it is told to stop, and how it stops without losing work.

On SIGTERM or Ctrl-C: no job is begun any more and nothing new is taken, jobs that run may end
within the time to drain, requests are answered, and the process ends with 0. A second signal ends
it at once; what was not done is done at the next start either way.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any, Final

import uvicorn

from cogx.errors import BadSetting
from cogx.server import logs
from cogx.server.app import create_app
from cogx.server.context import Context
from cogx.server.settings import Settings

LOG: Final = logging.getLogger("cogx.server")
_GRACE_S: Final = 30
_BACKLOG: Final = 2048
_LOOPBACK: Final = ("127.", "::1", "localhost")


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Raises:
        BadSetting: the address cannot be listened at.
        OutputError: the data directory cannot be written.
        StoreBusy: another server has the data directory.
        StoreError: the state cannot be opened, or a newer cogx made it.
    """
    logs.configure(as_json=settings.json_logs)
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    app = create_app(settings)
    config = uvicorn.Config(
        app, lifespan="off", ws="none", log_config=None, access_log=False, server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )  # fmt: skip
    with listening(settings) as listener:
        # Not uvicorn's: it would tell a wrong setting as a traceback.
        async with app.router.lifespan_context(app):
            context: Context = app.state.context
            _say(settings, listener)
            drain = context.dispatcher.stop
            await _Server(config, lambda: drain(settings.drain_s)).serve([listener])
    LOG.info("stopped")


def listening(settings: Settings) -> socket.socket:
    """Return a socket that listens where the server is to be reached.

    Raises:
        BadSetting: there is no such address, or another process is there.
    """
    host, port = settings.host, settings.port
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        # Where there is a number: its text does not repeat the address, as Python's does.
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else error.strerror
        raise BadSetting(
            f"The server cannot listen at {host} port {port}: {reason}. Stop what is "
            "there, or choose others with --host and --port (HTTP_API_HOST, HTTP_API_PORT)."
        ) from error


def _say(settings: Settings, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    LOG.info("serving", extra={"url": f"http://{host}:{port}"})
    if not settings.require_authentication and not settings.host.startswith(_LOOPBACK):
        LOG.warning("whoever reaches this server may do everything: REQUIRE_AUTHENTICATION is off")
    if "jwt_secret" not in settings.model_fields_set:
        LOG.info("logins end with this process: FASTAPI_USERS_JWT_SECRET is not set; keys stay")


class _Server(uvicorn.Server):
    """Drains before it closes its socket, so that GET /health says meanwhile that it stops."""

    def __init__(
        self, config: uvicorn.Config, drain: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        super().__init__(config)
        self._loop = asyncio.get_running_loop()
        self._drain = drain
        self._draining: asyncio.Task[None] | None = None
        self._asked = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; the second time, stop."""
        if self._asked:
            self.should_exit = self.force_exit = True
        else:
            self._asked = True
            self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        self._draining = asyncio.create_task(self._stop())

    async def _stop(self) -> None:
        LOG.info("stopping")
        try:
            await self._drain()
        finally:
            self.should_exit = True
