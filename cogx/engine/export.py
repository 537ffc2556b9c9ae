"""Knows how a graph store becomes an archive."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from cogx.archive.writer import ArchiveWriter, Target, exported_now
from cogx.codec.fingerprint import FingerprintSums
from cogx.codec.lines import canonical_line
from cogx.engine.receipt import Receipt
from cogx.engine.uris import reading
from cogx.errors import EmptyGraph
from cogx.format.layout import CONTENT_KINDS, MEMBER_OF_KIND
from cogx.format.manifest import Embedding, Extension, Manifest
from cogx.generator import GENERATOR
from cogx.graph.mapping import fact_of, is_stub, records_of
from cogx.ports import GraphReader
from cogx.progress import SILENT, Progress

_BATCH: Final = 2000
_TEXTS: Final = 50
"""Content records may be megabytes each."""
VECTORS_NOTE: Final = "Embeddings are not part of COGX 0.1 and are not carried."


def export_graph(
    source: str | GraphReader,
    target: Target,
    *,
    exported_at: datetime | None = None,
    dataset: str | None = None,
    notes: tuple[str, ...] = (),
    compression: str | None = None,
    level: int | None = None,
    force: bool = False,
    allow_empty: bool = False,
    progress: Progress = SILENT,
) -> Receipt:
    """Export a graph store to an archive; it appears under its name only when it is whole.

    Args:
        source: a store URI (``ladybug:PATH``), or any object with the methods of GraphReader
            (it stays open).
        target: as for :class:`cogx.archive.writer.ArchiveWriter`.
        exported_at: default SOURCE_DATE_EPOCH if set, else now.
        dataset: a name for the graph; default the one the store remembers.

    Returns:
        The receipt: records by kind and the fingerprint.

    Raises:
        EmptyGraph: the store holds no node and ``allow_empty`` is not set; nothing is written.
        AlreadyThere: the target exists and ``force`` is not set.
        StoreError: the store cannot be read.
    Cost: one pass over nodes, one over edges; memory does not grow with the graph.
    """
    with reading(source) as reader:
        header = dict(reader.header())
        system = header.get("source_system", "unknown")
        nodes = _not_empty(reader, allow_empty)
        manifest = _manifest(header, exported_at or exported_now(), dataset, notes)
        with ArchiveWriter(
            target, manifest=manifest, compression=compression, level=level, force=force
        ) as writer:
            for kind, batch in iter_batches(reader, system, progress, nodes):
                writer.write_batch(kind, batch)
            manifest = writer.publish()
    extension = manifest.cogx
    assert extension is not None and extension.fingerprint is not None
    return Receipt(
        source=source if isinstance(source, str) else type(source).__name__,
        target=str(target) if isinstance(target, str | os.PathLike) else "<archive>",
        counts=dict(manifest.counts),
        fingerprint=extension.fingerprint.model_dump(),
        notes=[VECTORS_NOTE],
    )


def iter_batches(
    reader: GraphReader, system: str, progress: Progress = SILENT, nodes: int | None = None
) -> Iterator[tuple[str, list[Any]]]:
    """Yield (kind, records) for everything a store holds, each kind ordered by id.

    Kinds alternate as nodes of different kinds follow each other; a batch has one kind.
    """
    count_nodes, count_edges = reader.counts()
    progress.begin("export nodes", total=nodes or count_nodes, unit="nodes")
    waiting: defaultdict[str, list[Any]] = defaultdict(list)
    for node in reader.iter_nodes():
        for kind, record in records_of(node, system):
            batch = waiting[kind]
            batch.append(record)
            if len(batch) >= (_TEXTS if kind in CONTENT_KINDS else _BATCH):
                yield kind, waiting.pop(kind)
                progress.advance(len(batch))
    for kind in MEMBER_OF_KIND:
        if waiting[kind]:
            yield kind, waiting[kind]
    progress.end()
    progress.begin("export edges", total=count_edges, unit="edges")
    facts: list[Any] = []
    for edge in reader.iter_edges():
        facts.append(fact_of(edge, system))
        if len(facts) >= _BATCH:
            yield "fact", facts
            progress.advance(_BATCH)
            facts = []
    if facts:
        yield "fact", facts
    progress.end()


def fingerprint_of(reader: GraphReader, progress: Progress = SILENT) -> FingerprintSums:
    """Return the fingerprint of the archive that a store would export.

    Cost: as much as the export itself, nothing is written.
    """
    system = reader.header().get("source_system", "unknown")
    sums = FingerprintSums()
    for kind, batch in iter_batches(reader, system, progress):
        sums.add_lines(kind, [canonical_line(record) for record in batch])
    return sums


def _not_empty(reader: GraphReader, allow_empty: bool) -> int:
    nodes, _ = reader.counts()
    if not allow_empty and (nodes == 0 or all(map(is_stub, reader.iter_nodes()))):
        raise EmptyGraph(
            "The store holds no node, so there is nothing to export. Build the graph first "
            "(cognee: cognify or remember), check the path, or pass --allow-empty."
        )
    return nodes


def _manifest(
    header: dict[str, Any], exported_at: datetime, dataset: str | None, notes: tuple[str, ...]
) -> Manifest:
    embedding = header.get("embedding")
    extension = Extension(
        generator=GENERATOR,
        dataset=dataset or header.get("dataset"),
        complete=header.get("complete", True),
        selection=header.get("selection"),
        embedding=Embedding(**embedding) if embedding else None,
    )
    return Manifest(
        source_system=header.get("source_system", "unknown"),
        exported_at=exported_at,
        embedding_model=header.get("embedding_model"),
        migration_revision=header.get("migration_revision"),
        notes=[*header.get("notes", []), *notes],
        cogx=extension,
        **header.get("unknown", {}),
    )
