"""Knows how the columns of a block become nodes and edges again; asks no database.

A block's columns: ``k`` the id, then ``t`` type or ``p`` predicate where each row says its
own, ``s`` and ``o`` the ends of an edge, ``l`` labels, ``x`` the ``_cogx`` cell, and
``c0``... the properties in the order of the table's columns.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from cogx.ports import Edge, Node
from cogx.stores.ladybug.kinds import KINDS
from cogx.stores.ladybug.layout import Column, EdgeTable, NodeTable
from cogx.stores.ladybug.notes import read_note


def decode_nodes(table: NodeTable, block: pa.Table) -> list[Node]:
    """Return the nodes of a block, in its order."""
    ids = block["k"].to_pylist()
    properties = _properties(table.columns, block)
    types = [table.type] * len(ids) if table.type is not None else block["t"].to_pylist()
    if not table.ours:
        return list(map(Node, ids, types, properties))
    nodes = list(map(Node, ids, types, properties, _rests(table.columns, block, ids, properties)))
    if block["l"].null_count < len(ids):
        for node, labels in zip(nodes, block["l"].to_pylist(), strict=True):
            if labels:
                node.labels = tuple(labels)
    return nodes


def decode_edges(table: EdgeTable, block: pa.Table) -> list[Edge]:
    """Return the edges of a block, in its order."""
    ids = block["k"].to_pylist()
    properties = _properties(table.columns, block)
    if table.predicate is not None:
        predicates = [table.predicate] * len(ids)
    else:
        predicates = block["p"].to_pylist()
    rests = _rests(table.columns, block, ids, properties) if table.ours else [None] * len(ids)
    ends = block["s"].to_pylist(), block["o"].to_pylist()
    return list(map(Edge, ids, *ends, predicates, properties, rests))


def _properties(columns: list[Column], block: pa.Table) -> list[dict[str, Any]]:
    names = []
    values = []
    sparse = False
    for number, column in enumerate(columns):
        cells = block[f"c{number}"]
        if cells.null_count < len(cells):
            sparse = sparse or cells.null_count > 0
            names.append(column.property)
            values.append(_read(column, cells))
    if not names:
        return [{} for _ in range(block.num_rows)]
    rows = zip(*values, strict=True)
    if not sparse:
        return [dict(zip(names, row, strict=True)) for row in rows]
    return [
        {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for row in rows
    ]


def _read(column: Column, cells: pa.ChunkedArray) -> list[Any]:
    kind = column.kind
    if kind.name == "instant":
        # The zone is UTC; Arrow would make a zone object of its own for every value.
        cells = cells.cast(pa.timestamp("us"))
    values: list[Any] = cells.to_pylist()
    if kind.read is None:
        return values
    return [None if value is None else kind.read(value) for value in values]


def _rests(
    columns: list[Column], block: pa.Table, ids: list[str], properties: list[dict[str, Any]]
) -> list[dict[str, Any] | None]:
    cells = block["x"]
    if cells.null_count == len(ids):
        return [None] * len(ids)
    kinds = {column.property: column.kind for column in columns if column.kind.name in KINDS}
    return [
        None if cell is None else read_note(row_id, cell, values, kinds)
        for row_id, cell, values in zip(ids, cells.to_pylist(), properties, strict=True)
    ]
