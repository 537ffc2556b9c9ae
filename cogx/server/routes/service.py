"""Knows the routes that say what the server is: alive, ready, and able to do what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from cogx.generator import VERSION
from cogx.server.context import Ctx
from cogx.server.derivers import has_model
from cogx.server.health import components_of, uptime_s
from cogx.server.jobs.queue import count_by_status
from cogx.server.metrics import MEDIA_TYPE, Metrics
from cogx.server.refusals import refused
from cogx.server.routes.answers import answers

LIKE_COGNEE: Final = "1.6.6"
"""The version that cognee clients parse. Clients hold 1.6.5 and older for unable to import in the
background; what answers here can."""
_SERVER: Final = f"cogx {VERSION}"

router: Final = APIRouter(tags=["service"])


@router.get("/health", responses=answers(503))
async def health(context: Ctx) -> Response:
    """Say that the server is ready, and which one it is; 503 when it stops."""
    about = {"version": LIKE_COGNEE, "server": _SERVER}
    if context.dispatcher.is_stopping:
        return JSONResponse({"status": "not ready", "health": "unhealthy"} | about, 503)
    return JSONResponse({"status": "ready", "health": "healthy"} | about)


@router.get("/health/detailed", responses=answers(503))
def health_detailed(context: Ctx) -> Response:
    """Say how each part of the server is; 503 if one is not well, or the server stops."""
    components = components_of(context)
    well = all(one["status"] == "healthy" for one in components.values())
    ready = well and not context.dispatcher.is_stopping
    body = {
        "status": "healthy" if ready else "unhealthy",
        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "version": LIKE_COGNEE,
        "server": _SERVER,
        "uptime": uptime_s(),
        "components": components,
    }
    return JSONResponse(body, 200 if ready else 503)


@router.get("/metrics", responses=answers(404), response_class=Response)
def metrics(request: Request, context: Ctx) -> Response:
    """Give the server's counts to Prometheus, if COGX_METRICS is true."""
    kept: Metrics | None = request.app.state.metrics
    if kept is None:
        raise refused(404, "This server keeps no metrics. Its operator can set COGX_METRICS=true.")
    with context.database.read() as state:
        jobs = count_by_status(state)
    return Response(kept.text(jobs), media_type=MEDIA_TYPE)


@router.get("/api/v1/cogx/capabilities")
def capabilities(context: Ctx) -> dict[str, Any]:
    """Say what the server takes, so that clients know before they send."""
    settings = context.settings
    return {
        "cogx_versions": ["0.1"],
        "import_modes": ["preserve", "hybrid", "re-derive"],
        "max_upload_bytes": settings.max_upload_bytes,
        "max_members": settings.max_members,
        "max_member_bytes": settings.max_member_bytes,
        "max_total_bytes": settings.max_total_bytes,
        "background": True,
        "language_model": has_model(settings),
        "resumable": True,
        "upload_chunk_bytes": settings.upload_chunk_bytes,
        "checksum": ["sha256"],
        "idempotency": True,
        "sync": True,
        "compression": ["gzip", "zstd", "none"],
    }
