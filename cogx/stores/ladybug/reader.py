"""Knows how to give a Ladybug store's graph out, in order; changes no byte of the file."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import pyarrow as pa

from cogx.errors import StoreRefused, StoreUnavailable
from cogx.ports import Edge, Node
from cogx.stores.ladybug.catalog import read_meta, read_tables
from cogx.stores.ladybug.database import Database
from cogx.stores.ladybug.decoding import decode_edges, decode_nodes
from cogx.stores.ladybug.names import quoted, text_literal
from cogx.stores.ladybug.ordering import Room, in_order
from cogx.stores.ladybug.queries import count_rows, edge_blocks, edge_match, node_blocks

_BLOCK_BYTES: Final = 32 << 20
_ROOM_BYTES: Final = 64 << 20
_MERGE_ROWS: Final = 20_000
_DECODED_ROWS: Final = 4_000
_STUB: Final = '{"rest":{"stub":true}}'
"""The cell of a node that only holds the place of another one (decisions: facts)."""

Row = TypeVar("Row", Node, Edge)


class LadybugReader:
    """Read a graph: a GraphReader.

    Cost: the buffer pool, up to 300 MB for blocks and sorting, and temporary files as large as
    the columns if there is more to sort than that. The first row comes when all are sorted.
    """

    def __init__(self, path: Path, *, buffer_bytes: int, threads: int) -> None:
        if not path.is_file():
            raise StoreRefused(f"There is no Ladybug store at {path}. Check the path.")
        self._path = path
        self._seen = _stamp(path)
        self._database = Database(path, read_only=True, buffer_bytes=buffer_bytes, threads=threads)
        try:
            self._meta = read_meta(self._database)
            self._nodes, self._edges = read_tables(self._database, self._meta)
            self._ends = {table.name: table for table in self._nodes}
        except BaseException:
            self._database.close()
            raise

    def counts(self) -> tuple[int, int]:
        """Return (nodes, edges), stubs not counted."""
        nodes = edges = 0
        for node_table in self._nodes:
            match = f"MATCH (n:{quoted(node_table.name)})"
            nodes += count_rows(self._database, match)
            if node_table.ours:
                stubs = f"{match} WHERE n._cogx = {text_literal(_STUB)}"
                nodes -= count_rows(self._database, stubs)
        for table in self._edges:
            edges += count_rows(self._database, edge_match(table.name, table.pairs))
        return nodes, edges

    def header(self) -> Mapping[str, Any]:
        """Return the header that was kept, {} for a database that cogx did not write."""
        text = (self._meta or {}).get("header")
        if text is None:
            return {}
        try:
            header = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.MsgspecError as error:
            raise StoreRefused(f"{self._path}: the stored header is damaged.") from error
        return header

    def iter_nodes(self) -> Iterator[Node]:
        """Yield every node, ordered by id."""

        def blocks_of(number: int) -> Iterator[pa.Table]:
            return node_blocks(self._database, self._nodes[number], self._block_bytes())

        def decode(number: int, block: pa.Table) -> list[Node]:
            return decode_nodes(self._nodes[number], block)

        yield from self._in_order(len(self._nodes), ["k"], blocks_of, decode)

    def iter_edges(self) -> Iterator[Edge]:
        """Yield every edge, ordered by id, then source and target."""

        def blocks_of(number: int) -> Iterator[pa.Table]:
            table = self._edges[number]
            return edge_blocks(self._database, table, self._ends, self._block_bytes())

        def decode(number: int, block: pa.Table) -> list[Edge]:
            return decode_edges(self._edges[number], block)

        yield from self._in_order(len(self._edges), ["k", "s", "o"], blocks_of, decode)

    def close(self) -> None:
        """Release the store; may be called twice."""
        self._database.close()

    def _in_order(
        self,
        tables: int,
        keys: list[str],
        blocks_of: Callable[[int], Iterator[pa.Table]],
        decode: Callable[[int, pa.Table], list[Row]],
    ) -> Iterator[Row]:
        """Sort each table by itself, then merge them all by id."""
        room = Room(_ROOM_BYTES)
        share = max(1, tables)
        with tempfile.TemporaryDirectory(prefix="cogx-") as directory:

            def rows_of(number: int) -> Iterator[Row]:
                ordered = in_order(
                    blocks_of(number),
                    keys,
                    runs_at=Path(directory, str(number)),
                    room=room,
                    merge_rows=_MERGE_ROWS // share,
                )
                step = max(32, _DECODED_ROWS // share)
                for block in ordered:
                    for start in range(0, block.num_rows, step):
                        yield from decode(number, block.slice(start, step))

            streams = [rows_of(number) for number in range(tables)]
            yield from streams[0] if tables == 1 else heapq.merge(*streams, key=attrgetter("id"))
        self._check_unchanged()

    def _block_bytes(self) -> int:
        return _BLOCK_BYTES

    def _check_unchanged(self) -> None:
        """Ladybug lets a reader in beside a writer, and then shows it pages of two states."""
        if _stamp(self._path) != self._seen:
            raise StoreUnavailable(
                f"{self._path} was written to while it was read. Try again when the other "
                "process has closed it."
            )


def _stamp(path: Path) -> tuple[int, int, int]:
    state = path.stat()
    return state.st_ino, state.st_size, state.st_mtime_ns
