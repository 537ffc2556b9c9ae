"""Knows how a file becomes texts that fit on a line: as it is, or base64; no record and no store.

A file whose text would not fit is cut, at line ends where it has them. Put together again the
pieces are the file, byte for byte.
"""

from __future__ import annotations

import base64
import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

LINE_BYTES: Final = 12 << 20
"""How long a text may be in JSON: what a reader takes by default, less room for the rest."""

_WORST: Final = 6
"""A control character takes this many bytes in JSON."""
_MOST_READ: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Plan:
    """How a file is cut: byte ranges, and whether they are text."""

    path: Path
    is_text: bool
    ranges: tuple[tuple[int, int], ...]

    def content(self, number: int) -> str:
        """Return one piece, counted from 0. Cost: the piece in memory."""
        start, stop = self.ranges[number]
        with self.path.open("rb") as file:
            file.seek(start)
            data = file.read(stop - start)
        return data.decode() if self.is_text else base64.b64encode(data).decode()


def plan_of(path: Path, mime_type: str | None, line_bytes: int = LINE_BYTES) -> Plan:
    """Return how a file is cut; its bytes decide whether it is text, not its name.

    Text is UTF-8; with a NUL in it only if it is declared as text.

    Raises:
        OSError: it cannot be read.
    Cost: reads the file once, line by line.
    """
    cuts = _text_cuts(path, (mime_type or "").startswith("text/"), line_bytes)
    if cuts is not None:
        return Plan(path, True, cuts)
    step = line_bytes // 4 * 3
    size = path.stat().st_size
    starts = range(0, size, step)
    return Plan(path, False, tuple((start, min(start + step, size)) for start in starts))


def _text_cuts(path: Path, nul: bool, line_bytes: int) -> tuple[tuple[int, int], ...] | None:
    """Return where a text is cut, None if it is none."""
    decode = codecs.getincrementaldecoder("utf-8")().decode
    ends: list[int] = []
    position = room = 0
    most = min(_MOST_READ, max(1, line_bytes // (2 * _WORST)))
    try:
        with path.open("rb") as file:
            while line := file.readline(most):
                text = decode(line)
                if not nul and "\0" in text:
                    return None
                length = len(msgspec.json.encode(text))
                if room + length > line_bytes and position:
                    ends.append(position)
                    room = 0
                position += len(text.encode())
                room += length
        decode(b"", True)
    except UnicodeDecodeError:
        return None
    ends.append(position)
    return tuple(zip([0, *ends[:-1]], ends, strict=True))
