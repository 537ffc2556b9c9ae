"""Knows how a proven archive becomes a stream of nodes, then of edges; writes to no store.

Joins that are rare (twins, repeats, ends given by name, ends that are not there) cost an extra
pass over the kinds concerned and room on temporary disk; an archive without them streams by once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Self

from cogx.archive.reader import Archive
from cogx.archive.reading import Block
from cogx.archive.references import Joins, LooseEnds
from cogx.archive.validate import Findings
from cogx.codec.fingerprint import digest_lines
from cogx.codec.strict import record_of_line
from cogx.disk_index import DiskIndex
from cogx.format.identity import normalise_name
from cogx.format.layout import KINDS
from cogx.graph.mapping import attach_twin, edge_of, node_of, stub
from cogx.ports import Edge, Node

_NODE_KINDS: Final = tuple(kind for kind in KINDS if kind != "fact")


class Incoming:
    """The graph of an archive, which may be gone through again and again.

    Ids are unique among its nodes and among its edges: equal records come as one with ``copies``;
    of different records of one kind and id the first is kept, and the others are counted by
    validation as ``record.duplicate-id``.

    Args:
        system: the external_system that goes without saying in the store.
    """

    def __init__(self, archive: Archive, findings: Findings, system: str) -> None:
        assert findings.joins is not None and findings.loose_ends is not None
        self._archive = archive
        self._joins: Joins = findings.joins
        self._loose: LooseEnds = findings.loose_ends
        self._system = system
        self.records = {kind: findings.counts[kind] for kind in KINDS}
        self._twins = DiskIndex()
        self._names = DiskIndex()
        self._repeats = DiskIndex()
        self._missing = DiskIndex()
        self._gather()

    def nodes(self) -> Iterator[list[Node]]:
        """Yield all nodes in batches, a marked one for every end that is not in the archive."""
        for block in self._archive.iter_blocks(*_NODE_KINDS):
            yield list(self._nodes(block))
        waiting: list[Node] = []
        for reference in self._missing.keys():  # noqa: SIM118 - a table, not a dict
            waiting.append(stub(reference))
            if len(waiting) >= 1000:
                yield waiting
                waiting = []
        if waiting:
            yield waiting

    def edges(self) -> Iterator[list[Edge]]:
        """Yield all edges in batches."""
        for block in self._archive.iter_blocks("fact"):
            yield list(self._edges(block))

    def close(self) -> None:
        """Release the temporary disk. May be called twice."""
        for index in (self._twins, self._names, self._repeats, self._missing):
            index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _gather(self) -> None:
        """Collect what nodes and edges must know of records that come later or more than once."""
        joins, by_name = self._joins, len(self._loose.by_name) > 0
        if len(joins.twins) or len(joins.repeated) or by_name:
            for block in self._archive.iter_blocks(*_NODE_KINDS):
                ids = block.ids()
                if by_name and block.kind == "entity":
                    self._names.add(
                        (normalise_name(entity.name), entity.external_id)
                        for entity in block.records
                    )
                for index in self._twins_in(block, ids):
                    line = block.lines[index].decode()
                    self._twins.add([(ids[index], f"{block.kind}\n{line}")])
                self._gather_repeats(block, ids)
        if len(joins.repeated_facts):
            for block in self._archive.iter_blocks("fact"):
                self._gather_repeats(block, block.ids())
        if len(self._loose.dangling) or len(self._loose.facts):
            for block in self._archive.iter_blocks("fact"):
                for _, _, gone in self._ends(block):
                    self._missing.add((reference, "") for reference in sorted(gone))

    def _gather_repeats(self, block: Block, ids: Sequence[str]) -> None:
        again = [int(one) for one in self._joins.is_repeated(block.kind, ids).nonzero()[0]]
        digests = digest_lines(block.kind, [block.lines[index] for index in again])
        self._repeats.add(
            (f"{block.kind}\n{ids[index]}", f"{block.numbers[index]} {digest.hex()}")
            for index, digest in zip(again, digests, strict=True)
        )

    def _twins_in(self, block: Block, ids: Sequence[str]) -> Iterator[int]:
        """Yield the indices of records whose node another kind makes."""
        if len(self._joins.twins):
            owner = self._joins.owner_of(ids)
            mine = KINDS.index(block.kind)
            yield from (int(index) for index in ((owner >= 0) & (owner != mine)).nonzero()[0])

    def _nodes(self, block: Block) -> Iterator[Node]:
        ids = block.ids()
        others = set(self._twins_in(block, ids))
        owned = self._joins.owner_of(ids) == KINDS.index(block.kind)
        repeated = self._joins.is_repeated(block.kind, ids)
        for index, record in enumerate(block.records):
            if index in others:
                continue
            times = self._times(block, index, ids[index]) if repeated[index] else 1
            if not times:
                continue
            node = node_of(block.kind, record, self._system, tagged=block.tagged)
            if times > 1:
                node.rest = (node.rest or {}) | {"copies": times}
            if owned[index]:
                first: dict[str, str] = {}
                for kept in self._twins.get(ids[index]):
                    kind, _, line = kept.partition("\n")
                    if first.setdefault(kind, line) == line:
                        attach_twin(node, kind, record_of_line(kind, line.encode()), self._system)
            yield node

    def _times(self, block: Block, index: int, identity: str) -> int:
        """Return how often a record occurs if it is the first with its id, else 0."""
        places = [place.split() for place in self._repeats.get(f"{block.kind}\n{identity}")]
        if not places:
            return 1
        first, digest = places[0]
        if int(first) != block.numbers[index]:
            return 0
        return sum(1 for _, other in places if other == digest)

    def _ends(self, block: Block) -> Iterator[tuple[str, str, set[str]]]:
        """Yield, for each fact, the ids of its ends and those of them that need a stub."""
        if not block.records:
            return
        numbers = block.numbers
        by_name, dangling = self._loose.between(numbers[0], numbers[-1])
        for fact, number in zip(block.records, numbers, strict=True):
            ends, missing = [], set()
            for field in ("subject_ref", "object_ref"):
                reference = getattr(fact, field)
                if (number, field) in by_name:
                    reference = self._names.first(normalise_name(reference)) or reference
                elif (number, field) in dangling:
                    missing.add(reference)
                ends.append(reference)
            yield ends[0], ends[1], missing

    def _edges(self, block: Block) -> Iterator[Edge]:
        if not block.records:
            return
        edges = self._joined(block) if any(map(len, self._loose)) else self._direct(block)
        if not len(self._joins.repeated_facts):
            yield from edges
            return
        repeated = self._joins.is_repeated("fact", block.ids())
        for index, edge in enumerate(edges):
            times = self._times(block, index, edge.id) if repeated[index] else 1
            if times > 1:
                edge.rest = (edge.rest or {}) | {"copies": times}
            if times:
                yield edge

    def _direct(self, block: Block) -> Iterator[Edge]:
        system, tagged = self._system, block.tagged
        for fact in block.records:
            yield edge_of(fact, fact.subject_ref, fact.object_ref, system, tagged=tagged)

    def _joined(self, block: Block) -> Iterator[Edge]:
        system, tagged = self._system, block.tagged
        for fact, ends in zip(block.records, self._ends(block), strict=True):
            yield edge_of(fact, ends[0], ends[1], system, tagged=tagged)
