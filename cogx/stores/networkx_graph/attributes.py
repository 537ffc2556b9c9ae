"""Knows how a node or an edge becomes attributes of networkx and comes back; no graph."""

from __future__ import annotations

from typing import Any, Final

from cogx.ports import Edge, Node
from cogx.stores.json_graph.foreign import DEFAULT_TYPE
from cogx.stores.json_graph.form import EDGE_NAMES, NODE_NAMES
from cogx.stores.networkx_graph.values import value_of

STUB: Final = {"rest": {"stub": True}}
"""The ``_cogx`` of a node that only holds the place of another one."""


def node_attributes(node: Node) -> dict[str, Any]:
    """Return the attributes that stand for a node in networkx."""
    labels = {"labels": list(node.labels)} if node.labels else {}
    return _attributes(node, {"type": node.type, **labels}, NODE_NAMES)


def edge_attributes(edge: Edge) -> dict[str, Any]:
    """Return the attributes that stand for an edge in networkx."""
    return _attributes(edge, {"predicate": edge.predicate}, EDGE_NAMES)


def node_from(node_id: str, attributes: dict[str, Any], *, own: bool) -> Node:
    """Return the node of attributes; ``own`` tells whether cogx made the graph they are in.

    Raises:
        StoreRefused: a value that COGX cannot carry.
    """
    properties = values_of(node_id, attributes)
    node_type = properties.get("type")
    if type(node_type) is str and node_type:
        del properties["type"]
    else:
        node_type = DEFAULT_TYPE
    if not own:
        return Node(node_id, node_type, properties)
    labels = properties.get("labels")
    if isinstance(labels, list | tuple) and all(type(label) is str for label in labels):
        del properties["labels"]
    else:
        labels = ()
    return Node(node_id, node_type, properties, _take_rest(properties), tuple(labels))


def edge_from(key: str, source: str, target: str, attributes: dict[str, Any]) -> Edge:
    """Return the edge of attributes in a graph that cogx made; raises as node_from."""
    properties = values_of(key, attributes)
    predicate = properties.pop("predicate")
    ours = properties.get("_cogx")
    edge_id = ours.get("id", key) if isinstance(ours, dict) else key
    return Edge(edge_id, source, target, predicate, properties, _take_rest(properties))


def values_of(owner: str, attributes: dict[str, Any]) -> dict[str, Any]:
    """Return attributes with values that COGX can carry; raises as node_from."""
    return {name: value_of(owner, name, value) for name, value in attributes.items()}


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


def _take_rest(properties: dict[str, Any]) -> dict[str, Any] | None:
    """Take ``_cogx`` out, let its properties stand among the others, and return its rest."""
    ours = properties.pop("_cogx", None)
    if not isinstance(ours, dict):
        return None
    properties.update(ours.get("properties") or {})
    rest: dict[str, Any] | None = ours.get("rest")
    return rest
