"""Knows tables of id hashes that spill to disk past a size; not what the ids mean.

Ids become 64-bit keyed hashes in numpy arrays; past :data:`HELD_ROWS` rows they are cut by
hash range into an unlinked temporary file and looked at range by range. The hash is Python's
own, keyed anew in every process, and never leaves it. Two ids that collide by chance could hide
a dangling end or repeat each other: at ten million ids the odds are below 1 in 300,000.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from typing import IO, Final

import numpy as np
import numpy.typing as npt

HELD_ROWS: Final = 1 << 20
_RANGES: Final = 64

Words = npt.NDArray[np.uint64]


class HashTable:
    """A table of rows of ``width`` 64-bit words, the first being the hash it is cut by."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._held: list[Words] = []
        self._count = 0
        self._spill: IO[bytes] | None = None
        self._extents: list[list[tuple[int, int]]] = [[] for _ in range(_RANGES)]

    def add(self, *columns: Words) -> None:
        """Append rows given as their columns, the hash first."""
        rows = np.stack(columns, axis=1)
        self._held.append(rows)
        self._count += len(rows)
        if self._count > HELD_ROWS:
            self._flush()

    def ranges(self) -> Iterator[Words]:
        """Yield the rows of one hash range after the other."""
        if self._spill is None:
            yield self._joined()
            return
        self._flush()
        for extents in self._extents:
            parts = []
            for offset, size in extents:
                self._spill.seek(offset)
                parts.append(np.frombuffer(self._spill.read(size), np.uint64))
            flat = np.concatenate(parts) if parts else np.empty(0, np.uint64)
            yield flat.reshape(-1, self.width)

    def spilled(self) -> bool:
        """Tell whether rows went to disk, and so come in several ranges."""
        return self._spill is not None

    def spill(self) -> None:
        """Send all rows to disk."""
        self._flush()

    def close(self) -> None:
        """Give the disk back. May be called twice."""
        if self._spill is not None:
            self._spill.close()

    def _joined(self) -> Words:
        if not self._held:
            return np.empty((0, self.width), np.uint64)
        return np.concatenate(self._held)

    def _flush(self) -> None:
        if self._spill is None:
            self._spill = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the table
        rows = self._joined()
        self._held, self._count = [], 0
        cut = (rows[:, 0] >> np.uint64(58)).astype(np.int64)
        rows = rows[np.argsort(cut, kind="stable")]
        edges = np.concatenate(([0], np.cumsum(np.bincount(cut, minlength=_RANGES))))
        self._spill.seek(0, 2)
        for number in range(_RANGES):
            part = rows[edges[number] : edges[number + 1]].tobytes()
            if part:
                self._extents[number].append((self._spill.tell(), len(part)))
                self._spill.write(part)


def hash_ids(texts: Sequence[str]) -> Words:
    """Return 64-bit hashes that mean something in this process only."""
    return np.fromiter(map(hash, texts), np.int64, len(texts)).view(np.uint64)


def is_in(values: Words, known: Words) -> npt.NDArray[np.bool_]:
    """Tell, for each value, whether it is among the known ones."""
    ordered = np.sort(known)
    if not len(ordered):
        return np.zeros(len(values), np.bool_)
    at = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    found: npt.NDArray[np.bool_] = ordered[at] == values
    return found


def are_absent(known: Words, values: Words) -> npt.NDArray[np.bool_]:
    """Tell, for each value, whether it is not among the known ones: usually none is.

    Sorted queries run through memory in order, which is several times quicker.
    """
    distinct = np.unique(values)
    return is_in(values, distinct[~is_in(distinct, known)])


def side_by_side(left: HashTable, right: HashTable) -> Iterator[tuple[Words, Words]]:
    """Yield both tables range by range; they are cut alike, so equal hashes meet."""
    if left.spilled() or right.spilled():
        left.spill()
        right.spill()
    yield from zip(left.ranges(), right.ranges(), strict=True)
