"""Knows how spooled rows become tables of a fresh database, each loaded once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from cogx.codec import canonical
from cogx.ports import Edge, Node
from cogx.progress import Progress
from cogx.stores.ladybug.database import Database
from cogx.stores.ladybug.layout import (
    SCHEMA_VERSION,
    Column,
    EdgeTable,
    NodeTable,
    table_record,
)
from cogx.stores.ladybug.names import (
    EDGE_RESERVED,
    META,
    NODE_RESERVED,
    OTHER_EDGE,
    OTHER_NODE,
    Names,
    quoted,
    text_literal,
)
from cogx.stores.ladybug.spool import Bundle, Family, Spool, SpoolFile

_NODES_AT_ONCE: Final = 1_000_000
# Ladybug holds a group of a node table whole while rows are added to it. Measured with texts of
# 1 MiB: 4 times their bytes in one COPY; in several, as much, and the file grows threefold.
_GROUP_ROWS: Final = 1 << 17
# Measured: loading relationships takes 5.4 to 6.2 times their bytes of buffer pool, beside
# 50 MB, and 1.3 MB for the key index of every node table.
_POOL_PER_BYTE: Final = 8
_POOL_BASE: Final = 64 << 20
_POOL_PER_TABLE: Final = 3 << 19
_LEAST_PART: Final = 1 << 20
# What was loaded stays in memory until the next checkpoint: in the buffer pool, and beside it.
# Measured at a million nodes and three million edges in a pool of 512 MiB: 1.5 GiB while loading
# without the second bound, 1.2 with.
_COPIES_PER_CHECKPOINT: Final = 32
_BYTES_PER_CHECKPOINT: Final = 64 << 20


@dataclass(slots=True)
class _Loader:
    database: Database
    progress: Progress
    buffer_bytes: int
    names: Names = field(
        default_factory=lambda: Names(frozenset({META, OTHER_NODE, OTHER_EDGE}), tables=True)
    )
    node_tables: list[NodeTable] = field(default_factory=list)
    edge_tables: list[EdgeTable] = field(default_factory=list)
    copies: int = 0
    copied_bytes: int = 0

    def nodes(self, spool: Spool[Node]) -> None:
        """Make and fill the node tables."""
        families = spool.housed()
        self._begin("load nodes", families)
        for family in families:
            spool.settle(family)
            name = OTHER_NODE if family.name is None else self.names.take(family.name)
            shared = ["type"] if family.name is None else []
            columns = _columns(family, NODE_RESERVED.union(shared))
            table = NodeTable(name, family.name, columns)
            self.node_tables.append(table)
            own = ["id STRING PRIMARY KEY", *(f"{x} STRING" for x in shared), "labels STRING[]"]
            self.database.run(f"CREATE NODE TABLE {quoted(name)}({_declared(own, columns)})")
            into = _target(name, ["id", *shared, "labels"], columns)
            for bundle in family.bundles.values():
                for files in _parts(spool.files_of(bundle), _NODES_AT_ONCE, lambda f: f.rows):
                    self._copy(into, files, "")
        self.progress.end()

    def edges(self, spool: Spool[Edge]) -> None:
        """Make and fill the relationship tables."""
        families = spool.housed()
        self._begin("load edges", families)
        for family in families:
            spool.settle(family)
            name = OTHER_EDGE if family.name is None else self.names.take(family.name)
            shared = ["predicate"] if family.name is None else []
            columns = _columns(family, EDGE_RESERVED.union(shared))
            table = EdgeTable(name, family.name, columns)
            self.edge_tables.append(table)
            ends = {bundle.pair: self._ends(bundle) for bundle in family.bundles.values()}
            pairs = [f"FROM {quoted(a)} TO {quoted(b)}" for a, b in ends.values()]
            own = [*pairs, "id STRING", *(f"{x} STRING" for x in shared)]
            self.database.run(f"CREATE REL TABLE {quoted(name)}({_declared(own, columns)})")
            into = _target(name, ["id", *shared], columns)
            for pair, bundle in family.bundles.items():
                source, target = ends[pair]
                where = f" (from={text_literal(source)}, to={text_literal(target)})"
                for files in _parts(
                    spool.files_of(bundle), self._edge_bytes(), lambda f: f.size_bytes
                ):
                    self._copy(into, files, where)
        self.progress.end()

    def meta(self, header: Mapping[str, Any]) -> None:
        """Remember the layout and the header."""
        self.database.run(f"CREATE NODE TABLE {META}(key STRING PRIMARY KEY, value STRING)")
        tables: list[NodeTable | EdgeTable] = [*self.node_tables, *self.edge_tables]
        records = dict(map(table_record, tables))
        records["schema_version"] = str(SCHEMA_VERSION)
        records["header"] = canonical.encode(dict(header)).decode()
        rows = [{"key": key, "value": value} for key, value in records.items()]
        self.database.rows(
            f"UNWIND $rows AS r CREATE (:{META} {{key: r.key, value: r.value}})", {"rows": rows}
        )

    def _begin(self, task: str, families: list[Family[Any]]) -> None:
        total = sum(family.count() for family in families)
        self.progress.begin(task, total=total, unit="rows")

    def _ends(self, bundle: Bundle[Edge]) -> tuple[str, str]:
        source, target = bundle.pair
        return self.node_tables[source].name, self.node_tables[target].name

    def _edge_bytes(self) -> int:
        fixed = _POOL_BASE + _POOL_PER_TABLE * len(self.node_tables)
        return max(_LEAST_PART, (self.buffer_bytes - fixed) // _POOL_PER_BYTE)

    def _copy(self, into: str, files: list[SpoolFile], where: str) -> None:
        listed = ", ".join(text_literal(str(file.path.absolute())) for file in files)
        self.database.run(f"COPY {into} FROM [{listed}]{where}")
        for file in files:
            file.path.unlink()
            self.progress.advance(file.rows)
            self.copied_bytes += file.size_bytes
        self.copies += 1
        if self.copies >= _COPIES_PER_CHECKPOINT or self.copied_bytes > _BYTES_PER_CHECKPOINT:
            self.copies = self.copied_bytes = 0
            self.checkpoint()

    def checkpoint(self) -> None:
        """Let everything reach the file, and give back what it took of memory."""
        self.database.run("CHECKPOINT")
        pa.default_memory_pool().release_unused()


def load(
    path: Path,
    nodes: Spool[Node],
    edges: Spool[Edge],
    *,
    header: Mapping[str, Any],
    progress: Progress,
    buffer_bytes: int,
    threads: int,
    known_as: Path,
) -> None:
    """Make the database at ``path`` out of the spools, and close it, durable.

    Files of the spools are removed as they are loaded.

    Raises:
        StoreRefused: Ladybug refused; the file is then worthless.
    """
    database = Database(
        path,
        read_only=False,
        buffer_bytes=buffer_bytes,
        threads=threads,
        known_as=known_as,
    )
    try:
        pa.default_memory_pool().release_unused()
        loader = _Loader(database, progress, buffer_bytes)
        loader.nodes(nodes)
        loader.checkpoint()
        loader.edges(edges)
        loader.meta(header)
        loader.checkpoint()
    finally:
        database.close()


def _columns(family: Family[Any], reserved: frozenset[str]) -> list[Column]:
    names = Names(reserved)
    return [Column(names.take(prop), prop, kind) for prop, kind in family.shape.kinds.items()]


def _declared(own: list[str], columns: list[Column]) -> str:
    listed = [f"{quoted(column.name)} {column.kind.column}" for column in columns]
    return ", ".join([*own, "_cogx STRING", *listed])


def _target(name: str, own: list[str], columns: list[Column]) -> str:
    listed = [*own, "_cogx", *(quoted(column.name) for column in columns)]
    return f"{quoted(name)}({', '.join(listed)})"


def _parts(files: list[SpoolFile], limit: int, size_of: Any) -> Iterator[list[SpoolFile]]:
    """Yield the files in groups that pass the limit only if a single one does."""
    part: list[SpoolFile] = []
    size = 0
    for file in files:
        if part and size + size_of(file) > limit:
            yield part
            part, size = [], 0
        part.append(file)
        size += size_of(file)
    if part:
        yield part


def needed_pool(nodes: Spool[Node]) -> int:
    """Return how large a buffer pool loading these nodes takes; what is in memory is written out.

    It grows with the texts of the heaviest 131,072 nodes of a type, and with nothing else.
    """
    heaviest = 0
    for family in nodes.housed():
        nodes.settle(family)
        for bundle in family.bundles.values():
            size = rows = 0
            for file in bundle.files:
                size += file.size_bytes
                rows += file.rows
                heaviest = max(heaviest, size)
                if rows >= _GROUP_ROWS:
                    size = rows = 0
    return _POOL_BASE + _POOL_PER_BYTE * heaviest
