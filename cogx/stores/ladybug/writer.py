"""Knows how a new Ladybug store comes to be: rows wait on disk, are loaded, appear at once.

Everything is built in a hidden directory beside the path and renamed into place at the end,
so that a process that dies leaves no half store under the final name.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from cogx.build_site import PARTIAL, BuildSite
from cogx.errors import NoSpace, OutputError, StoreRefused, UsageError
from cogx.ports import Edge, Node
from cogx.progress import Progress
from cogx.stores.ladybug.columns import Shape
from cogx.stores.ladybug.database import keeps_every_number
from cogx.stores.ladybug.encoding import encode_edges, encode_nodes, weight_of
from cogx.stores.ladybug.index import ABSENT, NodeIndex
from cogx.stores.ladybug.kinds import SURE
from cogx.stores.ladybug.loading import load, needed_pool
from cogx.stores.ladybug.repeats import settle_repeats
from cogx.stores.ladybug.spool import NO_PAIR, Spool
from cogx.stores.ladybug.vacancy import check_vacant

NODE_TABLES: Final = 100
"""Each costs 3.4 MB of memory and 1.3 MB of buffer pool in whoever opens the store."""
EDGE_TABLES: Final = 300
EDGE_PAIRS: Final = 800
"""Each pair of node tables under a predicate costs 14 ms and 200 kB when the store is made."""
MAX_COLUMNS: Final = 200
_POOL_PER_COLUMN: Final = 4 << 20
_LEAST_POOL: Final = 128 << 20
_GLOB: Final = frozenset("*?[]{}")


class LadybugWriter:
    """Write a graph into a new store: a GraphWriter.

    Cost: memory of ``row_bytes`` for rows, 12 bytes a node for their places, and in
    ``finish()`` the buffer pool and Ladybug's key index (about 40 bytes a node).
    """

    def __init__(
        self,
        path: Path,
        *,
        buffer_bytes: int,
        may_grow: bool,
        row_bytes: int,
        threads: int,
        replace: bool,
    ) -> None:
        self._path = path
        self._buffer_bytes = max(buffer_bytes, _LEAST_POOL)
        self._may_grow = may_grow
        columns = min(MAX_COLUMNS, self._buffer_bytes // _POOL_PER_COLUMN)
        new_shape = partial(Shape, columns, {} if keeps_every_number() else SURE)
        self._threads = threads
        self._site = BuildSite(path)
        self._elsewhere: tempfile.TemporaryDirectory[str] | None = None
        try:
            if not replace:
                check_vacant(path, buffer_bytes=buffer_bytes, threads=threads)
            # Ladybug takes these characters in a file's name for patterns, and has no escape.
            if _GLOB.intersection(str(path.absolute())):
                self._elsewhere = _elsewhere()
            nodes, edges = self._subdirectory("nodes"), self._subdirectory("edges")
        except BaseException as error:
            self.abort()
            if isinstance(error, OSError):
                raise OutputError(
                    f"{path}: {error.strerror}. Nothing was written there."
                ) from error
            raise
        self._index = NodeIndex()
        self._sealed = False
        self._over = False
        self._nodes: Spool[Node] = Spool(
            nodes,
            encode_nodes,
            row_bytes=row_bytes,
            slots=NODE_TABLES,
            pair_slots=NODE_TABLES,
            new_shape=new_shape,
        )
        self._edges: Spool[Edge] = Spool(
            edges,
            encode_edges,
            row_bytes=row_bytes,
            slots=EDGE_TABLES,
            pair_slots=EDGE_PAIRS,
            new_shape=new_shape,
        )

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        """Add a batch of new nodes; see GraphWriter.

        Raises:
            UsageError: edges were written already.
            StoreRefused: a value that no store keeps.
        """
        self._check_open()
        if self._sealed:
            raise UsageError("Nodes must be written before edges.")
        by_type: dict[str, tuple[list[Node], list[int]]] = {}
        for node in nodes:
            group = by_type.get(node.type)
            if group is None:
                group = by_type[node.type] = ([], [])
            group[0].append(node)
            group[1].append(weight_of(node))
        for name, (rows, weights) in by_type.items():
            family = self._nodes.family(name)
            self._index.add([row.id for row in rows], [family.number] * len(rows))
            self._nodes.add(family, NO_PAIR, rows, sum(weights))

    def write_edges(self, edges: Iterable[Edge]) -> None:
        """Add a batch of new edges, after the last node; see GraphWriter.

        Raises:
            StoreRefused: an end is not among the nodes, an id of a node came twice, or a
                value that no store keeps.
        """
        self._check_open()
        self._seal()
        rows = edges if isinstance(edges, list) else list(edges)
        sources = self._index.find([edge.source for edge in rows])
        targets = self._index.find([edge.target for edge in rows])
        groups: dict[tuple[str, int, int], list[Edge]] = {}
        weights: dict[tuple[str, int, int], int] = {}
        for edge, source, target in zip(rows, sources, targets, strict=True):
            if ABSENT in (source, target):
                end = edge.source if source == ABSENT else edge.target
                raise StoreRefused(f"Edge {edge.id!r:.80} ends in {end!r:.80}, which is no node.")
            key = (edge.predicate, source, target)
            if key in groups:
                groups[key].append(edge)
                weights[key] += weight_of(edge)
            else:
                groups[key], weights[key] = [edge], weight_of(edge)
        for key, group in groups.items():
            self._edges.add(self._edges.family(key[0]), key[1:], group, weights[key])

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        """Load everything, make it durable, and let it appear at the path.

        Raises:
            StoreRefused: an id came twice, or the buffer pool is too small.
            NoSpace: the disk is full. Call ``abort()`` after any of them.
        """
        self._check_open()
        self._seal()
        self._edges.house_all()
        try:
            if self._may_grow:
                self._buffer_bytes = max(self._buffer_bytes, needed_pool(self._nodes))
            load(
                self._site.built,
                self._nodes,
                self._edges,
                header=header,
                progress=progress,
                buffer_bytes=self._buffer_bytes,
                threads=self._threads,
                known_as=self._path,
            )
        except OSError as error:
            raise NoSpace(f"{self._path}: {error.strerror}. Nothing was written there.") from error
        self._site.publish()
        self.abort()

    def abort(self) -> None:
        """Drop everything that was not finished; may be called twice."""
        self._over = True
        self._site.close()
        if self._elsewhere is not None:
            self._elsewhere.cleanup()

    def _seal(self) -> None:
        if self._sealed:
            return
        self._sealed = True
        self._nodes.house_all()
        housed = self._nodes.housed()
        slots = {id(family): slot for slot, family in enumerate(housed)}
        shared = slots.get(id(self._nodes.other), 0)
        places = [slots.get(id(family), shared) for family in self._nodes.families.values()]
        repeats = self._index.seal(places)
        if len(repeats):
            self._index.settle(settle_repeats(housed, repeats))

    def _subdirectory(self, name: str) -> Path:
        directory = Path(self._elsewhere.name if self._elsewhere else self._site.directory, name)
        directory.mkdir()
        return directory

    def _check_open(self) -> None:
        if self._over:
            raise UsageError("This writer is finished or aborted; open a new one.")


def _elsewhere() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="cogx-", suffix=PARTIAL, ignore_cleanup_errors=True)
