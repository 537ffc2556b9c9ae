"""Knows how a graph lives in a SQLite file: open one to read it, or to write it.

It must never know an archive.

Layout (schema version 1), made to be looked at with Datasette or the sqlite3 shell: ``nodes``
and ``edges`` hold one row each, ``properties`` is a JSON object, so that
``json_extract(properties, '$.age')`` works; values that JSON lacks are tagged inline as in an
archive, so a date is ``json_extract(properties, '$.born.value')``. ``nodes.name`` is made of
the properties, ``nodes_fts`` searches it, the view ``facts`` shows edges with the names of
their ends. ``_cogx`` holds what a person would not query. A column that somebody added is read
as a property. What SQL sees is what an export reads: nothing is kept twice.
"""

from __future__ import annotations

from pathlib import Path

from cogx.build_site import clear_leftovers
from cogx.stores.sqlite.database import recover, translated
from cogx.stores.sqlite.reader import SqliteReader
from cogx.stores.sqlite.updater import SqliteUpdater
from cogx.stores.sqlite.vacancy import is_vacant as _is_vacant
from cogx.stores.sqlite.writer import SqliteWriter

MIB = 1 << 20
DEFAULT_BUFFER_BYTES = 64 * MIB


def open_reader(path: str | Path, *, buffer_bytes: int = DEFAULT_BUFFER_BYTES) -> SqliteReader:
    """Open a SQLite store of cogx to read its graph. The bytes of the file stay as they are.

    What is read is one state of the store: whoever wants to write to it meanwhile has to wait
    until the reader is closed.

    Args:
        path: the database file.
        buffer_bytes: size of SQLite's page cache.

    Raises:
        StoreRefused: no SQLite file, not one of cogx, or written by a newer cogx.
        StoreUnavailable: another process is writing to it; a retry may help.
    """
    return SqliteReader(Path(path), buffer_bytes=buffer_bytes)


def open_writer(path: str | Path, *, buffer_bytes: int = DEFAULT_BUFFER_BYTES) -> SqliteWriter:
    """Start a new SQLite store. Nothing appears at ``path`` before ``finish()``.

    Args:
        path: where the store will be; absent, or a store of cogx without nodes.
        buffer_bytes: size of SQLite's page cache, and of its sorter while indexes are made.

    Raises:
        StoreRefused: there is a store with content already, or something else.
        StoreUnavailable: another process holds it; a retry may help.
        BadSetting: the directory does not exist.
    Cost: memory of twice ``buffer_bytes`` at most, temporary disk for the largest index.
    """
    return SqliteWriter(Path(path), buffer_bytes=buffer_bytes)


def open_updater(path: str | Path, *, buffer_bytes: int = DEFAULT_BUFFER_BYTES) -> SqliteUpdater:
    """Start to change a SQLite store, in one transaction of its own.

    Raises:
        StoreRefused: no store of cogx is there.
        StoreBusy, StoreUnavailable: another process writes to it; a retry may help.
    """
    return SqliteUpdater(Path(path), buffer_bytes=buffer_bytes)


def is_vacant(path: str | Path, *, buffer_bytes: int = DEFAULT_BUFFER_BYTES) -> bool:
    """Tell whether there is nothing here, or a store without nodes; raises as open_writer."""
    return _is_vacant(Path(path), buffer_bytes=buffer_bytes)


def rollback(path: str | Path, **_: object) -> str:
    """Take back what an import that was broken off has left; return what was done.

    Raises:
        StoreBusy, StoreUnavailable: an import is at work.
    """
    place = Path(path)
    clear_leftovers(place)
    if place.exists():
        with translated(place):
            recover(place)
    return "The store is as it was before: an import shows only when it is whole."


__all__ = [
    "SqliteReader",
    "SqliteUpdater",
    "SqliteWriter",
    "is_vacant",
    "open_reader",
    "open_updater",
    "open_writer",
    "rollback",
]
