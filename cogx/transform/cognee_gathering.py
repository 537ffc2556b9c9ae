"""Knows what the cognee profile must know of a source before the first record; changes none.

Which ids are nodes, which nodes two kinds share, which ends of facts no node answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cogx.codec.lines import canonical_line
from cogx.disk_index import DiskIndex
from cogx.hash_tables import hash_ids
from cogx.ports import RecordSource
from cogx.transform.cognee_ends import CogneeEnds
from cogx.transform.hashes import NO_WORDS, HashSet, among
from cogx.transform.id_map import NODE_KINDS
from cogx.transform.merging import decoded


class Gathered:
    """What a first look at a source found. Close it.

    ``typed`` tells whether an entity has a type; ``ends`` what the ends of facts become;
    ``made`` leads from the id of each node that must be made for an end to its code and the
    reference, with a newline between.

    Cost: one pass over all records, two more over nodes if an entity and a raw node share an id;
    8 bytes for each record that is not a fact.
    """

    def __init__(self, source: RecordSource) -> None:
        self._source = source
        self._nodes = {"entity": HashSet(), "raw_node": HashSet()}
        self._content = HashSet()
        self._shared = NO_WORDS
        self._entities = DiskIndex()
        self._twins = DiskIndex()
        self.made = DiskIndex()
        self.typed = False
        self.ends = CogneeEnds(source, self.are_nodes, self.are_content)
        try:
            self._gather_ids()
            self._gather_twins()
            self._gather_ends()
        except BaseException:
            self.close()
            raise

    def are_nodes(self, ids: Sequence[str]) -> list[bool]:
        """Tell, for each id, whether an entity or a raw node has it."""
        words = hash_ids(ids)
        entities, raw_nodes = (among(known.known(), words) for known in self._nodes.values())
        found: list[bool] = (entities | raw_nodes).tolist()
        return found

    def are_content(self, ids: Sequence[str]) -> list[bool]:
        """Tell, for each id, whether a content record has it."""
        found: list[bool] = among(self._content.known(), hash_ids(ids)).tolist()
        return found

    def without_twins(self, raw_nodes: Sequence[Any]) -> list[Any]:
        """Return the raw nodes whose ids are no entity's."""
        if not len(self._shared):
            return list(raw_nodes)
        return [node for node in raw_nodes if self._entities.first(node.external_id) is None]

    def twins_of(self, entity: Any) -> list[dict[str, Any]]:
        """Return the properties of the raw nodes with an entity's id."""
        if not len(self._shared):
            return []
        lines = self._twins.get(entity.external_id)
        return [decoded("raw_node", line.encode()).properties for line in lines]

    def close(self) -> None:
        """Give the disk back. May be called twice."""
        for index in (self._entities, self._twins, self.made, self.ends):
            index.close()

    def _gather_ids(self) -> None:
        for kind in NODE_KINDS:
            into = self._nodes.get(kind, self._content)
            for _, records in self._source.iter_batches(kind):
                into.add(hash_ids([record.external_id for record in records]))
                if kind == "entity":
                    self.typed = self.typed or any(entity.entity_type for entity in records)

    def _gather_twins(self) -> None:
        both = [ids.known() for ids in self._nodes.values()]
        self._shared = np.intersect1d(both[0], both[1])
        if not len(self._shared):
            return
        for _, entities in self._source.iter_batches("entity"):
            for entity in self._sharing(entities):
                self._entities.add([(entity.external_id, "")])
        for _, raw_nodes in self._source.iter_batches("raw_node"):
            for node in self._sharing(raw_nodes):
                if self._entities.first(node.external_id) is not None:
                    self._twins.add([(node.external_id, canonical_line(node).decode())])

    def _sharing(self, records: Sequence[Any]) -> list[Any]:
        hit = among(self._shared, hash_ids([record.external_id for record in records]))
        return [records[int(index)] for index in hit.nonzero()[0]]

    def _gather_ends(self) -> None:
        for _, facts in self._source.iter_batches("fact"):
            for identity, code, reference in self.ends.iter_made(facts):
                if self.made.first(identity) is None:
                    self.made.add([(identity, f"{code}\n{reference}")])
