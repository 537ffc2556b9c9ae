"""Knows how to open cognee's Ladybug file without a trace; nothing about what is in it.

Opened for writing by a newer Ladybug, the file could no longer be opened by cognee. And a log
that lies beside it (cognee is running, or was killed) makes even a reader of another version
crash when it closes, seen with 0.22 reading what 0.19 left. So a file with a log is copied, and
the copy made whole by a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from cogx.errors import StoreRefused, StoreUnavailable
from cogx.stores.cognee.snapshot import Stamps, copy_together, pause, stamps_of
from cogx.stores.ladybug.database import Database

_MAGIC: Final = b"LBUG"
_LOGS: Final = (".wal", ".shadow", ".checkpoint.wal")
_ATTEMPTS: Final = 6
_THREADS: Final = 2
_MAKE_WHOLE: Final = (
    "import os, sys, ladybug\n"
    "database = ladybug.Database(sys.argv[1], buffer_pool_size=int(sys.argv[2]))\n"
    "ladybug.Connection(database).execute('CHECKPOINT')\n"
    "os._exit(0)\n"  # the destructor is what crashes
)


class OpenedGraph:
    """An open Ladybug file of cognee, or a copy of it. Close it; closing twice is fine.

    Raises:
        StoreRefused: no Ladybug file.
        StoreUnavailable: cognee holds it or keeps writing; a retry may help.
    """

    def __init__(self, path: Path, *, buffer_bytes: int) -> None:
        _check_form(path)
        self._path = path
        self._stack = ExitStack()
        self._seen: Stamps | None = None
        try:
            if any(size for _, size, _ in stamps_of(path, _LOGS)[1:]):
                self.database = _open(self._copy(buffer_bytes), buffer_bytes)[0]
            else:
                self.database, self._seen = _open(path, buffer_bytes)
            self._stack.callback(self.database.close)
        except BaseException:
            self.close()
            raise

    def check_unchanged(self) -> None:
        """Say that pages of two states may have been read.

        Raises:
            StoreUnavailable: cognee wrote meanwhile.
        """
        if self._seen is not None and stamps_of(self._path) != self._seen:
            raise StoreUnavailable(
                f"cognee wrote to {self._path} while it was read. Try again when it rests."
            )

    def close(self) -> None:
        """Release the file; drop the copy, if one was made."""
        self._stack.close()

    def _copy(self, buffer_bytes: int) -> Path:
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="cogx-"))
        copy = copy_together(self._path, _LOGS, Path(folder))
        command = [sys.executable, "-P", "-c", _MAKE_WHOLE, str(copy), str(buffer_bytes)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            said = done.stderr.strip().rpartition("\n")[2] or f"exit {done.returncode}"
            raise StoreRefused(
                f"{self._path}: the changes that lie beside it in its log cannot be read "
                f"({said}). Let cognee open the dataset and stop it in order, then try again."
            )
        return copy


def _check_form(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise StoreRefused(
            f"The dataset's graph is missing: {path} ({error.strerror}). "
            "Was the system root copied only in part?"
        ) from error
    if magic != _MAGIC:
        raise StoreRefused(
            f"{path} is not a Ladybug database. One made by a cognee that still used Kuzu "
            "is converted when a present cognee opens it."
        )


def _open(path: Path, buffer_bytes: int) -> tuple[Database, Stamps]:
    """Open read-only; cognee may hold the lock for a moment, or be moving pages."""
    refused: Exception | None = None
    for attempt in range(_ATTEMPTS):
        pause(attempt)
        before = stamps_of(path)
        try:
            database = Database(path, read_only=True, buffer_bytes=buffer_bytes, threads=_THREADS)
        except StoreUnavailable as error:
            refused = error
            continue
        if stamps_of(path) == before:
            return database, before
        database.close()
    raise StoreUnavailable(
        f"A running cognee holds {path}. Stop it or let it finish, then try again."
    ) from refused
