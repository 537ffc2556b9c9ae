"""Knows the one deterministic JSON text of a value; nothing about records.

Keys sorted by code point, no spaces, UTF-8 unescaped where JSON allows it, integers exact,
floats shortest and never written as integers. Source: spec/format.md#canonical-json.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import msgspec

_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
"""Sorts the keys of dicts; structs are declared with sorted fields, which costs nothing here."""

_DECODER: Final = msgspec.json.Decoder(dict[str, Any])


class NotJson(ValueError):
    """The value has no canonical JSON: NaN, Infinity, half a surrogate pair, a non-text key."""


def encode(value: Any) -> bytes:
    """Return the canonical JSON of a value of plain JSON types.

    Typed values (dates, bytes, NaN, ...) must have gone through
    :func:`cogx.codec.typed.to_json` first.

    Raises:
        NotJson: the value holds something JSON cannot say.
    Cost: one pass; a second one only if the text contains ``null``.
    """
    try:
        text = _ENCODER.encode(value)
    except (UnicodeEncodeError, TypeError, OverflowError, RecursionError) as error:
        raise NotJson(str(error)) from error
    # The encoder writes NaN and Infinity as null; they must not pass as one.
    if b"null" in text and not _is_finite(value):
        raise NotJson("NaN or Infinity")
    return text


def encode_lines(records: Sequence[Any]) -> bytes:
    """Return the canonical JSON of each record behind the other, each ended by LF.

    For hot paths: the caller has made sure that no NaN or Infinity is left.
    """
    try:
        return _ENCODER.encode_lines(records)
    except (UnicodeEncodeError, TypeError, OverflowError, RecursionError) as error:
        raise NotJson(str(error)) from error


def decode_lines(lines: bytes) -> list[dict[str, Any]]:
    """Return the objects of canonical lines; for lines that were written here."""
    return _DECODER.decode_lines(lines)


def _is_finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_finite, value))
    return True
