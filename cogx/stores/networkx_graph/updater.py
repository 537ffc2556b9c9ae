"""Knows how a MultiDiGraph of networkx takes more in, at once when all of it is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cogx.errors import BadSetting, StoreRefused, UsageError
from cogx.ports import Edge, Node
from cogx.progress import Progress
from cogx.stores.json_graph.form import FORMAT
from cogx.stores.networkx_graph.attributes import edge_attributes, node_attributes
from cogx.stores.networkx_graph.reader import NetworkxReader

if TYPE_CHECKING:
    import networkx


class NetworkxUpdater(NetworkxReader):
    """Change a ``networkx.MultiDiGraph`` in place: a GraphUpdater, and a GraphReader.

    Nothing in the graph changes before ``finish()``.

    Raises:
        BadSetting: the graph is undirected, or holds one edge only between two nodes.
    Cost: memory for everything that is written, and for the ids and edges of the graph.
    """

    def __init__(self, graph: networkx.MultiDiGraph[Any]) -> None:
        if not graph.is_directed() or not graph.is_multigraph():
            raise BadSetting(
                "A graph to import into must be a networkx.MultiDiGraph: facts have a direction, "
                "and there may be several between two things."
            )
        super().__init__(graph)
        self._target = graph
        self._known: dict[str, Edge] | None = None
        self._new_nodes: dict[str, Node] = {}
        self._new_edges: dict[str, Edge] = {}
        self._over = False

    def begin(self, key: str) -> None:
        """Do nothing: until the end the graph is as it was."""

    def header(self) -> Mapping[str, Any]:
        """Return what a reader would; a graph of somebody else's has a source_system, too."""
        header = dict(super().header())
        if self._nodes:
            header.setdefault("source_system", "unknown")
        return header

    def nodes_at(self, ids: Sequence[str]) -> Mapping[str, Node]:
        """Return the nodes that are there, by id."""
        return {one: self._node(one) for one in ids if one in self._nodes}

    def edges_at(self, ids: Sequence[str]) -> Mapping[str, Edge]:
        """Return the edges that are there, by id.

        Raises:
            StoreRefused: two of them have one id.
        """
        known = self._edges_by_id()
        return {one: known[one] for one in ids if one in known}

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        """Add nodes, or put them in the place of those with their ids."""
        self._check_open()
        self._new_nodes.update((node.id, node) for node in nodes)

    def write_edges(self, edges: Iterable[Edge]) -> None:
        """Add edges, or put them in the place of those with their ids.

        Raises:
            StoreRefused: an end is not among the nodes.
        """
        self._check_open()
        for edge in edges:
            for end in (edge.source, edge.target):
                if end not in self._nodes and end not in self._new_nodes:
                    raise StoreRefused(
                        f"Edge {edge.id!r:.80} ends in {end!r:.80}, which is no node."
                    )
            self._new_edges[edge.id] = edge

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        """Change the graph, and mark it as one that cogx knows."""
        self._check_open()
        changed = len(self._new_nodes) + len(self._new_edges)
        progress.begin("keep graph", total=changed, unit="rows")
        graph = self._target
        known = self._edges_by_id()
        graph.add_nodes_from((one, {}) for one in self._new_nodes if one not in self._nodes)
        for one, node in self._new_nodes.items():
            place = graph.nodes[self._nodes.get(one, one)]
            place.clear()
            place.update(node_attributes(node))
        names = {**{one: one for one in self._new_nodes}, **self._nodes}
        for one, edge in self._new_edges.items():
            old = known.get(one)
            if old is not None:
                graph.remove_edge(names[old.source], names[old.target], one)
            ends = names[edge.source], names[edge.target]
            graph.add_edges_from([(*ends, edge.id, edge_attributes(edge))])
        graph.graph["cogx"] = {"format": FORMAT, "header": dict(header)}
        self._over = True
        super().__init__(graph)
        progress.advance(changed)
        progress.end()

    def abort(self) -> None:
        """Forget what was written; may be called twice."""
        self._over = True

    def _node(self, one: str) -> Node:
        return next(self._iter_nodes([one]))

    def _edges_by_id(self) -> dict[str, Edge]:
        if self._known is None:
            self._known = {}
            for edge in self.iter_edges():
                if edge.id in self._known:
                    raise StoreRefused(
                        f"Two edges of the graph have the id {edge.id!r:.80}. "
                        "Give each its own key."
                    )
                self._known[edge.id] = edge
        return self._known

    def _check_open(self) -> None:
        if self._over:
            raise UsageError("This updater is finished or aborted; make a new one.")
