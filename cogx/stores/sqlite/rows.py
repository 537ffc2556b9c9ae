"""Knows how nodes and edges become rows of SQL and come back; asks no database.

``properties`` is a JSON object with typed values tagged inline. ``_cogx`` is null, or a JSON
object with ``rest`` (the row's rest, as it was). ``labels`` is null, or a JSON list of text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from cogx.codec.canonical import NotJson, encode
from cogx.codec.typed import TAG, from_json, to_json
from cogx.errors import StoreRefused
from cogx.ports import Edge, Node

_PLAIN: Final = frozenset({str, int, bool, type(None)})
_TAG_TEXT: Final = f'"{TAG}"'
_read_object: Final = msgspec.json.Decoder(dict[str, Any]).decode
_read_texts: Final = msgspec.json.Decoder(tuple[str, ...]).decode


class _Cell(msgspec.Struct, forbid_unknown_fields=True):
    rest: dict[str, Any]


_read_cell: Final = msgspec.json.Decoder(_Cell).decode


def node_row(node: Node) -> tuple[str | bytes | None, ...]:
    """Return the row of a node, in the order of NODE_COLUMNS.

    Raises:
        StoreRefused: a value that no JSON can say, such as half a surrogate pair.
    """
    try:
        labels = encode(list(node.labels)).decode() if node.labels else None
        return node.id, node.type, labels, _properties(node.properties), _cell(node.rest)
    except (NotJson, TypeError) as error:
        raise _unfit(node.id, error) from error


def edge_row(edge: Edge) -> tuple[str | bytes | None, ...]:
    """Return the row of an edge, in the order of EDGE_COLUMNS; raises as node_row."""
    try:
        properties, cell = _properties(edge.properties), _cell(edge.rest)
    except (NotJson, TypeError) as error:
        raise _unfit(edge.id, error) from error
    return edge.id, edge.source, edge.target, edge.predicate, properties, cell


def node_of_row(row: Sequence[Any], added: Sequence[str]) -> Node:
    """Return the node of a row: NODE_COLUMNS, then the columns that somebody added.

    Raises:
        StoreRefused: a cell is not what cogx writes.
    """
    node_id, node_type, labels, properties, cell = row[:5]
    try:
        node = Node(
            _text(node_id),
            _text(node_type),
            _read_properties(properties),
            None if cell is None else _read_cell(cell).rest,
            () if labels is None else _read_texts(labels),
        )
    except (ValueError, TypeError) as error:
        raise _unreadable("node", node_id, error) from error
    if added:
        _add(node.properties, added, row[5:])
    return node


def edge_of_row(row: Sequence[Any], added: Sequence[str]) -> Edge:
    """Return the edge of a row: EDGE_COLUMNS, then added columns; raises as node_of_row."""
    edge_id, source, target, predicate, properties, cell = row[:6]
    try:
        edge = Edge(
            _text(edge_id),
            _text(source),
            _text(target),
            _text(predicate),
            _read_properties(properties),
            None if cell is None else _read_cell(cell).rest,
        )
    except (ValueError, TypeError) as error:
        raise _unreadable("edge", edge_id, error) from error
    if added:
        _add(edge.properties, added, row[6:])
    return edge


def _properties(properties: dict[str, Any]) -> bytes:
    for value in properties.values():
        if type(value) not in _PLAIN:
            properties = {name: to_json(value) for name, value in properties.items()}
            break
    return encode(properties)


def _cell(rest: dict[str, Any] | None) -> str | None:
    return None if rest is None else encode({"rest": rest}).decode()


def _read_properties(text: str) -> dict[str, Any]:
    properties = _read_object(text)
    if _TAG_TEXT in text:
        return {name: from_json(value) for name, value in properties.items()}
    return properties


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError(f"text expected, not {value!r:.40}")
    return value


def _add(properties: dict[str, Any], names: Sequence[str], values: Sequence[Any]) -> None:
    for name, value in zip(names, values, strict=True):
        if value is not None:
            properties.setdefault(name, value)


def _unfit(row_id: str, error: Exception) -> StoreRefused:
    return StoreRefused(
        f"{row_id!r:.80}: a value cannot be stored ({error}). Change or drop that property."
    )


def _unreadable(what: str, row_id: Any, error: Exception) -> StoreRefused:
    return StoreRefused(
        f"The {what} {row_id!r:.80} has a cell that cogx cannot read ({error}). properties must "
        "be a JSON object, labels and _cogx null or as cogx wrote them. Mend it, or delete the row."
    )
