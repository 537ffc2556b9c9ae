"""Knows the form in which a model's words are kept; not whether they are true."""

from __future__ import annotations

import re
from typing import Final

_MOST_PREDICATE: Final = 200
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_WORD: Final = re.compile(r"\W+")


def clean(text: str, most: int) -> str:
    """Return a text in one line, without what is not seen, and not longer than a bound."""
    # What is cut off first may have been unseen: a few times as much is enough for what is not.
    seen = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * most])
    return " ".join(seen.split())[:most]


def snake_case(text: str) -> str:
    """Return a predicate as it is written here: ``works at`` and ``worksAt`` are ``works_at``."""
    spaced = _HUMP.sub("_", text[:_MOST_PREDICATE])
    return "_".join(part for part in _NOT_WORD.sub("_", spaced.lower()).split("_") if part)
