"""Knows which files of a dataset a pull has fetched, and notes it beside them.

Never asks a server. Until the archive is whole, the files that are there stay, with their sizes
and digests, so that the next pull fetches only what is missing.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cogx.engine.pull_directory import PullDirectory
from cogx.errors import BadSetting, OutputError
from cogx.progress import SILENT, Progress

_PAGE: Final = 500
_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS files (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  told TEXT NOT NULL,
  round INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'wanted',
  validator TEXT,
  size INTEGER,
  sha256 TEXT,
  reason TEXT
)""",
)
_COLUMNS: Final = "number, id, told, state, validator, reason"


@dataclass(frozen=True, slots=True)
class PulledFile:
    """A file of the dataset: what the server says of it (``told``), and what is here of it.

    ``state`` is wanted, whole or failed; ``reason`` why it failed; ``path`` is ours.
    """

    number: int
    id: str
    told: Mapping[str, Any]
    state: str
    validator: str | None
    reason: str | None
    path: Path


@dataclass(frozen=True, slots=True)
class Standing:
    """How many files the server lists, how many are here, and of them from an earlier pull."""

    listed: int = 0
    whole: int = 0
    failed: int = 0
    size_bytes: int = 0


class PullSite:
    """What a pull keeps on disk. Close it.

    Args:
        target: the archive; None for a stream: then nothing outlives :meth:`close`.
        source: the server and dataset; what is kept of another one is not touched.
        fresh: forget what is kept.

    Raises:
        BadSetting: what is kept belongs to a pull from elsewhere, or is not ours.
        OutputError: another pull is at work for the same archive, or the disk refuses.
    """

    def __init__(self, target: Path | None, source: str, *, fresh: bool = False) -> None:
        self.place = PullDirectory(target)
        self._round = 0
        try:
            self._database = self._opened()
            if fresh:
                self._forget()
            self._check_source(source)
        except BaseException:
            self.close()
            raise

    def begin_list(self) -> None:
        """Start to take what the server lists."""
        (last,) = self._database.execute("SELECT max(round) FROM files").fetchone()
        self._round = (last or 0) + 1

    def take(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Note files that the server lists; return how many were not listed before.

        What is here of a file of which the server now says something else is dropped.
        """
        new = 0
        with self._database:
            self._database.execute("BEGIN")
            for row in rows:
                new += self._note(str(row["id"]), _text(row))
        return new

    def end_list(self, *, whole: bool, progress: Progress = SILENT) -> None:
        """Look whether what is kept is still as it was fetched.

        Args:
            whole: all was listed; what the server lists no more is dropped.
        """
        for file in self._pages("round < ?", self._round) if whole else ():
            self._drop(file)
            self._database.execute("DELETE FROM files WHERE number = ?", (file.number,))
        self._database.execute("UPDATE files SET state = 'wanted' WHERE state = 'failed'")
        kept = self.standing()
        progress.begin("look at what is kept", total=kept.size_bytes, unit="bytes")
        for file in self._pages("state = 'whole'"):
            if not self._is_as_it_was(file, progress):
                self._drop(file)
        progress.end()

    def standing(self) -> Standing:
        """Count."""
        row = self._database.execute(
            "SELECT count(*), coalesce(sum(state = 'whole'), 0), "
            "coalesce(sum(state = 'failed'), 0), "
            "coalesce(sum(CASE state WHEN 'whole' THEN size END), 0) FROM files"
        ).fetchone()
        return Standing(*row)

    def iter_wanted(self) -> Iterator[PulledFile]:
        """Yield the files that are not here yet, by id; they may be changed meanwhile."""
        return self._pages("state = 'wanted'")

    def iter_files(self) -> Iterator[PulledFile]:
        """Yield every file, by id (code points)."""
        return self._pages("TRUE")

    def began(self, file: PulledFile, validator: str | None) -> None:
        """Note by what the server will know the part of a file that is here."""
        self._set(file, "validator", validator)

    def done(self, file: PulledFile, size_bytes: int, sha256: str) -> None:
        """Note that a file is whole."""
        self._database.execute(
            "UPDATE files SET state = 'whole', size = ?, sha256 = ?, reason = NULL "
            "WHERE number = ?",
            (size_bytes, sha256, file.number),
        )

    def failed(self, file: PulledFile, reason: str) -> None:
        """Note that a file could not be had, and why."""
        self._database.execute(
            "UPDATE files SET state = 'failed', reason = ? WHERE number = ?",
            (reason, file.number),
        )

    def iter_failed(self) -> Iterator[PulledFile]:
        """Yield the files that could not be had, by id."""
        return self._pages("state = 'failed'")

    def close(self, *, done: bool = False) -> bool:
        """Let go; with ``done``, or if no byte of a file is here, the directory goes too.

        Returns whether something is kept. May be called twice.
        """
        if not hasattr(self, "_database"):
            return False  # it is another pull's
        self._database.close()
        return self.place.leave(done=done)

    def _opened(self) -> sqlite3.Connection:
        try:
            return _connected(self.place.state)
        except sqlite3.OperationalError as error:
            raise OutputError(
                f"{self.place.path}: {error}. Another pull to the same archive may be at work; "
                "wait until it is done, or stop it."
            ) from error
        except sqlite3.DatabaseError:
            # Power was cut while it was written: what is there cannot be trusted.
            self.place.clear()
            return _connected(self.place.state)

    def _check_source(self, source: str) -> None:
        (kept,) = self._database.execute(
            "SELECT max(value) FROM about WHERE key = 'source'"
        ).fetchone()
        if kept is None:
            self._database.execute("INSERT INTO about VALUES ('source', ?)", (source,))
        elif kept != source:
            raise BadSetting(
                f"{self.place.path} keeps what a broken-off pull of {kept} has fetched. Give the "
                "archive another name, or drop that with --fresh."
            )

    def _forget(self) -> None:
        self._database.execute("DELETE FROM files")
        self._database.execute("DELETE FROM about")
        self.place.forget()

    def _note(self, identity: str, told: str) -> int:
        row = self._database.execute(
            f"SELECT {_COLUMNS}, round FROM files WHERE id = ?",  # noqa: S608
            (identity,),
        ).fetchone()
        if row is None:
            self._database.execute(
                "INSERT INTO files (id, told, round) VALUES (?, ?, ?)",
                (identity, told, self._round),
            )
            return 1
        file, before = self._file(row[:-1]), row[-1]
        if row[2] != told:
            self._drop(file)
        self._database.execute(
            "UPDATE files SET told = ?, round = ? WHERE number = ?",
            (told, self._round, file.number),
        )
        return int(before != self._round)

    def _is_as_it_was(self, file: PulledFile, progress: Progress) -> bool:
        size, sha256 = self._database.execute(
            "SELECT size, sha256 FROM files WHERE number = ?", (file.number,)
        ).fetchone()
        try:
            if file.path.stat().st_size != size:
                return False
            with file.path.open("rb") as content:
                same: bool = hashlib.file_digest(content, "sha256").hexdigest() == sha256
        except OSError:
            return False
        progress.advance(size)
        return same

    def _drop(self, file: PulledFile) -> None:
        with suppress(FileNotFoundError):
            file.path.unlink()
        self._database.execute(
            "UPDATE files SET state = 'wanted', validator = NULL, size = NULL, sha256 = NULL "
            "WHERE number = ?",
            (file.number,),
        )

    def _set(self, file: PulledFile, column: str, value: Any) -> None:
        self._database.execute(
            f"UPDATE files SET {column} = ? WHERE number = ?",  # noqa: S608
            (value, file.number),
        )

    def _pages(self, condition: str, *values: Any) -> Iterator[PulledFile]:
        """Yield files by id, some hundred at a time, so that others may be changed meanwhile."""
        last = ""
        while True:
            rows = self._database.execute(
                f"SELECT {_COLUMNS} FROM files WHERE id > ? AND {condition} "  # noqa: S608
                "ORDER BY id LIMIT ?",
                (last, *values, _PAGE),
            ).fetchall()
            yield from map(self._file, rows)
            if len(rows) < _PAGE:
                return
            last = rows[-1][1]

    def _file(self, row: tuple[Any, ...]) -> PulledFile:
        number, identity, told, state, validator, reason = row
        told = json.loads(told)
        path = self.place.file(number)
        return PulledFile(number, identity, told, state, validator, reason, path)


def _connected(place: Path) -> sqlite3.Connection:
    database = sqlite3.connect(place, timeout=0.1, isolation_level=None, check_same_thread=False)
    try:
        # The lock is kept until the end: it is also what keeps a second pull away.
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        for statement in _TABLES:
            database.execute(statement)
    except BaseException:
        database.close()
        raise
    return database


def _text(row: Mapping[str, Any]) -> str:
    return json.dumps(row, sort_keys=True, ensure_ascii=True)
