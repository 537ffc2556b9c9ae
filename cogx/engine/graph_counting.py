"""Knows how a graph is counted for a schema: its types, properties, relations, how many of each."""

from __future__ import annotations

from typing import Final

import numpy as np

from cogx.engine.graph_walk import TypedFact, TypedNode, walk
from cogx.graph_schema.naming import name_key
from cogx.graph_schema.observations import Observations
from cogx.hash_tables import HashTable, Words, hash_ids
from cogx.ports import RecordSource
from cogx.progress import SILENT, Progress

_BATCH: Final = 4096


def count_graph(
    source: RecordSource,
    seen: Observations,
    *,
    everything: bool = False,
    progress: Progress = SILENT,
) -> int:
    """Count all nodes and facts of a graph; return how many facts have an end that is no node.

    Cost: as :func:`cogx.engine.graph_walk.walk`, and 24 bytes for each fact, on disk if there are
    many.
    """
    loose = 0
    numbers = _Multiplicity()
    try:
        for one in walk(source, everything=everything, progress=progress):
            if isinstance(one, TypedNode):
                seen.add_node(one.type, one.properties, one.formats)
            elif one.source_type is None or one.target_type is None:
                loose += 1
            elif seen.add_relation(one.source_type, one.predicate, one.target_type):
                numbers.add(one)
        for key, relation in seen.relations.items():
            relation.many = relation.many or key[:2] in numbers.many()
    finally:
        numbers.close()
    return loose


class _Multiplicity:
    """Finds the relations of which a node has several: other objects under one predicate."""

    def __init__(self) -> None:
        self._table = HashTable(3)
        self._numbers: dict[tuple[str, str], int] = {}
        self._waiting: list[tuple[str, str, int]] = []
        self._many: set[tuple[str, str]] | None = None

    def add(self, fact: TypedFact) -> None:
        """Take a fact whose ends are nodes."""
        predicate = name_key(fact.predicate)
        key = (name_key(str(fact.source_type)), predicate)
        number = self._numbers.setdefault(key, len(self._numbers))
        self._waiting.append((f"{fact.subject}\n{predicate}", fact.target, number))
        if len(self._waiting) >= _BATCH:
            self._flush()

    def many(self) -> set[tuple[str, str]]:
        """Return (type, predicate), as keys, of which some node has several."""
        if self._many is None:
            self._flush()
            found = {n for rows in self._table.ranges() for n in _several(rows)}
            self._many = {key for key, number in self._numbers.items() if number in found}
        return self._many

    def close(self) -> None:
        self._table.close()

    def _flush(self) -> None:
        if self._waiting:
            subjects, targets, numbers = zip(*self._waiting, strict=True)
            self._table.add(
                hash_ids(subjects), hash_ids(targets), np.array(numbers, dtype=np.uint64)
            )
            self._waiting = []


def _several(rows: Words) -> list[int]:
    """Return the numbers of rows whose first word occurs with another second one."""
    ordered = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    same = ordered[1:, 0] == ordered[:-1, 0]
    other = ordered[1:, 1] != ordered[:-1, 1]
    return [int(number) for number in np.unique(ordered[1:, 2][same & other])]
