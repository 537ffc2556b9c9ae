"""Knows whether a schema is free for a new graph."""

from __future__ import annotations

from contextlib import closing

from cogx.stores.postgresql.address import parse_address
from cogx.stores.postgresql.catalog import has_nodes, look
from cogx.stores.postgresql.connection import connect, prepare
from cogx.stores.postgresql.failures import translated


def is_vacant_at(uri: str, *, schema: str) -> bool:
    """Tell whether there is no store here, or one of cogx without nodes.

    Raises:
        StoreRefused: tables of somebody else are there.
    """
    address = parse_address(uri, schema)
    with closing(connect(address)) as connection:
        connection.read_only = True
        prepare(connection, address)
        with translated(address):
            return look(connection, address) is None or not has_nodes(connection)
