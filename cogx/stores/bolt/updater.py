"""Knows how a graph is imported into a server, in many transactions, yet wholly or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cogx.codec.canonical import NotJson, encode
from cogx.errors import StoreRefused, UsageError
from cogx.ports import Edge, Node
from cogx.progress import Progress
from cogx.stores.bolt.batches import by_count
from cogx.stores.bolt.before import read_state
from cogx.stores.bolt.edges import write_edges
from cogx.stores.bolt.ending import finish
from cogx.stores.bolt.entries import LOADING, other_import, read_entry
from cogx.stores.bolt.found import (
    catalog_of,
    edges_in,
    has_nodes,
    header_of,
    nodes_in,
    read_meta,
)
from cogx.stores.bolt.journal import begin
from cogx.stores.bolt.nodes import write_nodes
from cogx.stores.bolt.recovery import abandon, complete, held, overtaken
from cogx.stores.bolt.rows import HeldEdge, edge_of_row, node_of_row
from cogx.stores.bolt.server import Server
from cogx.stores.bolt.work import Work


class BoltUpdater:
    """Import into a store, empty or not: a GraphUpdater. Memory does not grow with the graph.

    Until :meth:`finish` a journal in the store says that an import is at work: readers of cogx
    refuse, everybody else sees what is written so far. A process that dies leaves the journal,
    and the same import goes on from there.
    """

    def __init__(self, uri: str, *, database: str | None) -> None:
        self._server = Server(uri, database)
        self._work: Work | None = None
        self._over = False
        try:
            self._header = header_of((read_meta(self._server) or {}).get("header"))
        except BaseException:
            self._server.close()
            raise

    def begin(self, key: str) -> None:
        """Start an import, or go on with the one of this key that was broken off.

        Raises:
            StoreRefused: another import was broken off here; the text says what to do.
            StoreBusy: another import is at work.
        """
        if self._work is not None or self._over:
            raise UsageError("This updater has begun already; open a new one.")
        for statement in self._server.dialect.schema():
            self._server.define(statement)
        entry = read_entry(self._server)
        if entry is not None and entry.phase != LOADING:
            complete(self._server, entry)
            entry = None
        if entry is not None and entry.is_dead() and entry.key != key:
            raise other_import(self._server, entry)
        if entry is None:
            journal = begin(self._server, key, fresh=not has_nodes(self._server))
        else:
            journal = held(self._server, entry)
        if journal is None:
            raise overtaken(self._server)
        meta = read_meta(self._server)
        self._header = header_of((meta or {}).get("header"))
        catalog = catalog_of(self._server, meta)
        self._work = Work(self._server, journal, catalog, entry is not None)

    def header(self) -> Mapping[str, Any]:
        """Return the header that was kept by the last import."""
        return self._header

    def nodes_at(self, ids: Sequence[str]) -> Mapping[str, Node]:
        """Return those of the nodes that were there at ``begin``, by id."""
        work = self._begun()
        if not work.marks:
            return {}
        found: dict[str, Node] = {}
        for some in by_count(ids):
            for node_id, (labels, properties) in nodes_in(self._server.rows, some).items():
                state: dict[str, Any] = {"labels": labels, "properties": properties}
                if _is_marked(work, properties):
                    state = _before(properties)
                if state:
                    state["properties"].pop("id", None)
                    found[node_id] = node_of_row(
                        node_id, state["labels"], state["properties"], Counter()
                    )
        return found

    def edges_at(self, ids: Sequence[str]) -> Mapping[str, Edge]:
        """Return those of the edges that were there at ``begin``, by id."""
        work = self._begun()
        if not work.marks:
            return {}
        relationships = work.catalog.all_relationships()
        found: dict[str, Edge] = {}
        for some in by_count(ids):
            for edge_id, edge in edges_in(self._server.rows, some, relationships).items():
                if _is_marked(work, edge.properties):
                    state = _before(edge.properties)
                    if not state:
                        continue
                    edge = HeldEdge(**state)
                edge.properties.pop("id", None)
                found[edge_id] = edge_of_row(edge_id, edge, Counter())
        return found

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        """Add nodes, or put them in the place of those with their ids.

        Raises:
            StoreRefused: a value that no store keeps, an id that came twice, or what the server
                says.
            StoreUnavailable: the server is gone; the text says how to go on. Call ``abort()``
                after any of them.
        """
        write_nodes(self._begun(), nodes)

    def write_edges(self, edges: Iterable[Edge]) -> None:
        """Add edges, or put them in the place of those with their ids; as write_nodes.

        Raises:
            StoreRefused: also for an end that is no node.
        """
        write_edges(self._begun(), edges)

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        """Let the import count, keep the header, and clear its marks and its journal away.

        From its first moment on the import is whole: if this is broken off, whoever comes next
        completes it.
        """
        work = self._begun()
        try:
            text = encode(dict(header)).decode()
        except NotJson as error:
            raise StoreRefused(f"The header cannot be stored ({error}).") from error
        finish(work.journal, text, progress)
        self._close()

    def abort(self) -> None:
        """Take back what was not finished; may be called twice.

        If the server cannot be reached, the journal stays, and with it the way to go on.
        """
        if self._over:
            return
        try:
            if self._work is not None:
                abandon(self._work.journal)
        finally:
            self._close()

    def _begun(self) -> Work:
        if self._over or self._work is None:
            raise UsageError("This updater has not begun, or is finished or aborted.")
        return self._work

    def _close(self) -> None:
        self._over = True
        if self._work is not None:
            self._work.journal.release()
        self._server.close()


def _is_marked(work: Work, properties: Mapping[str, Any]) -> bool:
    return properties.get("_cogx_import") == work.journal.entry.key


def _before(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state before the import, {} if the import made it."""
    text = properties.get("_cogx_before")
    return {} if text is None else read_state(text)
