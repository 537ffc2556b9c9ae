"""Knows which values Bolt keeps exactly; nothing of properties, nodes or the note beside them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from neo4j import time as bolt_time

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
