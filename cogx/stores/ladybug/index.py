"""Knows in which table each node is, by hash; holds no id.

While nodes arrive 12 bytes a node are kept, sealed 10; sealing needs 30 for a moment.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

ABSENT = -1


class NodeIndex:
    """Map node ids to table numbers: add all, seal once, then find."""

    def __init__(self) -> None:
        # Hashes of Python's own text hash: they never leave this process.
        self._hashes = array("q")
        self._families = array("i")
        self._keys: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self._tables: npt.NDArray[np.int16] = np.empty(0, np.int16)
        self._exact: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._hashes) or len(self._keys)

    def add(self, ids: Iterable[str], families: Iterable[int]) -> None:
        """Add nodes, each with the number of its family (its type)."""
        self._hashes.extend(map(hash, ids))
        self._families.extend(families)

    def seal(self, table_of_family: Sequence[int]) -> npt.NDArray[np.int64]:
        """Make the index ready to find; return the hashes that occur more than once."""
        keys = np.frombuffer(self._hashes, np.int64) if self._hashes else self._keys
        order = np.argsort(keys, kind="stable")
        self._keys = keys[order]
        tables = np.asarray(table_of_family, np.int16)
        if len(order):
            self._tables = tables[np.frombuffer(self._families, np.int32)[order]]
        del keys, order
        self._hashes, self._families = array("q"), array("i")
        again = self._keys[1:] == self._keys[:-1]
        return np.unique(self._keys[1:][again])

    def settle(self, exact: dict[str, int]) -> None:
        """Give the tables of ids that share their hash with another one."""
        self._exact.update(exact)

    def find(self, ids: Sequence[str]) -> list[int]:
        """Return the table number of each id, ABSENT where there is no such node."""
        if not len(self._keys):
            return [ABSENT] * len(ids)
        hashes = np.fromiter(map(hash, ids), np.int64, len(ids))
        places = np.searchsorted(self._keys, hashes)
        places[places == len(self._keys)] = 0
        found = np.where(self._keys[places] == hashes, self._tables[places], ABSENT)
        numbers: list[int] = found.tolist()
        if self._exact:
            numbers = [self._exact.get(i, n) for i, n in zip(ids, numbers, strict=True)]
        return numbers
