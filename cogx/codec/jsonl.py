"""Knows framing: lines end at LF and nowhere else; knows nothing of what stands on a line.

U+2028, U+2029 and U+0085 are data inside strings, so text-mode line splitting is never used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple


class RawBlock(NamedTuple):
    """Some whole ``lines``, each ended by LF; ``first`` is the number of the first, from 1."""

    first: int
    data: bytes
    lines: int


def iter_raw_blocks(
    chunks: Iterable[bytes], limit_bytes: int, too_long: Callable[[int], None]
) -> Iterator[RawBlock]:
    """Cut a stream into blocks of whole lines, in order; a last line without LF gets one.

    A line longer than ``limit_bytes`` is passed over: ``too_long`` hears its number, and the
    lines behind it are read on.

    Cost: holds one chunk and one unfinished line of at most ``limit_bytes``.
    """
    number, held_bytes, skipping = 1, 0, False
    held: list[bytes] = []
    for chunk in chunks:
        if skipping:
            start = chunk.find(b"\n") + 1
            if not start:
                continue
            chunk, skipping, number = chunk[start:], False, number + 1
        cut = chunk.rfind(b"\n") + 1
        if cut:
            data = b"".join((*held, chunk[:cut]))
            count = data.count(b"\n")
            if len(data) <= limit_bytes:
                yield RawBlock(number, data, count)
            else:
                yield from _without_long_lines(number, data, limit_bytes, too_long)
            number += count
            held, held_bytes, chunk = [], 0, chunk[cut:]
        if chunk:
            held.append(chunk)
            held_bytes += len(chunk)
        if held_bytes > limit_bytes:
            too_long(number)
            held, held_bytes, skipping = [], 0, True
    if held:
        yield RawBlock(number, b"".join((*held, b"\n")), 1)


def _without_long_lines(
    number: int, data: bytes, limit_bytes: int, too_long: Callable[[int], None]
) -> Iterator[RawBlock]:
    for line in data[:-1].split(b"\n"):
        if len(line) <= limit_bytes:
            yield RawBlock(number, line + b"\n", 1)
        else:
            too_long(number)
        number += 1
