"""Knows where results of derivers are kept on disk, under which keys; never what a result says.

One SQLite file for this user. A result is written in a transaction of its own, so a process that
is killed loses none that was finished, and several processes may be at work at once.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from cogx.errors import BadSetting

CACHE_VARIABLE: Final = "XDG_CACHE_HOME"
_LAYOUT: Final = 1
_WAIT_S: Final = 60
_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, deriver TEXT NOT NULL, "
    "version TEXT NOT NULL, origin TEXT NOT NULL, made_at REAL NOT NULL, seconds REAL NOT NULL, "
    "begins TEXT NOT NULL, result BLOB NOT NULL) WITHOUT ROWID"
)


def cache_path() -> Path:
    """Return where results are kept: below XDG_CACHE_HOME, or ~/.cache."""
    named = Path(os.environ.get(CACHE_VARIABLE, ""))
    base = named if named.is_absolute() else Path("~/.cache").expanduser()
    return base / "cogx" / "derived.sqlite"


@dataclass(frozen=True, slots=True)
class Entry:
    """One result: who made it, with which origin (a model, a prompt), and how its text begins.

    ``made_at`` is in seconds since 1970, ``seconds`` what it took to make.
    """

    key: str
    deriver: str
    version: str
    origin: Mapping[str, Any]
    made_at: float
    seconds: float
    begins: str
    result: bytes


@dataclass(frozen=True, slots=True)
class Share:
    """How many results of one deriver, version and origin there are, and their bytes."""

    deriver: str
    version: str
    origin: Mapping[str, Any]
    results: int
    bytes: int


class ResultCache:
    """Results by key. The file is made when the first one is kept.

    Raises (anything that opens it):
        BadSetting: the file is damaged, of another layout, or cannot be had.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or cache_path()
        self._table: sqlite3.Connection | None = None

    def get(self, key: str) -> bytes | None:
        """Return a result, None if there is none."""
        row = self._row("SELECT result FROM results WHERE key = ?", (key,))
        return None if row is None else row[0]

    def iter_entries(self, prefix: str = "") -> Iterator[Entry]:
        """Yield what is kept under keys that begin so, the newest first."""
        if not self.path.exists():
            return
        with self._telling():
            rows = self._opened(create=False).execute(
                "SELECT key, deriver, version, origin, made_at, seconds, begins, result "
                "FROM results WHERE key >= ? AND key < ? ORDER BY made_at DESC, key",
                (prefix, f"{prefix}\U0010ffff"),
            )
            for key, deriver, version, origin, *others in rows:
                yield Entry(key, deriver, version, json.loads(origin), *others)

    def holds(self, key: str) -> bool:
        """Tell whether there is a result."""
        return self._row("SELECT 1 FROM results WHERE key = ?", (key,)) is not None

    def keep(self, entry: Entry) -> None:
        """Keep a result, in the place of one that was there. On disk when this returns."""
        made = (entry.key, entry.deriver, entry.version, _text(entry.origin), entry.made_at)
        with self._telling():
            self._opened(create=True).execute(
                "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*made, entry.seconds, entry.begins, entry.result),
            )

    def seconds_of(self, deriver: str, version: str, origin: Mapping[str, Any]) -> float | None:
        """Return how long a result took to make on the average, None if there is none."""
        row = self._row(
            "SELECT AVG(seconds) FROM results WHERE deriver = ? AND version = ? AND origin = ?",
            (deriver, version, _text(origin)),
        )
        return None if row is None else row[0]

    def shares(self) -> list[Share]:
        """Return what is there, by deriver, version and origin."""
        if not self.path.exists():
            return []
        with self._telling():
            rows = self._opened(create=False).execute(
                "SELECT deriver, version, origin, COUNT(*), SUM(LENGTH(result)) FROM results "
                "GROUP BY deriver, version, origin ORDER BY deriver, version, origin"
            )
            return [
                Share(deriver, version, json.loads(origin), number, size)
                for deriver, version, origin, number, size in rows
            ]

    def clear(self) -> None:
        """Forget everything; a damaged file, too. Who uses it meanwhile loses only the cache."""
        self.close()
        for ending in ("", "-journal"):
            with suppress(FileNotFoundError):
                self.path.with_name(self.path.name + ending).unlink()

    def close(self) -> None:
        """Let the file go. May be called twice."""
        if self._table is not None:
            self._table.close()
            self._table = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _row(self, query: str, values: tuple[str, ...]) -> Any:
        if self._table is None and not self.path.exists():
            return None
        with self._telling():
            return self._opened(create=False).execute(query, values).fetchone()

    def _opened(self, *, create: bool) -> sqlite3.Connection:
        if self._table is None:
            if create:
                self.path.parent.mkdir(0o700, parents=True, exist_ok=True)
                # Results are as private as the texts they are made of.
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            table = sqlite3.connect(self.path, timeout=_WAIT_S, isolation_level=None)
            try:
                self._prepare(table)
            except BaseException:
                table.close()
                raise
            self._table = table
        return self._table

    def _prepare(self, table: sqlite3.Connection) -> None:
        layout = table.execute("PRAGMA user_version").fetchone()[0]
        if layout not in (0, _LAYOUT):
            raise BadSetting(
                f"{self.path} was made by another version of cogx. Empty it with "
                "cogx cache --clear, or import with --no-cache."
            )
        if not layout:
            table.execute("BEGIN IMMEDIATE")
            table.execute(_TABLE)
            table.execute(f"PRAGMA user_version = {_LAYOUT}")
            table.execute("COMMIT")

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            raise BadSetting(
                f"{self.path}: the cache of derived results cannot be used ({error}). Empty it "
                "with cogx cache --clear, or import with --no-cache."
            ) from error


def _text(origin: Mapping[str, Any]) -> str:
    return json.dumps(dict(origin), sort_keys=True)
