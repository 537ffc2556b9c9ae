"""Knows how to look up what is in a store: its meta node, nodes and edges by id; changes nothing.

What is returned of nodes and edges is what the server holds, not yet what it means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from cogx.errors import StoreRefused
from cogx.stores.bolt.catalog import Catalog
from cogx.stores.bolt.dialect import META, NODE, quoted
from cogx.stores.bolt.rows import HeldEdge
from cogx.stores.bolt.server import Server

SCHEMA_VERSION: Final = 1
_RELATIONSHIPS_AT_ONCE: Final = 50
_META: Final = f"MATCH (m:{META} {{name: 'graph'}}) RETURN properties(m)"
_ANY_NODE: Final = f"MATCH (n:{NODE}) RETURN 1 LIMIT 1"
_NODES: Final = (
    f"UNWIND $ids AS id MATCH (n:{NODE}) WHERE n.id = id RETURN n.id, labels(n), properties(n)"
)
_NAME: Final = "$name"
_FOUND_EDGE: Final = (
    # In two steps, so that no server looks at the labels of every relationship's ends first.
    f"MATCH (a)-[r:{_NAME}]->(b) WHERE r.id IN $ids WITH a, r, b WHERE a:{NODE} AND b:{NODE}"
)
_HELD: Final = "a.id AS source, b.id AS target, type(r) AS relationship, properties(r) AS held"
Ask = Callable[..., list[tuple[Any, ...]]]


def read_meta(server: Server) -> dict[str, Any] | None:
    """Return the properties of the meta node, None if there is none.

    Raises:
        StoreRefused: a store of a newer cogx.
    """
    rows = server.rows(_META)
    if not rows:
        return None
    meta: dict[str, Any] = rows[0][0]
    version = meta.get("schema_version", SCHEMA_VERSION)
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise StoreRefused(
            f"{server.address.shown} was written by a newer cogx (schema version {version!r:.20}, "
            f"this one knows {SCHEMA_VERSION}). Upgrade cogx."
        )
    return meta


def has_nodes(server: Server) -> bool:
    """Tell whether a node of cogx is there."""
    return bool(server.rows(_ANY_NODE))


def header_of(text: Any) -> dict[str, Any]:
    """Return the header that a text holds.

    Raises:
        StoreRefused: it is damaged.
    """
    try:
        return {} if text is None else msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, TypeError) as error:
        raise StoreRefused("The header stored in CogxMeta is damaged.") from error


def catalog_of(server: Server, meta: dict[str, Any] | None) -> Catalog:
    """Return the names that have a label or a relationship type."""
    meta = meta or {}
    catalog = Catalog(
        server.dialect, set(meta.get("labels", ())), set(meta.get("relationships", ()))
    )
    if server.dialect.lists_names:
        labels = server.rows("CALL db.labels() YIELD label RETURN label")
        types = server.rows("CALL db.relationshipTypes() YIELD relationshipType AS t RETURN t")
        catalog.labels_there = frozenset(name for (name,) in labels)
        catalog.relationships_there = frozenset(name for (name,) in types)
    return catalog


def nodes_in(ask: Ask, ids: Sequence[str]) -> dict[str, tuple[list[str], dict[str, Any]]]:
    """Return {id: (labels, properties)} of those nodes that are there."""
    return {node_id: (labels, held) for node_id, labels, held in ask(_NODES, ids=ids)}


def edges_in(ask: Ask, ids: Sequence[str], relationships: Sequence[str]) -> dict[str, HeldEdge]:
    """Return those edges that are there, by id.

    Raises:
        StoreRefused: an id is there twice, so that it names no edge.
    Cost: one look into an index per id and relationship type.
    """
    return _edges(ask, ids, relationships, f"{_FOUND_EDGE} RETURN {_HELD}")


def take_edges(ask: Ask, ids: Sequence[str], relationships: Sequence[str]) -> dict[str, HeldEdge]:
    """Delete those edges that are there, and return them; as :func:`edges_in`."""
    query = f"{_FOUND_EDGE} WITH r, {_HELD} DELETE r RETURN source, target, relationship, held"
    return _edges(ask, ids, relationships, query)


def _edges(
    ask: Ask, ids: Sequence[str], relationships: Sequence[str], query: str
) -> dict[str, HeldEdge]:
    found: dict[str, HeldEdge] = {}
    for start in range(0, len(relationships), _RELATIONSHIPS_AT_ONCE):
        some = relationships[start : start + _RELATIONSHIPS_AT_ONCE]
        united = " UNION ALL ".join(query.replace(_NAME, quoted(name)) for name in some)
        for source, target, relationship, held in ask(united, ids=ids):
            if held["id"] in found:
                raise StoreRefused(
                    f"Two relationships have the id {held['id']!r:.80}. Give each its own."
                )
            found[held["id"]] = HeldEdge(source, target, relationship, held)
    return found
