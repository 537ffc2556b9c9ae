"""Knows how a graph lives in a PostgreSQL database: open one to read, to write, to update.

It must never know an archive. The driver is imported by the first open, not before.

Layout (schema version 1), made to be queried: in a schema of its own (``cogx`` unless told
otherwise) ``nodes`` and ``edges`` hold one row each, with ``properties`` as jsonb, so that
``properties->>'name'`` works; values that JSON lacks are tagged inline as in an archive, so a
date is ``properties->'born'->>'value'``. The view ``facts`` shows edges with the names of their
ends. ``_cogx`` holds what a person would not query, ``_cogx_meta`` says which layout this is. A
column that somebody added is read as a property. What SQL sees is what an export reads.

What PostgreSQL cannot hold as it is:

- No text holds U+0000. In ids, types, predicates, labels, and in texts and keys among the
  properties, U+0000 is written as U+0001 U+0001, and U+0001 as U+0001 U+0002: reversible, and
  the order of ids stays that of their code points.
- jsonb keeps numbers as decimals. Floats from 1e16 on are written with all their digits and
  ``.0``, so that they come back as floats. There is no -0.0: the column shows 0.0, and
  ``_cogx.negative_zeros`` lists the paths where it stands, which count while 0.0 is there.
- An index holds texts of up to 2,600 bytes: longer ids, types and predicates are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cogx.errors import MissingExtra

if TYPE_CHECKING:
    from cogx.stores.postgresql.reader import PostgresReader
    from cogx.stores.postgresql.updater import PostgresUpdater
    from cogx.stores.postgresql.writer import PostgresWriter

DEFAULT_SCHEMA: Final = "cogx"
_EXTRA: Final = ("postgresql", "A PostgreSQL store")


def open_reader(uri: str, *, schema: str = DEFAULT_SCHEMA) -> PostgresReader:
    """Open a store to read its graph: one state of it, whatever is written meanwhile.

    Args:
        uri: ``postgresql://USER@HOST:PORT/DATABASE``, without a password. That is taken from
            COGX_STORE_PASSWORD, else from where psql takes it (PGPASSWORD, ~/.pgpass).
        schema: the schema that the graph is in.

    Raises:
        MissingExtra: the driver is not installed.
        BadSetting: the URI cannot be read, or has a password in it.
        StoreUnavailable: the server cannot be reached; a retry may help.
        StoreRefused: no such user, password, database or store, or one of a newer cogx.
    """
    try:
        from cogx.stores.postgresql.reader import PostgresReader  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(*_EXTRA) from error
    return PostgresReader(uri, schema=schema)


def open_writer(uri: str, *, schema: str = DEFAULT_SCHEMA) -> PostgresWriter:
    """Start a new graph, in one transaction: nobody sees any of it before ``finish()``.

    Args:
        uri: as for :func:`open_reader`.
        schema: absent, empty, or a store of cogx without nodes.

    Raises:
        MissingExtra, BadSetting, StoreUnavailable: as :func:`open_reader`.
        StoreBusy: another import is at work in the schema.
        StoreRefused: there is a graph already, or tables of somebody else.
    """
    try:
        from cogx.stores.postgresql.writer import PostgresWriter  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(*_EXTRA) from error
    return PostgresWriter(uri, schema=schema)


def open_updater(uri: str, *, schema: str = DEFAULT_SCHEMA) -> PostgresUpdater:
    """Open a store to import into it, one transaction from ``begin()`` to ``finish()``.

    Args:
        uri: as for :func:`open_reader`.
        schema: absent, empty, or a store of cogx.

    Raises:
        MissingExtra, BadSetting, StoreUnavailable, StoreRefused: as :func:`open_reader`;
            ``begin()`` raises what :func:`open_writer` does, but for a graph that is there.
    """
    try:
        from cogx.stores.postgresql.updater import PostgresUpdater  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(*_EXTRA) from error
    return PostgresUpdater(uri, schema=schema)


def is_vacant(uri: str, *, schema: str = DEFAULT_SCHEMA) -> bool:
    """Tell whether a new graph can be written here: no store, or one of cogx without nodes.

    Raises as :func:`open_reader`; StoreRefused also where tables of somebody else are.
    """
    try:
        from cogx.stores.postgresql.vacancy import is_vacant_at  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(*_EXTRA) from error
    return is_vacant_at(uri, schema=schema)


__all__ = ["is_vacant", "open_reader", "open_updater", "open_writer"]
