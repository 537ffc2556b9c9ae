"""Knows how a new SQLite store comes to be: loaded in one transaction beside its path, renamed.

A process that dies leaves no half store under the final name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from cogx.build_site import BuildSite
from cogx.codec.canonical import NotJson, encode
from cogx.errors import StoreRefused, UsageError
from cogx.generator import GENERATOR
from cogx.ports import Edge, Node
from cogx.progress import Progress
from cogx.stores.sqlite import layout
from cogx.stores.sqlite.database import open_new, translated
from cogx.stores.sqlite.rows import edge_row, node_row
from cogx.stores.sqlite.vacancy import check_vacant

Row = TypeVar("Row", Node, Edge)

_ADD_NODE: Final = layout.insert_into("nodes", layout.NODE_COLUMNS)
_ADD_EDGE: Final = layout.insert_into("edges", layout.EDGE_COLUMNS)
_ADD_META: Final = layout.insert_into(layout.META, ("key", "value"))
_NO_FTS: Final = "no such module: fts5"


class SqliteWriter:
    """Write a graph into a new store: a GraphWriter. Memory does not grow with the graph."""

    def __init__(self, path: Path, *, buffer_bytes: int) -> None:
        self._path = path
        self._site = BuildSite(path)
        self._sealed = False
        self._over = False
        self._last = ""
        try:
            check_vacant(path, buffer_bytes=buffer_bytes)
            with translated(path):
                self._database = open_new(self._site.built, buffer_bytes=buffer_bytes)
                self._database.execute("BEGIN")
                for statement in layout.TABLES:
                    self._database.execute(statement)
        except BaseException:
            self._site.close()
            raise

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        """Add a batch of new nodes; see GraphWriter.

        Raises:
            UsageError: edges were written already.
            StoreRefused: an id came twice, or a value that no store keeps.
            NoSpace: the disk is full. Call ``abort()`` after any of them.
        """
        self._check_open()
        if self._sealed:
            raise UsageError("Nodes must be written before edges.")
        self._write(_ADD_NODE, node_row, nodes)

    def write_edges(self, edges: Iterable[Edge]) -> None:
        """Add a batch of new edges, after the last node; several may bear one id.

        Raises as :meth:`write_nodes`; whether both ends exist is seen in :meth:`finish`.
        """
        self._check_open()
        self._sealed = True
        self._write(_ADD_EDGE, edge_row, edges)

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        """Make the indexes, make everything durable, and let it appear at the path.

        Raises:
            StoreRefused: an end of an edge is not among the nodes, or somebody else made a
                store at the path meanwhile.
            NoSpace: the disk is full. Call ``abort()`` after any of them.
        """
        self._check_open()
        progress.begin("index", total=len(layout.INDEXES) + 2, unit="indexes")
        with translated(self._path):
            self._keep(header)
            for statement in layout.INDEXES:
                self._make_index(statement)
                progress.advance(1)
            self._check_ends()
            progress.advance(1)
            self._database.execute(layout.VIEW)
            self._make_search()
            self._database.execute("COMMIT")
            self._database.close()
            progress.advance(1)
        progress.end()
        self._site.publish()
        self.abort()

    def abort(self) -> None:
        """Drop everything that was not finished; may be called twice."""
        self._over = True
        self._database.close()
        self._site.close()

    def _write(
        self,
        statement: str,
        row_of: Callable[[Row], tuple[str | bytes | None, ...]],
        rows: Iterable[Row],
    ) -> None:
        """Hand the rows to SQLite one by one; ``_last`` names the one it refused."""

        def encoded() -> Iterator[tuple[str | bytes | None, ...]]:
            for row in rows:
                self._last = row.id
                yield row_of(row)

        try:
            with translated(self._path):
                self._database.executemany(statement, encoded())
        except sqlite3.IntegrityError as error:
            raise StoreRefused(f"Two nodes have the id {self._last!r:.80}.") from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise StoreRefused(f"{self._last!r:.80} cannot be stored ({error}).") from error

    def _keep(self, header: Mapping[str, Any]) -> None:
        try:
            text = encode(dict(header)).decode()
        except NotJson as error:
            raise StoreRefused(f"The header cannot be stored ({error}).") from error
        about = {
            "schema_version": str(layout.SCHEMA_VERSION),
            "generator": GENERATOR,
            "header": text,
        }
        self._database.executemany(_ADD_META, about.items())

    def _make_index(self, statement: str) -> None:
        try:
            self._database.execute(statement)
        except sqlite3.IntegrityError as error:
            (edge_id,) = self._database.execute(
                "SELECT id FROM edges GROUP BY id HAVING count(*) > 1 LIMIT 1"
            ).fetchone()
            raise StoreRefused(f"Two edges have the id {edge_id!r:.80}.") from error

    def _check_ends(self) -> None:
        for end in ("source", "target"):
            # Both sides stand in order in their indexes, so that SQLite merges them.
            gone = self._database.execute(
                f"SELECT {end} FROM edges EXCEPT SELECT id FROM nodes ORDER BY 1 LIMIT 1"  # noqa: S608
            ).fetchone()
            if gone is not None:
                (edge_id,) = self._database.execute(
                    f"SELECT id FROM edges WHERE {end} = ? LIMIT 1",  # noqa: S608
                    gone,
                ).fetchone()
                raise StoreRefused(
                    f"Edge {edge_id!r:.80} ends in {gone[0]!r:.80}, which is no node."
                )

    def _make_search(self) -> None:
        """Make names and texts searchable, if SQLite was built with FTS5."""
        try:
            for table, column in layout.SEARCHED:
                for statement in layout.search(table, column):
                    self._database.execute(statement)
        except sqlite3.OperationalError as error:
            if _NO_FTS not in str(error):
                raise

    def _check_open(self) -> None:
        if self._over:
            raise UsageError("This writer is finished or aborted; open a new one.")
