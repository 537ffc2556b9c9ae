"""Knows how large an uploaded archive may be, unpacked."""

from __future__ import annotations

from typing import Final

from cogx.limits import Limits
from cogx.server.settings import Settings

_WINDOW_LOG: Final = 23
"""The window that RFC 9659 allows zstd over HTTP: 8 MiB."""


def limits_of(settings: Settings) -> Limits:
    """Return the limits of a server for what is uploaded."""
    return Limits(
        members=settings.max_members,
        member_bytes=settings.max_member_bytes,
        total_bytes=settings.max_total_bytes,
        zstd_window_log=_WINDOW_LOG,
    )
