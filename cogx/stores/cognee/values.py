"""Knows how cognee writes values: JSON in text columns, times in several forms; asks no store."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from cogx.format.timestamps import UnreadableTimestamp, format_timestamp, parse_timestamp

UNNAMED: Final = "related_to"
"""The predicate of an edge that has none in the store; a fact cannot be without."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_HALF_PAIR: Final = re.compile("[\ud800-\udfff]")


def read_json(text: Any) -> tuple[Any, bool]:
    """Return the value of a JSON text, and whether it says all the text said.

    What is no JSON comes back as it is. Half a surrogate pair, which cognee can escape and no
    archive can hold, becomes U+FFFD; the caller keeps the text beside it. Python's parser is
    the second: cognee writes NaN and infinities.
    """
    if not isinstance(text, str):
        return text, True
    try:
        return msgspec.json.decode(text), True
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return text, True
    plain = json.dumps(value, ensure_ascii=False)
    whole = _HALF_PAIR.sub("\ufffd", plain)
    return (value, True) if whole == plain else (json.loads(whole), False)


def read_instant(value: Any) -> tuple[datetime | None, bool]:
    """Return the instant a value means, None if none, and whether it says all the value said.

    Milliseconds since 1970, which is how cognee keeps the times of nodes, and canonical text
    are said whole; an offset, a bare date, a text without zone said something more.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None, False
    try:
        moment, _ = parse_timestamp(value)
    except UnreadableTimestamp:
        return None, False
    if isinstance(value, int):
        return moment, divmod(moment - _EPOCH, _MILLISECOND) == (value, timedelta())
    text = format_timestamp(moment)
    return moment, value in (text, text.removesuffix("Z") + "+00:00")


def utc(value: Any) -> Any:
    """Return a time of a column, which cognee writes in UTC without saying so, as an instant."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def set_free(properties: dict[str, Any], name: str, value: Any, mark: str = "graph_") -> None:
    """Add a value under its name, or under the first marked one that is not taken."""
    while name in properties:
        name = mark + name
    properties[name] = value
