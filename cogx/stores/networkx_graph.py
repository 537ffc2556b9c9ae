"""Knows a graph in memory as networkx has it: reads any, makes a MultiDiGraph; no file.

In what is made, a node's attributes are ``type``, ``labels`` if it has any, and its properties
as Python values; an edge's key is its id, its attributes are ``predicate`` and its properties.
``_cogx`` holds ``rest`` and those properties whose names are taken, so that networkx's own
node-link form of the graph is the one of :mod:`cogx.stores.json_graph`. ``graph.graph["cogx"]``
marks such a graph, and holds the header. networkx is imported by the writer, not before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from cogx.errors import StoreRefused, UsageError
from cogx.ports import Edge, Node
from cogx.progress import Progress
from cogx.stores.json_graph.foreign import DEFAULT_TYPE, foreign_edges
from cogx.stores.json_graph.form import EDGE_NAMES, FORMAT, NODE_NAMES
from cogx.stores.networkx_values import id_text, plain, value_of

if TYPE_CHECKING:
    import networkx

_NO_LOSS: Final = frozenset({"cogx", "node_default", "edge_default"})
_ENDS: Final = ("source", "target", "key")


class NetworkxReader:
    """Read a graph of networkx, of any of its kinds: a GraphReader. The graph stays as it is.

    In a graph that cogx did not make, ``type`` is a node's type, and ``predicate``,
    ``relationship_name`` or a text key an edge's predicate; an edge's id is
    ``source:predicate:target``, with a hash from the second such edge on. Node ids that are not
    text become their JSON (a UUID or a date its text), which the header's notes count, as they
    name what is not carried.

    Args:
        graph: any graph of networkx; nobody may change it while it is read.
        keys_are_ids: a text key is the edge's id, as in GraphML, if no two edges have one.

    Raises:
        StoreRefused: two nodes have one text as id, or an id has no text.
    Cost: memory for all edges while edges are read.
    """

    def __init__(self, graph: networkx.Graph[Any], *, keys_are_ids: bool = False) -> None:
        mark = graph.graph.get("cogx")
        self._graph = graph
        self._mark: dict[str, Any] | None = _checked(mark) if isinstance(mark, dict) else None
        self._keys_are_ids = keys_are_ids
        self._nodes: dict[str, Any] = {}
        for key in graph.nodes:
            text = id_text(key)
            if self._nodes.setdefault(text, key) is not key:
                raise StoreRefused(
                    f"Two nodes, {self._nodes[text]!r:.80} and {key!r:.80}, have the id "
                    f"{text!r:.80} as text. Rename one of them (networkx.relabel_nodes)."
                )

    def counts(self) -> tuple[int, int]:
        """Return (nodes, edges), stubs not counted."""
        stubs = sum(1 for node in self.iter_nodes() if node.rest == {"stub": True})
        return len(self._nodes) - stubs, self._graph.number_of_edges()

    def header(self) -> Mapping[str, Any]:
        """Return the header of a graph that cogx made, and notes of what is not carried."""
        header = dict((self._mark or {}).get("header") or {})
        notes = list(self._notes())
        return header | {"notes": [*header.get("notes", ()), *notes]} if notes else header

    def iter_nodes(self) -> Iterator[Node]:
        """Yield every node, ordered by id."""
        for text in sorted(self._nodes):
            yield self._node(text, self._graph.nodes[self._nodes[text]])

    def iter_edges(self) -> Iterator[Edge]:
        """Yield every edge, ordered by id."""
        edges: list[Edge] = []
        foreign: list[tuple[str, str, Any, dict[str, Any]]] = []
        for start, end, key, attributes in self._items():
            source, target = id_text(start), id_text(end)
            predicate = attributes.get("predicate")
            if self._mark and type(key) is str and type(predicate) is str:
                edges.append(_own_edge(key, source, target, attributes))
            else:
                foreign.append((source, target, key, attributes))
        edges.extend(_foreign(foreign, self._keys_are_ids))
        edges.sort(key=attrgetter("id", "source", "target", "predicate"))
        yield from edges

    def close(self) -> None:
        """Do nothing: the graph belongs to the caller."""

    def _items(self) -> Iterator[tuple[Any, Any, Any, dict[str, Any]]]:
        if self._graph.is_multigraph():
            yield from self._graph.edges(keys=True, data=True)
        else:
            for start, end, attributes in self._graph.edges(data=True):
                yield start, end, None, attributes

    def _node(self, node_id: str, attributes: dict[str, Any]) -> Node:
        properties = {name: value_of(node_id, name, v) for name, v in attributes.items()}
        node_type = properties.get("type")
        if type(node_type) is str and node_type:
            del properties["type"]
        else:
            node_type = DEFAULT_TYPE
        if self._mark is None:
            return Node(node_id, node_type, properties)
        labels = properties.get("labels")
        if isinstance(labels, list | tuple) and all(type(label) is str for label in labels):
            del properties["labels"]
        else:
            labels = ()
        return Node(node_id, node_type, properties, _take_rest(properties), tuple(labels))

    def _notes(self) -> Iterator[str]:
        renamed = sum(1 for text, key in self._nodes.items() if text is not key)
        if renamed:
            yield f"{renamed} node ids of networkx that are not text became their text."
        if not self._graph.is_directed():
            yield "The graph of networkx is undirected; edges go as networkx holds them."
        left = sorted(str(name) for name in self._graph.graph if name not in _NO_LOSS)
        if left:
            yield f"Attributes of the graph itself are not carried: {', '.join(left)}."


class NetworkxWriter:
    """Make a ``networkx.MultiDiGraph``: a GraphWriter. It is ``graph``, once it is finished."""

    def __init__(self) -> None:
        import networkx  # noqa: PLC0415

        self._graph: networkx.MultiDiGraph[Any] = networkx.MultiDiGraph()
        self._finished = self._over = False

    @property
    def graph(self) -> networkx.MultiDiGraph[Any]:
        """The graph, whole; UsageError before ``finish()`` and after ``abort()``."""
        if not self._finished:
            raise UsageError("The graph is not finished; call finish() first.")
        return self._graph

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        """Add a batch of new nodes; see GraphWriter. StoreRefused if an id came twice."""
        self._check_open()
        graph = self._graph
        for node in nodes:
            if node.id in graph:
                raise StoreRefused(f"Two nodes have the id {node.id!r:.80}.")
            # One by one, but not by add_node(): it reserves names for itself.
            graph.add_nodes_from([(node.id, node_attributes(node))])

    def write_edges(self, edges: Iterable[Edge]) -> None:
        """Add a batch of new edges; see GraphWriter. StoreRefused if an end is no node."""
        self._check_open()
        graph = self._graph
        for edge in edges:
            for end in (edge.source, edge.target):
                if end not in graph:
                    raise StoreRefused(
                        f"Edge {edge.id!r:.80} ends in {end!r:.80}, which is no node."
                    )
            key, attributes = edge.id, edge_attributes(edge)
            if graph.has_edge(edge.source, edge.target, key):
                attributes.setdefault("_cogx", {})["id"] = edge.id
                between = graph.number_of_edges(edge.source, edge.target)
                while graph.has_edge(edge.source, edge.target, key):
                    key, between = f"{edge.id}#{between + 1}", between + 1
            graph.add_edges_from([(edge.source, edge.target, key, attributes)])

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        """Mark the graph, and give it out."""
        self._check_open()
        progress.begin("keep graph", total=1, unit="graphs")
        self._graph.graph["cogx"] = {"format": FORMAT, "header": dict(header)}
        self._finished = self._over = True
        progress.advance(1)
        progress.end()

    def abort(self) -> None:
        """Drop what was not finished; may be called twice."""
        self._over = True
        if not self._finished:
            self._graph.clear()

    def _check_open(self) -> None:
        if self._over:
            raise UsageError("This writer is finished or aborted; open a new one.")


def node_attributes(node: Node) -> dict[str, Any]:
    """Return the attributes that stand for a node in networkx."""
    labels = {"labels": list(node.labels)} if node.labels else {}
    return _attributes(node, {"type": node.type, **labels}, NODE_NAMES)


def edge_attributes(edge: Edge) -> dict[str, Any]:
    """Return the attributes that stand for an edge in networkx."""
    return _attributes(edge, {"predicate": edge.predicate}, EDGE_NAMES)


def _attributes(
    row: Node | Edge, attributes: dict[str, Any], taken: frozenset[str]
) -> dict[str, Any]:
    ours: dict[str, Any] = {} if row.rest is None else {"rest": row.rest}
    for name, value in row.properties.items():
        if name in taken:
            ours.setdefault("properties", {})[name] = value
        else:
            attributes[name] = value
    if ours:
        attributes["_cogx"] = ours
    return attributes


def _checked(mark: dict[str, Any]) -> dict[str, Any]:
    found = mark.get("format")
    if type(found) is not int or found > FORMAT:
        raise StoreRefused(
            f"The graph has form {found!r:.20}, made by a newer cogx. Upgrade cogx.", found=found
        )
    return mark


def _take_rest(properties: dict[str, Any]) -> dict[str, Any] | None:
    """Take ``_cogx`` out, let its properties stand among the others, and return its rest."""
    ours = properties.pop("_cogx", None)
    if not isinstance(ours, dict):
        return None
    properties.update(ours.get("properties") or {})
    rest: dict[str, Any] | None = ours.get("rest")
    return rest


def _own_edge(key: str, source: str, target: str, attributes: dict[str, Any]) -> Edge:
    properties = {name: value_of(key, name, value) for name, value in attributes.items()}
    predicate = properties.pop("predicate")
    edge_id = (properties.get("_cogx") or {}).get("id", key)
    return Edge(edge_id, source, target, predicate, properties, _take_rest(properties))


def _foreign(
    found: list[tuple[str, str, Any, dict[str, Any]]], keys_are_ids: bool
) -> Iterator[Edge]:
    """Yield the edges of somebody's graph, with the ids and predicates of their node-link form."""
    keys = [key for _, _, key, _ in found if type(key) is str] if keys_are_ids else []
    ids = len(set(keys)) == len(keys)
    items = []
    for source, target, key, attributes in found:
        item = {name: plain(source, name, value) for name, value in attributes.items()}
        if key is not None and not (keys_are_ids and type(key) is str):
            item["key"] = plain(source, "key", key)
        items.append(item | {"source": source, "target": target})
    for edge, (_, _, key, attributes) in zip(foreign_edges(items), found, strict=True):
        own = {name: value_of(edge.id, name, value) for name, value in attributes.items()}
        edge.properties = {name: own.get(name, value) for name, value in edge.properties.items()}
        edge.properties |= {name: own[name] for name in _ENDS if name in own}
        if keys_are_ids and ids and type(key) is str:
            edge.id = key
        yield edge
