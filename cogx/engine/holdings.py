"""Knows what a store holds now: records by kind and fingerprint, read from the store itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from cogx.codec.fingerprint import FingerprintSums
from cogx.codec.lines import canonical_line
from cogx.format.layout import CONTENT_KINDS, KINDS, MEMBER_OF_KIND
from cogx.graph.mapping import facts_of, records_of
from cogx.ports import GraphReader
from cogx.progress import SILENT, Progress

_BATCH: Final = 2000
_TEXTS: Final = 50
_TEXT_LETTERS: Final = 4 << 20
"""Content records may be megabytes each: a batch ends with the text that passes this."""


@dataclass(slots=True)
class Holdings:
    """Records by kind, and their fingerprint."""

    counts: Counter[str] = field(default_factory=Counter)
    sums: FingerprintSums = field(default_factory=FingerprintSums)


def holdings_of(reader: GraphReader, progress: Progress = SILENT, task: str = "verify") -> Holdings:
    """Return what a store holds: that of the archive it would export.

    Cost: as much as the export itself, nothing is written.
    """
    found = Holdings()
    for kind, batch in iter_batches(reader, system_of(reader), progress, task=task):
        found.counts[kind] += len(batch)
        found.sums.add_lines(kind, [canonical_line(record) for record in batch])
    return found


def system_of(reader: GraphReader) -> str:
    """Return the external_system that goes without saying in a store."""
    return str(reader.header().get("source_system", "unknown"))


def iter_batches(
    reader: GraphReader,
    system: str,
    progress: Progress = SILENT,
    nodes: int | None = None,
    *,
    task: str = "export",
) -> Iterator[tuple[str, list[Any]]]:
    """Yield (kind, records) for everything a store holds, each kind ordered by id.

    Kinds alternate as nodes of different kinds follow each other; a batch has one kind.
    """
    count_nodes, count_edges = reader.counts()
    progress.begin(f"{task} nodes", total=nodes or count_nodes, unit="nodes")
    for kind, batch in _node_batches(reader, system):
        yield kind, batch
        progress.advance(len(batch))
    progress.end()
    progress.begin(f"{task} edges", total=count_edges, unit="edges")
    for facts in _fact_batches(reader, system):
        yield "fact", facts
        progress.advance(len(facts))
    progress.end()


def _node_batches(reader: GraphReader, system: str) -> Iterator[tuple[str, list[Any]]]:
    waiting: defaultdict[str, list[Any]] = defaultdict(list)
    letters: Counter[str] = Counter()
    for node in reader.iter_nodes():
        for kind, record in records_of(node, system):
            batch = waiting[kind]
            batch.append(record)
            if kind in CONTENT_KINDS:
                letters[kind] += len(getattr(record, "content", ""))
                if len(batch) >= _TEXTS or letters[kind] > _TEXT_LETTERS:
                    letters[kind] = 0
                    yield kind, waiting.pop(kind)
            elif len(batch) >= _BATCH:
                yield kind, waiting.pop(kind)
    for kind in MEMBER_OF_KIND:
        if waiting[kind]:
            yield kind, waiting[kind]


def _fact_batches(reader: GraphReader, system: str) -> Iterator[list[Any]]:
    facts: list[Any] = []
    for edge in reader.iter_edges():
        facts.extend(facts_of(edge, system))
        if len(facts) >= _BATCH:
            yield facts
            facts = []
    if facts:
        yield facts


class StoreRecords:
    """The records of a store: a RecordSource. The reader stays the caller's."""

    def __init__(
        self, reader: GraphReader, progress: Progress = SILENT, nodes: int | None = None
    ) -> None:
        self._reader = reader
        self._progress = progress
        self._nodes = nodes
        self.system = system_of(reader)

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, list[Any]]]:
        """Yield (kind, records); a pass over all nodes for each run of node kinds asked for.

        Cost: in the order asked for, a pass over the nodes per kind.
        """
        if not kinds or set(kinds) == set(KINDS):
            yield from iter_batches(self._reader, self.system, self._progress, self._nodes)
            return
        for kind in kinds:
            if kind == "fact":
                yield from (("fact", facts) for facts in _fact_batches(self._reader, self.system))
            else:
                found = _node_batches(self._reader, self.system)
                yield from ((one, batch) for one, batch in found if one == kind)
