"""Knows how the state is reached: one transaction at a time that reads, or that writes.

SQLite by default (one writer, readers beside it), PostgreSQL by its URL.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select
from sqlalchemy.exc import ArgumentError, DatabaseError

from cogx.errors import BadSetting, MissingExtra, StoreRefused, StoreUnavailable
from cogx.server.state.tables import VERSION, meta, metadata


def now() -> datetime:
    """Return this moment in UTC."""
    return datetime.now(UTC)


class Database:
    """The state of one server. Threads may share it; a forked process makes its own.

    Raises:
        BadSetting: the URL is none of a database.
        MissingExtra: its driver is not installed.
    """

    def __init__(self, url: str) -> None:
        self._is_sqlite = url.startswith("sqlite")
        # Errors are logged: they must not show what was to be written.
        self._engine = _engine_of(url, pool_pre_ping=not self._is_sqlite, hide_parameters=True)
        if self._is_sqlite:
            event.listen(self._engine, "connect", _prepare)
            event.listen(self._engine, "begin", _begin)

    def migrate(self) -> None:
        """Make the tables that are missing.

        Raises:
            StoreUnavailable: the database cannot be opened.
            StoreRefused: a newer cogx made its tables.
        """
        found = self.version()
        metadata.create_all(self._engine)
        if found is None:
            with self.write() as state:
                state.execute(insert(meta).values(name="version", value=str(VERSION)))

    def version(self) -> int | None:
        """Return the version of its tables, None if it has none.

        Raises:
            StoreUnavailable: the database cannot be opened.
            StoreRefused: a newer cogx made its tables.
        """
        try:
            with self.read() as state:
                if not inspect(state).has_table(meta.name):
                    return None
                found = state.scalar(select(meta.c.value).where(meta.c.name == "version"))
        except DatabaseError as error:
            raise StoreUnavailable(
                f"The server's database cannot be opened: {error.orig}. Check COGX_DATA_DIR or "
                "COGX_DATABASE_URL."
            ) from error
        if found is not None and int(found) > VERSION:
            raise StoreRefused(
                f"The server's database was made by a newer cogx (tables {found}, this one "
                f"knows {VERSION}). Upgrade cogx, or name another COGX_DATA_DIR."
            )
        return None if found is None else int(found)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one state and changes nothing."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection whose changes are all there at the end, or none of them."""
        with (
            self._engine.connect().execution_options(cogx_writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        """Release all connections. May be called twice."""
        self._engine.dispose()


def _engine_of(url: str, **options: Any) -> Engine:
    try:
        return create_engine(url, **options)
    except ArgumentError as error:  # Its text shows the URL, which may hold a password.
        raise BadSetting(
            "COGX_DATABASE_URL is no URL of a database. Write it as postgresql://USER@HOST/NAME."
        ) from error
    except ImportError as error:
        raise MissingExtra("postgresql", "The database of COGX_DATABASE_URL") from error


def _prepare(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # Transactions begin where we say, not at the first write.
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "busy_timeout=30000", "foreign_keys=ON", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later could be refused in the middle: whoever will
    # write takes the lock at once.
    writes = connection.get_execution_options().get("cogx_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
