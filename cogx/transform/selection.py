"""Knows how a source becomes a selection of itself, neighbours as stubs; writes nothing.

What is asked is known by :mod:`cogx.transform.criteria`, what is chosen by
:mod:`cogx.transform.neighbours`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from cogx.format.identity import normalise_name
from cogx.format.layout import KINDS
from cogx.hash_tables import hash_ids
from cogx.ports import RecordSource
from cogx.transform.criteria import Criteria
from cogx.transform.hashes import among
from cogx.transform.neighbours import Neighbours
from cogx.transform.stubs import stub_of, title_of

STUB = "stub"
TIMELESS = "no-time"


class Selected:
    """A source's records that meet criteria, and a stub for each neighbour of chosen facts.

    A neighbour is a thing that an end of a chosen fact means, that the source has, and that is not
    chosen itself: no fact dangles that did not before. So ``type=Person`` gives every
    person in full, every fact with a person at an end, and what is at the other end as a stub;
    ``predicate=works_at`` the facts and all that they join, ``kind=fact`` all facts between
    stubs. How each key is met is said at :class:`Criteria`.

    Records keep their order; stubs of content records and of facts follow the entities. Where
    nothing is asked the source passes through. The source must not change.

    Cost: see :class:`Neighbours`; its passes are made when records are first asked for.
    """

    def __init__(self, source: RecordSource, criteria: Criteria) -> None:
        self.system = source.system
        self._source = source
        self._criteria = criteria
        self._counts: dict[str, Counter[str]] = {}
        self._learnt: Neighbours | None = None

    @property
    def counts(self) -> Counter[str]:
        """What was left out, in the kinds that were gone through to their end.

        By kind: records that do not stand in the selection as they are. ``stub``: how many stubs
        stand in their places. ``no-time``: how many of them only lack the time asked for.
        """
        return sum(self._counts.values(), Counter())

    @property
    def unused(self) -> list[str]:
        """The terms that no record met, as KEY=VALUE; known when all kinds were gone through."""
        return list(self._neighbours().unused()) if self._criteria else []

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield the selection's batches; see :class:`RecordSource`."""
        if not self._criteria:
            yield from self._source.iter_batches(*kinds)
            return
        neighbours = self._neighbours()
        foreign = neighbours.foreign_stub_kinds()
        asked = kinds or KINDS
        # What takes the source's stream from under another one must wait for its end.
        cut = asked.index("entity") + 1 if foreign and "entity" in asked else 0
        if cut:
            yield from self._chosen(neighbours, asked[:cut])
            yield from self._foreign_stubs(neighbours, foreign)
        if asked[cut:]:
            yield from self._chosen(neighbours, asked[cut:])

    def _neighbours(self) -> Neighbours:
        if self._learnt is None:
            self._learnt = Neighbours(self._source, self._criteria)
        return self._learnt

    def _chosen(
        self, neighbours: Neighbours, kinds: Sequence[str]
    ) -> Iterator[tuple[str, Sequence[Any]]]:
        counts: dict[str, Counter[str]] = {kind: Counter() for kind in kinds}
        made = np.zeros(len(neighbours.stubs), np.bool_)
        for kind, records in self._source.iter_batches(*kinds):
            choice = neighbours.choose(kind, records)
            count = counts[kind]
            count[TIMELESS] += int(choice.timeless.sum())
            count[kind] += len(records) - int(choice.chosen.sum())
            if choice.chosen.all():
                yield kind, records
                continue
            kept: list[Any] = list(records)
            chosen = choice.chosen
            if kind in {"raw_node", "entity"}:
                stubs = _new_places(neighbours, kind, records, made)
                count[STUB] += len(stubs)
                for index in stubs:
                    kept[index] = stub_of(kind, records[index])
                chosen = chosen.copy()
                chosen[stubs] = True
            some = [kept[index] for index in np.flatnonzero(chosen)]
            if some:
                yield kind, some
        self._counts |= counts

    def _foreign_stubs(
        self, neighbours: Neighbours, kinds: Sequence[str]
    ) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield the entities that stand for content records and facts."""
        made = np.zeros(len(neighbours.stubs), np.bool_)
        for kind, records in self._source.iter_batches(*kinds):
            some = [
                stub_of(kind, records[index], by_title=_is_free(neighbours, kind, records[index]))
                for index in _new_places(neighbours, kind, records, made)
            ]
            if some:
                yield "entity", some
        self._counts["foreign"] = Counter({STUB: int(made.sum())})


def _new_places(neighbours: Neighbours, kind: str, records: Sequence[Any], made: Any) -> list[int]:
    """Return the indices of records that make a stub nobody made yet, and note it."""
    places = neighbours.stub_places(kind, records)
    new = []
    for index in np.flatnonzero(places >= 0):
        if not made[places[index]]:
            made[places[index]] = True
            new.append(int(index))
    return new


def _is_free(neighbours: Neighbours, kind: str, record: Any) -> bool:
    """Tell whether no dangling end would find a thing in this record's title."""
    title = title_of(kind, record)
    if title is None:
        return True
    folded = hash_ids([normalise_name(title)])
    return not among(neighbours.ends.dangling_names, folded)[0]
