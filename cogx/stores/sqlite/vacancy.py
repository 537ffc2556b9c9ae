"""Knows whether a path is free for a new store, and says what to do if it is not."""

from __future__ import annotations

from pathlib import Path

from cogx.errors import BadSetting, StoreRefused
from cogx.stores.sqlite.database import leftovers, open_existing, translated
from cogx.stores.sqlite.layout import META


def check_vacant(path: Path, *, buffer_bytes: int) -> None:
    """Return if a store can be made here: nothing is there, or a store without nodes.

    Raises:
        StoreRefused: there is content already, or the path is no SQLite file.
        StoreUnavailable: another process holds the file.
        BadSetting: the directory does not exist.
    """
    if not path.parent.is_dir():
        raise BadSetting(f"{path.parent} is not a directory. Make it first.")
    left = next(leftovers(path), None)
    if left is not None:
        raise StoreRefused(
            f"{left} was left by a process that died or still runs. "
            f"Open {path} once with the sqlite3 shell so that it recovers, or remove both."
        )
    if not path.exists():
        return
    if path.is_dir():
        raise StoreRefused(f"{path} is a directory; a SQLite store is one file.")
    with translated(path):
        database, _ = open_existing(path, buffer_bytes=buffer_bytes)
        try:
            tables = {str(name) for (name,) in database.execute("SELECT name FROM sqlite_schema")}
            if tables and META not in tables:
                raise StoreRefused(
                    f"{path} is a SQLite database of somebody else. Give another path."
                )
            if "nodes" in tables and database.execute("SELECT 1 FROM nodes LIMIT 1").fetchone():
                raise StoreRefused(
                    f"{path} holds a graph already, and cogx writes into a new store only. "
                    "Give another path, or remove that store first."
                )
        finally:
            database.close()
