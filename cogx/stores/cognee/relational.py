"""Knows how to read cognee's SQLite file without a trace; nothing about what its tables mean.

SQLite itself leaves files beside a database in WAL mode when it opens it read-only. So a
database at rest is opened as immutable, and one with changes not yet in the file (cognee is
running, or died) is copied first.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from cogx.errors import StoreRefused, StoreUnavailable
from cogx.stores.cognee.snapshot import copy_together, stamps_of

Row = dict[str, Any]
_LOGS: Final = ("-wal", "-journal")


class Relational:
    """One open SQLite file. Close it; closing twice is fine.

    Args:
        copied: read a copy in any case, so that cognee may write while it is read.

    Raises:
        StoreRefused: not a SQLite file.
        StoreUnavailable: it changes faster than it can be copied.
    """

    def __init__(self, path: Path, *, copied: bool = False) -> None:
        self._path = path
        self._stack = ExitStack()
        self._seen = stamps_of(path, _LOGS)
        self._copied = copied or any(size for _, size, _ in self._seen[1:])
        try:
            place, mode = path, "mode=ro&immutable=1"
            if self._copied:
                folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="cogx-"))
                place, mode = copy_together(path, _LOGS, Path(folder)), "mode=ro"
            self._connection = sqlite3.connect(f"{place.absolute().as_uri()}?{mode}", uri=True)
            self._stack.callback(self._connection.close)
            self._connection.row_factory = sqlite3.Row
            self._tables = {
                str(row["name"]) for row in self._rows("SELECT name FROM sqlite_master")
            }
        except BaseException:
            self.close()
            raise

    def rows(self, table: str, where: str = "", *values: object) -> Iterator[Row]:
        """Yield the rows of a table, none if there is no such table.

        Args:
            where: what stands after the table's name; SQL of ours, never a user's text.
            values: what its question marks mean.
        """
        if table in self._tables:
            yield from self._rows(f"SELECT * FROM {table} {where}", *values)  # noqa: S608

    def check_unchanged(self) -> None:
        """Say that rows may have moved while they were read.

        Raises:
            StoreUnavailable: cognee wrote meanwhile.
        """
        if not self._copied and stamps_of(self._path, _LOGS) != self._seen:
            raise StoreUnavailable(
                f"cognee wrote to {self._path} while it was read. Try again when it rests."
            )

    def close(self) -> None:
        """Close the file; drop the copy, if one was made."""
        self._stack.close()

    def _rows(self, query: str, *values: object) -> Iterator[Row]:
        try:
            for row in self._connection.execute(query, values):
                yield dict(row)
        except sqlite3.DatabaseError as error:
            self.check_unchanged()
            raise StoreRefused(f"{self._path}: SQLite says: {error}.") from error
