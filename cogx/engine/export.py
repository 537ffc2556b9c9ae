"""Knows how a graph store becomes an archive."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import Any, Final

from cogx.archive.writer import ArchiveWriter, Target, exported_now
from cogx.engine.header import manifest_of
from cogx.engine.holdings import StoreRecords
from cogx.engine.receipt import Meter, Receipt
from cogx.engine.rewriting import Rewriting
from cogx.engine.stages import Stages
from cogx.engine.uris import reading
from cogx.errors import EmptyGraph
from cogx.graph.datasets import reader_of
from cogx.graph.mapping import is_stub
from cogx.ports import Capabilities, GraphReader
from cogx.progress import SILENT, Progress

VECTORS_NOTE: Final = "Embeddings are not part of COGX 0.1 and are not carried."
NO_SNAPSHOT: Final = (
    "The store gives no snapshot: what others changed while it was read may be in the archive in "
    "part."
)


def export_graph(
    source: Any,
    target: Target,
    *,
    dataset: str | None = None,
    only: Sequence[str] = (),
    as_of: str | None = None,
    map_predicate: Sequence[str] = (),
    remap_scope: Sequence[str] = (),
    profile: str = "portable",
    id_map: str | None = None,
    portable: bool = False,
    restore_ids: str | None = None,
    exported_at: datetime | None = None,
    notes: tuple[str, ...] = (),
    compression: str | None = None,
    level: int | None = None,
    force: bool = False,
    allow_empty: bool = False,
    progress: Progress = SILENT,
) -> Receipt:
    """Export a graph store to an archive; it appears under its name only when it is whole.

    Args:
        source: a store URI (``ladybug:PATH``), any object with the methods of GraphReader
            (it stays open), or a graph of networkx.
        target: as for :class:`cogx.archive.writer.ArchiveWriter`.
        dataset: which dataset of the store; default its own. A store with one only takes any
            text, as a name for it.
        only, as_of: a selection, as :func:`cogx.transform.criteria.parse_criteria` reads it.
        map_predicate: ``OLD=NEW`` for facts.
        remap_scope: ``KEY=OLD:NEW``.
        profile: ``portable``, or ``cognee`` for an archive from which a real cognee restores
            entities with all the properties it knows.
        id_map: a file to write ids to that the profile changed.
        portable: records of the ``cognee`` profile become what they were before, as when they
            were pushed to a cognee from which they are now taken.
        restore_ids: such an id map: that, and its ids come back.
        exported_at: default SOURCE_DATE_EPOCH if set, else now.

    Returns:
        The receipt: records by kind and the fingerprint.

    Raises:
        EmptyGraph: the store holds no node and ``allow_empty`` is not set; nothing is written.
        AlreadyThere: the target exists and ``force`` is not set.
        StoreError: the store cannot be read.
    Cost: one pass over nodes, one over edges; memory does not grow with the graph. A selection or
    another profile takes some passes more.
    """
    meter = Meter()
    rewriting = Rewriting.of(
        only=only,
        as_of=as_of,
        map_predicate=map_predicate,
        remap_scope=remap_scope,
        profile=profile,
        id_map=id_map,
        portable=portable,
        restore_ids=restore_ids,
    )
    with reading(source) as whole:
        header = dict(whole.header())
        reader = reader_of(whole, dataset if header.get("datasets") else None)
        header = dict(reader.header())
        nodes = _not_empty(reader, allow_empty)
        with closing(Stages(StoreRecords(reader, progress, nodes), rewriting)) as stages:
            manifest = manifest_of(
                header | {"source_system": stages.system, "profile": profile},
                exported_at or exported_now(),
                dataset=dataset,
                notes=notes,
                selection=stages.selection,
            )
            with ArchiveWriter(
                target, manifest=manifest, compression=compression, level=level, force=force
            ) as writer:
                if not stages.fill(writer) and not allow_empty:
                    raise EmptyGraph(
                        f"Nothing in the store is {stages.selection}, so there is nothing to "
                        "export. Ask for more, or pass --allow-empty."
                    )
                manifest = writer.publish()
            receipt = _receipt(source, target, reader)
            stages.tell(receipt)
            receipt.id_map = stages.write_id_map()
    receipt.take(manifest)
    receipt.usage = meter.usage()
    return receipt


def _receipt(source: Any, target: Target, reader: GraphReader) -> Receipt:
    receipt = Receipt(
        source=source if isinstance(source, str) else type(source).__name__,
        target=str(target) if isinstance(target, str | os.PathLike) else "<archive>",
    )
    if not getattr(reader, "capabilities", Capabilities()).snapshot:
        receipt.notes.append(NO_SNAPSHOT)
    # A store that holds what COGX cannot say counts it while it is read.
    receipt.losses |= dict(getattr(reader, "losses", {}))
    if getattr(reader, "holds_vectors", False):
        receipt.declared["embedding.vectors"] = 1
        receipt.notes.append(VECTORS_NOTE)
    return receipt


def _not_empty(reader: GraphReader, allow_empty: bool) -> int:
    nodes, _ = reader.counts()
    if not allow_empty and (nodes == 0 or all(map(is_stub, reader.iter_nodes()))):
        raise EmptyGraph(
            "The store holds no node, so there is nothing to export. Build the graph first "
            "(cognee: cognify or remember), check the path, or pass --allow-empty."
        )
    return nodes
