"""Knows halves of surrogate pairs in JSON as it stands on the wire; parses nothing else.

They are no text. A parser that passes them as a question mark says nothing about it, so they are
counted in the bytes.
"""

from __future__ import annotations

import re
from typing import Final

_SURROGATE: Final = re.compile(
    rb"(?<!\\)(?:\\\\)*(?:\\u[dD][89abAB][0-9a-fA-F]{2}(\\u[dD][c-fC-F][0-9a-fA-F]{2})?"
    rb"|\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
_PAIR: Final = 12
_HALF: Final = 6


class HalfPairs:
    """Counts escaped surrogates that have no partner, in bytes that come piece by piece."""

    def __init__(self) -> None:
        self.count = 0
        self._kept = b""

    def look(self, chunk: bytes) -> None:
        """Look at the next bytes. Cost: next to nothing where no surrogate is escaped."""
        data = self._kept + chunk
        self._kept = self._looked_through(data, len(data) - _PAIR)

    def finish(self) -> int:
        """Look at what was kept back; return the count."""
        self._looked_through(self._kept, len(self._kept))
        self._kept = b""
        return self.count

    def _looked_through(self, data: bytes, decided: int) -> bytes:
        """Count what can be told; return the bytes that the next ones are needed for."""
        start = 0
        for found in _SURROGATE.finditer(data) if _may_hold(data) else ():
            whole = found[1] is not None
            if not whole and found.end() - _HALF > decided:
                return data[found.start() :]
            self.count += not whole
            start = found.end()
        keep = max(start, len(data) - _PAIR)
        before = data[start:keep]
        # An odd run of backslashes before the cut escapes what stands behind it.
        odd = (len(before) - len(before.rstrip(b"\\"))) % 2
        return data[keep - odd :]


def _may_hold(data: bytes) -> bool:
    return b"\\ud" in data or b"\\uD" in data
