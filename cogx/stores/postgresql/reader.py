"""Knows how to give a PostgreSQL store's graph out, in order; changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, Final, TypeVar

import psycopg
from psycopg import sql

from cogx.errors import StoreRefused
from cogx.ports import Edge, Node
from cogx.stores.postgresql import layout
from cogx.stores.postgresql.address import parse_address
from cogx.stores.postgresql.catalog import Catalog, Table, look
from cogx.stores.postgresql.connection import connect, prepare, release
from cogx.stores.postgresql.failures import translated
from cogx.stores.postgresql.rows import edge_of_row, node_of_row

Row = TypeVar("Row", Node, Edge)

_ROWS: Final = sql.SQL('SELECT {} FROM {} ORDER BY id COLLATE "C"')
_MOST_ROWS: Final = 500
_FETCH_CHARACTERS: Final = 1 << 20
"""About so much is fetched at once, as far as the last rows tell how long the next ones are."""


class PostgresReader:
    """Read a graph: a GraphReader. Everything is read in one transaction: one state of the store.

    Memory: up to 500 rows of a table at a time, fewer if they are long.
    """

    def __init__(self, uri: str, *, schema: str) -> None:
        self._address = parse_address(uri, schema)
        self._connection = connect(self._address)
        self._numbers = count()
        try:
            self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self._connection.read_only = True
            prepare(self._connection, self._address)
            with translated(self._address):
                catalog = look(self._connection, self._address)
        except BaseException:
            release(self._connection)
            raise
        if catalog is None:
            release(self._connection)
            raise StoreRefused(
                f"There is no store at {self._address.text}. Check the address and the schema."
            )
        self._catalog: Catalog = catalog

    def counts(self) -> tuple[int, int]:
        """Return (nodes, edges), stubs not counted."""
        with translated(self._address):
            nodes, stubs = self._connection.execute(layout.COUNT_NODES).fetchall()[0]
            (edges,) = self._connection.execute(layout.COUNT_EDGES).fetchall()[0]
        return nodes - stubs, edges

    def header(self) -> Mapping[str, Any]:
        """Return the header that was kept."""
        return self._catalog.header()

    def iter_nodes(self) -> Iterator[Node]:
        """Yield every node, ordered by id."""
        return self._rows(self._catalog.nodes, 3, node_of_row)

    def iter_edges(self) -> Iterator[Edge]:
        """Yield every edge, ordered by id."""
        return self._rows(self._catalog.edges, 4, edge_of_row)

    def close(self) -> None:
        """Release the store; may be called twice."""
        release(self._connection)

    def _rows(
        self, table: Table, text_at: int, read: Callable[[Sequence[Any], Sequence[str]], Row]
    ) -> Iterator[Row]:
        """Yield what a cursor of the server gives; each iterator has its own."""
        query, added = _ROWS.format(table.listed, sql.Identifier(table.name)), table.added
        name = f"cogx_{next(self._numbers)}"
        with translated(self._address), self._connection.cursor(name=name) as cursor:
            cursor.execute(query)
            amount = _MOST_ROWS // 10
            while rows := cursor.fetchmany(amount):
                for row in rows:
                    yield read(row, added)
                longest = sum(len(row[text_at]) for row in rows) // len(rows)
                amount = max(1, min(_MOST_ROWS, _FETCH_CHARACTERS // (longest + 1)))
