"""Knows how sets of id hashes grow and are looked things up in; not what the ids mean.

All arrays called known are sorted and distinct.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from cogx.hash_tables import Words

Mask = npt.NDArray[np.bool_]
NO_WORDS: Final[Words] = np.empty(0, np.uint64)
_FEWEST_WAITING: Final = 1 << 16


class HashSet:
    """A set that grows batch by batch. Cost: 8 bytes for each member, twice that for a moment."""

    def __init__(self) -> None:
        self._known = NO_WORDS
        self._waiting: list[Words] = []
        self._count = 0

    def add(self, words: Words) -> None:
        """Take hashes in; any may be there already."""
        self._waiting.append(words)
        self._count += len(words)
        # Joining when as much waits as is known makes each hash cost a few sorts at most.
        if self._count > max(_FEWEST_WAITING, len(self._known)):
            self.known()

    def known(self) -> Words:
        """Return the members, sorted and distinct."""
        if self._waiting:
            self._known = np.unique(np.concatenate([self._known, *self._waiting]))
            self._waiting, self._count = [], 0
        return self._known


def find(known: Words, values: Words) -> npt.NDArray[np.int64]:
    """Return where each value stands among the known ones, -1 if nowhere."""
    if not len(known):
        return np.full(len(values), -1, np.int64)
    at = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.where(known[at] == values, at, -1)


def among(known: Words, values: Words) -> Mask:
    """Tell, for each value, whether it is one of the known ones."""
    return find(known, values) >= 0
