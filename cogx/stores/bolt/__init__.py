"""Knows how a graph lives in a server that speaks Bolt: open one to read it, or to update it.

It must never know an archive. The driver is imported by the first open, not before.

Layout (schema version 1), made for a person's Cypher: a node carries the labels ``CogxNode``,
its type, and its further labels; an edge is a relationship whose type is its predicate, so that
``MATCH (p:Person)-[:works_at]->(f) RETURN p.name`` works. ``id`` names both. Properties are
native where Bolt keeps them exactly; what it does not keep stands in ``_cogx``, see
:mod:`~cogx.stores.bolt.notes`. Names that are odd, and names beyond a few hundred, get no label
or type of their own: then ``_cogx_type`` holds a node's type, and the relationship type
``CogxEdge`` with ``_cogx_predicate`` an edge's predicate. ``CogxMeta`` holds the header,
``CogxJournal`` is there while an import is at work. Nodes without the label ``CogxNode`` are
somebody else's: they are read only where nothing of cogx is in the database.

Needed of the server: Bolt 4.4 or later; MATCH, UNWIND, CREATE, SET and REMOVE of properties and
labels, DETACH DELETE, CASE, UNION ALL; ``labels``, ``type``, ``properties``, ``coalesce``,
``timestamp``, ``elementId``; unique constraints and indexes on nodes, indexes on relationships.
No APOC, no procedure but ``db.labels`` and ``db.relationshipTypes``. Where Memgraph says the same
otherwise, its way is taken (:mod:`~cogx.stores.bolt.dialect`). Ids are index keys: Neo4j takes
up to about 8,000 bytes.

An import is not one transaction, because a server cannot hold a large graph in one: it keeps a
journal in the store, with which the same import goes on after a crash, or is taken back
(:mod:`~cogx.stores.bolt.journal`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cogx.errors import MissingExtra

if TYPE_CHECKING:
    from cogx.stores.bolt.reader import BoltReader
    from cogx.stores.bolt.updater import BoltUpdater

_EXTRA: Final = ("bolt", "A Bolt store")


def open_reader(uri: str, *, database: str | None = None) -> BoltReader:
    """Open a store to read its graph.

    Args:
        uri: ``bolt://USER@HOST:PORT`` (or ``neo4j://``, ``bolt+s://``, ``neo4j+s://``), without a
            password. That is taken from COGX_STORE_PASSWORD, else NEO4J_PASSWORD; without
            either, the server is asked without credentials.
        database: the database's name, the server's default one if None.

    Raises:
        MissingExtra: the driver is not installed.
        BadSetting: the URI cannot be read, or has a password in it.
        StoreUnavailable: the server cannot be reached; a retry may help.
        StoreBusy: an import is at work in the store.
        StoreRefused: wrong credentials, no such database, an import that was broken off, or a
            store of a newer cogx.
    """
    try:
        from cogx.stores.bolt.reader import BoltReader  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(*_EXTRA) from error
    return BoltReader(uri, database=database)


def open_updater(uri: str, *, database: str | None = None) -> BoltUpdater:
    """Open a store to import into it, be it empty or not.

    Args:
        uri: as for :func:`open_reader`.
        database: likewise.

    Raises:
        MissingExtra, BadSetting, StoreUnavailable, StoreRefused: as :func:`open_reader`;
            ``begin()`` says whether another import is there.
    """
    try:
        from cogx.stores.bolt.updater import BoltUpdater  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(*_EXTRA) from error
    return BoltUpdater(uri, database=database)


def is_vacant(uri: str, *, database: str | None = None) -> bool:
    """Tell whether the database holds nothing of cogx: no node, no import that was broken off.

    A graph of somebody else does not count: what cogx writes stands beside it.
    Raises as :func:`open_updater`.
    """
    try:
        from cogx.stores.bolt.vacancy import is_vacant_at  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(*_EXTRA) from error
    return is_vacant_at(uri, database=database)


def rollback(uri: str, *, database: str | None = None) -> str:
    """Take an import back that was broken off; return a sentence that says what was done.

    May be called again, also after it was broken off itself. An import that had everything
    written when it died is finished instead, and the sentence says so.

    Raises:
        StoreBusy: the import is still at work.
        others: as :func:`open_updater`.
    """
    try:
        from cogx.stores.bolt.recovery import take_back  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(*_EXTRA) from error
    return take_back(uri, database=database)


__all__ = ["is_vacant", "open_reader", "open_updater", "rollback"]
