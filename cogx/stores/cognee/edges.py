"""Knows what a row of cognee's edge table means as an edge; opens nothing."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from typing import Any, Final

from cogx.codec import canonical
from cogx.codec.typed import to_json
from cogx.format.identity import fact_id
from cogx.ports import Edge
from cogx.stores.cognee.nodes import is_texts
from cogx.stores.cognee.values import UNNAMED, read_instant, read_json, set_free, utc

_VALIDITY: Final = frozenset({"valid_at", "invalid_at"})
_TAKEN: Final = frozenset({"created_at", "updated_at", "fact_text"})
"""Fields of a fact that say something else than the property of the name."""


def edge_of(row: Edge) -> Edge:
    """Return the edge of a row.

    ``edge_text`` becomes the fact's text, the validity its fields where a rule reads them; the
    times are those of the row. What a field cannot say whole is kept under its own name in the
    metadata, with all other properties.
    """
    columns = row.properties
    relation = columns.pop("relationship_name", None)
    text = columns.pop("properties", None)
    stored, whole = read_json(text)
    properties: dict[str, Any] = {}
    kept: dict[str, Any] = {}
    if isinstance(stored, dict):
        for name, value in stored.items():
            _place(name, value, properties, kept)
    elif stored is not None:
        properties["properties"] = stored
    if not whole:
        set_free(properties, "graph_properties", text)
    if not relation:
        set_free(kept, "relationship_name", relation)
    for name, value in columns.items():
        set_free(properties, name, utc(value))
    rest = {"metadata": kept} if kept else None
    return Edge(row.id, row.source, row.target, relation or UNNAMED, properties, rest)


def told_apart(edges: Iterable[Edge]) -> Iterator[Edge]:
    """Yield edges, ordered by id, each with an id of its own.

    cognee means to have one edge per id; a store that was damaged has more. The later ones get
    the hash of their content behind it, then a number. Cost: memory of the edges of one id.
    """
    waiting: list[tuple[str, int, Edge]] = []
    before, seen, serial = None, set[str](), 0
    for edge in edges:
        if edge.id != before:
            before = edge.id
            seen = {edge.id}
            while waiting and waiting[0][0] < edge.id:
                yield heapq.heappop(waiting)[2]
            yield edge
            continue
        edge.id = _another_id(edge, seen)
        seen.add(edge.id)
        serial += 1
        heapq.heappush(waiting, (edge.id, serial, edge))
    for _, _, edge in sorted(waiting):
        yield edge


def _another_id(edge: Edge, seen: set[str]) -> str:
    content = canonical.encode(to_json([edge.properties, edge.rest]))
    first = made = fact_id(edge.source, edge.predicate, edge.target, content)
    number = 2
    while made in seen:
        made, number = f"{first}.{number}", number + 1
    return made


def _place(name: str, value: Any, properties: dict[str, Any], kept: dict[str, Any]) -> None:
    """Put a stored property where the fact keeps it."""
    if name == "edge_text" and isinstance(value, str):
        properties["fact_text"] = value
    elif name in _VALIDITY:
        moment, whole = read_instant(value)
        if moment is not None:
            properties[name] = moment
        if not whole or not isinstance(value, str):
            kept[name] = to_json(value)
    elif _fits(name, value):
        properties[name] = value
    else:
        kept[name] = to_json(value)


def _fits(name: str, value: Any) -> bool:
    """Tell whether the fact takes a property under its name, in a field or as metadata."""
    if name == "confidence":
        return isinstance(value, float) and math.isfinite(value)
    return name not in _TAKEN and (name != "provenance" or is_texts(value))
