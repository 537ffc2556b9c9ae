"""Knows the bounds that keep a hostile archive from exhausting a machine; enforces none itself."""

from __future__ import annotations

from dataclasses import dataclass, fields

from cogx.errors import BadSetting

_UNBOUNDED = 1 << 62


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what a reader accepts. Sizes are in bytes."""

    members: int = 100_000
    member_bytes: int = _UNBOUNDED
    total_bytes: int = _UNBOUNDED
    manifest_bytes: int = 16 << 20
    line_bytes: int = 16 << 20
    depth: int = 64
    digits: int = 1_000
    header_bytes: int = 64 << 10
    headers_in_a_row: int = 8
    path_bytes: int = 1_024
    zstd_window_log: int = 27
    ratio: int = 200
    ratio_free_bytes: int = 64 << 20
    """Bytes out that need no justification; beyond them at most ``ratio`` bytes out per byte in."""

    @classmethod
    def none(cls) -> Limits:
        """Return limits that only what memory and recursion need still bounds."""
        kept = {"line_bytes", "manifest_bytes", "depth", "digits", "header_bytes", "path_bytes"}
        lifted = {f.name: _UNBOUNDED for f in fields(cls) if f.name not in kept}
        return cls(**(lifted | {"zstd_window_log": 31, "line_bytes": 1 << 30, "depth": 200}))

    def replace(self, name: str, value: int) -> Limits:
        """Return a copy with one bound changed; BadSetting for an unknown name or below 1."""
        known = {f.name: getattr(self, f.name) for f in fields(self)}
        if name not in known:
            raise BadSetting(f"Unknown limit {name!r}. Known: {', '.join(known)}.")
        if value < 1:
            raise BadSetting(f"Limit {name} must be at least 1, not {value}.")
        return Limits(**(known | {name: value}))
