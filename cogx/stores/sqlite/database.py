"""Knows SQLite files: opening, leftovers, and SQLite's errors as ours; nothing of the layout."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cogx.errors import CogxError, NoSpace, StoreRefused, StoreUnavailable

WAIT_S: Final = 5.0
"""How long to wait for another process that is writing."""
_WAL_MARK: Final = b"\x02\x02"
_WAL_MARK_AT: Final = 18
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_UNRECOVERED: Final = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN})


def open_existing(path: Path, *, buffer_bytes: int) -> tuple[sqlite3.Connection, bool]:
    """Open a file so that no byte of it changes; return (connection, whether it holds a lock).

    A file in WAL mode that nobody has open is opened as immutable: SQLite would otherwise make
    files beside it. It then holds no lock, and the caller looks whether the file stayed as it was.
    """
    try:
        with path.open("rb") as file:
            header = file.read(_WAL_MARK_AT + 2)
    except OSError as error:
        raise StoreRefused(f"{path} cannot be read ({error.strerror}).") from error
    alone = header.endswith(_WAL_MARK) and next(leftovers(path), None) is None
    query = "mode=ro&immutable=1" if alone else "mode=ro"
    database = sqlite3.connect(
        f"{path.absolute().as_uri()}?{query}",
        uri=True,
        timeout=WAIT_S,
        isolation_level=None,
        check_same_thread=False,
    )
    database.execute(f"PRAGMA cache_size = -{max(1, buffer_bytes >> 10)}")
    return database, not alone


def open_new(path: Path, *, buffer_bytes: int) -> sqlite3.Connection:
    """Make a file for a bulk load: no journal, no waiting for the disk, worthless after a crash."""
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA page_size = 8192")
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    database.execute("PRAGMA secure_delete = OFF")
    database.execute(f"PRAGMA cache_size = -{max(1, buffer_bytes >> 10)}")
    return database


def open_to_change(path: Path, *, buffer_bytes: int) -> sqlite3.Connection:
    """Open a file to change it in transactions that survive a crash, whole or not at all."""
    database = sqlite3.connect(path, timeout=WAIT_S, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA synchronous = FULL")
    database.execute(f"PRAGMA cache_size = -{max(1, buffer_bytes >> 10)}")
    return database


def recover(path: Path) -> None:
    """Let SQLite take back what a process that died has left half-written."""
    journal = path.with_name(path.name + "-journal")
    database = sqlite3.connect(path, timeout=WAIT_S, isolation_level=None)
    try:
        database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if journal.exists():
            # One that had come to nothing yet stays; on the way back from another journal mode
            # SQLite removes it, under its own lock. There is no journal in WAL mode.
            database.execute("PRAGMA journal_mode = PERSIST")
            database.execute("PRAGMA journal_mode = DELETE")
    finally:
        database.close()


def leftovers(path: Path) -> Iterator[Path]:
    """Yield the files that stand beside a database while it is written to, or after a crash."""
    for suffix in ("-wal", "-journal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if os.path.lexists(beside):
            yield beside


def stamp(path: Path) -> tuple[int, int, int]:
    """Return what changes when a file is written to or replaced."""
    state = path.stat()
    return state.st_ino, state.st_size, state.st_mtime_ns


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Let SQLite's errors appear as ours, but for broken constraints, which a caller can name."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.Error as error:
        raise _meaning(error, path) from error


def _meaning(error: sqlite3.Error, path: Path) -> CogxError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _BUSY:
        return StoreUnavailable(
            f"{path} is in use by another process. Close it there, then try again. ({error})"
        )
    if code == sqlite3.SQLITE_FULL:
        return NoSpace(f"{path}: {error}. Nothing was written there.")
    if code == sqlite3.SQLITE_NOTADB:
        return StoreRefused(f"{path} is not a SQLite database. Check the path.", reason=str(error))
    if code in _UNRECOVERED:
        return StoreRefused(
            f"{path} cannot be read as it stands ({error}). If an import died there, import again "
            "or take it back with --rollback; else open it once with the sqlite3 shell so that it "
            "recovers.",
            reason=str(error),
        )
    if code == sqlite3.SQLITE_CORRUPT:
        return StoreRefused(f"{path} is damaged ({error}). Restore it from an archive.")
    return StoreRefused(f"{path}: SQLite says: {error}", reason=str(error))
