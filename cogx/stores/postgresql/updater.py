"""Knows how a graph comes into a PostgreSQL store that may hold one: upserts, one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

from psycopg import sql

from cogx.ports import Edge, Node
from cogx.progress import SILENT, Progress
from cogx.stores.postgresql import layout
from cogx.stores.postgresql.added import settle
from cogx.stores.postgresql.address import parse_address
from cogx.stores.postgresql.catalog import Catalog, Table, look
from cogx.stores.postgresql.failures import translated
from cogx.stores.postgresql.importing import Importing
from cogx.stores.postgresql.rows import edge_line, edge_of_row, names_of, node_line, node_of_row

Row = TypeVar("Row", Node, Edge)

_AT: Final = sql.SQL("SELECT {} FROM {} WHERE id = ANY(%s)")
_AT_ONCE: Final = 1000


class PostgresUpdater:
    """Import into a store: a GraphUpdater. Memory does not grow with the graph.

    Rows that stay as they are are not written; what somebody added to the schema stays. If
    another session changes a row that the import changes too, the import is refused at that row.
    """

    def __init__(self, uri: str, *, schema: str) -> None:
        self._import = Importing(parse_address(uri, schema))
        self._catalog: Catalog | None = None

    def begin(self, key: str) -> None:
        """Start the import's transaction.

        Raises:
            StoreBusy: another import is at work in the schema.
            StoreRefused: tables of somebody else are there, or a store of a newer cogx.
        """
        found = self._import.begin()
        connection, address = self._import.connection, self._import.address
        if found is None:
            self._import.make_tables()
            self._import.make_indexes(SILENT)
        with translated(address):
            self._catalog = found or look(connection, address)
            for statement in layout.INCOMING.values():
                connection.execute(statement)

    def header(self) -> Mapping[str, Any]:
        """Return the header that was kept."""
        return self._known().header()

    def nodes_at(self, ids: Sequence[str]) -> Mapping[str, Node]:
        """Return the nodes that are there, by id, as this transaction sees them."""
        return self._at(self._known().nodes, ids, node_of_row)

    def edges_at(self, ids: Sequence[str]) -> Mapping[str, Edge]:
        """Return the edges that are there, by id, as this transaction sees them."""
        return self._at(self._known().edges, ids, edge_of_row)

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        """Add nodes, or put them in the place of those with their ids, which keep their edges.

        Raises:
            StoreRefused: a value that no store keeps, or an id that came twice in the batch.
            NoSpace, StoreUnavailable: as they say. Call ``abort()`` after any of them.
        """
        self._write(self._known().nodes, node_line, nodes)

    def write_edges(self, edges: Iterable[Edge]) -> None:
        """Add edges, or put them in the place of those with their ids.

        Raises as :meth:`write_nodes`, and StoreRefused for an edge that ends in no node.
        """
        self._write(self._known().edges, edge_line, edges)

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        """Keep the header, and make everything durable and visible.

        Raises:
            StoreRefused: the header cannot be kept.
            StoreUnavailable: the connection was lost.
        """
        self._import.demand_begun()
        progress.begin("commit", total=1, unit="transactions")
        self._import.finish(header)
        progress.advance(1)
        progress.end()

    def abort(self) -> None:
        """Undo everything that was not finished; may be called twice."""
        self._import.abort()

    def _known(self) -> Catalog:
        self._import.demand_begun()
        assert self._catalog is not None
        return self._catalog

    def _at(
        self,
        table: Table,
        ids: Sequence[str],
        read: Callable[[Sequence[Any], Sequence[str]], Row],
    ) -> dict[str, Row]:
        query = _AT.format(table.listed, sql.Identifier(table.name))
        names = names_of(ids)
        with translated(self._import.address):
            found = self._import.connection.execute(query, [names])
            rows = [read(row, table.added) for row in found]
        return {row.id: row for row in rows}

    def _write(self, table: Table, line_of: Callable[[Row], bytes], rows: Iterable[Row]) -> None:
        if not table.added:
            self._take(table.name, line_of, rows)
            return
        waiting = iter(rows)
        while batch := list(islice(waiting, _AT_ONCE)):
            with translated(self._import.address):
                settled = list(settle(self._import.connection, table, batch))
            self._take(table.name, line_of, settled)

    def _take(self, name: str, line_of: Callable[[Row], bytes], rows: Iterable[Row]) -> None:
        sent = self._import.copy(layout.COPY[f"incoming_{name}"], line_of, rows)
        if sent:
            with translated(self._import.address):
                self._import.connection.execute(layout.TAKE[name])
                self._import.connection.execute(layout.CLEAR[name])
