"""Knows the kinds of columns: which values a column holds exactly, and how they are read back.

A kind is chosen by the first value of a property; what does not fit it exactly travels in
``_cogx`` (see :mod:`notes`), with the nearest value the column can show beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

import msgspec
import pyarrow as pa

from cogx.codec import canonical
from cogx.codec.typed import from_json, to_json

_INT64: Final = 1 << 63
_EXACT_FLOAT: Final = 1 << 53
_LONGEST_INTERVAL: Final = timedelta(days=100_000_000)
_ZERO: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of value lives in a column.

    ``types`` are the exact Python types; ``fits`` says whether such a value is kept exactly;
    ``raw`` gives what Arrow takes; ``read`` turns what Arrow gives back into the value.
    None stands for "as it is", so that plain columns move without a call per value.
    """

    name: str
    column: str
    arrow: pa.DataType
    types: frozenset[type]
    fits: Callable[[Any], bool] | None = None
    raw: Callable[[Any], Any] | None = None
    read: Callable[[Any], Any] | None = None


def _list_of(item: type, *more: type) -> Callable[[Any], bool]:
    allowed = frozenset({item, *more, type(None)})
    return lambda value: allowed.issuperset(map(type, value))


def _ints_fit(value: list[Any]) -> bool:
    return all(item is None or (type(item) is int and _int_fits(item)) for item in value)


def _int_fits(value: int) -> bool:
    return -_INT64 <= value < _INT64


def _duration_text(value: timedelta) -> str:
    micros = value.seconds * 1_000_000 + value.microseconds
    return f"{value.days} days {micros} us"


def _json_text(value: Any) -> str:
    return canonical.encode(to_json(value)).decode()


def _read_json(text: str) -> Any:
    """Read what :func:`_json_text` wrote; text that a person put there stays text."""
    try:
        value = from_json(msgspec.json.decode(text))
    except ValueError:
        return text
    return value if isinstance(value, list | dict) else text


def _or_text(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def attempt(text: str) -> Any:
        try:
            return read(text)
        except (ValueError, InvalidOperation):
            return text

    return attempt


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC)


_KINDS: Final = (
    Kind("string", "STRING", pa.string(), frozenset({str})),
    Kind("bool", "BOOL", pa.bool_(), frozenset({bool})),
    Kind("int", "INT64", pa.int64(), frozenset({int}), fits=_int_fits),
    Kind("float", "DOUBLE", pa.float64(), frozenset({float})),
    Kind(
        "datetime",
        "TIMESTAMP",
        pa.timestamp("us"),
        frozenset({datetime}),
        fits=lambda value: value.tzinfo is None,
    ),
    Kind(
        "instant",
        "TIMESTAMP_TZ",
        pa.timestamp("us", tz="UTC"),
        frozenset({datetime}),
        fits=lambda value: value.tzinfo is UTC,
        read=_utc,
    ),
    Kind("date", "DATE", pa.date32(), frozenset({date})),
    Kind(
        "time",
        "STRING",
        pa.string(),
        frozenset({time}),
        raw=time.isoformat,
        read=_or_text(time.fromisoformat),
    ),
    Kind(
        "duration",
        "INTERVAL",
        pa.string(),
        frozenset({timedelta}),
        # Ladybug cannot read a negative interval from text.
        fits=lambda value: _ZERO <= value < _LONGEST_INTERVAL,
        raw=_duration_text,
    ),
    Kind("bytes", "BLOB", pa.binary(), frozenset({bytes})),
    Kind("uuid", "UUID", pa.string(), frozenset({UUID}), raw=str, read=UUID),
    Kind("decimal", "STRING", pa.string(), frozenset({Decimal}), raw=str, read=_or_text(Decimal)),
    Kind("strings", "STRING[]", pa.list_(pa.string()), frozenset({list}), fits=_list_of(str)),
    Kind("ints", "INT64[]", pa.list_(pa.int64()), frozenset({list}), fits=_ints_fit),
    Kind("floats", "DOUBLE[]", pa.list_(pa.float64()), frozenset({list}), fits=_list_of(float)),
    Kind(
        "json",
        "STRING",
        pa.string(),
        frozenset({dict, list}),
        raw=_json_text,
        read=_read_json,
    ),
)
KINDS: Final = {kind.name: kind for kind in _KINDS}

_BY_TYPE: Final = {
    str: "string",
    bool: "bool",
    int: "int",
    float: "float",
    date: "date",
    time: "time",
    timedelta: "duration",
    bytes: "bytes",
    UUID: "uuid",
    Decimal: "decimal",
    dict: "json",
}
_LISTS: Final = {str: "strings", int: "ints", float: "floats"}


def kind_of(value: Any) -> Kind | None:
    """Return the kind a column gets for this value; None if the value decides nothing."""
    name = _BY_TYPE.get(type(value))
    if name is None:
        if type(value) is datetime:
            name = "datetime" if value.tzinfo is None else "instant"
        elif type(value) is list:
            found = set(map(type, value)) - {type(None)}
            if not found:
                return None
            name = _LISTS.get(found.pop(), "json") if len(found) == 1 else "json"
        else:
            return None
    return KINDS[name]


def _sure_float(value: Any) -> bool:
    if value is None or value > 0 or value < 0:
        return True
    return value == 0 and math.copysign(1, value) > 0


def _sure_int(value: Any) -> bool:
    return value is None or -_INT64 // 2 <= value < _INT64


def _sure_floats(value: list[Any]) -> bool:
    return _list_of(float)(value) and all(map(_sure_float, value))


def _sure_ints(value: list[Any]) -> bool:
    return _list_of(int)(value) and all(map(_sure_int, value))


SURE: Final[dict[str, Callable[[Any], bool]]] = {
    "float": _sure_float,
    "int": _sure_int,
    "floats": _sure_floats,
    "ints": _sure_ints,
}
"""What fits, by kind, for a Ladybug that mistakes columns of NaN, -0.0 or -2**63 for constants."""


def shown(kind: Kind, value: Any) -> Any:
    """Return what the column shows for a value it cannot keep exactly, None if nothing."""
    if kind.name == "float" and type(value) is float and value == 0:
        return 0.0
    if kind.name == "float" and type(value) is int and -_EXACT_FLOAT <= value <= _EXACT_FLOAT:
        return float(value)
    if kind.name == "instant" and type(value) is datetime and value.tzinfo is not None:
        try:
            return value.astimezone(UTC)
        except OverflowError:
            return None
    return None
