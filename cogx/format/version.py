"""Knows which COGX versions are written and read; nothing about files.

Source: spec/format.md#versions.
"""

from __future__ import annotations

import re
from typing import Final

from cogx.errors import UnsupportedVersion

WRITTEN: Final = "0.1"
READ: Final = "0.x from 0.1 on"
_GRAMMAR: Final = re.compile(r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})", re.ASCII)


def parse_version(text: object) -> tuple[int, int]:
    """Return (major, minor) of a version this reader takes; a newer minor is taken.

    Raises:
        UnsupportedVersion: another major, older than 0.1, or not ``MAJOR.MINOR``.
    """
    match = _GRAMMAR.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise UnsupportedVersion(repr(text)[:60], READ)
    major, minor = int(match[1]), int(match[2])
    if major != 0 or minor < 1:
        raise UnsupportedVersion(repr(text)[:60], READ)
    return major, minor


def is_newer(version: tuple[int, int]) -> bool:
    """Tell whether a version may hold fields that this reader only carries along."""
    return version > (0, 1)
