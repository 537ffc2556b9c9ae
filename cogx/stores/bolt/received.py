"""Knows what Bolt's own values mean here; nothing of properties or nodes.

What cannot be said here is changed and counted under a name: a point becomes an object with its
coordinates (``value.point``), a vector a list (``value.vector``), a time with a named zone keeps
its offset (``value.zone``), nanoseconds are cut (``value.nanoseconds``), a duration with months or
beyond what Python counts becomes its ISO text (``value.duration``), anything else text
(``value.unknown``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any, Final
from uuid import UUID

from neo4j import time as bolt_time
from neo4j.spatial import Point

from cogx.stores.bolt.values import PLAIN

_MICRO: Final = 1000


def from_bolt(value: Any, losses: Counter[str]) -> Any:
    """Return the value that a property holds; count what could not be kept of it."""
    if type(value) in PLAIN:
        return value
    for kind, read in _FROM_BOLT:
        if isinstance(value, kind):
            return read(value, losses)
    if type(value).__name__ == "Vector":  # only newer drivers have it
        losses["value.vector"] += 1
        return list(value.to_native())
    losses["value.unknown"] += 1
    return str(value)


def _read_datetime(value: bolt_time.DateTime, losses: Counter[str]) -> datetime:
    zone: tzinfo | None = None
    offset = value.utcoffset()
    if offset is not None:
        zone = timezone(offset) if offset else UTC
        if zone_name(value.tzinfo) is not None:
            losses["value.zone"] += 1
    return datetime(
        value.year, value.month, value.day, value.hour, value.minute, value.second,
        _microseconds(value.nanosecond, losses), zone,
    )  # fmt: skip


def _read_time(value: bolt_time.Time, losses: Counter[str]) -> time:
    zone: tzinfo | None = None
    offset = None if value.tzinfo is None else value.tzinfo.utcoffset(None)
    if offset is not None:
        zone = timezone(offset) if offset else UTC
    microseconds = _microseconds(value.nanosecond, losses)
    return time(value.hour, value.minute, value.second, microseconds, zone)


def _read_date(value: bolt_time.Date, _: Counter[str]) -> date:
    return date(value.year, value.month, value.day)


def _read_duration(value: bolt_time.Duration, losses: Counter[str]) -> timedelta | str:
    try:
        if not value.months:
            # Both are signed; whole days and seconds need not fit Python before they are summed.
            return timedelta(
                days=value.days,
                seconds=value.seconds,
                microseconds=_microseconds(value.nanoseconds, losses),
            )
    except OverflowError:
        pass
    losses["value.duration"] += 1
    return str(value.iso_format())


def _read_point(value: Point, losses: Counter[str]) -> dict[str, Any]:
    losses["value.point"] += 1
    return {"srid": value.srid} | dict(zip("xyz", value, strict=False))


def _read_list(value: list[Any], losses: Counter[str]) -> list[Any]:
    return [from_bolt(item, losses) for item in value]


def _read_map(value: dict[str, Any], losses: Counter[str]) -> dict[str, Any]:
    return {name: from_bolt(item, losses) for name, item in value.items()}


def _read_bytes(value: bytearray, _: Counter[str]) -> bytes:
    return bytes(value)


def _read_uuid(value: UUID, _: Counter[str]) -> UUID:
    return value


def _microseconds(nanoseconds: int, losses: Counter[str]) -> int:
    micros, cut = divmod(nanoseconds, _MICRO)
    if cut:
        losses["value.nanoseconds"] += 1
    return micros


def zone_name(zone: Any) -> str | None:
    """Return the name of a named zone, None for an offset; UTC counts as the offset 0."""
    name = getattr(zone, "zone", None)
    return name if isinstance(name, str) and name != "UTC" else None


_FROM_BOLT: Final[tuple[tuple[type, Callable[[Any, Counter[str]], Any]], ...]] = (
    (bolt_time.DateTime, _read_datetime),
    (bolt_time.Date, _read_date),
    (bolt_time.Time, _read_time),
    (bolt_time.Duration, _read_duration),
    (Point, _read_point),
    (list, _read_list),
    (dict, _read_map),
    (bytearray, _read_bytes),
    (UUID, _read_uuid),
)
