"""Knows how ids, types, predicates and labels stand in text columns; nothing of the rows.

U+0000 becomes U+0001 U+0001, and U+0001 becomes U+0001 U+0002. Two texts compare after it as
they did before, so that the database's order is that of the code points.
"""

from __future__ import annotations

import re
from typing import Final

_WRITTEN: Final = {0: "\x01\x01", 1: "\x01\x02"}
_READ: Final = {"\x01": "\x00", "\x02": "\x01"}
_ESCAPED: Final = re.compile("\x01(.?)", re.DOTALL)


def write_name(name: str) -> str:
    """Return a name as a text column holds it."""
    if "\x00" in name or "\x01" in name:
        return name.translate(_WRITTEN)
    return name


def read_name(text: str) -> str:
    """Return the name that a text column holds.

    Raises:
        ValueError: U+0001 stands there other than cogx writes it.
    """
    return _ESCAPED.sub(_read, text) if "\x01" in text else text


def _read(match: re.Match[str]) -> str:
    found = _READ.get(match[1])
    if found is None:
        raise ValueError("U+0001 stands before neither U+0001 nor U+0002")
    return found
