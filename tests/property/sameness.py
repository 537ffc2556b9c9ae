"""Knows when two values, or a record and its reading, are the same: type, sign and offset too."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from cogx.archive.reader import open_archive
from cogx.archive.writer import ArchiveWriter
from cogx.codec.typed import Tagged, from_json
from cogx.format.records import MODEL_OF_KIND, AnyRecord, Turn

Members = dict[str, bytes]
_FREE = ("attributes", "metadata")


def written(records: Iterable[AnyRecord], **how: Any) -> Members:
    members: Members = {}
    with ArchiveWriter(members, **how) as writer:
        writer.write(*records)
    return members


def read(members: Any, *kinds: str) -> list[Any]:
    with open_archive(members) as archive:
        return list(archive.records(*kinds))


def same(one: Any, other: Any) -> bool:  # noqa: PLR0911 - one return a type
    """Compare as the format does: 1 is not 1.0, NaN is NaN, a list is a tuple."""
    match one:
        case dict():
            return (
                isinstance(other, dict)
                and one.keys() == other.keys()
                and isinstance(one, Tagged) == isinstance(other, Tagged)
                and all(same(value, other[key]) for key, value in one.items())
            )
        case list() | tuple():
            return (
                isinstance(other, list | tuple)
                and len(one) == len(other)
                and all(map(same, one, other))
            )
        case float():
            if type(other) is not float:
                return False
            if math.isnan(one) or math.isnan(other):
                return math.isnan(one) and math.isnan(other)
            return one == other and math.copysign(1, one) == math.copysign(1, other)
        case Decimal():
            return isinstance(other, Decimal) and str(one) == str(other)
        case datetime() | time():
            return (
                type(one) is type(other)
                and one.replace(tzinfo=None) == other.replace(tzinfo=None)
                and one.utcoffset() == other.utcoffset()
            )
        case _:
            return type(one) is type(other) and bool(one == other)


def meaning(record: Any, *, tagged: bool) -> dict[str, Any]:
    """Return what a record says: nulls and empty typed containers are nothing, times instants."""
    plain = from_json if tagged else _as_it_is
    if record.kind == "raw_node":
        return {key: plain(value) for key, value in record.properties.items()}
    return _meaning_of_part(record, MODEL_OF_KIND[record.kind].model_fields, plain)


def _meaning_of_part(part: Any, fields: Iterable[str], plain: Any) -> dict[str, Any]:
    said: dict[str, Any] = {key: plain(value) for key, value in (part.model_extra or {}).items()}
    for name in fields:
        value = getattr(part, name)
        if name in _FREE:
            value = {key: plain(item) for key, item in value.items()}
        elif name == "scope":
            value = {key: plain(item) for key, item in value.items() if item is not None}
        elif name == "turns":
            value = [_meaning_of_part(turn, Turn.model_fields, plain) for turn in value]
        if value is not None and value not in ({}, []):
            said[name] = value
    return said


def _as_it_is(value: Any) -> Any:
    return value
