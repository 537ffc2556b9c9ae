"""Knows what a database's own catalog says, and how that meets the record of our layout.

Whatever the record does not know (a table or column that a person added) is taken as it is.
"""

from __future__ import annotations

import re
from typing import Any, Final

import pyarrow as pa

from cogx.errors import StoreRefused
from cogx.stores.ladybug.clashes import qualify_clashes
from cogx.stores.ladybug.database import Database
from cogx.stores.ladybug.kinds import KINDS, Kind
from cogx.stores.ladybug.layout import Column, EdgeTable, NodeTable, read_records
from cogx.stores.ladybug.names import META, quoted, text_literal

_OURS: Final = frozenset({"id", "_cogx"})
_BY_COLUMN: Final = {
    "STRING": "string",
    "BOOL": "bool",
    "DOUBLE": "float",
    "TIMESTAMP": "datetime",
    "TIMESTAMP_TZ": "instant",
    "DATE": "date",
    "INTERVAL": "duration",
    "BLOB": "bytes",
    "UUID": "uuid",
    "STRING[]": "strings",
    "INT64[]": "ints",
    "DOUBLE[]": "floats",
}
_INTEGER: Final = re.compile(r"U?INT(8|16|32|64)|SERIAL")
_COARSE_TIME: Final = re.compile(r"TIMESTAMP_(NS|MS|SEC|S)")


def read_meta(database: Database) -> dict[str, str] | None:
    """Return what the store remembers about itself, None if it is not one of ours."""
    if META not in {str(row[0]) for row in database.rows("CALL show_tables() RETURN name")}:
        return None
    rows = database.rows(f"MATCH (m:{META}) RETURN m.key, m.value")
    return {str(key): str(value) for key, value in rows}


def read_tables(
    database: Database, meta: dict[str, str] | None
) -> tuple[list[NodeTable], list[EdgeTable]]:
    """Return every table that holds part of the graph.

    Raises:
        StoreRefused: a newer layout, or a record that cannot be read.
    """
    known_nodes, known_edges = ({}, {}) if meta is None else read_records(meta)
    nodes: list[NodeTable] = []
    edges: list[EdgeTable] = []
    for name, kind in database.rows("CALL show_tables() RETURN name, type"):
        if kind == "NODE" and name != META:
            nodes.append(_node_table(database, str(name), known_nodes.get(name)))
        elif kind == "REL":
            edges.append(_edge_table(database, str(name), known_edges.get(name)))
    nodes.sort(key=lambda table: table.name)
    qualify_clashes(database, nodes)
    edges.sort(key=lambda table: table.name)
    return nodes, edges


def _node_table(database: Database, name: str, known: NodeTable | None) -> NodeTable:
    rows = database.rows(f"CALL table_info({text_literal(name)}) RETURN name, type, `primary key`")
    types = {str(column): str(kind) for column, kind, _ in rows}
    key = next((str(column) for column, _, primary in rows if primary), "id")
    if known is not None:
        _require(name, types, {"id", "_cogx"})
        shared = {"labels", "type"} if known.type is None else {"labels"}
        return NodeTable(name, known.type, _columns(types, known.columns, _OURS | shared))
    table = NodeTable(name, name, ours=False, key=key, qualified=types.get(key) != "STRING")
    hidden = frozenset({"id"}) if key == "id" and not table.qualified else frozenset[str]()
    table.columns = _columns(types, [], hidden)
    return table


def _edge_table(database: Database, name: str, known: EdgeTable | None) -> EdgeTable:
    literal = text_literal(name)
    rows = database.rows(f"CALL table_info({literal}) RETURN name, type")
    types = {str(column): str(kind) for column, kind in rows}
    joined = database.rows(f"CALL show_connection({literal}) RETURN *")
    pairs = [(str(row[0]), str(row[1])) for row in joined]
    if known is not None:
        _require(name, types, {"id", "_cogx"})
        shared = {"predicate"} if known.predicate is None else set()
        columns = _columns(types, known.columns, _OURS | shared)
        return EdgeTable(name, known.predicate, columns, pairs)
    keyed = types.get("id") == "STRING" and _is_key(database, name)
    hidden = frozenset({"id"}) if keyed else frozenset[str]()
    return EdgeTable(name, name, _columns(types, [], hidden), pairs, ours=False, keyed=keyed)


def _require(table: str, types: dict[str, str], needed: set[str]) -> None:
    missing = sorted(needed - types.keys())
    if missing:
        raise StoreRefused(
            f"Table {table!r:.80} has lost its column {missing[0]!r}. "
            "Add it again, or restore the store from an archive."
        )


def _is_key(database: Database, name: str) -> bool:
    """Tell whether the column ``id`` of somebody's relationships names each of them."""
    query = f"MATCH ()-[r:{quoted(name)}]->() RETURN count(*), count(DISTINCT r.id)"
    ((rows, distinct),) = database.rows(query)
    return bool(rows == distinct)


def _columns(
    types: dict[str, str], known: list[Column], hidden: frozenset[str] | set[str]
) -> list[Column]:
    """Return a column per property; the record's kind counts while the type is still its."""
    recorded = {column.name: column for column in known}
    columns = []
    for name, kind in types.items():
        if name in hidden:
            continue
        column = recorded.get(name)
        if column is None:
            columns.append(Column(name, name, _kind(kind)))
        elif column.kind.column == kind:
            columns.append(column)
        else:
            columns.append(Column(name, column.property, _kind(kind)))
    return columns


def _kind(column: str) -> Kind:
    if column in _BY_COLUMN:
        return KINDS[_BY_COLUMN[column]]
    if _INTEGER.fullmatch(column):
        return KINDS["int"]
    if column == "FLOAT":
        return KINDS["float"]
    if _COARSE_TIME.fullmatch(column):
        return Kind("foreign time", column, pa.timestamp("us"), frozenset())
    if column.endswith("INT128"):
        return Kind("foreign text", column, pa.string(), frozenset(), read=_read_integer)
    return Kind("foreign", column, pa.null(), frozenset(), read=_plain)


def _read_integer(text: str) -> Any:
    return int(text)


def _plain(value: Any) -> Any:
    """Bring nested values of somebody's columns to objects and lists with text keys."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        if value and all(isinstance(item, tuple) and len(item) == 2 for item in value):
            return {str(key): _plain(item) for key, item in value}
        return [_plain(item) for item in value]
    return value
