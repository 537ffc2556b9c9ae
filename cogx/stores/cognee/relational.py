"""Knows how to read cognee's SQLite file without a trace; nothing about what its tables mean.

SQLite itself leaves files beside a database in WAL mode when it opens it read-only. So a
database at rest is opened as immutable, and one with changes not yet in the file (cognee is
running, or died) is copied first.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from cogx.errors import StoreRefused, StoreUnavailable

Row = dict[str, Any]
_ATTEMPTS: Final = 5
_PAUSE_S: Final = 0.1
_BESIDE: Final = ("-wal", "-journal")
_BLOCK_BYTES: Final = 4 << 20


class Relational:
    """One open SQLite file. Close it; closing twice is fine.

    Raises:
        StoreRefused: not a SQLite file.
        StoreUnavailable: it changes faster than it can be copied.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stack = ExitStack()
        self._seen = _stamps(path)
        try:
            self._copied = any(size for _, size, _ in self._seen[1:])
            place = self._copy() if self._copied else path
            mode = "mode=ro" if self._copied else "mode=ro&immutable=1"
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
        if not self._copied and _stamps(self._path) != self._seen:
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

    def _copy(self) -> Path:
        """Copy the file and what belongs to it, both of one moment."""
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="cogx-"))
        for attempt in range(_ATTEMPTS):
            self._seen = _stamps(self._path)
            for name in ("", *_BESIDE):
                _copy_file(_beside(self._path, name), _beside(Path(folder, "copy"), name))
            if _stamps(self._path) == self._seen:
                return Path(folder, "copy")
            time.sleep(_PAUSE_S * 2**attempt)
        raise StoreUnavailable(
            f"cognee keeps writing to {self._path}. Try again when it rests, or stop it."
        )


def _copy_file(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        with source.open("rb") as reading, target.open("wb") as writing:
            while block := reading.read(_BLOCK_BYTES):
                writing.write(block)
    except FileNotFoundError:
        target.unlink(missing_ok=True)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _stamps(path: Path) -> list[tuple[int, int, int]]:
    """Return what tells one state from another, of the file and of those beside it."""
    return [_stamp(_beside(path, ending)) for ending in ("", *_BESIDE)]


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        state = os.stat(path)
    except FileNotFoundError:
        return 0, 0, 0
    return state.st_ino, state.st_size, state.st_mtime_ns
