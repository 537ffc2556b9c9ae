"""Knows the routes that say what the server is: alive, ready, and able to do what."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter

from cogx.generator import VERSION
from cogx.server.context import Ctx

LIKE_COGNEE: Final = "1.6.6"
"""The version that cognee clients parse. Clients hold 1.6.5 and older for unable to import in the
background; what answers here can."""

router: Final = APIRouter(tags=["service"])


@router.get("/health")
def health() -> dict[str, Any]:
    """Say that the server is ready, and which one it is."""
    return {
        "status": "ready",
        "health": "healthy",
        "version": LIKE_COGNEE,
        "server": f"cogx {VERSION}",
    }


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
        "resumable": False,
        "checksum": ["sha256"],
        "compression": ["gzip", "zstd", "none"],
    }
