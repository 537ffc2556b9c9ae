from __future__ import annotations

import math
from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from cogx.codec.typed import Tagged, UnreadableValue, from_json, to_json, untagged


class Colour(str, Enum):  # noqa: UP042 - whose str() is not its value
    RED = "red"


class Shade(StrEnum):
    DARK = "dark"


class Size(IntEnum):
    BIG = 3


@pytest.mark.parametrize(
    ("value", "tag", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5), "datetime", "2026-01-02T03:04:05"),
        (datetime(2026, 1, 2, tzinfo=UTC), "datetime", "2026-01-02T00:00:00Z"),
        (datetime(2026, 1, 2, tzinfo=ZoneInfo("UTC")), "datetime", "2026-01-02T00:00:00Z"),
        (
            datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=-1))),
            "datetime",
            "2026-01-02T00:00:00-01:00",
        ),
        (date(1990, 5, 17), "date", "1990-05-17"),
        (time(1, 2, 3, 4), "time", "01:02:03.000004"),
        (timedelta(days=-1, seconds=1), "duration", "-P0DT86399S"),
        (timedelta(days=1, microseconds=5), "duration", "P1DT0.000005S"),
        (b"\0\xff", "bytes", "AP8="),
        (Decimal("1.500"), "decimal", "1.500"),
        (Decimal("1E+5"), "decimal", "1E+5"),
        (UUID(int=1), "uuid", "00000000-0000-0000-0000-000000000001"),
        (math.nan, "float", "NaN"),
        (-math.inf, "float", "-Infinity"),
    ],
)
def test_a_typed_value_travels_under_its_tag(value: Any, tag: str, text: str) -> None:
    assert to_json(value) == {"$cogx": tag, "value": text}


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Colour.RED, "red"),
        (Shade.DARK, "dark"),
        (Size.BIG, 3),
        (OrderedDict(a=1), {"a": 1}),
        ((1, 2), [1, 2]),
        (True, True),
    ],
)
def test_subclasses_come_down_to_plain_json(value: Any, plain: Any) -> None:
    made = to_json(value)
    assert (made, type(made)) == (plain, type(plain))


@pytest.mark.parametrize(
    "value", [{1}, object(), {1: 2}, [{None: 1}], 1j], ids=lambda value: type(value).__name__
)
def test_what_has_no_form_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        to_json(value)


def test_an_object_with_our_key_is_wrapped() -> None:
    assert to_json({"$cogx": "date"}) == {"$cogx": "object", "value": {"$cogx": "date"}}


@pytest.mark.parametrize(
    "value",
    [
        {"$cogx": "point", "value": [1, 2]},
        {"$cogx": [], "value": 1},
        {"$cogx": None},
        {"$cogx": {"$cogx": "date"}, "value": "x", "more": 1},
    ],
    ids=str,
)
def test_an_unknown_tag_is_carried_along(value: dict[str, Any]) -> None:
    carried = from_json(value)
    assert isinstance(carried, Tagged)
    assert to_json(carried) == value


@pytest.mark.parametrize(
    "value",
    [
        {"$cogx": "date", "value": "2026-1-2"},
        {"$cogx": "date", "value": 5},
        {"$cogx": "date"},
        {"$cogx": "date", "value": "2026-01-02", "more": 1},
        {"$cogx": "object", "value": "x"},
        {"$cogx": "datetime", "value": "2026-01-02T00:00"},
        {"$cogx": "datetime", "value": "2026-01-02T00:00:00+00:00"},
        {"$cogx": "bytes", "value": "AP9="},
        {"$cogx": "decimal", "value": "1_0"},
        {"$cogx": "uuid", "value": "{00000000-0000-0000-0000-000000000001}"},
        {"$cogx": "duration", "value": "P1D"},
        {"$cogx": "float", "value": "nan"},
    ],
    ids=str,
)
def test_a_known_tag_with_another_text_is_refused(value: dict[str, Any]) -> None:
    with pytest.raises(UnreadableValue):
        from_json([value])


def test_a_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(UnreadableValue) as caught:
        from_json({"$cogx": "date", "value": "secret"})
    assert "secret" not in str(caught.value)


def test_plain_json_has_our_key_without_wrapping() -> None:
    value = {"a": [{"$cogx": {"$cogx": 1}}]}
    assert untagged(to_json(value)) == value


def test_plain_json_has_no_typed_values() -> None:
    with pytest.raises(UnreadableValue):
        untagged([to_json(b"x")])
