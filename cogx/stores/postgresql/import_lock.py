"""Knows that one import at a time works in a schema, and whose it is; nothing of the tables."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from cogx.errors import StoreBusy
from cogx.stores.postgresql.address import Address
from cogx.stores.postgresql.connection import Connection

_TAKE: Final = "SELECT pg_try_advisory_xact_lock(%s)"
# A key of 64 bits stands in pg_locks as two halves; sessions of other users show less.
_HOLDER: Final = """SELECT usename, application_name, client_addr::text, xact_start, pid
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 1
  AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (classid::bigint << 32) | objid::bigint = %s"""


def take_lock(connection: Connection, address: Address) -> None:
    """Keep other imports out until the transaction ends.

    Raises:
        StoreBusy: another import is at work; the text says whose and since when.
    """
    key = _key(address.schema)
    taken = connection.execute(_TAKE, [key]).fetchone()
    if taken != (True,):
        raise _busy(connection.execute(_HOLDER, [key]).fetchone(), address)


def _key(schema: str) -> int:
    digest = hashlib.sha256(f"cogx import {schema}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


def _busy(holder: tuple[Any, ...] | None, address: Address) -> StoreBusy:
    if holder is None:
        return StoreBusy(f"{address.text}: another import was at work just now. Try again.")
    user, application, client, since, pid = holder
    began = f"{since:%Y-%m-%d %H:%M:%S} UTC" if since else "a time that only its user may see"
    return StoreBusy(
        f"{address.text}: another import is at work: user {user}, application "
        f"{application or 'unnamed'}, from {client or 'the same machine'}, since {began}. "
        f"Wait until it is done, or end it with SELECT pg_terminate_backend({pid}).",
        user=user,
        application=application,
        since=since,
        pid=pid,
    )
