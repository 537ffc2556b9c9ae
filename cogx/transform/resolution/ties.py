"""Knows how proposed entities stand in the graph: how many facts, which neighbours they share."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from cogx.hash_tables import Words, hash_ids
from cogx.ports import RecordSource
from cogx.transform.hashes import among, find


class Tie(NamedTuple):
    """What joins two entities: how many neighbours both have, whether a fact joins the two."""

    shared: int
    direct: bool


class Ties:
    """What the facts of a source say of some entities, by the ids that the facts name.

    Cost: one pass over the facts; 16 bytes of memory for each end that is one of the entities.
    """

    def __init__(self, source: RecordSource, ids: Sequence[str]) -> None:
        self._known = np.unique(hash_ids(ids))
        self._facts = np.zeros(len(self._known), np.int64)
        parts: list[Words] = []
        for _, facts in source.iter_batches("fact"):
            ends = [hash_ids([*map(attrgetter(f), facts)]) for f in ("subject_ref", "object_ref")]
            for one, other in (ends, ends[::-1]):
                at = find(self._known, one)
                mine = at >= 0
                np.add.at(self._facts, at[mine], 1)
                parts.append(np.stack((at[mine].astype(np.uint64), other[mine]), axis=1))
        rows = np.concatenate(parts) if parts else np.empty((0, 2), np.uint64)
        rows = np.unique(rows, axis=0)
        self._others = rows[:, 1]
        self._starts = np.searchsorted(rows[:, 0], np.arange(len(self._known) + 1, dtype=np.uint64))

    def facts(self, identity: str) -> int:
        """Return how many ends of facts an entity is."""
        return int(self._facts[self._place(identity)])

    def between(self, one: str, other: str) -> Tie:
        """Return what joins two of the entities; neither is a neighbour that they share."""
        few, many = sorted((self._neighbours(one), self._neighbours(other)), key=len)
        both = few[among(many, few)]  # looked up: one of the two may have all the facts there are
        ours = np.sort(hash_ids([one, other]))
        return Tie(int((~among(ours, both)).sum()), self._joins(one, other))

    def _joins(self, one: str, other: str) -> bool:
        return bool(among(self._neighbours(one), hash_ids([other]))[0])

    def _neighbours(self, identity: str) -> Words:
        """Return the neighbours of an entity, sorted and distinct."""
        place = self._place(identity)
        return self._others[self._starts[place] : self._starts[place + 1]]

    def _place(self, identity: str) -> int:
        return int(find(self._known, hash_ids([identity]))[0])
