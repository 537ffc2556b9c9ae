"""Knows the JSON text that jsonb gives back as it was, and the way back; nothing of the rows.

jsonb cannot hold U+0000 in a text or a key, keeps numbers as decimals with their zeros but
without exponents, and knows no -0.0. See the package for what is done about each.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from cogx.codec.canonical import encode

Path = list[str | int]

FIRST_LONG_FLOAT: Final = 1e16
"""From here on canonical JSON writes floats with an exponent, and they are whole numbers."""

# Canonical JSON has no spaces: a number stands behind one of : , [
_ODD_NUMBER: Final = re.compile(rb"[:,\[]-?(?:0\.0[,\]}]|[0-9]+(?:\.[0-9]+)?e[0-9])")
_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|-?[0-9]+(?:\.[0-9]+)?e[0-9]+')
_WRITE_ESCAPE: Final = re.compile(rb"\\(?:u000[01]|.)")
_READ_ESCAPE: Final = re.compile(r"\\(?:u0001\\u000[12]|.)")
_WRITTEN: Final = {rb"\u0000": rb"\u0001\u0001", rb"\u0001": rb"\u0001\u0002"}
_READ: Final = {r"\u0001\u0001": r"\u0000", r"\u0001\u0002": r"\u0001"}


def jsonb_text(value: dict[str, Any], *, plain_numbers: bool = False) -> tuple[bytes, bool]:
    """Return the text of an object for jsonb, and whether it may hold a -0.0.

    Args:
        plain_numbers: the caller has seen that no float in it is -0.0 or a long one.

    Raises:
        NotJson: the value holds something JSON cannot say.
    """
    text = encode(value)
    if rb"\u000" not in text and (plain_numbers or _ODD_NUMBER.search(text) is None):
        return text, False
    return _TOKEN.sub(_write_token, text), b"-0.0" in text


def plain_text(text: str) -> str:
    """Return canonical-enough JSON text for what jsonb shows."""
    return _READ_ESCAPE.sub(_read_escape, text) if r"\u0001" in text else text


def negative_zeros(value: Any, path: Sequence[str | int]) -> Iterator[Path]:
    """Yield the path of every -0.0 in a JSON value that stands at ``path``."""
    if type(value) is float:
        if value == 0.0 and math.copysign(1.0, value) < 0:
            yield [*path]
    elif type(value) is dict:
        for key, item in value.items():
            yield from negative_zeros(item, (*path, key))
    elif type(value) is list:
        for index, item in enumerate(value):
            yield from negative_zeros(item, (*path, index))


def put_negative_zero(tree: Any, path: Path) -> None:
    """Turn 0.0 at the path into -0.0; what a person changed meanwhile stays as it is."""
    holder: Any = None
    at: str | int = ""
    for at in path:
        holder = tree
        in_list = type(holder) is list and type(at) is int and 0 <= at < len(holder)
        if not in_list and not (type(holder) is dict and at in holder):
            return
        tree = holder[at]
    if holder is not None and type(tree) is float and tree == 0.0:
        holder[at] = -0.0


def _write_token(match: re.Match[bytes]) -> bytes:
    token = match[0]
    if token.startswith(b'"'):
        return _WRITE_ESCAPE.sub(_write_escape, token) if rb"\u000" in token else token
    digits = format(Decimal(token.decode()), "f")
    return (digits if "." in digits else f"{digits}.0").encode()


def _write_escape(match: re.Match[bytes]) -> bytes:
    return _WRITTEN.get(match[0], match[0])


def _read_escape(match: re.Match[str]) -> str:
    return _READ.get(match[0], match[0])
