"""Knows what becomes of columns that somebody added when their rows are replaced.

A column that shows what the new row says of that name goes on showing it; else it is set to
null, and what the new row says stands among the properties.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

from msgspec.structs import replace
from psycopg import sql

from cogx.codec.canonical import encode
from cogx.codec.typed import to_json
from cogx.ports import Edge, Node
from cogx.stores.postgresql.catalog import Table
from cogx.stores.postgresql.connection import Connection
from cogx.stores.postgresql.rows import names_of

Row = TypeVar("Row", Node, Edge)

_FIND: Final = sql.SQL("SELECT id, {} FROM {} WHERE id = ANY(%s)")
_BLANK: Final = sql.SQL("UPDATE {} SET {} = NULL WHERE id = ANY(%s)")


def settle(connection: Connection, table: Table, rows: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows without what their added columns show; blank the columns that do not."""
    names = names_of([row.id for row in rows])
    query = _FIND.format(sql.SQL(", ").join(table.shown_added), sql.Identifier(table.name))
    there = {found[0]: found[1:] for found in connection.execute(query, [names])}
    outdated: dict[str, list[str]] = defaultdict(list)
    for name, row in zip(names, rows, strict=True):
        shown = set()
        for column, value in zip(table.added, there.get(name, ()), strict=False):
            if value is None:
                continue
            if column in row.properties and _same(row.properties[column], value):
                shown.add(column)
            else:
                outdated[column].append(name)
        yield _without(row, shown) if shown else row
    for column, ids in outdated.items():
        blank = _BLANK.format(sql.Identifier(table.name), sql.Identifier(column))
        connection.execute(blank, [ids])


def _without(row: Row, columns: set[str]) -> Row:
    kept = {name: value for name, value in row.properties.items() if name not in columns}
    return replace(row, properties=kept)


def _same(left: Any, right: Any) -> bool:
    return encode([to_json(left)]) == encode([to_json(right)])
