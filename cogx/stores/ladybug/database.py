"""Knows the driver: opening, asking, its messages as our errors; nothing about the layout.

The only module that imports the driver, which has no types of its own.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ladybug
import pyarrow as pa

from cogx.errors import NoSpace, StoreError, StoreRefused, StoreUnavailable

_LARGEST_POOL = 16 << 30
_FULL = "buffer pool is full"


class PoolFull(StoreRefused):
    """What was asked for does not fit into the buffer pool; less of it may."""


class Database:
    """One open Ladybug file and a connection to it. Close it; closing twice is fine."""

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool,
        buffer_bytes: int,
        threads: int,
        known_as: Path | None = None,
    ) -> None:
        self._name = known_as or path
        self._place = path
        self._buffer_bytes = buffer_bytes
        self._read_only = read_only
        self._threads = threads
        self._database = self._open()
        self._connection: Any = ladybug.Connection(self._database)

    def run(self, query: str) -> None:
        """Execute a statement for its effect."""
        self._ask(query).close()

    def rows(self, query: str, parameters: dict[str, Any] | None = None) -> list[list[Any]]:
        """Return all rows of a small result."""
        result = self._ask(query, parameters)
        try:
            return list(result.get_all())
        finally:
            result.close()

    def table(self, query: str) -> pa.Table:
        """Return a result as one Arrow table, held in memory."""
        result = self._ask(query)
        try:
            return result.get_as_arrow(-1 if result.get_num_tuples() else 1)
        finally:
            result.close()

    def reconnect(self) -> None:
        """Take a fresh connection."""
        self._connection.close()
        self._connection = ladybug.Connection(self._database)

    def grow(self) -> bool:
        """Open the file again with a pool of twice the size; False if it is large enough by far."""
        if self._buffer_bytes >= _LARGEST_POOL:
            return False
        self.close()
        self._buffer_bytes *= 2
        self._database = self._open()
        self._connection = ladybug.Connection(self._database)
        return True

    def close(self) -> None:
        """Close connection and file, which releases the lock."""
        if self._database is not None:
            self._connection.close()
            self._database.close()
            self._database = None

    def _open(self) -> Any:
        """Open, with a larger buffer pool if the tables' indexes alone do not fit."""
        while True:
            try:
                return ladybug.Database(
                    str(self._place),
                    read_only=self._read_only,
                    buffer_pool_size=self._buffer_bytes,
                    max_num_threads=self._threads,
                    auto_checkpoint=False,
                )
            except RuntimeError as error:
                if _FULL not in str(error) or self._buffer_bytes >= _LARGEST_POOL:
                    raise _translated(error, self._name) from error
                self._buffer_bytes *= 2

    def _ask(self, query: str, parameters: dict[str, Any] | None = None) -> Any:
        try:
            return self._connection.execute(query, parameters)
        except RuntimeError as error:
            raise _translated(error, self._name) from error


def _translated(error: RuntimeError, path: Path) -> StoreError | NoSpace:
    text = str(error).strip()
    first = text.splitlines()[0] if text else "no reason given"
    if "lock" in text.lower() or "retry later" in text:
        return StoreUnavailable(
            f"{path} is in use by another process. Close it there, then try again. ({first})"
        )
    if os.strerror(errno.ENOSPC) in text:
        return NoSpace(f"{path}: no room left on the disk. Nothing was written there.")
    if _FULL in text:
        return PoolFull(
            f"{path}: the database's buffer pool is too small for this graph. "
            f"Give it more, as in ladybug:{path}?buffer=2GiB.",
            reason=first,
        )
    if "not a valid" in text:
        return StoreRefused(f"{path} is not a Ladybug database. Check the path.", reason=first)
    return StoreRefused(f"{path}: Ladybug says: {first}", reason=text)


def keeps_every_number() -> bool:
    """Tell whether number columns keep every value; before 0.21 some became constants."""
    return tuple(int(part) for part in str(ladybug.__version__).split(".")[:2]) >= (0, 21)


def leftovers(path: Path) -> Iterator[Path]:
    """Yield the files that a Ladybug process which died leaves beside its database."""
    for suffix in (".wal", ".shadow", ".tmp", ".checkpoint.wal"):
        beside = path.with_name(path.name + suffix)
        if os.path.lexists(beside):
            yield beside
