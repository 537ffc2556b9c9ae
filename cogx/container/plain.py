"""Knows how to cut a stream of pieces at given lengths, copying as little as it can.

Must never know where the pieces come from.
"""

from __future__ import annotations

from collections.abc import Iterator


class PlainStream:
    """Plain bytes in order; never goes back."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._piece = b""
        self._at = 0

    def take(self, limit: int) -> bytes:
        """Return between 1 and ``limit`` bytes, or nothing at the end."""
        if self._at == len(self._piece):
            self._piece, self._at = next(self._pieces, b""), 0
        at = self._at
        self._at = min(at + limit, len(self._piece))
        if at == 0 and self._at == len(self._piece):
            return self._piece
        return self._piece[at : self._at]

    def gather(self, size: int) -> bytes:
        """Return exactly ``size`` bytes, fewer only at the end; for small sizes."""
        parts = []
        while size and (part := self.take(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)
