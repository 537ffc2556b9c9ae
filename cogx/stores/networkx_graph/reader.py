"""Knows how to give a graph of networkx out, in order; changes nothing in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from cogx.errors import StoreRefused
from cogx.ports import Edge, Node
from cogx.stores.json_graph.foreign import foreign_edges
from cogx.stores.json_graph.form import FORMAT
from cogx.stores.networkx_graph.attributes import STUB, edge_from, node_from, values_of
from cogx.stores.networkx_graph.values import id_text, plain

if TYPE_CHECKING:
    import networkx

_CARRIED: Final = frozenset({"cogx", "node_default", "edge_default"})
_ENDS: Final = ("source", "target", "key")
Item = tuple[str, str, Any, dict[str, Any]]
"""Source, target, key (None if the graph has none) and attributes of an edge."""


class NetworkxReader:
    """Read a graph of networkx, of any of its kinds: a GraphReader.

    In a graph that cogx did not make, ``type`` is a node's type, and ``predicate``,
    ``relationship_name`` or a text key an edge's predicate; an edge's id is
    ``source:predicate:target``, with a hash from the second such edge on. Ids of nodes that are
    not text become their JSON (a UUID or a date its text). The header's notes count those, and
    name what is not carried, so that an export's manifest says it.

    Args:
        graph: any graph of networkx; nobody may change it while it is read.
        keys_are_ids: a text key is the edge's id, as in GraphML, if no two edges share one.
        notes: what else the header is to say.

    Raises:
        StoreRefused: two nodes have one text as id, an id has no text, or a newer cogx made it.
    Cost: memory for all ids, and for all edges while edges are read.
    """

    def __init__(
        self,
        graph: networkx.Graph[Any],
        *,
        keys_are_ids: bool = False,
        notes: tuple[str, ...] = (),
    ) -> None:
        mark = graph.graph.get("cogx")
        self._graph = graph
        self._mark = _checked(mark) if isinstance(mark, dict) else None
        self._keys_are_ids = keys_are_ids
        self._nodes = _by_text(graph)
        self._notes = [*notes, *self._losses()]

    def counts(self) -> tuple[int, int]:
        """Return (nodes, edges), stubs not counted."""
        cells = (attributes.get("_cogx") for attributes in self._graph.nodes.values())
        stubs = 0 if self._mark is None else sum(1 for cell in cells if cell == STUB)
        return len(self._nodes) - stubs, self._graph.number_of_edges()

    def header(self) -> Mapping[str, Any]:
        """Return the header of a graph that cogx made, with notes of what is not carried."""
        header = dict((self._mark or {}).get("header") or {})
        if self._notes:
            notes = dict.fromkeys([*header.get("notes", ()), *self._notes])
            header["notes"] = list(notes)
        return header

    def iter_nodes(self) -> Iterator[Node]:
        """Yield every node, ordered by id."""
        yield from self._iter_nodes(sorted(self._nodes))

    def iter_edges(self) -> Iterator[Edge]:
        """Yield every edge, ordered by id."""
        edges: list[Edge] = []
        foreign: list[Item] = []
        for source, target, key, attributes in self._items():
            predicate = attributes.get("predicate")
            if self._mark is not None and type(key) is str and type(predicate) is str:
                edges.append(edge_from(key, source, target, attributes))
            else:
                foreign.append((source, target, key, attributes))
        edges.extend(_foreign(foreign, self._keys_are_ids))
        edges.sort(key=attrgetter("id", "source", "target", "predicate"))
        yield from edges

    def close(self) -> None:
        """Do nothing: the graph belongs to the caller."""

    def _iter_nodes(self, texts: Iterable[str]) -> Iterator[Node]:
        for text in texts:
            attributes = self._graph.nodes[self._nodes[text]]
            yield node_from(text, attributes, own=self._mark is not None)

    def _items(self) -> Iterator[Item]:
        if self._graph.is_multigraph():
            for start, end, key, attributes in self._graph.edges(keys=True, data=True):
                yield id_text(start), id_text(end), key, attributes
        else:
            for start, end, attributes in self._graph.edges(data=True):
                yield id_text(start), id_text(end), None, attributes

    def _losses(self) -> Iterator[str]:
        renamed = sum(1 for text, key in self._nodes.items() if text is not key)
        if renamed:
            yield f"{renamed} ids of nodes in networkx were not text and became their text."
        if not self._graph.is_directed():
            yield "The graph of networkx is undirected; its edges go as networkx holds them."
        left = sorted(str(name) for name in self._graph.graph if name not in _CARRIED)
        if left:
            yield f"Attributes of the graph itself are not carried: {', '.join(left)}."


def _by_text(graph: networkx.Graph[Any]) -> dict[str, Any]:
    nodes: dict[str, Any] = {}
    for key in graph.nodes:
        text = id_text(key)
        if text in nodes:
            raise StoreRefused(
                f"Two nodes, {nodes[text]!r:.80} and {key!r:.80}, have the id {text!r:.80} as "
                "text. Rename one of them (networkx.relabel_nodes)."
            )
        nodes[text] = key
    return nodes


def _checked(mark: dict[str, Any]) -> dict[str, Any]:
    found = mark.get("format")
    if type(found) is not int or found > FORMAT:
        raise StoreRefused(
            f"The graph has form {found!r:.20}, made by a newer cogx. Upgrade cogx.", found=found
        )
    return mark


def _foreign(found: list[Item], keys_are_ids: bool) -> Iterator[Edge]:
    """Yield the edges of somebody's graph, with ids and predicates as their node-link form has."""
    keys = [key for _, _, key, _ in found if type(key) is str] if keys_are_ids else []
    trusted = len(set(keys)) == len(keys)
    items = []
    for source, target, key, attributes in found:
        item = {name: plain(source, name, value) for name, value in attributes.items()}
        if key is not None and not (keys_are_ids and type(key) is str):
            item["key"] = plain(source, "key", key)
        items.append(item | {"source": source, "target": target})
    for edge, (_, _, key, attributes) in zip(foreign_edges(items), found, strict=True):
        own = values_of(edge.id, attributes)
        edge.properties = {name: own.get(name, value) for name, value in edge.properties.items()}
        edge.properties |= {name: own[name] for name in _ENDS if name in own}
        if keys_are_ids and trusted and type(key) is str:
            edge.id = key
        yield edge
