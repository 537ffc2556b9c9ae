"""A seeded graph with the shape of an agent's memory: long-tailed degrees, real text, unicode.

Nodes are ``(id, properties)`` and edges ``(source, target, relationship, properties)``, the form
in which cognee's own graph engine hands a graph out, so that both sides start from the same.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

Node = tuple[str, dict[str, Any]]
Edge = tuple[str, str, str, dict[str, Any]]

WORDS = (
    "memory graph agent customer project release meeting decision budget Zürich café naïve "
    "李小龍 Мария עברית Søren 🦊 contract invoice ticket deadline preference language travel "
    "family address allergy medication schedule database migration server outage review"
).split()
RELATIONS = (
    "works_at knows located_in part_of mentions owns likes prefers manages reports_to "
    "depends_on resolved_by scheduled_for written_by"
).split()
EPOCH_MS = 1_700_000_000_000


def iter_nodes(count: int, seed: int = 7) -> Iterator[Node]:
    """Yield ``count`` entities with names, descriptions of 5 to 60 words, and timestamps."""
    chance = random.Random(seed)
    for number in range(count):
        name = f"{chance.choice(WORDS)} {chance.choice(WORDS)} {number}"
        text = " ".join(chance.choices(WORDS, k=5 + int(55 * chance.random() ** 2)))
        yield (
            node_id(number),
            {
                "name": name,
                "type": "Entity",
                "description": f"{name}: {text}.",
                "created_at": EPOCH_MS + number,
                "updated_at": EPOCH_MS + number * 3,
            },
        )


def iter_edges(count: int, nodes: int, seed: int = 7) -> Iterator[Edge]:
    """Yield ``count`` facts; a few nodes have most of them, as in any real graph."""
    chance = random.Random(seed + 1)
    for number in range(count):
        source = int(nodes * chance.random() ** 3)
        target = int(nodes * chance.random())
        relation = RELATIONS[int(len(RELATIONS) * chance.random() ** 2)]
        text = " ".join(chance.choices(WORDS, k=4 + int(12 * chance.random())))
        properties: dict[str, Any] = {"edge_text": text}
        if number % 4 == 0:
            properties["valid_at"] = f"20{10 + number % 15}-03-0{1 + number % 9}T10:00:00+00:00"
        yield node_id(source), node_id(target), f"{relation}_{number % 3}", properties


def node_id(number: int) -> str:
    """Return the id of the node with a number: a UUID, the same on every run."""
    return str(UUID(int=(number * 0x9E3779B97F4A7C15 + 1) % (1 << 64) << 64 | number))


def write_graph(path: Path, nodes: int, edges: int, seed: int = 7) -> None:
    """Write a graph as JSON lines for the peer: all nodes, then all edges."""
    with path.open("w", encoding="utf-8") as file:
        for identity, properties in iter_nodes(nodes, seed):
            file.write(json.dumps({"node": {"id": identity, **properties}}) + "\n")
        for edge in iter_edges(edges, nodes, seed):
            file.write(json.dumps({"edge": edge}) + "\n")


def half_other(nodes: list[Node], edges: list[Edge]) -> tuple[list[Node], list[Edge]]:
    """Return a graph of which about half is the given one, as a later export of it might be.

    Three in ten entities are others, with the facts that end in them, which leaves half of the
    facts the same; of the entities that are the same, one in seven has another description.
    """
    count = len(nodes)
    names: dict[str, str] = {}
    changed: list[Node] = []
    for number, (identity, properties) in enumerate(nodes):
        names[identity] = node_id(count + number) if number % 10 < 3 else identity
        if number % 10 == 9:
            properties = properties | {"description": f"{properties['description']} Reviewed."}
        changed.append((names[identity], properties))
    moved = [(names[source], names[target], *rest) for source, target, *rest in edges]
    return changed, moved
