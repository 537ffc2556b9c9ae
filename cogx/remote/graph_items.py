"""Knows what one node and one edge of a graph answer must hold; not how the answer is read.

What a newer server says beside that is kept, as properties.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

_SHOWN: Final = 80


class GraphNode(Struct, gc=False):
    """A node as the server shows it; ``label`` is its name, or its type and id if it has none."""

    id: str
    label: str
    type: str
    properties: dict[str, Any]


class GraphEdge(Struct, gc=False):
    """An edge as the server shows it; a cognee gives no properties."""

    source: str
    target: str
    label: str
    properties: dict[str, Any]


class Unfit(Exception):
    """An item is no node or edge; the text says which field is wrong and how, after its place."""


def node_in(item: dict[str, Any]) -> GraphNode:
    """Return the node that an item is; the item is used up. Raises Unfit."""
    identity, label, node_type = _id(item, "id"), _text(item, "label"), _text(item, "type")
    return GraphNode(identity, label, node_type, _properties(item))


def edge_in(item: dict[str, Any]) -> GraphEdge:
    """Return the edge that an item is; the item is used up. Raises Unfit."""
    source, target, label = _id(item, "source"), _id(item, "target"), _text(item, "label")
    return GraphEdge(source, target, label, _properties(item))


def number_in(value: int | Decimal) -> int | float | Decimal:
    """Return a number as the server wrote it: a float only where that says all of it."""
    if isinstance(value, int):
        return value
    short = float(value)
    return short if Decimal(repr(short)) == value else value


def _id(item: dict[str, Any], name: str) -> str:
    value = item.pop(name, None)
    if not isinstance(value, str) or not value:
        raise Unfit(f".{name} is {value!r:.{_SHOWN}}, no text")
    return value


def _text(item: dict[str, Any], name: str) -> str:
    value = item.pop(name, None)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unfit(f".{name} is {value!r:.{_SHOWN}}, no text")
    return value


def _properties(item: dict[str, Any]) -> dict[str, Any]:
    found = item.pop("properties", None)
    if found is None:
        found = {}
    if not isinstance(found, dict):
        raise Unfit(f".properties is {found!r:.{_SHOWN}}, no object")
    for name, value in item.items():
        while name in found:
            name += "_"
        found[name] = value
    return found
