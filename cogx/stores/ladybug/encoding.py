"""Knows the columns of a node or an edge in a Parquet file for loading, in order.

Nodes: id, [type,] labels, _cogx, properties. Edges: from, to, id, [predicate,] _cogx,
properties. Properties stand in the order of the family's shape; all names are positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa

from cogx.ports import Edge, Node
from cogx.stores.ladybug.columns import Leftovers, array
from cogx.stores.ladybug.notes import write_note
from cogx.stores.ladybug.spool import Family

_TEXT: Final = pa.string()
_TEXTS: Final = pa.list_(pa.string())
_ROW_WEIGHT: Final = 300
_CELL_WEIGHT: Final = 60


def encode_nodes(family: Family[Node], nodes: list[Node]) -> pa.Table:
    """Return the columns of nodes of one family."""
    columns = {"id": array([node.id for node in nodes], _TEXT)}
    if family.name is None:
        columns["type"] = array([node.type for node in nodes], _TEXT)
    labels = [list(node.labels) if node.labels else None for node in nodes]
    columns["labels"] = array(labels, _TEXTS)
    return _with_properties(columns, family, nodes)


def encode_edges(family: Family[Edge], edges: list[Edge]) -> pa.Table:
    """Return the columns of edges of one family and pair."""
    columns = {
        "from": array([edge.source for edge in edges], _TEXT),
        "to": array([edge.target for edge in edges], _TEXT),
        "id": array([edge.id for edge in edges], _TEXT),
    }
    if family.name is None:
        columns["predicate"] = array([edge.predicate for edge in edges], _TEXT)
    return _with_properties(columns, family, edges)


def weight_of(row: Node | Edge) -> int:
    """Return about how many bytes a row takes while it waits in memory."""
    total = _ROW_WEIGHT + _weight(row.properties)
    return total if row.rest is None else total + _weight(row.rest)


def _weight(values: dict[str, Any]) -> int:
    total = _CELL_WEIGHT * len(values)
    for value in values.values():
        kind = type(value)
        if kind is str or kind is bytes:
            total += len(value)
        elif kind is list or kind is dict:
            total += _CELL_WEIGHT * len(value)
    return total


def _with_properties(
    columns: dict[str, pa.Array], family: Family[Any], rows: Sequence[Node | Edge]
) -> pa.Table:
    filled, left = family.shape.fill([row.properties for row in rows])
    columns["_cogx"] = array(_notes(rows, left), _TEXT)
    for number, (name, kind) in enumerate(family.shape.kinds.items()):
        column = filled.get(name)
        columns[f"p{number}"] = pa.nulls(len(rows), kind.arrow) if column is None else column
    return pa.table(columns)


def _notes(rows: Sequence[Node | Edge], left: Leftovers) -> list[str | None]:
    if not left:
        return [None if row.rest is None else write_note(row.id, row.rest, None) for row in rows]
    return [write_note(row.id, row.rest, left.get(number)) for number, row in enumerate(rows)]
