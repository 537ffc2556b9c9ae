"""Knows whether a path is free for a new store, and says what to do if it is not."""

from __future__ import annotations

from pathlib import Path

from cogx.errors import BadSetting, StoreRefused
from cogx.stores.sqlite.database import leftovers, open_existing, recover, translated
from cogx.stores.sqlite.layout import META


def check_vacant(path: Path, *, buffer_bytes: int) -> None:
    """Return if a store can be made here.

    Raises:
        StoreRefused: there is content already; else as :func:`is_vacant`.
    """
    if not is_vacant(path, buffer_bytes=buffer_bytes):
        raise StoreRefused(
            f"{path} holds a graph already, and this writes a new store. "
            "Give another path, or remove that store first."
        )


def is_vacant(path: Path, *, buffer_bytes: int) -> bool:
    """Tell whether nothing is here, or a store of cogx without nodes.

    What a process that died while it wrote has left is taken back first, as SQLite does.

    Raises:
        StoreRefused: something else is here, or a database of somebody else.
        StoreUnavailable: another process holds the file.
        BadSetting: the directory does not exist.
    """
    if not path.parent.is_dir():
        raise BadSetting(f"{path.parent} is not a directory. Make it first.")
    if path.is_dir():
        raise StoreRefused(f"{path} is a directory; a SQLite store is one file.")
    left = next(leftovers(path), None)
    if not path.exists():
        if left is not None:
            raise StoreRefused(f"{left} stands there without its database. Remove it, or both.")
        return True
    with translated(path):
        if left is not None:
            recover(path)
        database, _ = open_existing(path, buffer_bytes=buffer_bytes)
        try:
            tables = {str(name) for (name,) in database.execute("SELECT name FROM sqlite_schema")}
            if tables and META not in tables:
                raise StoreRefused(
                    f"{path} is a SQLite database of somebody else. Give another path."
                )
            return not (
                "nodes" in tables and database.execute("SELECT 1 FROM nodes LIMIT 1").fetchone()
            )
        finally:
            database.close()
