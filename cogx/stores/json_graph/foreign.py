"""Knows how to make nodes and edges of what others write: node-link of networkx, and cognee.

Their ids may be anything and their edges have none, so both are derived, always the same way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Final

from cogx.ports import Edge, Node

DEFAULT_TYPE: Final = "Node"
DEFAULT_PREDICATE: Final = "related_to"
_PREDICATE_NAMES: Final = ("predicate", "relationship_name")
_PREDICATE_HINTS: Final = ("key", "relation", "label", "type")


def foreign_node(item: dict[str, Any]) -> Node:
    """Return the node of an item: ``type`` is its type, all else a property."""
    properties = {name: value for name, value in item.items() if name != "id"}
    kind = properties.get("type")
    if isinstance(kind, str) and kind:
        del properties["type"]
    else:
        kind = DEFAULT_TYPE
    return Node(_foreign_id(item["id"]), kind, properties)


def foreign_edges(items: list[dict[str, Any]]) -> Iterator[Edge]:
    """Yield the edges of all items, each with an id that its content decides."""
    seen: set[str] = set()
    for item in items:
        source, target = _foreign_id(item["source"]), _foreign_id(item["target"])
        predicate, properties = _foreign_predicate(item)
        edge_id = f"{source}:{predicate}:{target}"
        if edge_id in seen:
            digest = hashlib.sha256(json.dumps(item, sort_keys=True).encode()).hexdigest()
            edge_id = first = f"{edge_id}:{digest[:12]}"
            number = 2
            while edge_id in seen:
                edge_id, number = f"{first}:{number}", number + 1
        seen.add(edge_id)
        yield Edge(edge_id, source, target, predicate, properties)


def _foreign_predicate(item: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return an edge's predicate and the properties that are left."""
    properties = {name: item[name] for name in item if name not in ("source", "target")}
    if isinstance(properties.get("key"), int):
        # networkx numbers parallel edges; the number says nothing about the edge.
        del properties["key"]
    for name in _PREDICATE_NAMES:
        value = properties.get(name)
        if isinstance(value, str) and value:
            del properties[name]
            return value, properties
    for name in _PREDICATE_HINTS:
        value = properties.get(name)
        if isinstance(value, str) and value:
            return value, properties
    return DEFAULT_PREDICATE, properties


def _foreign_id(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
