"""Knows how to give a SQLite store's graph out, in order; changes no byte of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from cogx.errors import StoreRefused, StoreUnavailable
from cogx.ports import Edge, Node
from cogx.stores.sqlite import layout
from cogx.stores.sqlite.database import open_existing, stamp, translated
from cogx.stores.sqlite.found import added_columns, header_in, read_meta
from cogx.stores.sqlite.rows import edge_of_row, node_of_row

Row = TypeVar("Row", Node, Edge)


class SqliteReader:
    """Read a graph: a GraphReader. Memory does not grow with the graph.

    Everything is read in one transaction, so that it is one state of the store.
    """

    def __init__(self, path: Path, *, buffer_bytes: int) -> None:
        if not path.is_file():
            raise StoreRefused(f"There is no SQLite store at {path}. Check the path.")
        self._path = path
        self._seen = stamp(path)
        with translated(path):
            self._database, self._locked = open_existing(path, buffer_bytes=buffer_bytes)
        try:
            with translated(path):
                self._database.execute("BEGIN")
                self._meta = read_meta(self._database, path)
                self._added_to_nodes = added_columns(self._database, "nodes", layout.NODE_COLUMNS)
                self._added_to_edges = added_columns(self._database, "edges", layout.EDGE_COLUMNS)
        except BaseException:
            self._database.close()
            raise

    def counts(self) -> tuple[int, int]:
        """Return (nodes, edges), stubs not counted."""
        with translated(self._path):
            (nodes,) = self._database.execute("SELECT count(*) FROM nodes").fetchone()
            (stubs,) = self._database.execute(
                f"SELECT count(*) FROM nodes WHERE _cogx = '{layout.STUB}'"  # noqa: S608
            ).fetchone()
            (edges,) = self._database.execute("SELECT count(*) FROM edges").fetchone()
        return nodes - stubs, edges

    def header(self) -> Mapping[str, Any]:
        """Return the header that was kept."""
        return header_in(self._meta, self._path)

    def iter_nodes(self) -> Iterator[Node]:
        """Yield every node, ordered by id."""
        return self._rows("nodes", layout.NODE_COLUMNS, self._added_to_nodes, node_of_row)

    def iter_edges(self) -> Iterator[Edge]:
        """Yield every edge, ordered by id, those of one id in the order they were written."""
        return self._rows("edges", layout.EDGE_COLUMNS, self._added_to_edges, edge_of_row)

    def close(self) -> None:
        """Release the store; may be called twice."""
        self._database.close()

    def _rows(
        self,
        table: str,
        columns: tuple[str, ...],
        added: list[str],
        read: Callable[[Sequence[Any], Sequence[str]], Row],
    ) -> Iterator[Row]:
        # In the encoding of the file, UTF-8, the order of bytes is that of code points.
        listed = ", ".join([*columns, *map(layout.quoted, added)])
        with translated(self._path):
            for row in self._database.execute(
                f"SELECT {listed} FROM {table} ORDER BY id, rowid"  # noqa: S608
            ):
                yield read(row, added)
        self._check_unchanged()

    def _check_unchanged(self) -> None:
        """A file opened without a lock may be written to meanwhile."""
        if not self._locked and stamp(self._path) != self._seen:
            raise StoreUnavailable(
                f"{self._path} was written to while it was read. Try again when the other "
                "process has closed it."
            )
