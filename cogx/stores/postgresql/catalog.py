"""Knows what stands in a schema already: nothing, a store of cogx, or tables of somebody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from psycopg import sql

from cogx.errors import StoreRefused
from cogx.stores.postgresql import layout
from cogx.stores.postgresql.address import Address
from cogx.stores.postgresql.connection import Connection
from cogx.stores.schema_version import check_version

_COLUMNS_OF: Final = {"nodes": layout.NODE_COLUMNS, "edges": layout.EDGE_COLUMNS}
_RELATIONS: Final = """SELECT relname, relkind::text FROM pg_class
JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = %s"""
_COLUMNS: Final = """SELECT attname, typname, attgenerated::text || attidentity::text
FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"""
_TABLE_KINDS: Final = frozenset({"r", "p"})

_SCALARS: Final = (
    "bool", "int2", "int4", "int8", "float4", "float8", "numeric", "text", "varchar", "bpchar",
    "date", "time", "timetz", "timestamp", "timestamptz", "bytea", "uuid", "json", "jsonb",
)  # fmt: skip
_READ_AS_THEY_ARE: Final = frozenset([*_SCALARS, *(f"_{name}" for name in _SCALARS)])
"""Types of added columns that are values of ours; any other is read as the text psql shows."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a store: what to ask for, and the columns that somebody added to it."""

    name: str
    listed: sql.Composed
    added: tuple[str, ...]
    shown_added: tuple[sql.Composable, ...]


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a store of cogx says about itself."""

    meta: Mapping[str, str]
    nodes: Table
    edges: Table

    def header(self) -> Mapping[str, Any]:
        """Return the header that was kept.

        Raises:
            StoreRefused: it is damaged.
        """
        try:
            return msgspec.json.decode(self.meta.get("header", "{}"), type=dict[str, Any])
        except msgspec.MsgspecError as error:
            raise StoreRefused(
                "The header kept in _cogx_meta is damaged. Delete that row to do without it."
            ) from error


def look(connection: Connection, address: Address) -> Catalog | None:
    """Return what is known of the store in the schema, None if nothing is there.

    Raises:
        StoreRefused: tables of somebody else, of a newer cogx, or a store that lost something.
    """
    kinds: dict[str, str] = dict(connection.execute(_RELATIONS, [address.schema]).fetchall())
    if not kinds:
        return None
    if kinds.get(layout.META) not in _TABLE_KINDS:
        raise StoreRefused(
            f"{address.text} holds tables, but not those of a store of cogx, so cogx does not know "
            "where its graph is and adds nothing. Name another schema."
        )
    # Named with its schema: a schema that a user may not look into is no part of a search path.
    place = sql.Identifier(address.schema, layout.META)
    query = sql.SQL("SELECT key, value FROM {}").format(place)
    meta: dict[str, str] = dict(connection.execute(query).fetchall())
    check_version(meta.get("schema_version"), layout.SCHEMA_VERSION)
    for name in _COLUMNS_OF:
        if kinds.get(name) not in _TABLE_KINDS:
            raise StoreRefused(
                f"{address.text} has lost its table {name!r}. Restore the store from an archive."
            )
    return Catalog(meta, _table(connection, "nodes"), _table(connection, "edges"))


def has_nodes(connection: Connection) -> bool:
    """Tell whether there is a node."""
    return connection.execute("SELECT 1 FROM nodes LIMIT 1").fetchone() is not None


def _table(connection: Connection, name: str) -> Table:
    """Return a table of ours with the columns that somebody added.

    Columns that the database fills in by itself say nothing about a graph.
    """
    ours = _COLUMNS_OF[name]
    found: Sequence[tuple[str, str, str]] = connection.execute(_COLUMNS, [name]).fetchall()
    missing = {*ours} - {column for column, _, _ in found}
    if missing:
        raise StoreRefused(
            f"Table {name!r} has lost its column {min(missing)!r}. "
            "Add it again, or restore the store from an archive."
        )
    added = [(column, kind) for column, kind, filled in found if column not in ours and not filled]
    listed = [
        _as_text(column) if column in {"properties", "_cogx"} else sql.Identifier(column)
        for column in ours
    ]
    shown = [
        sql.Identifier(column) if kind in _READ_AS_THEY_ARE else _as_text(column)
        for column, kind in added
    ]
    names = tuple(column for column, _ in added)
    return Table(name, sql.SQL(", ").join([*listed, *shown]), names, tuple(shown))


def _as_text(column: str) -> sql.Composed:
    return sql.SQL("{}::text").format(sql.Identifier(column))
