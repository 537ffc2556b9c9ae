"""Knows how numbers, tables and next steps are laid out in plain text; prints nothing."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

_UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB")


def count_of(number: int, one: str, many: str = "") -> str:
    """Return ``1 record``, ``2,000 records``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size_of(length_bytes: int) -> str:
    """Return a length as people read it: ``812 bytes``, ``3.4 MiB``."""
    size, unit = float(length_bytes), 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return count_of(length_bytes, "byte") if unit == 0 else f"{size:.1f} {_UNITS[unit]}"


def columns(rows: Iterable[Sequence[str]], *, right: frozenset[int] = frozenset()) -> list[str]:
    """Return rows as aligned lines, indented by two; columns in ``right`` end flush."""
    table = [list(row) for row in rows]
    if not table:
        return []
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = []
    for row in table:
        cells = [
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  " + "  ".join(cells).rstrip())
    return lines


def count_lines(counts: Mapping[str, int]) -> list[str]:
    """Return a small table of counts with a total under it."""
    rows = [(name, f"{number:,}") for name, number in counts.items() if number]
    if len(rows) > 1:
        rows.append(("total", f"{sum(counts.values()):,}"))
    return columns(rows, right=frozenset({1}))


def command(*words: str) -> str:
    """Return a command line that a shell takes as it stands."""
    return shlex.join(words)
