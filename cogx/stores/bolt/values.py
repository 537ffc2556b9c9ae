"""Knows which values Bolt keeps exactly, and what its own values mean here.

Nothing of properties, nodes or the note beside them. What cannot be said here is changed and
counted under a name: a point becomes an object with its coordinates (``value.point``), a vector
a list (``value.vector``), a time with a named zone keeps its offset (``value.zone``),
nanoseconds are cut (``value.nanoseconds``), a duration with months or beyond what Python counts
becomes its ISO text (``value.duration``), anything else text (``value.unknown``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from neo4j import time as bolt_time
from neo4j.spatial import Point

UNFIT: Final = object()
"""Returned for a value that no property keeps."""
_INT64: Final = 1 << 63
_ITEMS: Final = frozenset({str, bool, int, float, date})
PLAIN: Final = frozenset({str, bool, int, float, bytes, type(None)})
"""Types that come back as they were sent."""
_NO_OFFSET: Final = timedelta(0)
_LARGEST_OFFSET: Final = timedelta(hours=18)
_MINUTE: Final = timedelta(minutes=1)
_MICRO: Final = 1000
_SECOND: Final = 1_000_000_000


class FixedOffset(tzinfo):
    """An offset that the driver can ask for a time without a date; ``timezone`` refuses that.

    ``key`` is the name of the zone that the server keeps beside it; the driver looks for it.
    """

    def __init__(self, offset: timedelta, key: str | None = None) -> None:
        self._offset = offset
        self.key = key

    def utcoffset(self, _: datetime | None) -> timedelta:
        """Return the offset."""
        return self._offset

    def dst(self, _: datetime | None) -> None:
        """Return None: nobody knows."""

    def tzname(self, _: datetime | None) -> str:
        """Return the offset as text."""
        return str(self._offset)


def to_bolt(value: Any, unfit_kinds: frozenset[str]) -> Any:
    """Return what a property holds for a value, UNFIT if it does not keep it exactly.

    Args:
        unfit_kinds: those of ``bytes``, ``offset time``, ``offset datetime`` that the server lacks.
    """
    write = _TO_BOLT.get(type(value))
    return UNFIT if write is None else write(value, unfit_kinds)


def shown(value: Any) -> str | None:
    """Return the text that a property shows for a value it does not keep, None if it shows none."""
    if type(value) is Decimal or type(value) is UUID or type(value) is int:
        return str(value)
    return None


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


def _int(value: int, _: frozenset[str]) -> Any:
    return value if -_INT64 <= value < _INT64 else UNFIT


def _bytes(value: bytes, unfit_kinds: frozenset[str]) -> Any:
    return UNFIT if "bytes" in unfit_kinds else value


def _datetime(value: datetime, unfit_kinds: frozenset[str]) -> Any:
    offset = value.utcoffset()
    if offset is None:
        return value.replace(fold=0)
    if not _is_fit(offset) or "offset datetime" in unfit_kinds:
        return UNFIT
    try:
        value.astimezone(UTC)  # the driver counts from there
    except OverflowError:
        return UNFIT
    return value.replace(tzinfo=timezone(offset), fold=0)


def _time(value: time, unfit_kinds: frozenset[str]) -> Any:
    zone = None
    if value.tzinfo is not None:
        offset = value.utcoffset()
        if offset is None or not _is_fit(offset) or "offset time" in unfit_kinds:
            return UNFIT
        zone = FixedOffset(offset)
    nanoseconds = value.microsecond * _MICRO
    return bolt_time.Time(value.hour, value.minute, value.second, nanoseconds, zone)


def _is_fit(offset: timedelta) -> bool:
    return abs(offset) <= _LARGEST_OFFSET and offset % _MINUTE == _NO_OFFSET


def _list(value: list[Any], _: frozenset[str]) -> Any:
    kinds = set(map(type, value))
    if not kinds:
        return value
    kind = kinds.pop()
    if kinds or kind not in _ITEMS:
        return UNFIT
    if kind is int and not all(-_INT64 <= item < _INT64 for item in value):
        return UNFIT
    return value


def _as_it_is(value: Any, _: frozenset[str]) -> Any:
    return value


_TO_BOLT: Final[dict[type, Callable[[Any, frozenset[str]], Any]]] = {
    str: _as_it_is,
    bool: _as_it_is,
    float: _as_it_is,
    int: _int,
    bytes: _bytes,
    datetime: _datetime,
    date: _as_it_is,
    time: _time,
    timedelta: _as_it_is,
    list: _list,
}


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
