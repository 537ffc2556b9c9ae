"""Knows how a proven archive goes into a graph writer: `preserve`, record by record.

Rare joins (twins, ends given by name, ends that are not there) cost an extra pass over the
kinds concerned and room on temporary disk; an archive without them streams by once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any, Final

from cogx.archive.reader import Archive
from cogx.archive.reading import Block
from cogx.archive.references import Joins, LooseEnds
from cogx.archive.validate import Findings
from cogx.codec.fingerprint import digest_lines
from cogx.codec.lines import decode_block
from cogx.codec.strict import read_line
from cogx.disk_index import DiskIndex
from cogx.format.identity import normalise_name
from cogx.format.layout import KINDS
from cogx.graph.mapping import attach_twin, edge_of, node_of, stub
from cogx.limits import Limits
from cogx.ports import Edge, GraphWriter, Node
from cogx.progress import Progress

_NODE_KINDS: Final = tuple(kind for kind in KINDS if kind != "fact")


class Load:
    """One import of one archive. Call :meth:`run` once.

    ``created`` counts what was written: by record kind, and ``stub`` for held places;
    ``dropped`` counts records that could not be kept, by problem code.
    """

    def __init__(
        self, archive: Archive, findings: Findings, writer: GraphWriter, progress: Progress
    ) -> None:
        assert findings.joins is not None and findings.loose_ends is not None
        self._archive = archive
        self._joins: Joins = findings.joins
        self._loose: LooseEnds = findings.loose_ends
        self._counts = findings.counts
        self._writer = writer
        self._progress = progress
        manifest = archive.manifest
        self._system = manifest.source_system if manifest else "unknown"
        self.created: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()

    def run(self) -> None:
        """Write every node, then every edge."""
        with ExitStack() as stack:
            twins = stack.enter_context(DiskIndex())
            names = stack.enter_context(DiskIndex())
            repeats = stack.enter_context(DiskIndex())
            self._gather(twins, names, repeats)
            self._begin("load nodes", [*_NODE_KINDS])
            for block in self._archive.iter_blocks(*_NODE_KINDS):
                self._writer.write_nodes(self._nodes(block, twins, repeats))
                self._progress.advance(len(block.records))
            self._progress.end()
            self._write_stubs(names)
            self._begin("load edges", ["fact"])
            for block in self._archive.iter_blocks("fact"):
                self._writer.write_edges(self._edges(block, names))
                self._progress.advance(len(block.records))
            self._progress.end()

    def _begin(self, task: str, kinds: list[str]) -> None:
        total = sum(self._counts[kind] for kind in kinds)
        self._progress.begin(task, total=total, unit="records")

    def _gather(self, twins: DiskIndex, names: DiskIndex, repeats: DiskIndex) -> None:
        """Collect what nodes must know of records that come later or more than once."""
        by_name = len(self._loose.by_name) > 0
        if not len(self._joins.twins) and not len(self._joins.repeated) and not by_name:
            return
        for block in self._archive.iter_blocks(*_NODE_KINDS):
            ids = block.ids()
            if by_name and block.kind == "entity":
                names.add(
                    (normalise_name(entity.name), entity.external_id) for entity in block.records
                )
            for index in self._twins_in(block, ids):
                line = block.lines[index].decode()
                twins.add([(ids[index], f"{block.kind}\n{line}")])
            again = self._joins.is_repeated(block.kind, ids).nonzero()[0]
            digests = digest_lines(block.kind, [block.lines[index] for index in again])
            repeats.add(
                (f"{block.kind}\n{ids[index]}", digest.hex())
                for index, digest in zip(again, digests, strict=True)
            )

    def _twins_in(self, block: Block, ids: Sequence[str]) -> Iterator[int]:
        """Yield the indices of records whose node another kind makes."""
        if len(self._joins.twins):
            owner = self._joins.owner_of(ids)
            mine = KINDS.index(block.kind)
            yield from (int(index) for index in ((owner >= 0) & (owner != mine)).nonzero()[0])

    def _nodes(self, block: Block, twins: DiskIndex, repeats: DiskIndex) -> Iterator[Node]:
        ids = block.ids()
        others = set(self._twins_in(block, ids))
        owned = self._joins.owner_of(ids) == KINDS.index(block.kind)
        repeated = self._joins.is_repeated(block.kind, ids)
        for index, record in enumerate(block.records):
            if index in others:
                self.created[block.kind] += 1
                continue
            times = self._times(repeats, block.kind, ids[index]) if repeated[index] else 1
            if not times:
                continue
            self.created[block.kind] += times
            node = node_of(block.kind, record, self._system, tagged=block.tagged)
            if times > 1:
                node.rest = (node.rest or {}) | {"copies": times}
            if owned[index]:
                for kept in twins.get(ids[index]):
                    kind, _, line = kept.partition("\n")
                    attach_twin(node, kind, _decoded(kind, line.encode()), self._system)
            yield node

    def _times(self, repeats: DiskIndex, kind: str, identity: str) -> int:
        """Return how often the first record with an id occurs, 0 if it was written before.

        Different ones with that id are counted as dropped.
        """
        digests = repeats.pop(f"{kind}\n{identity}")
        if not digests:
            return 0
        same = digests.count(digests[0])
        if same < len(digests):
            self.dropped["record.duplicate-id"] += len(digests) - same
        return same

    def _ends(self, block: Block, names: DiskIndex) -> Iterator[tuple[str, str, set[str]]]:
        """Yield, for each fact, the ids of its ends and those of them that need a stub."""
        numbers = block.numbers
        by_name, dangling = self._loose.between(numbers[0], numbers[-1])
        for fact, number in zip(block.records, numbers, strict=True):
            ends, missing = [], set()
            for field in ("subject_ref", "object_ref"):
                reference = getattr(fact, field)
                if (number, field) in by_name:
                    reference = names.first(normalise_name(reference)) or reference
                elif (number, field) in dangling:
                    missing.add(reference)
                ends.append(reference)
            yield ends[0], ends[1], missing

    def _edges(self, block: Block, names: DiskIndex) -> Iterator[Edge]:
        if not block.records:
            return
        system, tagged = self._system, block.tagged
        self.created["fact"] += len(block.records)
        if not any(map(len, self._loose)):
            for fact in block.records:
                yield edge_of(fact, fact.subject_ref, fact.object_ref, system, tagged=tagged)
            return
        for fact, (source, target, _) in zip(block.records, self._ends(block, names), strict=True):
            yield edge_of(fact, source, target, system, tagged=tagged)

    def _write_stubs(self, names: DiskIndex) -> None:
        """Write a marked node for every end that is not in the archive."""
        if not len(self._loose.dangling) and not len(self._loose.facts):
            return
        with DiskIndex() as missing:
            for block in self._archive.iter_blocks("fact"):
                if block.records:
                    for _, _, gone in self._ends(block, names):
                        missing.add((reference, "") for reference in sorted(gone))
            for reference in missing.keys():  # noqa: SIM118 - a table, not a dict
                self._writer.write_nodes([stub(reference)])
                self.created["stub"] += 1


def _decoded(kind: str, line: bytes) -> Any:
    decoded = decode_block(kind, line + b"\n")
    if decoded is not None:
        return decoded[0][0]
    read = read_line(
        kind, line, lambda *_: None, typed=True, lenient=frozenset(), limits=Limits.none()
    )
    assert read is not None, "a canonical line reads back"
    return read.record
