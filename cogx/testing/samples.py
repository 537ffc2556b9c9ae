"""Knows values and names that bend stores, and when two graphs are the same; knows no store."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from cogx.ports import Edge, Node

_EAST: Final = timezone(timedelta(hours=5, minutes=30))

JSON_VALUES: Final[dict[str, Any]] = {
    "text": "Ada",
    "empty text": "",
    "text with breaks": "a\nb\r\nc\td\u2028e\u2029f\x85g",
    "text with quotes": "'\"`\\ {}$",
    "text with nul": "a\x00b",
    "text beyond the basic plane": "\U0001f600\ufffe\U0010ffff",
    "text like json": '{"a":1}',
    "text like a date": "2026-01-02T03:04:05Z",
    "long text": "é" * 300_000,
    "true": True,
    "false": False,
    "integer": 7,
    "zero": 0,
    "largest int64": 2**63 - 1,
    "smallest int64": -(2**63),
    "beyond int64": 2**63,
    "far beyond int64": -(10**40),
    "float": 0.1,
    "whole float": 3.0,
    "negative zero": -0.0,
    "tiny float": 5e-324,
    "huge float": 1.7976931348623157e308,
    "null": None,
    "texts": ["a", "", "é"],
    "integers": [1, -(2**63), 2**63 - 1],
    "large integers": [1, 2**64],
    "floats": [0.5, -0.0, 1e300],
    "mixed list": [1, 1.0, "1", None, True, [], {}],
    "list with null": ["a", None],
    "list of nulls": [None, None],
    "empty list": [],
    "booleans": [True, False],
    "nested lists": [[1, 2], [], [[3]]],
    "object": {"a": 1, "b": {"c": [1, 2, None]}, "": ""},
    "empty object": {},
    "object like a tag": {"$cogx": "date", "value": "2026-01-02"},
}
TYPED_VALUES: Final[dict[str, Any]] = {
    "naive datetime": datetime(2026, 1, 2, 3, 4, 5, 678901),
    "first datetime": datetime(1, 1, 1),
    "last datetime": datetime(9999, 12, 31, 23, 59, 59, 999999),
    "utc datetime": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "first utc datetime": datetime(1, 1, 1, tzinfo=UTC),
    "offset datetime": datetime(2026, 1, 2, 3, 4, 5, 1, tzinfo=_EAST),
    "offset before time": datetime(1, 1, 1, tzinfo=_EAST),
    "date": date(2026, 1, 2),
    "first date": date(1, 1, 1),
    "last date": date(9999, 12, 31),
    "time": time(3, 4, 5, 678901),
    "time with offset": time(3, 4, tzinfo=_EAST),
    "duration": timedelta(days=3, seconds=5, microseconds=7),
    "no duration": timedelta(0),
    "negative duration": -timedelta(days=2, microseconds=1),
    "longest duration": timedelta.max,
    "bytes": b"\x00\xff\r\n",
    "no bytes": b"",
    "decimal": Decimal("12.3400"),
    "large decimal": Decimal("-1E+400"),
    "uuid": UUID("01234567-89ab-cdef-0123-456789abcdef"),
    "not a number": float("nan"),
    "infinity": float("inf"),
    "negative infinity": float("-inf"),
    "list with infinity": [0.5, float("inf")],
    "typed values inside": {"when": date(2026, 1, 2), "list": [Decimal("1.0"), b"x"]},
}
VALUES: Final = JSON_VALUES | TYPED_VALUES

ODD_NAMES: Final = (
    "name", "Name", "NAME", "NAME_2", "with space", " leading", "with.dot", "with`tick", "é", "É",
    "日本", "\U0001f600", "a'b\"c", "back\\slash", "line\nbreak", "nul\x00", "\u2028", "", " ",
    "order", "match", "_id", "_label", "_src", "_dst", "id", "ID", "labels", "label", "type",
    "from", "to", "source", "target", "key", "value", "predicate", "_cogx", "_COGX", "_cogx_meta",
    "_OtherNode", "_OtherEdge", "rest", "properties", "$cogx", "x" * 1000, "x" * 1000 + "y",
    "k", "\u212a", "offset", "n", "r", "a", "b", "c0", "p0",
)  # fmt: skip


def same(left: Any, right: Any) -> bool:
    """Tell whether two values are one, types, bits of floats and offsets of times included."""
    if type(left) is not type(right):
        return False
    match left:
        case dict():
            return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
        case list() | tuple():
            return len(left) == len(right) and all(map(same, left, right))
        case float() if math.isnan(left):
            return math.isnan(right)
        case float() | datetime() | time() | Decimal():
            # Equality passes over the sign of zero, offsets, and zeros behind a decimal point.
            return repr(left) == repr(right) or _instant(left) == _instant(right) != ""
        case _:
            return bool(left == right)


def _instant(value: Any) -> str:
    """Return a time's text; zones that mean one offset are one."""
    return value.isoformat() if isinstance(value, datetime | time) else ""


def assert_same(found: Iterable[Node | Edge], expected: Iterable[Node | Edge]) -> None:
    """Assert that two graphs are equal, whatever the order of ``expected``."""
    rows = list(found)
    wanted = sorted(expected, key=lambda row: row.id)
    assert [row.id for row in rows] == [row.id for row in wanted]
    for row, want in zip(rows, wanted, strict=True):
        for name in want.__struct_fields__:
            left, right = getattr(row, name), getattr(want, name)
            assert same(left, right), f"{row.id!r}: {name} is {left!r:.500}, not {right!r:.500}"


def value_node(name: str, value: Any) -> Node:
    """Return a node with the value in a property of its own and in a shared one."""
    return Node(f"node {name}", "Value", {name: value, "mixed": value})
