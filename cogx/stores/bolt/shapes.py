"""Knows how a graph is found in a database, cogx's own or somebody else's; in no order.

A graph of somebody else gets the ids of the server, or those in the property ``id`` if every
node (every edge) has one, as text, and no two have the same. Its first label is a node's type.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final, Protocol

from cogx.ports import Edge, Node
from cogx.stores.bolt.dialect import NODE
from cogx.stores.bolt.notes import STUB_NOTE
from cogx.stores.bolt.ordering import are_distinct_texts
from cogx.stores.bolt.rows import HeldEdge, edge_of_row, node_of_row
from cogx.stores.bolt.server import Server

_BY_PROPERTY: Final = "{}.id"
_OWN_EDGES: Final = f"MATCH (a)-[r]->(b) WHERE a:{NODE} OR b:{NODE} RETURN a:{NODE} AND b:{NODE}"


class Shape(Protocol):
    """A way to find nodes and edges; losses are counted while they are given out."""

    def counts(self) -> tuple[int, int]:
        """Return (nodes, edges), stubs not counted."""

    def nodes(self, losses: Counter[str]) -> Iterator[Node]:
        """Yield every node."""

    def edges(self, losses: Counter[str]) -> Iterator[Edge]:
        """Yield every edge."""


class Own:
    """A graph that cogx wrote, whatever a person changed since.

    Relationships with one end outside are left out and counted as ``edge.outside``.
    """

    def __init__(self, server: Server) -> None:
        self._server = server

    def counts(self) -> tuple[int, int]:
        """Return (nodes, edges), stubs not counted."""
        query = f"MATCH (n:{NODE}) WHERE n._cogx IS NULL OR n._cogx <> $stub RETURN count(n)"
        ((nodes,),) = self._server.rows(query, stub=STUB_NOTE)
        ((edges,),) = self._server.rows(f"MATCH (:{NODE})-[r]->(:{NODE}) RETURN count(r)")
        return nodes, edges

    def nodes(self, losses: Counter[str]) -> Iterator[Node]:
        """Yield every node."""
        query = f"MATCH (n:{NODE}) RETURN {self._id_of('n')}, labels(n), properties(n)"
        for node_id, labels, held in self._server.stream(query):
            held.pop("id", None)
            yield node_of_row(node_id, labels, held, losses)

    def edges(self, losses: Counter[str]) -> Iterator[Edge]:
        """Yield every edge."""
        ids = ", ".join(map(self._id_of, "rab"))
        query = f"{_OWN_EDGES}, {ids}, type(r), properties(r)"
        for inside, edge_id, source, target, relationship, held in self._server.stream(query):
            if inside:
                held.pop("id", None)
                yield edge_of_row(edge_id, HeldEdge(source, target, relationship, held), losses)
            else:
                losses["edge.outside"] += 1

    def _id_of(self, variable: str) -> str:
        """Return what is a node's or relationship's id, also of one that a person made without."""
        return f"coalesce({variable}.id, {self._server.dialect.element_id.format(variable)})"


class Foreign:
    """A graph of somebody else."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._node_ids = self._ids_of("n", "MATCH (n)")
        self._edge_ids = self._ids_of("r", "MATCH ()-[r]->()")

    def counts(self) -> tuple[int, int]:
        """Return (nodes, edges)."""
        ((nodes,),) = self._server.rows("MATCH (n) RETURN count(n)")
        ((edges,),) = self._server.rows("MATCH ()-[r]->() RETURN count(r)")
        return nodes, edges

    def nodes(self, losses: Counter[str]) -> Iterator[Node]:
        """Yield every node."""
        query = f"MATCH (n) RETURN {self._node_ids.format('n')}, labels(n), properties(n)"
        for node_id, labels, held in self._server.stream(query):
            if self._node_ids == _BY_PROPERTY:
                del held["id"]
            yield node_of_row(node_id, labels, held, losses)

    def edges(self, losses: Counter[str]) -> Iterator[Edge]:
        """Yield every edge."""
        ends = ", ".join(self._node_ids.format(end) for end in "ab")
        query = f"MATCH (a)-[r]->(b) RETURN {self._edge_ids.format('r')}, {ends}, type(r)"
        for edge_id, source, target, kind, held in self._server.stream(f"{query}, properties(r)"):
            if self._edge_ids == _BY_PROPERTY:
                del held["id"]
            yield edge_of_row(edge_id, HeldEdge(source, target, kind, held), losses)

    def _ids_of(self, variable: str, pattern: str) -> str:
        """Return what ids are, a pattern for a variable's name."""
        ids = (found for (found,) in self._server.stream(f"{pattern} RETURN {variable}.id"))
        return _BY_PROPERTY if are_distinct_texts(ids) else self._server.dialect.element_id
