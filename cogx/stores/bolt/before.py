"""Knows how the state of a node or an edge is written down as text, to be put back exactly.

The driver's own values, not ours: what was there may hold points, months or nanoseconds that
cogx has no value for. Only a datetime in a zone called UTC comes back with the offset 0 instead.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from neo4j import time as bolt_time
from neo4j.spatial import CartesianPoint, Point, WGS84Point

from cogx.errors import StoreRefused
from cogx.stores.bolt.received import zone_name
from cogx.stores.bolt.values import FixedOffset

_TAG: Final = "$"
_PLAIN: Final = frozenset({str, bool, int, type(None)})
_encode: Final = msgspec.json.Encoder().encode
_POINTS: Final[dict[int, Callable[[Any], Point]]] = {
    7203: CartesianPoint, 9157: CartesianPoint, 4326: WGS84Point, 4979: WGS84Point,
}  # fmt: skip


def write_state(state: dict[str, Any]) -> str:
    """Return a state, an object of what the driver gives, as text.

    Raises:
        StoreRefused: a value that newer servers may have, and cogx could not put back.
    """
    return _encode({name: _write(value) for name, value in state.items()}).decode()


def read_state(text: str) -> dict[str, Any]:
    """Return the state that :func:`write_state` wrote.

    Raises:
        StoreRefused: the text is something else.
    """
    try:
        state = msgspec.json.decode(text, type=dict[str, Any])
        return {name: _read(value) for name, value in state.items()}
    except (ValueError, TypeError, KeyError) as error:
        raise StoreRefused(
            "The text in a _cogx_before is not what cogx wrote, so an import cannot be taken back. "
            "Restore the store from an archive or a backup."
        ) from error


def _write(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN or (kind is float and math.isfinite(value)):
        return value
    if kind is list:
        return [_write(item) for item in value]
    for known, tag, write in _WRITERS:
        if isinstance(value, known):
            return {_TAG: tag, "value": write(value)}
    raise StoreRefused(
        f"A property holds a {kind.__name__}, which cogx could not put back if this import were "
        "taken back. Drop that property, or import into another database."
    )


def _read(value: Any) -> Any:
    if type(value) is list:
        return [_read(item) for item in value]
    return _READERS[value[_TAG]](value["value"]) if type(value) is dict else value


def _write_datetime(value: bolt_time.DateTime) -> list[Any]:
    offset = value.utcoffset()
    seconds = None if offset is None else int(offset.total_seconds())
    when = (value.year, value.month, value.day, value.hour, value.minute, value.second)
    return [*when, value.nanosecond, seconds, zone_name(value.tzinfo)]


def _read_datetime(parts: list[Any]) -> bolt_time.DateTime:
    year, month, day, hour, minute, second, nanosecond, offset, name = parts
    zone = _zone(offset, name)
    return bolt_time.DateTime(year, month, day, hour, minute, second, nanosecond, zone)


def _write_time(value: bolt_time.Time) -> list[Any]:
    offset = None if value.tzinfo is None else value.tzinfo.utcoffset(None)
    seconds = None if offset is None else int(offset.total_seconds())
    return [value.hour, value.minute, value.second, value.nanosecond, seconds]


def _read_time(parts: list[Any]) -> bolt_time.Time:
    hour, minute, second, nanosecond, offset = parts
    return bolt_time.Time(hour, minute, second, nanosecond, _zone(offset, None))


def _zone(seconds: int | None, name: str | None) -> FixedOffset | None:
    return None if seconds is None else FixedOffset(timedelta(seconds=seconds), name)


def _read_point(parts: list[Any]) -> Point:
    srid, *places = parts
    return _POINTS[srid](places)


_WRITERS: Final[tuple[tuple[type, str, Callable[[Any], Any]], ...]] = (
    (float, "float", str),
    (bytes, "bytes", lambda value: base64.b64encode(value).decode()),
    (bolt_time.DateTime, "datetime", _write_datetime),
    (bolt_time.Date, "date", lambda value: [value.year, value.month, value.day]),
    (bolt_time.Time, "time", _write_time),
    (
        bolt_time.Duration,
        "duration",
        lambda value: [value.months, value.days, value.seconds, value.nanoseconds],
    ),
    (Point, "point", lambda value: [value.srid, *value]),
    (UUID, "uuid", str),
    (dict, "map", lambda value: {name: _write(item) for name, item in value.items()}),
)
_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "float": float,
    "bytes": base64.b64decode,
    "datetime": _read_datetime,
    "date": lambda parts: bolt_time.Date(*parts),
    "time": _read_time,
    "duration": lambda parts: bolt_time.Duration(
        months=parts[0], days=parts[1], seconds=parts[2], nanoseconds=parts[3]
    ),
    "point": _read_point,
    "uuid": UUID,
    "map": lambda items: {name: _read(item) for name, item in items.items()},
}
