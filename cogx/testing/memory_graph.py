"""Knows the simplest store there is, a graph in memory, and holds its caller to the contract.

It must never forgive what a real store would refuse: a test that passes here passes there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from operator import attrgetter
from typing import Any

from cogx.errors import StoreRefused, UsageError
from cogx.ports import Edge, Node
from cogx.progress import SILENT, Progress


class MemoryGraph:
    """A GraphWriter until :meth:`finish`, a GraphReader from then on.

    Values are copied on the way in, so that nothing the caller changes later is seen here.
    ``aborted`` tells whether the writer was told to drop everything.
    """

    def __init__(self, *, finished: bool = False) -> None:
        self.nodes: dict[str, Node] = {}
        self.edges: list[Edge] = []
        self.kept_header: dict[str, Any] = {}
        self.finished = finished
        self.aborted = False

    @classmethod
    def of(cls, nodes: Iterable[Node], edges: Iterable[Edge] = (), **header: Any) -> MemoryGraph:
        """Return a finished graph of these nodes and edges."""
        graph = cls()
        graph.write_nodes(nodes)
        graph.write_edges(edges)
        graph.finish(header, SILENT)
        return graph

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        """Add new nodes.

        Raises:
            StoreRefused: an id is empty or taken.
            UsageError: an edge was written before, or the graph is finished.
        """
        self._demand_writable()
        for node in nodes:
            if self.edges:
                raise UsageError("Nodes must be written before edges.")
            if not node.id or node.id in self.nodes:
                raise StoreRefused(f"Two nodes have the id {node.id!r:.80}, or it is empty.")
            self.nodes[node.id] = deepcopy(node)

    def write_edges(self, edges: Iterable[Edge]) -> None:
        """Add edges; several may bear one id, as the facts of an archive may.

        Raises:
            StoreRefused: an end is not a node.
            UsageError: the graph is finished.
        """
        self._demand_writable()
        for edge in edges:
            for end in (edge.source, edge.target):
                if end not in self.nodes:
                    raise StoreRefused(f"Edge {edge.id!r:.80} leads to no node: {end!r:.80}.")
            self.edges.append(deepcopy(edge))

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        """Make the graph readable."""
        self._demand_writable()
        progress.begin("keep graph", total=1, unit="graphs")
        self.kept_header = deepcopy(dict(header))
        self.finished = True
        progress.end()

    def abort(self) -> None:
        """Drop everything, unless it is finished already."""
        self.aborted = True
        if not self.finished:
            self.nodes, self.edges = {}, []

    def counts(self) -> tuple[int, int]:
        """Return (nodes, edges), stubs not counted."""
        stubs = sum(1 for node in self.nodes.values() if (node.rest or {}).get("stub"))
        return len(self.nodes) - stubs, len(self.edges)

    def header(self) -> Mapping[str, Any]:
        """Return what was kept."""
        return self.kept_header

    def iter_nodes(self) -> Iterator[Node]:
        """Yield a copy of every node, ordered by id."""
        self._demand_readable()
        yield from map(deepcopy, sorted(self.nodes.values(), key=attrgetter("id")))

    def iter_edges(self) -> Iterator[Edge]:
        """Yield a copy of every edge, ordered by id, equal ids as they were written."""
        self._demand_readable()
        yield from map(deepcopy, sorted(self.edges, key=attrgetter("id")))

    def close(self) -> None:
        """Do nothing: the graph can be read again."""

    def _demand_writable(self) -> None:
        if self.finished or self.aborted:
            raise UsageError("This graph is finished or aborted; make a new one.")

    def _demand_readable(self) -> None:
        if not self.finished:
            raise UsageError("This graph is not finished yet.")
