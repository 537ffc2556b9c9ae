"""Knows how nodes and edges become labels and properties and come back; asks no server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from cogx.errors import StoreRefused
from cogx.ports import Edge, Node
from cogx.stores.bolt.catalog import Catalog
from cogx.stores.bolt.dialect import EDGE, NODE, Dialect
from cogx.stores.bolt.notes import Labels, read_row, write_row
from cogx.stores.bolt.received import from_bolt
from cogx.stores.bolt.values import PLAIN


@dataclass(frozen=True, slots=True)
class HeldEdge:
    """An edge as the server holds it."""

    source: str
    target: str
    relationship: str
    properties: dict[str, Any]

    def state(self) -> dict[str, Any]:
        """Return it as an object."""
        return {
            "source": self.source,
            "target": self.target,
            "relationship": self.relationship,
            "properties": self.properties,
        }


UNTYPED: Final = "Node"
"""The type of a node that somebody made with no label of its own."""
BOOKKEEPING: Final = ("_cogx_import", "_cogx_before")


def node_row(node: Node, dialect: Dialect, catalog: Catalog) -> tuple[tuple[str, ...], Any]:
    """Return (labels, properties) for a node.

    Raises:
        StoreRefused: a value that no JSON can say, such as half a surrogate pair.
    """
    own = catalog.label_of(node.type)
    labels = [NODE] if own is None else [NODE, own]
    noted = None
    if node.labels:
        real = [label for name in node.labels if (label := catalog.label_of(name)) is not None]
        labels.extend(real)
        noted = Labels(node.type, list(node.labels), sorted(set(labels[1:])))
    row = write_row(node.id, node.properties, node.rest, dialect, noted)
    if own is None:
        row["_cogx_type"] = node.type
    return tuple(dict.fromkeys(labels)), row


def edge_row(edge: Edge, dialect: Dialect, catalog: Catalog) -> tuple[str, dict[str, Any]]:
    """Return (relationship type, properties) for an edge; raises as node_row."""
    relationship = catalog.relationship_of(edge.predicate)
    row = write_row(edge.id, edge.properties, edge.rest, dialect)
    if relationship is None:
        row["_cogx_predicate"] = edge.predicate
        return EDGE, row
    return relationship, row


def node_of_row(
    node_id: Any, labels: Sequence[str], held: dict[str, Any], losses: Counter[str]
) -> Node:
    """Return the node that labels and properties stand for.

    Args:
        held: its properties, but the one that its id was taken from; changed.

    Raises:
        StoreRefused: an id that is no text, or a note that is not what cogx writes.
    """
    _check_id(node_id, "node")
    note, other_type = _reserved(held, "_cogx_type")
    _convert(held, losses)
    rest, noted = read_row(node_id, held, note)
    node_type, more = _named(labels, other_type, noted)
    return Node(node_id, node_type, held, rest, more)


def edge_of_row(edge_id: Any, edge: HeldEdge, losses: Counter[str]) -> Edge:
    """Return the edge that a relationship stands for; as node_of_row."""
    _check_id(edge_id, "relationship")
    held = edge.properties
    note, predicate = _reserved(held, "_cogx_predicate")
    _convert(held, losses)
    rest, _ = read_row(edge_id, held, note)
    named = edge.relationship == EDGE and isinstance(predicate, str)
    return Edge(
        edge_id, edge.source, edge.target, predicate if named else edge.relationship, held, rest
    )


def _check_id(row_id: Any, what: str) -> None:
    if type(row_id) is not str:
        raise StoreRefused(
            f"A {what} has the id {row_id!r:.80}, and ids are text. "
            "Set it to text (toString), or remove the property."
        )


def _reserved(held: dict[str, Any], name: str) -> tuple[Any, Any]:
    for bookkeeping in BOOKKEEPING:
        held.pop(bookkeeping, None)
    return held.pop("_cogx", None), held.pop(name, None)


def _convert(held: dict[str, Any], losses: Counter[str]) -> None:
    for name, value in held.items():
        if type(value) not in PLAIN:
            held[name] = from_bolt(value, losses)


def _named(
    labels: Sequence[str], other_type: Any, noted: Labels | None
) -> tuple[str, tuple[str, ...]]:
    """Return (type, further labels); a label that a person set or removed is the truth."""
    own = [label for label in labels if label != NODE]
    unlabelled = other_type if isinstance(other_type, str) else None
    if noted is None:
        if unlabelled is not None:
            return unlabelled, tuple(own)
        return (own[0], tuple(own[1:])) if own else (UNTYPED, ())
    gone = set(noted.real).difference(own)
    more = [label for label in noted.more if label not in gone]
    more += [label for label in own if label not in noted.real]
    if unlabelled is not None:
        return unlabelled, tuple(more)
    if noted.type not in gone:
        return noted.type, tuple(more)
    return (more[0], tuple(more[1:])) if more else (UNTYPED, ())
