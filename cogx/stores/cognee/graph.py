"""Knows the tables in which cognee keeps a graph: gives their rows in order, writes none.

What the columns mean is for :mod:`nodes` and :mod:`edges`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from cogx.errors import StoreRefused
from cogx.ports import Edge, Node
from cogx.stores.cognee.opening import OpenedGraph
from cogx.stores.cognee.values import UNNAMED
from cogx.stores.ladybug.database import Database
from cogx.stores.ladybug.decoding import decode_edges, decode_nodes
from cogx.stores.ladybug.kinds import KINDS, Kind
from cogx.stores.ladybug.layout import Column, EdgeTable, NodeTable
from cogx.stores.ladybug.ordering import Room, in_order
from cogx.stores.ladybug.queries import edge_blocks, node_blocks

_NODES: Final = "Node"
_EDGES: Final = "EDGE"
_BLOCK_BYTES: Final = 32 << 20
_ROOM_BYTES: Final = 64 << 20
_MERGE_ROWS: Final = 20_000
_DECODED_ROWS: Final = 4_000
_KINDS: Final = {"STRING": "string", "TIMESTAMP": "datetime"}

Table = TypeVar("Table", bound=NodeTable | EdgeTable)
Row = TypeVar("Row", Node, Edge)


class GraphFile:
    """One open graph of cognee. Close it; closing twice is fine.

    Cost: the buffer pool, up to 300 MB for blocks and sorting, and temporary files as large as
    the columns if there is more to sort than that; a copy of the file if a log lies beside it.
    """

    def __init__(self, path: Path, *, buffer_bytes: int) -> None:
        self._opened = OpenedGraph(path, buffer_bytes=buffer_bytes)
        self._database = self._opened.database
        try:
            nodes = NodeTable(_NODES, None, ours=False)
            edges = EdgeTable(_EDGES, _EDGES, [], [(_NODES, _NODES)], ours=False, keyed=False)
            self._nodes = _with_columns(self._database, nodes, path)
            self._edges = _with_columns(self._database, edges, path)
        except BaseException:
            self.close()
            raise

    def counts(self) -> tuple[int, int]:
        """Return (nodes, edges)."""
        ((nodes,),) = self._database.rows(f"MATCH (n:{_NODES}) RETURN count(*)")
        ((edges,),) = self._database.rows(f"MATCH ()-[r:{_EDGES}]->() RETURN count(*)")
        return int(nodes), int(edges)

    def count_present(self, ids: list[str]) -> int:
        """Return how many of these ids are nodes."""
        query = f"MATCH (n:{_NODES}) WHERE n.id IN $ids RETURN count(*)"
        ((count,),) = self._database.rows(query, {"ids": ids})
        return int(count)

    def iter_nodes(self) -> Iterator[Node]:
        """Yield the rows of nodes by id: ``type`` as it is, other columns as properties."""
        blocks = node_blocks(self._database, self._nodes, _BLOCK_BYTES)
        yield from self._in_order(blocks, ["k"], self._node_rows)

    def iter_edges(self) -> Iterator[Edge]:
        """Yield the rows of edges by ``source:relationship:target``, which is their id."""
        names = [column.name for column in self._edges.columns]
        relation, properties = (f"c{names.index(n)}" for n in ("relationship_name", "properties"))
        ends = {_NODES: self._nodes}
        blocks = (
            _keyed(block, relation)
            for block in edge_blocks(self._database, self._edges, ends, _BLOCK_BYTES)
        )
        yield from self._in_order(blocks, ["k", properties], self._edge_rows)

    def close(self) -> None:
        """Release the file; may be called twice."""
        self._opened.close()

    def _node_rows(self, block: pa.Table) -> list[Node]:
        return decode_nodes(self._nodes, block)

    def _edge_rows(self, block: pa.Table) -> list[Edge]:
        return decode_edges(self._edges, block)

    def _in_order(
        self, blocks: Iterable[pa.Table], keys: list[str], decode: Callable[[pa.Table], list[Row]]
    ) -> Iterator[Row]:
        with tempfile.TemporaryDirectory(prefix="cogx-") as folder:
            ordered = in_order(
                blocks,
                keys,
                runs_at=Path(folder, "run"),
                room=Room(_ROOM_BYTES),
                merge_rows=_MERGE_ROWS,
            )
            for block in ordered:
                for start in range(0, block.num_rows, _DECODED_ROWS):
                    yield from decode(block.slice(start, _DECODED_ROWS))
        self._opened.check_unchanged()


def _with_columns(database: Database, table: Table, path: Path) -> Table:
    """Take the columns that the file has: older ones lack some, newer ones may have more."""
    if table.name not in {str(row[0]) for row in database.rows("CALL show_tables() RETURN name")}:
        raise StoreRefused(f"{path} is no graph of cognee: it has no table {table.name}.")
    rows = database.rows(f"CALL table_info('{table.name}') RETURN name, type")
    apart = {"id", "type"} if isinstance(table, NodeTable) else set[str]()
    for name, kind in rows:
        if name not in apart:
            table.columns.append(Column(str(name), str(name), _kind(str(kind))))
    return table


def _kind(column: str) -> Kind:
    if column in _KINDS:
        return KINDS[_KINDS[column]]
    return Kind("foreign text", column, pa.string(), frozenset())


def _keyed(block: pa.Table, relation: str) -> pa.Table:
    """Give each edge of a block the id that cognee's own export gives it."""
    names = pc.coalesce(block[relation], pa.scalar(""))
    names = pc.if_else(pc.equal(names, ""), UNNAMED, names)
    keys = pc.binary_join_element_wise(block["s"], names, block["o"], ":")
    return block.set_column(block.schema.get_field_index("k"), "k", keys)
