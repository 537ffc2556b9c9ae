"""Knows how to look things up that may not fit in memory: a key-value table on temporary disk.

For the rare joins of an import (twins, ends named by name, stubs); never for every record.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Self


class DiskIndex:
    """Text keys to lists of texts, kept in an unlinked SQLite file that memory need not hold."""

    def __init__(self) -> None:
        # An empty name is SQLite's private temporary database: it spills, and goes with us.
        self._table = sqlite3.connect("", isolation_level=None)
        self._table.execute("PRAGMA cache_size = -8192")
        self._table.execute("CREATE TABLE pairs (key TEXT, value TEXT)")
        self._table.execute("CREATE INDEX by_key ON pairs (key)")
        self._table.execute("BEGIN")

    def add(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Add pairs; a key may occur many times."""
        self._table.executemany("INSERT INTO pairs VALUES (?, ?)", pairs)

    def get(self, key: str) -> list[str]:
        """Return the values of a key, in the order they were added."""
        rows = self._table.execute("SELECT value FROM pairs WHERE key = ? ORDER BY rowid", (key,))
        return [value for (value,) in rows]

    def first(self, key: str) -> str | None:
        """Return the value that was added first under a key, None if there is none."""
        row = self._table.execute(
            "SELECT value FROM pairs WHERE key = ? ORDER BY rowid LIMIT 1", (key,)
        ).fetchone()
        return None if row is None else str(row[0])

    def take(self, key: str, value: str) -> bool:
        """Remove one pair if it is there; tell whether it was."""
        done = self._table.execute(
            "DELETE FROM pairs WHERE rowid = "
            "(SELECT rowid FROM pairs WHERE key = ? AND value = ? LIMIT 1)",
            (key, value),
        )
        return done.rowcount > 0

    def pop(self, key: str) -> list[str]:
        """Remove a key; return its values, in the order they were added."""
        values = self.get(key)
        self._table.execute("DELETE FROM pairs WHERE key = ?", (key,))
        return values

    def keys(self) -> Iterator[str]:
        """Yield every key once, ordered."""
        for (key,) in self._table.execute("SELECT DISTINCT key FROM pairs ORDER BY key"):
            yield key

    def close(self) -> None:
        """Release the disk space. May be called twice."""
        self._table.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
