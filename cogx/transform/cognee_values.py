"""Knows how values of records are told in a cognee, and what they were; knows no node.

Typed values become their texts, times milliseconds since 1970.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cogx.codec.typed import TAG, TAGS, UnreadableValue, read_tagged
from cogx.format.timestamps import UnreadableTimestamp, parse_timestamp

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def plain(value: Any) -> Any:
    """Return a value with its typed parts as their texts; the same object if it has none."""
    if type(value) is dict:
        if is_typed(value):
            return value["value"]
        if value.get(TAG) == "object" and type(value.get("value")) is dict:
            inside = _plain_items(value["value"])
            return value if inside is value["value"] else {TAG: "object", "value": inside}
        return _plain_items(value)
    if type(value) is list:
        parts = [plain(item) for item in value]
        return value if all(a is b for a, b in zip(parts, value, strict=True)) else parts
    return value


def _plain_items(value: dict[str, Any]) -> dict[str, Any]:
    inside = {key: plain(item) for key, item in value.items()}
    return value if all(inside[key] is value[key] for key in inside) else inside


def is_typed(value: Any) -> bool:
    """Tell whether a value is a typed one itself, of a tag that is known."""
    if type(value) is not dict or value.keys() != {TAG, "value"}:
        return False
    tag = value[TAG]
    return isinstance(tag, str) and tag in TAGS and tag != "object"


def retyped(tag: Any, value: Any) -> Any:
    """Return a text with its type again, as it is if it is not a text of that type any more."""
    try:
        read_tagged(tag, value)
    except (UnreadableValue, TypeError):
        return value
    return {TAG: tag, "value": value}


def to_milliseconds(moment: datetime) -> int:
    """Return the whole milliseconds since 1970, as cognee keeps the times of nodes."""
    return (moment - _EPOCH) // _MILLISECOND


def from_milliseconds(count: int) -> datetime | None:
    """Return the instant that many milliseconds after 1970, None if no calendar has it."""
    try:
        return _EPOCH + count * _MILLISECOND
    except OverflowError:
        return None


def exact_moment(text: Any, count: int) -> datetime | None:
    """Return the instant a text says if it is within those milliseconds, else theirs."""
    if isinstance(text, str):
        try:
            moment, _ = parse_timestamp(text)
        except UnreadableTimestamp:
            return from_milliseconds(count)
        if to_milliseconds(moment) == count:
            return moment
    return from_milliseconds(count)
