"""Knows whether each part of a running server is well; never a path, a name or a secret."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from cogx.server.context import Context
from cogx.server.jobs.queue import count_by_status

_LEAST_FREE_BYTES: Final = 256 << 20
_STARTED: Final = time.monotonic()


def components_of(context: Context) -> dict[str, dict[str, Any]]:
    """Return how each part of a server is; ``status`` is healthy or unhealthy."""
    return {
        "relational_db": _timed(lambda: _database(context)),
        "file_storage": _timed(lambda: _storage(context)),
    }


def uptime_s() -> int:
    """Return for how long this process runs."""
    return round(time.monotonic() - _STARTED)


def _timed(look: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    began = time.perf_counter()
    told = look()
    return told | {"response_time_ms": round((time.perf_counter() - began) * 1000)}


def _database(context: Context) -> dict[str, Any]:
    provider = context.settings.state_url.partition(":")[0].partition("+")[0]
    try:
        with context.database.read() as state:
            jobs = count_by_status(state)
    except SQLAlchemyError:
        return {"status": "unhealthy", "provider": provider, "details": "it does not answer"}
    return {"status": "healthy", "provider": provider, "jobs": jobs}


def _storage(context: Context) -> dict[str, Any]:
    try:
        told = os.statvfs(context.places.root)
    except OSError as error:
        return {"status": "unhealthy", "provider": "local", "details": error.strerror}
    free = told.f_bavail * told.f_frsize
    well = free >= _LEAST_FREE_BYTES
    return {"status": "healthy" if well else "unhealthy", "provider": "local", "free_bytes": free}
