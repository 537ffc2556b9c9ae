"""Knows how a SQLite store takes more in: in one transaction, so all of it or nothing.

A process that dies leaves a journal, with which SQLite takes everything back at the next open.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from cogx.build_site import BuildSite
from cogx.codec.canonical import NotJson, encode
from cogx.errors import StoreRefused, UsageError
from cogx.ports import Edge, Node
from cogx.progress import Progress
from cogx.stores.sqlite import layout
from cogx.stores.sqlite.database import leftovers, open_to_change, recover, translated
from cogx.stores.sqlite.found import added_columns, header_in, read_meta
from cogx.stores.sqlite.rows import edge_of_row, edge_row, node_of_row, node_row

Row = TypeVar("Row", Node, Edge)
_AT_ONCE: Final = 500
_IN_COLUMN: Final = frozenset({str, int, float})
"""Types whose values a column that somebody added shows as they are."""


class SqliteUpdater:
    """Change a store: a GraphUpdater. Memory does not grow with the graph.

    Columns, views, indexes and tables that somebody added stay as they are; readers see the old
    state until the end.
    """

    def __init__(self, path: Path, *, buffer_bytes: int) -> None:
        self._path = path
        self._site = BuildSite(path)
        self._over = False
        try:
            with translated(path):
                self._database = open_to_change(path, buffer_bytes=buffer_bytes)
                self._database.execute("BEGIN IMMEDIATE")
                self._header = header_in(read_meta(self._database, path), path)
                self._nodes = _Table(
                    self._database, "nodes", layout.NODE_COLUMNS, node_row, node_of_row
                )
                self._edges = _Table(
                    self._database, "edges", layout.EDGE_COLUMNS, edge_row, edge_of_row
                )
        except BaseException:
            self.abort()
            raise

    def begin(self, key: str) -> None:
        """Do nothing: one transaction needs no journal of ours."""
        self._check_open()

    def header(self) -> Mapping[str, Any]:
        """Return the header that was kept."""
        return self._header

    def nodes_at(self, ids: Sequence[str]) -> Mapping[str, Node]:
        """Return the nodes that are there, by id."""
        with translated(self._path):
            return self._nodes.at(ids)

    def edges_at(self, ids: Sequence[str]) -> Mapping[str, Edge]:
        """Return the edges that are there, by id."""
        with translated(self._path):
            return self._edges.at(ids)

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        """Add nodes, or put them in the place of those with their ids.

        Raises:
            StoreRefused: a value that no store keeps.
            NoSpace: the disk is full. Call ``abort()`` after any of them.
        """
        self._check_open()
        self._write(self._nodes, nodes)

    def write_edges(self, edges: Iterable[Edge]) -> None:
        """Add edges, or put them in the place of those with their ids; as write_nodes."""
        self._check_open()
        self._write(self._edges, edges)

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        """Keep the header, and make everything durable and visible.

        Raises:
            StoreRefused: an edge ends in no node.
        """
        self._check_open()
        progress.begin("commit", total=1, unit="transactions")
        try:
            text = encode(dict(header)).decode()
        except NotJson as error:
            raise StoreRefused(f"The header cannot be stored ({error}).") from error
        with translated(self._path):
            self._check_ends()
            self._database.execute(
                f"INSERT OR REPLACE INTO {layout.META} (key, value) VALUES ('header', ?)",  # noqa: S608
                (text,),
            )
            self._database.execute("COMMIT")
        self.abort()
        progress.advance(1)
        progress.end()

    def abort(self) -> None:
        """Take everything back that was not finished; may be called twice."""
        self._over = True
        try:
            if hasattr(self, "_database"):
                self._database.close()
                # After an error of the disk SQLite leaves its journal to whoever opens next.
                with suppress(sqlite3.Error):
                    if next(leftovers(self._path), None) is not None:
                        recover(self._path)
        finally:
            self._site.close()

    def _write(self, table: _Table[Row], rows: Iterable[Row]) -> None:
        batch = list(rows)
        try:
            with translated(self._path):
                for start in range(0, len(batch), _AT_ONCE):
                    table.put(batch[start : start + _AT_ONCE])
        except sqlite3.IntegrityError as error:
            raise StoreRefused(f"{self._path}: the store refuses a row ({error}).") from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise StoreRefused(f"A value cannot be stored ({error}).") from error

    def _check_ends(self) -> None:
        for edge_id, table, _, _ in self._database.execute("PRAGMA foreign_key_check(edges)"):
            raise StoreRefused(f"The edge in row {edge_id} of {table} ends in no node.")

    def _check_open(self) -> None:
        if self._over:
            raise UsageError("This updater is finished or aborted; open a new one.")


class _Table(Generic[Row]):
    """One of the two tables, with the columns that somebody added to it."""

    def __init__(
        self,
        database: sqlite3.Connection,
        name: str,
        columns: tuple[str, ...],
        to_row: Callable[[Row], tuple[Any, ...]],
        of_row: Callable[[Sequence[Any], Sequence[str]], Row],
    ) -> None:
        self._database = database
        self._name = name
        self._to_row: Callable[[Row], tuple[Any, ...]] = to_row
        self._of_row: Callable[[Sequence[Any], Sequence[str]], Row] = of_row
        self._added = added_columns(database, name, columns)
        quoted = [*columns, *map(layout.quoted, self._added)]
        self._select = f"SELECT {', '.join(quoted)} FROM {name} WHERE id IN "  # noqa: S608
        self._insert = layout.insert_into(name, columns, self._added)
        self._update = layout.update(name, columns, self._added)

    def at(self, ids: Sequence[str]) -> dict[str, Row]:
        """Return the rows that are there, by id.

        Raises:
            StoreRefused: an id is there twice, so that it names no row.
        """
        found: dict[str, Row] = {}
        for start in range(0, len(ids), _AT_ONCE):
            part = ids[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(part))
            for cells in self._database.execute(f"{self._select}({marks})", part):
                row = self._of_row(cells, self._added)
                if row.id in found:
                    raise StoreRefused(
                        f"Table {self._name!r} holds the id {row.id!r:.80} twice. "
                        "Give each row its own id."
                    )
                found[row.id] = row
        return found

    def put(self, rows: list[Row]) -> None:
        """Write rows, each in the place of the one with its id."""
        marks = ", ".join("?" * len(rows))
        found = self._database.execute(
            f"SELECT id FROM {self._name} WHERE id IN ({marks})",  # noqa: S608
            [row.id for row in rows],
        )
        known = {str(one) for (one,) in found}
        new: list[tuple[Any, ...]] = []
        again: list[tuple[Any, ...]] = []
        for row in rows:
            cells: tuple[Any, ...] = self._cells(row)
            if row.id in known:
                again.append((*cells[1:], row.id))
            else:
                new.append(cells)
        self._database.executemany(self._insert, new)
        self._database.executemany(self._update, again)

    def _cells(self, row: Row) -> tuple[Any, ...]:
        """Return a row's cells; what an added column can show goes there, as it was read there."""
        shown: list[Any] = [
            row.properties.pop(name) if type(row.properties.get(name)) in _IN_COLUMN else None
            for name in self._added
        ]
        return (*self._to_row(row), *shown)
