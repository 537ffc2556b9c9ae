"""Knows the tables of a SQLite store, as SQL; opens nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

SCHEMA_VERSION: Final = 1
META: Final = "_cogx_meta"
STUB: Final = '{"rest":{"stub":true}}'
"""The cell of a node that only holds the place of another one (decisions: facts)."""

NODE_COLUMNS: Final = ("id", "type", "labels", "properties", "_cogx")
EDGE_COLUMNS: Final = ("id", "source", "target", "predicate", "properties", "_cogx")

TABLES: Final = (
    f"CREATE TABLE {META} (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE nodes (
  id TEXT PRIMARY KEY NOT NULL,
  type TEXT NOT NULL,
  labels TEXT,
  name TEXT GENERATED ALWAYS AS (json_extract(properties, '$.name')) VIRTUAL,
  properties TEXT NOT NULL DEFAULT '{}' CHECK (json_type(properties) = 'object'),
  _cogx TEXT
)""",
    """CREATE TABLE edges (
  id TEXT NOT NULL,
  source TEXT NOT NULL REFERENCES nodes(id),
  target TEXT NOT NULL REFERENCES nodes(id),
  predicate TEXT NOT NULL,
  fact_text TEXT GENERATED ALWAYS AS (json_extract(properties, '$.fact_text')) VIRTUAL,
  properties TEXT NOT NULL DEFAULT '{}' CHECK (json_type(properties) = 'object'),
  _cogx TEXT
)""",
)

INDEXES: Final = (
    "CREATE INDEX nodes_type ON nodes(type)",
    f"CREATE INDEX nodes_stub ON nodes(id) WHERE _cogx = '{STUB}'",
    "CREATE UNIQUE INDEX edges_id ON edges(id)",
    "CREATE INDEX edges_source ON edges(source)",
    "CREATE INDEX edges_target ON edges(target)",
    "CREATE INDEX edges_predicate ON edges(predicate)",
)

VIEW: Final = """CREATE VIEW facts AS
SELECT edges.id, source, origin.name AS source_name, predicate,
  target, goal.name AS target_name, fact_text, edges.properties
FROM edges
LEFT JOIN nodes AS origin ON origin.id = source
LEFT JOIN nodes AS goal ON goal.id = target"""

SEARCHED: Final = (("nodes", "name"), ("edges", "fact_text"))


def search(table: str, column: str) -> tuple[str, ...]:
    """Return the statements that make a column of a table searchable, as ``TABLE_fts``.

    Datasette knows a search by its ``content``. Triggers keep it in step with what people change
    later; they come after the load, which they would slow down. Sizes of columns, which only
    ranking needs, are counted again when asked for: to keep them costs as much as the words.
    """
    name = f"{table}_fts"
    add = f"INSERT INTO {name}"
    forget = f"{add}({name}, rowid, {column}) VALUES ('delete', old.rowid, old.{column});"
    learn = f"{add}(rowid, {column}) VALUES (new.rowid, new.{column});"
    made = f"CREATE TRIGGER {name}"
    return (
        f'CREATE VIRTUAL TABLE {name} USING fts5({column}, content="{table}", columnsize=0)',
        f"{add}({name}) VALUES ('rebuild')",
        f"{made}_insert AFTER INSERT ON {table} BEGIN {learn} END",
        f"{made}_delete AFTER DELETE ON {table} BEGIN {forget} END",
        f"{made}_update AFTER UPDATE ON {table} BEGIN {forget} {learn} END",
    )


def insert_into(table: str, columns: tuple[str, ...], added: Sequence[str] = ()) -> str:
    """Return the statement that adds a row; properties are given as the bytes of their text."""
    marks = ", ".join([*map(_mark, columns), *("?" for _ in added)])
    listed = ", ".join([*columns, *map(quoted, added)])
    return f"INSERT INTO {table} ({listed}) VALUES ({marks})"  # noqa: S608


def update(table: str, columns: tuple[str, ...], added: Sequence[str]) -> str:
    """Return the statement that changes a row; its id comes first in a row, here last."""
    settings = [f"{name} = {_mark(name)}" for name in columns[1:]]
    settings += [f"{quoted(name)} = ?" for name in added]
    return f"UPDATE {table} SET {', '.join(settings)} WHERE id = ?"  # noqa: S608


def _mark(column: str) -> str:
    return "CAST(? AS TEXT)" if column == "properties" else "?"


def quoted(name: str) -> str:
    """Return a name as it stands in SQL."""
    return '"' + name.replace('"', '""') + '"'
