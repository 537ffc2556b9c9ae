"""Knows the transaction that one import is: its lock, its tables, its end; reads no rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, LiteralString, TypeVar

import psycopg
from psycopg import sql

from cogx.codec.canonical import NotJson, encode
from cogx.errors import StoreRefused, StoreUnavailable, UsageError
from cogx.generator import GENERATOR
from cogx.ports import Edge, Node
from cogx.progress import Progress
from cogx.stores.postgresql import layout
from cogx.stores.postgresql.address import Address
from cogx.stores.postgresql.catalog import Catalog, look
from cogx.stores.postgresql.connection import connect, prepare, release
from cogx.stores.postgresql.failures import translated
from cogx.stores.postgresql.import_lock import take_lock

Row = TypeVar("Row", Node, Edge)

_SEND_BYTES: Final = 256 << 10


class Importing:
    """One import into one schema: all of it, or nothing. Memory does not grow with it.

    ``connection`` may be used for statements between :meth:`begin` and :meth:`finish`.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.connection = connect(address)
        self.connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self._begun = False

    def begin(self) -> Catalog | None:
        """Start the transaction; return what is in the schema, None if nothing is.

        Raises:
            StoreBusy: another import is at work.
            StoreRefused: tables of somebody else, or a store of a newer cogx.
        """
        with translated(self.address):
            # First, so that the state seen is one that nobody is importing into.
            take_lock(self.connection, self.address)
            prepare(self.connection, self.address)
            found = look(self.connection, self.address)
        self._begun = True
        return found

    def make_tables(self) -> None:
        """Make the schema if it is not there, and bare tables."""
        exists = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
        with translated(self.address):
            if self.connection.execute(exists, [self.address.schema]).fetchone() is None:
                make = sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(self.address.schema))
                self.connection.execute(make)
            for statement in layout.TABLES:
                self.connection.execute(statement)
            version = "schema_version", str(layout.SCHEMA_VERSION)
            self.connection.execute(layout.KEEP_META, version)

    def make_indexes(self, progress: Progress) -> None:
        """Make everything that is made behind the rows."""
        progress.begin("index", total=len(layout.INDEXES), unit="indexes")
        with translated(self.address):
            for statement in layout.INDEXES:
                self.connection.execute(statement)
                progress.advance(1)
        progress.end()

    def copy(
        self, statement: LiteralString, line_of: Callable[[Row], bytes], rows: Iterable[Row]
    ) -> int:
        """Send rows by COPY and return how many; the caller's iterable may raise what it likes."""
        sent, lines, waiting = 0, bytearray(), iter(rows)
        with translated(self.address), self.connection.cursor().copy(statement) as target:
            for row in waiting:
                lines += line_of(row)
                lines += b"\n"
                sent += 1
                if len(lines) >= _SEND_BYTES:
                    target.write(bytes(lines))
                    lines.clear()
            if lines:
                target.write(bytes(lines))
        return sent

    def finish(self, header: Mapping[str, Any]) -> None:
        """Keep the header, let the planner know the tables, and make everything visible.

        Raises:
            StoreRefused: the header cannot be kept. StoreUnavailable: the connection was lost.
        """
        self.demand_begun()
        try:
            text = encode(dict(header)).decode()
        except NotJson as error:
            raise StoreRefused(f"The header cannot be stored ({error}).") from error
        about = {"generator": GENERATOR, "header": text}
        with translated(self.address):
            self.connection.cursor().executemany(layout.KEEP_META, about.items())
            self.connection.execute("ANALYZE nodes, edges")
            self._commit()
        self.abort()

    def abort(self) -> None:
        """Undo what was not finished and release the database; may be called twice."""
        self._begun = False
        release(self.connection)

    def _commit(self) -> None:
        try:
            self.connection.commit()
        except psycopg.OperationalError as error:
            if error.sqlstate:
                raise
            raise StoreUnavailable(
                f"{self.address.text}: the connection was lost at the very end, so that nobody "
                "knows here whether the import was kept. It is there whole or not at all: import "
                "again, which leaves alone what is there.",
                reason=str(error),
            ) from error

    def demand_begun(self) -> None:
        """Refuse what comes before the beginning or behind the end.

        Raises:
            UsageError: it does.
        """
        if not self._begun:
            raise UsageError("This import is not begun, or finished or aborted; open a new one.")
