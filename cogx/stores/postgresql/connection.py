"""Knows how to reach a database and what a session of ours is like; nothing of the layout."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any, Final

import psycopg

from cogx.errors import StoreRefused
from cogx.stores.postgresql.address import Address
from cogx.stores.postgresql.failures import connect_failure, translated

Connection = psycopg.Connection[tuple[Any, ...]]

APPLICATION: Final = "cogx"
PASSWORD_VARIABLE: Final = "COGX_STORE_PASSWORD"  # noqa: S105 - a name, not a password
_CONNECT_TIMEOUT_S: Final = 10
_OLDEST: Final = 120_000
_SETTINGS: Final = {
    # What a value looks like on the wire must not depend on who asks.
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    # A policy that hides rows must be an error: an export without them would look whole.
    "row_security": "off",
    "statement_timeout": "0",
    "transaction_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "lock_timeout": "30s",
}
_SET: Final = """SELECT set_config(name, wanted, true)
FROM unnest(%s::text[], %s::text[]) AS given(name, wanted)
WHERE name = 'search_path'
  OR EXISTS (SELECT FROM pg_settings WHERE lower(pg_settings.name) = lower(given.name))"""


def connect(address: Address) -> Connection:
    """Connect; the caller says what kind of transaction it wants, then calls :func:`prepare`.

    Raises:
        StoreUnavailable: nobody answers there; a retry may help.
        StoreRefused: the server lets nobody in like this, or is not one that we can use.
    """
    extra: dict[str, Any] = {}
    if os.environ.get(PASSWORD_VARIABLE):
        extra["password"] = os.environ[PASSWORD_VARIABLE]
    if "PGCONNECT_TIMEOUT" not in os.environ and "connect_timeout" not in address.uri:
        extra["connect_timeout"] = _CONNECT_TIMEOUT_S
    try:
        connection = psycopg.connect(
            address.uri,
            application_name=APPLICATION,
            client_encoding="UTF8",
            # Poolers hand the server's session on to others.
            prepare_threshold=None,
            **extra,
        )
    except psycopg.Error as error:
        # Not chained: the driver's frames hold the password.
        raise connect_failure(error, address) from None
    try:
        _check_server(connection, address)
    except BaseException:
        connection.close()
        raise
    return connection


def prepare(connection: Connection, address: Address) -> None:
    """Make the settings of the transaction that is open, or opened by this; they end with it."""
    settings = _SETTINGS | {"search_path": '"' + address.schema.replace('"', '""') + '"'}
    with translated(address):
        connection.execute(_SET, [list(settings), list(settings.values())])


def release(connection: Connection) -> None:
    """Undo what was not committed and close; may be called twice."""
    # Undone before it is closed, so that locks are free when this returns. If the connection is
    # lost, the server has done so by itself.
    with suppress(psycopg.Error):
        if not connection.closed:
            connection.rollback()
    connection.close()


def _check_server(connection: Connection, address: Address) -> None:
    if connection.info.server_version < _OLDEST:
        raise StoreRefused(
            f"{address.text}: PostgreSQL {connection.info.server_version // 10_000} is too old; "
            f"cogx needs {_OLDEST // 10_000} or newer."
        )
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise StoreRefused(
            f"{address.text}: the database's encoding is {encoding}, which does not hold every "
            "text. Make one with: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0."
        )
