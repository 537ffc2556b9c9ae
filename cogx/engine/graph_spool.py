"""Knows how a graph that arrives in any order is given out in order: a temporary SQLite file.

Never asks a server. What a row of cognee means is said where its stores are read; a server shows
the same rows, less what it keeps to itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from cogx.format.identity import fact_id
from cogx.ports import Edge, Node
from cogx.remote.graph_items import GraphEdge, GraphNode
from cogx.stores.cognee.edges import edge_of, told_apart
from cogx.stores.cognee.nodes import node_of
from cogx.stores.sqlite.database import open_new, translated
from cogx.stores.sqlite.layout import EDGE_COLUMNS, NODE_COLUMNS, insert_into
from cogx.stores.sqlite.rows import edge_of_row, edge_row, node_of_row, node_row

BUFFER_BYTES: Final = 16 << 20
_COLUMNS: Final = {"nodes": NODE_COLUMNS, "edges": EDGE_COLUMNS}
_CONTENTS: Final = "(SELECT DISTINCT id, type, properties, _cogx FROM nodes)"


class GraphSpool:
    """The nodes and edges of one answer. Close it; the file is the caller's to remove."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.unlink(missing_ok=True)
        self._database = open_new(path, buffer_bytes=BUFFER_BYTES)
        for table, columns in _COLUMNS.items():
            self._database.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
        self._database.execute("BEGIN")

    def add_nodes(self, nodes: Iterable[GraphNode]) -> None:
        """Add nodes as the server showed them."""
        self._add("nodes", (node_row(_node(one)) for one in nodes))

    def add_edges(self, edges: Iterable[GraphEdge]) -> None:
        """Add edges as the server showed them."""
        self._add("edges", (edge_row(_edge(one)) for one in edges))

    def seal(self) -> None:
        """Put everything in order; call it before anything is read."""
        with translated(self._path):
            for table in _COLUMNS:
                self._database.execute(f"CREATE INDEX {table}_id ON {table} (id)")
            self._database.execute("COMMIT")

    def clear(self) -> None:
        """Forget everything that was added."""
        for table in _COLUMNS:
            self._database.execute(f"DELETE FROM {table}")  # noqa: S608

    def counts(self) -> tuple[int, int]:
        """Return (nodes, edges); a node that was shown twice counts once."""
        return self._number("count(DISTINCT id) FROM nodes"), self._number("count(*) FROM edges")

    def repeated_nodes(self) -> tuple[int, int]:
        """Return how many nodes were shown again, and how many of them with another content."""
        again = self._number("count(*) - count(DISTINCT id) FROM nodes")
        if not again:
            return 0, 0
        return again, self._number(f"count(*) - count(DISTINCT id) FROM {_CONTENTS}")

    def bare_edges(self) -> int:
        """Return how many edges have no property: none that the server gave."""
        return self._number("count(*) FROM edges WHERE properties = '{}'")

    def missing_ends(self) -> int:
        """Return how many ends of edges are no node."""
        ends = "SELECT source FROM edges UNION SELECT target FROM edges EXCEPT SELECT id FROM nodes"
        return self._number(f"count(*) FROM ({ends})")

    def count_present(self, ids: Iterable[str]) -> int:
        """Return how many of the ids are nodes; some hundred may be asked for at a time."""
        listed = list(ids)
        marks = ", ".join("?" * len(listed))
        return self._number(f"count(DISTINCT id) FROM nodes WHERE id IN ({marks})", *listed)

    def iter_nodes(self) -> Iterator[Node]:
        """Yield every node, by id; of one that was shown several times the first."""
        last = None
        for row in self._rows("nodes"):
            if row[0] != last:
                last = row[0]
                yield node_of_row(row, ())

    def iter_edges(self) -> Iterator[Edge]:
        """Yield every edge, by id; those that are the same get ids of their own."""
        return told_apart(edge_of_row(row, ()) for row in self._rows("edges"))

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._database.close()

    def _add(self, table: str, rows: Iterable[tuple[str | bytes | None, ...]]) -> None:
        with translated(self._path):
            self._database.executemany(insert_into(table, _COLUMNS[table]), rows)

    def _rows(self, table: str) -> Iterator[tuple[str, ...]]:
        listed = ", ".join(_COLUMNS[table])
        with translated(self._path):
            yield from self._database.execute(
                f"SELECT {listed} FROM {table} ORDER BY id, rowid"  # noqa: S608
            )

    def _number(self, query: str, *values: str) -> int:
        with translated(self._path):
            (number,) = self._database.execute(f"SELECT {query}", values).fetchone()
        return int(number)


def _node(shown: GraphNode) -> Node:
    """Return the node of cognee that the server shows: its name stands in the label."""
    columns = {"properties": shown.properties}
    named = shown.label != f"{shown.type}_{shown.id}"
    node = node_of(Node(shown.id, shown.type, columns | ({"name": shown.label} if named else {})))
    if node.properties.get("name") is None:
        node.properties.pop("name", None)
    return node


def _edge(shown: GraphEdge) -> Edge:
    columns = {"relationship_name": shown.label, "properties": shown.properties}
    identity = fact_id(shown.source, shown.label, shown.target)
    return edge_of(Edge(identity, shown.source, shown.target, shown.label, columns))
