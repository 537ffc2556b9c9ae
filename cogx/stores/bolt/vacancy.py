"""Knows whether a database holds nothing of cogx yet."""

from __future__ import annotations

from contextlib import closing

from cogx.stores.bolt.entries import read_entry
from cogx.stores.bolt.found import has_nodes
from cogx.stores.bolt.server import Server


def is_vacant_at(uri: str, *, database: str | None) -> bool:
    """Tell whether there is neither a node of cogx nor a journal."""
    with closing(Server(uri, database)) as server:
        return read_entry(server) is None and not has_nodes(server)
