from __future__ import annotations

import math
from typing import Any

import pytest

from cogx.codec.canonical import NotJson, decode_lines, encode, encode_lines


@pytest.mark.parametrize("value", [math.nan, [math.inf], {"a": {"b": -math.inf}}, (math.nan,)])
def test_what_is_not_finite_is_refused(value: Any) -> None:
    with pytest.raises(NotJson):
        encode(value)


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(NotJson):
        encode({"a": "\ud800"})


def test_null_is_a_value() -> None:
    assert encode({"a": None}) == b'{"a":null}'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, b"1"), (1.0, b"1.0"), (-0.0, b"-0.0"), (1e15, b"1000000000000000.0"), (1e16, b"1e16"),
        (1e-5, b"0.00001"), (5e-324, b"5e-324"), (2**64, b"18446744073709551616"),
        ("\u2028/\x7f", b'"\xe2\x80\xa8/\x7f"'),
    ],
)  # fmt: skip
def test_values_have_one_text(value: Any, text: bytes) -> None:
    assert encode(value) == text


def test_keys_are_sorted_by_code_point() -> None:
    assert encode({"\U0001f600": 1, "\uffff": 2}) == '{"\uffff":2,"\U0001f600":1}'.encode()


def test_lines_come_back() -> None:
    records = [{"a": 2**70}, {"b": ["\n"]}]
    assert decode_lines(encode_lines(records)) == records
