"""Knows what was sent to one dataset of one server, and who is at it now; asks no server.

It lives in the user's state directory. What it remembers is never the only proof that a server
has a file where the server shows what it has; lost, it is made anew.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final, Self
from urllib.parse import urlsplit

from cogx.errors import OutputError
from cogx.remote.state import Lock, state_directory

VERSION: Final = 1
_PAGE: Final = 500
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_-]+")
_LASTING: Final = """
CREATE TABLE IF NOT EXISTS sent (dataset TEXT, sha256 TEXT, md5 TEXT, data_id TEXT, name TEXT,
  size INTEGER, at REAL, PRIMARY KEY (dataset, sha256)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""
_PASSING: Final = """
CREATE TEMP TABLE here (number INTEGER PRIMARY KEY, id TEXT, name TEXT, size INTEGER, sha256 TEXT,
  md5 TEXT, state TEXT, reason TEXT);
CREATE INDEX temp.here_name ON here (name_mark(name));
CREATE TEMP TABLE there (mark TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_IS_THERE: Final = """
(EXISTS (SELECT 1 FROM there WHERE mark IN (here.sha256, here.md5))
 OR EXISTS (SELECT 1 FROM sent JOIN there ON there.mark = sent.data_id
            WHERE sent.dataset = ? AND sent.sha256 = here.sha256))
"""


@dataclass(frozen=True, slots=True)
class Hashed:
    """One file that is here: its place in the order of all, and what its bytes are."""

    number: int
    id: str
    name: str
    size_bytes: int
    sha256: str
    md5: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How many files are in one state, and their bytes."""

    files: int = 0
    size_bytes: int = 0


class Ledger:
    """What is known of one dataset on one server; held by one process at a time. Close it.

    Files that are here are ``new`` until they are compared, then ``unchanged``, ``repeated`` (of
    the same bytes as one before) or ``missing``; what is missing becomes ``sent`` or ``failed``.

    Args:
        path: the file; it and its directory are readable by their owner only.
        what: the work, as others are told of it who ask meanwhile: "A sync of notes to ...".
        holder: more that they are told, such as ``run_id``.

    Raises:
        StoreBusy: another process, or thread, is at it; the text says who and since when.
        OutputError: the file cannot be made.
    """

    def __init__(self, path: Path, what: str, holder: Mapping[str, Any]) -> None:
        self._path = path
        self._lock = Lock(path.with_name(f"{path.name}.lock"), what, holder)
        try:
            self._database = _opened(path)
        except BaseException:
            self._lock.release()
            raise

    def close(self) -> None:
        """Let others at it. May be called twice."""
        self._database.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def note_here(self, file: Hashed) -> None:
        """Note a file that is here and can be sent."""
        row = (file.number, file.id, file.name, file.size_bytes, file.sha256, file.md5)
        self._run("INSERT INTO here VALUES (?, ?, ?, ?, ?, ?, 'new', NULL)", *row)

    def note_failed(self, number: int, identity: str, name: str, reason: str) -> None:
        """Note a file that cannot be sent, and why."""
        self._run(
            "INSERT INTO here VALUES (?, ?, ?, 0, NULL, NULL, 'failed', ?) ON CONFLICT (number) "
            "DO UPDATE SET state = 'failed', reason = excluded.reason",
            number, identity, name, reason,
        )  # fmt: skip

    def note_there(self, marks: Iterable[str]) -> None:
        """Note what the server shows of what it has: ids, hashes, marks of names and documents."""
        for mark in marks:
            self._run("INSERT OR IGNORE INTO there VALUES (?)", mark)

    def forget_there(self) -> None:
        """Forget what the server showed, before it is asked anew."""
        self._run("DELETE FROM there")

    def compare(self, dataset: str | None, *, shown: bool = True) -> None:
        """Decide for each file that is here whether the server has it.

        Args:
            dataset: the id of the dataset there; None if there is none yet.
            shown: the server shows what it has; else the ledger's word must do.
        """
        known = (
            _IS_THERE
            if shown
            else "EXISTS (SELECT 1 FROM sent WHERE dataset = ? AND sent.sha256 = here.sha256)"
        )
        self._run(
            f"UPDATE here SET state = 'unchanged' WHERE state = 'new' AND {known}",  # noqa: S608
            dataset,
        )
        self._run(
            "UPDATE here SET state = CASE WHEN number IN (SELECT min(number) FROM here "
            "WHERE state = 'new' GROUP BY sha256) THEN 'missing' ELSE 'repeated' END "
            "WHERE state = 'new'"
        )
        if not shown:
            self._run(
                "INSERT OR IGNORE INTO there SELECT name_mark(name) FROM sent WHERE dataset = ?",
                dataset,
            )

    def is_name_taken(self, file: Hashed) -> bool:
        """Tell whether another file, there or before this one here, has the name of this one."""
        asked = (
            "SELECT EXISTS (SELECT 1 FROM there WHERE mark = ?) OR EXISTS (SELECT 1 FROM here "
            "WHERE name_mark(name) = ? AND number < ? AND sha256 IS NOT ?)"
        )
        mark = name_mark(file.name)
        return bool(self._run(asked, mark, mark, file.number, file.sha256).fetchone()[0])

    def count_changed(self) -> int:
        """Count the missing files of which the server shows another version."""
        asked = (
            "SELECT count(*) FROM here WHERE state = 'missing' AND EXISTS "
            "(SELECT 1 FROM there WHERE mark = document_mark(id))"
        )
        return int(self._run(asked).fetchone()[0])

    def note_missing(self, hashes: Iterable[str]) -> None:
        """Take the server's own word: of the files that are here, these hashes (MD5) lack there."""
        self.note_there(hashes)
        self._run(
            "UPDATE here SET state = 'unchanged' "
            "WHERE state = 'new' AND md5 NOT IN (SELECT mark FROM there)"
        )
        self.forget_there()
        self.compare(None)

    def iter_hashes(self) -> Iterator[str]:
        """Yield the MD5 of each file that is here, once."""
        rows = self._run("SELECT DISTINCT md5 FROM here WHERE state = 'new' ORDER BY md5")
        return (row[0] for row in rows)

    def missing(self, number: int) -> Hashed | None:
        """Return a file if it is to be sent."""
        row = self._run(
            "SELECT number, id, name, size, sha256, md5 FROM here "
            "WHERE number = ? AND state = 'missing'",
            number,
        ).fetchone()
        return None if row is None else Hashed(*row)

    def is_there(self, file: Hashed, dataset: str | None, data_id: str | None = None) -> bool:
        """Tell whether the server shows a file, by its bytes or by the id it gave it."""
        if (
            data_id is not None
            and self._run("SELECT 1 FROM there WHERE mark = ?", data_id).fetchone()
        ):
            return True
        asked = f"SELECT 1 FROM here WHERE number = ? AND {_IS_THERE}"  # noqa: S608
        return self._run(asked, file.number, dataset).fetchone() is not None

    def note_sent(self, file: Hashed, dataset: str, data_id: str | None) -> None:
        """Remember that the server took a file; what is remembered outlives this process."""
        with self._database:
            self._run("BEGIN")
            self._run(
                "INSERT OR REPLACE INTO sent VALUES (?, ?, ?, ?, ?, ?, ?)",
                dataset, file.sha256, file.md5, data_id, file.name, file.size_bytes, time.time(),
            )  # fmt: skip
            self._run("UPDATE here SET state = 'sent' WHERE number = ?", file.number)

    def iter_sent(self, dataset: str) -> Iterator[tuple[Hashed, str | None]]:
        """Yield the files that were sent since this ledger was opened, and their ids there."""
        last = -1
        while True:
            rows = self._run(
                "SELECT number, id, here.name, here.size, here.sha256, here.md5, data_id FROM here "
                "JOIN sent ON sent.dataset = ? AND sent.sha256 = here.sha256 "
                "WHERE state = 'sent' AND number > ? ORDER BY number LIMIT ?",
                dataset, last, _PAGE,
            ).fetchall()  # fmt: skip
            yield from ((Hashed(*row[:-1]), row[-1]) for row in rows)
            if len(rows) < _PAGE:
                return
            last = rows[-1][0]

    def forget_sent(self, file: Hashed, dataset: str, reason: str) -> None:
        """Take back that a file was sent: the server shows otherwise."""
        self._run("DELETE FROM sent WHERE dataset = ? AND sha256 = ?", dataset, file.sha256)
        self.note_failed(file.number, file.id, file.name, reason)

    def standing(self, state: str) -> Standing:
        """Count the files of one state."""
        asked = "SELECT count(*), coalesce(sum(size), 0) FROM here WHERE state = ?"
        return Standing(*self._run(asked, state).fetchone())

    def names(self, state: str, most: int) -> list[tuple[str, str]]:
        """Return (name, reason) of the first files of one state."""
        asked = (
            "SELECT name, coalesce(reason, '') FROM here WHERE state = ? ORDER BY number LIMIT ?"
        )
        return self._run(asked, state, most).fetchall()

    def told(self, key: str) -> str | None:
        """Return what was kept under a key."""
        row = self._run("SELECT value FROM about WHERE key = ?", key).fetchone()
        return None if row is None else str(row[0])

    def keep(self, key: str, value: str | None) -> None:
        """Keep something until the next sync and longer, or with None nothing."""
        if value is None:
            self._run("DELETE FROM about WHERE key = ?", key)
        else:
            self._run("INSERT OR REPLACE INTO about VALUES (?, ?)", key, value)

    def _run(self, statement: str, *values: Any) -> sqlite3.Cursor:
        try:
            return self._database.execute(statement, values)
        except sqlite3.DatabaseError as error:
            raise OutputError(f"{self._path}: SQLite says: {error}.") from error


def name_mark(name: str) -> str:
    """Return the mark of a file's name as a cognee tells names apart: without their endings."""
    return f"name:{PurePath(name).stem}"


def document_mark(identity: str) -> str:
    """Return the mark of what a file is a version of."""
    return f"document:{identity}"


def ledger_file(url: str, dataset: str) -> Path:
    """Return the file of the ledger of a dataset on a server; both can be read in its path."""
    host = urlsplit(url).netloc
    return state_directory() / _file_name(host, url) / f"{_file_name(dataset, dataset)}.sqlite"


def _file_name(shown: str, whole: str) -> str:
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{_UNFIT.sub('-', shown).strip('-')[:60] or 'x'}-{digest[:12]}"


def _opened(path: Path) -> sqlite3.Connection:
    """Open the file, anew if it is damaged or of another version."""
    with suppress(sqlite3.DatabaseError):
        return _connected(path)
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    try:
        return _connected(path)
    except sqlite3.DatabaseError as error:
        raise OutputError(f"{path}: SQLite says: {error}.") from error


def _connected(path: Path) -> sqlite3.Connection:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}.") from error
    database = sqlite3.connect(path, isolation_level=None)
    try:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version not in {0, VERSION}:
            raise sqlite3.DatabaseError("made by another version of cogx")
        database.create_function("name_mark", 1, name_mark, deterministic=True)
        database.create_function("document_mark", 1, document_mark, deterministic=True)
        database.execute("PRAGMA temp_store = FILE")
        database.executescript(_LASTING)
        database.execute(f"PRAGMA user_version = {VERSION}")
        database.executescript(_PASSING)
    except BaseException:
        database.close()
        raise
    return database
