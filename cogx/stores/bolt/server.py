"""Knows a connection to a Bolt server: reading in a stream, writing in transactions.

Nothing of the layout; only that a lost connection may help to be tried again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

from neo4j import READ_ACCESS, WRITE_ACCESS, Driver, GraphDatabase, Query, Session, Transaction
from neo4j.exceptions import ClientError, ConstraintError, DriverError, Neo4jError

from cogx.errors import StoreRefused
from cogx.generator import GENERATOR
from cogx.stores.bolt.address import Address, parse_address
from cogx.stores.bolt.dialect import Dialect, dialect_of
from cogx.stores.bolt.faults import message_of, translated

Made = TypeVar("Made")

_CONNECT_S: Final = 15.0
_PAUSES_S: Final = (0.1, 0.5, 2.0)
"""How long to wait before each further try at a transaction."""
_SILENT_SINCE: Final = (5, 2)
"""The Bolt version from which on a server can be told to send no notifications."""


class Server:
    """One database of a server. ``advice`` is added to the text of a lost connection.

    Raises:
        BadSetting, StoreUnavailable, StoreRefused: as :func:`cogx.stores.bolt.open_reader`.
    """

    def __init__(self, uri: str, database: str | None) -> None:
        self.address: Address = parse_address(uri, database)
        self.advice = ""
        self._bookmarks = GraphDatabase.bookmark_manager()
        self._settings: dict[str, Any] = {}
        with self.translated():
            self._driver: Driver = GraphDatabase.driver(
                self.address.uri,
                auth=self.address.credentials,
                user_agent=GENERATOR.replace(" ", "/"),
                connection_timeout=_CONNECT_S,
                connection_acquisition_timeout=2 * _CONNECT_S,
                telemetry_disabled=True,
            )
        try:
            with self.translated(), self._session(READ_ACCESS) as session:
                info = session.run("RETURN 1").consume().server
            if info.protocol_version >= _SILENT_SINCE:
                self._settings["notifications_min_severity"] = "OFF"
            self.dialect: Dialect = dialect_of(info.agent)
        except BaseException:
            self.close()
            raise

    def translated(self) -> Any:
        """Let the driver's errors appear as ours inside a ``with``."""
        return translated(self.address.shown, self.advice)

    def stream(self, query: str, **parameters: Any) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of one query as they come; the server waits while nobody asks.

        Close the iterator if it is not read to its end.
        """
        with self.translated(), self._session(READ_ACCESS) as session:
            yield from session.run(_query(query), parameters)

    def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Return all rows of one query, which must be few."""
        return list(self.stream(query, **parameters))

    def write(self, work: Callable[[Transaction], Made]) -> Made:
        """Do work in one transaction, all of it or nothing; again where that may help.

        Raises:
            ConstraintError: the driver's own, for the caller to name.
            StoreUnavailable, StoreRefused: as :func:`cogx.stores.bolt.open_reader`.
        """
        with self.translated():
            for pause in _PAUSES_S:
                try:
                    return self._write_once(work)
                except (Neo4jError, DriverError) as error:
                    if not error.is_retryable():
                        raise
                    time.sleep(pause)
            return self._write_once(work)

    def define(self, statement: str) -> None:
        """Make a constraint or an index, which may be there already.

        Raises:
            StoreRefused: the user may not, or the data do not allow it.
        """
        try:
            with self.translated(), self._session(WRITE_ACCESS) as session:
                session.run(_query(statement)).consume()
        except ConstraintError as error:
            raise StoreRefused(f"{self.address.shown}: {message_of(error)}") from error
        except StoreRefused as error:
            cause = error.__cause__
            if not isinstance(cause, ClientError) or "already exists" not in message_of(cause):
                raise

    def close(self) -> None:
        """Release the connection. May be called twice."""
        self._driver.close()

    def _write_once(self, work: Callable[[Transaction], Made]) -> Made:
        with self._session(WRITE_ACCESS) as session, session.begin_transaction() as transaction:
            made = work(transaction)
            transaction.commit()
            return made

    def _session(self, access: str) -> Session:
        return self._driver.session(
            database=self.address.database,
            default_access_mode=access,
            bookmark_manager=self._bookmarks,
            **self._settings,
        )


def run(transaction: Transaction, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a query inside a transaction."""
    return [tuple(record) for record in transaction.run(query, parameters)]


def _query(text: str) -> Query:
    # Names are quoted by dialect.quoted, values travel as parameters.
    return Query(text)
