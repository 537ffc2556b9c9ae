"""Knows how values that JSON lacks travel inside JSON; nothing about records or manifests.

A typed value is ``{"$cogx": TAG, "value": TEXT}``. An object that itself has the key ``$cogx``
is wrapped as ``{"$cogx": "object", "value": {...}}``, so that nothing is ever mistaken.
Source: spec/format.md#typed-values.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, Final
from uuid import UUID

TAG: Final = "$cogx"
_PLAIN: Final = frozenset({str, int, bool, type(None)})
_DURATION: Final = re.compile(
    r"(-)?P(?:(\d{1,12})D)?(?:T(\d{1,12})S|T(\d{1,12})\.(\d{6})S)?", re.ASCII
)
_TAGGED_KEYS: Final = {TAG, "value"}
_NOT_FINITE: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class Tagged(dict[str, Any]):
    """A typed value whose tag a later version defines: carried along as it stands."""


class UnreadableValue(ValueError):
    """A tagged value whose text its tag does not allow."""


def to_json(value: Any) -> Any:  # noqa: PLR0911 - one return a JSON type
    """Return the value with every typed part tagged inline; plain JSON comes back as it is.

    Raises:
        TypeError: a value of a type COGX does not know, or a key that is not text.
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is float:
        return value if math.isfinite(value) else _tagged("float", _float_text(value))
    if kind is dict:
        inside = {_key(key): to_json(item) for key, item in value.items()}
        return _tagged("object", inside) if TAG in inside else inside
    if kind is list or kind is tuple:
        return [to_json(item) for item in value]
    if kind is Tagged:
        return dict(value)
    for base, tag, write in _WRITERS:
        if isinstance(value, base):
            return _tagged(tag, write(value))
    return _subclass_to_json(value)


def from_json(value: Any) -> Any:
    """Return the value with every inline tag read; unknown tags become :class:`Tagged`.

    Raises:
        UnreadableValue: a known tag that does not stand with its text alone.
    """
    if type(value) is dict:
        if TAG not in value:
            return {key: from_json(item) for key, item in value.items()}
        tag = value[TAG]
        if not isinstance(tag, str) or tag not in TAGS:
            return Tagged(value)
        if value.keys() != _TAGGED_KEYS:
            raise UnreadableValue(f"{tag} beside other keys than value")
        if tag == "object":
            if type(value["value"]) is not dict:
                raise UnreadableValue("object with something else than an object")
            return {key: from_json(item) for key, item in value["value"].items()}
        return read_tagged(tag, value["value"])
    if type(value) is list:
        return [from_json(item) for item in value]
    return value


def untagged(value: Any) -> Any:
    """Return a value without the wrapping of genuine ``$cogx`` objects; nothing else is allowed.

    Raises:
        UnreadableValue: a typed value, which plain JSON cannot say.
    """
    if type(value) is dict:
        if TAG in value:
            if value[TAG] != "object":
                raise UnreadableValue("a typed value in an archive without our extension")
            value = value["value"]
        return {key: untagged(item) for key, item in value.items()}
    if type(value) is list:
        return [untagged(item) for item in value]
    return value


def read_tagged(tag: str, text: Any) -> Any:
    """Return the value that a tag and its text mean.

    Raises:
        UnreadableValue: unknown tag, or a text the tag does not allow.
    """
    reader = _READERS.get(tag)
    if reader is None or not isinstance(text, str):
        raise UnreadableValue(f"not a text that {tag} allows")
    try:
        value = reader(text)
    except (ValueError, InvalidOperation, OverflowError) as error:
        raise UnreadableValue(f"not a text that {tag} allows") from error
    # Parsers take more than one text for a value; the format has exactly one.
    if tag != "string" and text_of(value) != text:
        raise UnreadableValue(f"not a text that {tag} allows")
    return value


def text_of(value: Any) -> str:
    """Return the one text of a typed value, without its tag."""
    return str(to_json(value)["value"])


def _tagged(tag: str, value: Any) -> dict[str, Any]:
    return {TAG: tag, "value": value}


def _key(key: object) -> str:
    if type(key) is not str:
        raise TypeError(f"an object's key must be text, not {type(key).__name__}")
    return key


def _subclass_to_json(value: Any) -> Any:
    """Bring subclasses (enums of text, numpy-free ints, ordered dicts) down to the plain type."""
    plain: tuple[Callable[[Any], Any], ...] = (str, bool, int, float, dict, list, tuple)
    if isinstance(value, Enum):
        return to_json(value.value)
    for base in plain:
        if isinstance(value, base):  # type: ignore[arg-type]
            return to_json(base(value))
    if isinstance(value, set | frozenset):
        raise TypeError("a set has no order; make it a sorted list")
    raise TypeError(f"COGX has no value type for {type(value).__name__}")


def _float_text(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _clock_text(value: datetime | time) -> str:
    """Return ISO 8601 text, offset 0 written as Z whatever zone says so."""
    text = value.isoformat()
    return text[:-6] + "Z" if value.tzinfo is not None and text.endswith("+00:00") else text


def _decimal_text(value: Decimal) -> str:
    return "NaN" if value.is_nan() else str(value)


def _duration_text(value: timedelta) -> str:
    sign, value = ("-", -value) if value < timedelta(0) else ("", value)
    fraction = f".{value.microseconds:06d}" if value.microseconds else ""
    return f"{sign}P{value.days}DT{value.seconds}{fraction}S"


def _read_datetime(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if text[-1] == "Z" else moment


def _read_time(text: str) -> time:
    clock = time.fromisoformat(text)
    return clock.replace(tzinfo=UTC) if text[-1] == "Z" else clock


def _read_duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if match is None or text in ("P", "-P"):
        raise ValueError(text)
    sign, days, whole, seconds, fraction = match.groups()
    length = timedelta(
        days=int(days or 0), seconds=int(whole or seconds or 0), microseconds=int(fraction or 0)
    )
    return -length if sign else length


def _read_float(text: str) -> float:
    if text not in _NOT_FINITE:
        raise ValueError(text)
    return _NOT_FINITE[text]


# datetime before date: a datetime is a date to isinstance().
_WRITERS: Final[tuple[tuple[type, str, Callable[[Any], str]], ...]] = (
    (datetime, "datetime", _clock_text),
    (date, "date", date.isoformat),
    (time, "time", _clock_text),
    (timedelta, "duration", _duration_text),
    (bytes, "bytes", lambda value: base64.b64encode(value).decode("ascii")),
    (Decimal, "decimal", _decimal_text),
    (UUID, "uuid", str),
)
_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "datetime": _read_datetime,
    "date": date.fromisoformat,
    "time": _read_time,
    "duration": _read_duration,
    "bytes": lambda text: base64.b64decode(text, validate=True),
    "decimal": Decimal,
    "uuid": UUID,
    "float": _read_float,
    "string": str,
}
TAGS: Final = frozenset({*_READERS, "object"})
DECLARABLE: Final = frozenset(_READERS) - {"string"}
"""Tags that a manifest may declare for a property, so that its values stand as bare text."""
