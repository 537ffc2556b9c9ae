"""Knows how a new PostgreSQL store comes to be: bare tables, COPY, indexes, one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cogx.errors import StoreRefused, UsageError
from cogx.ports import Edge, Node
from cogx.progress import Progress
from cogx.stores.postgresql import layout
from cogx.stores.postgresql.address import parse_address
from cogx.stores.postgresql.catalog import has_nodes
from cogx.stores.postgresql.failures import translated
from cogx.stores.postgresql.importing import Importing
from cogx.stores.postgresql.rows import edge_line, node_line


class PostgresWriter:
    """Write a graph into a schema without nodes: a GraphWriter. Memory does not grow with it."""

    def __init__(self, uri: str, *, schema: str) -> None:
        address = parse_address(uri, schema)
        self._import = Importing(address)
        self._sealed = False
        try:
            found = self._import.begin()
            self._bare = found is None
            if found is None:
                self._import.make_tables()
            else:
                with translated(address):
                    filled = has_nodes(self._import.connection)
                if filled:
                    raise StoreRefused(
                        f"{address.text} holds a graph already, and a new one is not written over "
                        "it. Name another schema, or drop that one first."
                    )
        except BaseException:
            self._import.abort()
            raise

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        """Add a batch of new nodes; see GraphWriter.

        Raises:
            UsageError: edges were written already.
            StoreRefused: a value that no store keeps, or an id that came twice, which may be
                seen in :meth:`finish` only.
            NoSpace, StoreUnavailable: as they say. Call ``abort()`` after any of them.
        """
        self._import.demand_begun()
        if self._sealed:
            raise UsageError("Nodes must be written before edges.")
        self._import.copy(layout.COPY["nodes"], node_line, nodes)

    def write_edges(self, edges: Iterable[Edge]) -> None:
        """Add a batch of new edges, after the last node.

        Raises as :meth:`write_nodes`; whether both ends exist may be seen in :meth:`finish` only.
        """
        self._import.demand_begun()
        self._sealed = True
        self._import.copy(layout.COPY["edges"], edge_line, edges)

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        """Make indexes and foreign keys, and let everything appear at once.

        Raises:
            StoreRefused: an id came twice, or an end of an edge is not among the nodes.
            NoSpace, StoreUnavailable: as they say. Call ``abort()`` after any of them.
        """
        self._import.demand_begun()
        if self._bare:
            self._import.make_indexes(progress)
        self._import.finish(header)

    def abort(self) -> None:
        """Drop everything that was not finished; may be called twice."""
        self._import.abort()
