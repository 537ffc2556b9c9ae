"""Knows whether a path is free for a new store, and says what to do if it is not."""

from __future__ import annotations

from pathlib import Path

from cogx.errors import BadSetting, StoreRefused
from cogx.stores.ladybug.database import Database, leftovers
from cogx.stores.ladybug.names import META, quoted


def check_vacant(path: Path, *, buffer_bytes: int, threads: int) -> None:
    """Return if a store can be made here.

    Raises:
        StoreRefused: there is content already; else as :func:`is_vacant`.
    """
    if not is_vacant(path, buffer_bytes=buffer_bytes, threads=threads):
        raise StoreRefused(
            f"{path} holds a graph already, and this writes a new store. "
            "Give another path, or remove that store first."
        )


def is_vacant(path: Path, *, buffer_bytes: int, threads: int) -> bool:
    """Tell whether nothing is here, or a store of cogx without nodes.

    Raises:
        StoreRefused: something else is here, or a database of somebody else.
        StoreUnavailable: another process holds the file.
        BadSetting: the directory does not exist.
    """
    if not path.parent.is_dir():
        raise BadSetting(f"{path.parent} is not a directory. Make it first.")
    if path.is_dir():
        raise StoreRefused(f"{path} is a directory; a Ladybug store is one file.")
    vacant = not path.exists() or _is_empty(path, buffer_bytes=buffer_bytes, threads=threads)
    left = next(leftovers(path), None)
    if left is not None:
        raise StoreRefused(
            f"{left} was left by a process that died or still runs. "
            f"Open {path} once with Ladybug so that it recovers, or remove both."
        )
    return vacant


def _is_empty(path: Path, *, buffer_bytes: int, threads: int) -> bool:
    database = Database(path, read_only=True, buffer_bytes=buffer_bytes, threads=threads)
    try:
        tables = [str(row[0]) for row in database.rows("CALL show_tables() RETURN name")]
        if tables and META not in tables:
            raise StoreRefused(f"{path} is a Ladybug database of somebody else. Give another path.")
        return not _has_nodes(database)
    finally:
        database.close()


def _has_nodes(database: Database) -> bool:
    nodes = database.rows("CALL show_tables() WHERE type = 'NODE' RETURN name")
    return any(
        database.rows(f"MATCH (n:{quoted(str(name))}) RETURN 1 LIMIT 1")
        for (name,) in nodes
        if name != META
    )
