"""Knows how to make a graph of networkx."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from cogx.errors import StoreRefused, UsageError
from cogx.ports import Edge, Node
from cogx.progress import Progress
from cogx.stores.json_graph.form import FORMAT
from cogx.stores.networkx_graph.attributes import edge_attributes, node_attributes

if TYPE_CHECKING:
    import networkx


class NetworkxWriter:
    """Make a ``networkx.MultiDiGraph``: a GraphWriter. It is ``graph``, once it is finished.

    Cost: memory for the whole graph.
    """

    def __init__(self) -> None:
        import networkx  # noqa: PLC0415 - 0.1 s and 30 MB that only this store needs

        self._graph: networkx.MultiDiGraph[Any] = networkx.MultiDiGraph()
        self._repeats: Counter[str] = Counter()
        self._state = "nodes"

    @property
    def graph(self) -> networkx.MultiDiGraph[Any]:
        """The graph, once it is whole.

        Raises:
            UsageError: ``finish()`` was not called, or ``abort()`` was.
        """
        if self._state != "finished":
            raise UsageError("The graph is not finished; call finish() first.")
        return self._graph

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        """Add a batch of new nodes; see GraphWriter.

        Raises:
            UsageError: edges were written already.
            StoreRefused: an id came twice.
        """
        self._check_open()
        if self._state != "nodes":
            raise UsageError("Nodes must be written before edges.")
        graph = self._graph
        for node in nodes:
            if node.id in graph:
                raise StoreRefused(f"Two nodes have the id {node.id!r:.80}.")
            # Not by add_node(), which has parameters that properties may be named like.
            graph.add_nodes_from([(node.id, node_attributes(node))])

    def write_edges(self, edges: Iterable[Edge]) -> None:
        """Add a batch of new edges, after the last node; see GraphWriter.

        Several may bear one id: between the same ends, later ones have a key of their own.

        Raises:
            StoreRefused: an end is not among the nodes.
        """
        self._check_open()
        self._state = "edges"
        graph = self._graph
        for edge in edges:
            for end in (edge.source, edge.target):
                if end not in graph:
                    raise StoreRefused(
                        f"Edge {edge.id!r:.80} ends in {end!r:.80}, which is no node."
                    )
            attributes = edge_attributes(edge)
            key = self._free_key(edge)
            if key != edge.id:
                attributes.setdefault("_cogx", {})["id"] = edge.id
            graph.add_edges_from([(edge.source, edge.target, key, attributes)])

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        """Mark the graph, and give it out."""
        self._check_open()
        progress.begin("keep graph", total=1, unit="graphs")
        self._graph.graph["cogx"] = {"format": FORMAT, "header": dict(header)}
        self._state = "finished"
        progress.advance(1)
        progress.end()

    def abort(self) -> None:
        """Drop what was not finished; may be called twice."""
        if self._state != "finished":
            self._state = "aborted"
            self._graph.clear()

    def _free_key(self, edge: Edge) -> str:
        key = edge.id
        while self._graph.has_edge(edge.source, edge.target, key):
            self._repeats[edge.id] += 1
            key = f"{edge.id}#{self._repeats[edge.id] + 1}"
        return key

    def _check_open(self) -> None:
        if self._state in ("finished", "aborted"):
            raise UsageError("This writer is finished or aborted; open a new one.")
