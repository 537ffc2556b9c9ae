"""Knows what a SQLite file that is there already says of itself; changes nothing in it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import msgspec

from cogx.errors import StoreRefused
from cogx.stores.schema_version import check_version
from cogx.stores.sqlite import layout


def read_meta(database: sqlite3.Connection, path: Path) -> dict[str, str]:
    """Return what the store remembers about itself.

    Raises:
        StoreRefused: it is not one of ours, or of a newer cogx.
    """
    names = {str(row[0]) for row in database.execute("SELECT name FROM sqlite_schema")}
    if layout.META not in names:
        raise StoreRefused(
            f"{path} is a SQLite database, but not one that cogx made, so cogx does not "
            "know where its graph is. Check the path."
        )
    rows = database.execute(f"SELECT key, value FROM {layout.META}")  # noqa: S608
    meta = {str(key): str(value) for key, value in rows}
    check_version(meta.get("schema_version"), layout.SCHEMA_VERSION)
    return meta


def header_in(meta: dict[str, str], path: Path) -> dict[str, Any]:
    """Return the header that was kept, {} if nothing."""
    try:
        header: dict[str, Any] = msgspec.json.decode(meta.get("header", "{}"), type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise StoreRefused(f"{path}: the stored header is damaged.") from error
    return header


def added_columns(database: sqlite3.Connection, table: str, columns: tuple[str, ...]) -> list[str]:
    """Return the columns that somebody added to a table of ours.

    Raises:
        StoreRefused: one of ours is gone.
    """
    rows = list(database.execute("SELECT name, hidden FROM pragma_table_xinfo(?)", (table,)))
    missing = [name for name in columns if (name, 0) not in rows]
    if missing:
        raise StoreRefused(
            f"Table {table!r} has lost its column {missing[0]!r}. "
            "Add it again, or restore the store from an archive."
        )
    return [str(name) for name, hidden in rows if not hidden and name not in columns]
