"""Knows which table and column stands for which type, predicate and property, and its record.

The record lives in ``_cogx_meta``, one row per table, so that a table can be added later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from cogx.codec import canonical
from cogx.errors import StoreRefused
from cogx.stores.ladybug.kinds import KINDS, Kind
from cogx.stores.schema_version import check_version

SCHEMA_VERSION: Final = 1
_NODE: Final = "node_table:"
_EDGE: Final = "edge_table:"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table and the property it holds."""

    name: str
    property: str
    kind: Kind


@dataclass(slots=True)
class NodeTable:
    """A table of nodes.

    ``type`` is None where each row says its own, in the column ``type``. ``ours`` is False for
    a table that somebody else made: it has no ``labels`` and no ``_cogx``, and ``key`` is its
    primary key.
    """

    name: str
    type: str | None
    columns: list[Column] = field(default_factory=list)
    ours: bool = True
    key: str = "id"
    qualified: bool = False
    """Whether a node's id is written ``Table:key``, because the key alone would not do."""


@dataclass(slots=True)
class EdgeTable:
    """A table of relationships between pairs of node tables (by name)."""

    name: str
    predicate: str | None
    columns: list[Column] = field(default_factory=list)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    ours: bool = True
    keyed: bool = True
    """Whether the column ``id`` holds the edge's id."""


Table = NodeTable | EdgeTable


def table_record(table: Table) -> tuple[str, str]:
    """Return the key and the value under which a table is remembered."""
    columns = {column.name: [column.property, column.kind.name] for column in table.columns}
    if isinstance(table, NodeTable):
        return _NODE + table.name, _text({"type": table.type, "columns": columns})
    return _EDGE + table.name, _text({"predicate": table.predicate, "columns": columns})


def read_records(meta: dict[str, str]) -> tuple[dict[str, NodeTable], dict[str, EdgeTable]]:
    """Return the tables that were remembered, by name.

    Raises:
        StoreRefused: a newer schema version, or a record that cannot be read.
    """
    check_version(meta.get("schema_version"), SCHEMA_VERSION)
    nodes: dict[str, NodeTable] = {}
    edges: dict[str, EdgeTable] = {}
    for key, text in meta.items():
        try:
            if key.startswith(_NODE):
                value = msgspec.json.decode(text)
                name = key.removeprefix(_NODE)
                nodes[name] = NodeTable(name, value["type"], _columns(value))
            elif key.startswith(_EDGE):
                value = msgspec.json.decode(text)
                name = key.removeprefix(_EDGE)
                edges[name] = EdgeTable(name, value["predicate"], _columns(value))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreRefused(
                f"The store's record of {key!r:.80} is damaged. Restore the store from an archive."
            ) from error
    return nodes, edges


def _columns(value: dict[str, Any]) -> list[Column]:
    return [Column(name, prop, KINDS[kind]) for name, (prop, kind) in value["columns"].items()]


def _text(value: dict[str, Any]) -> str:
    return canonical.encode(value).decode()
