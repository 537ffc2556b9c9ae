"""Knows a small graph with everything that a cognee store can hold; runs beside cognee only.

Must never write an archive's bytes itself: the graph goes in through cognee's own
``add_data_points`` and comes out through its own export, so the archive is a real one.
"""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid5

from cognee.infrastructure.engine import DataPoint
from cognee.modules.chunking.models.DocumentChunk import DocumentChunk
from cognee.modules.data.processing.document_types.TextDocument import TextDocument
from cognee.modules.engine.models import Entity, EntityType
from cognee.modules.engine.models.node_set import NodeSet
from cognee.tasks.storage.add_data_points import add_data_points
from peer_store import opened

NAMESPACE = UUID("7f3c1a52-6d0e-4b8b-9a55-0f5f3e1d2c4b")
START = datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=UTC)
NAMES = (
    "Ada Byron",
    "Zoë Müller",
    "Đặng Thị",
    "李小龍",
    "O'Brien",
    "🚀 Launch",
    'Quo"te\\Back',
    "",
)
TEXTS = ("plain", "two\nlines\r\n", "line\u2028separator", "next\u0085line", "tab\tnul-free", "")
PREDICATES = ("knows", "works_at", "with space/uni : colon ü", "предикат")


class Instrument(DataPoint):
    """A class that no importer knows: it travels as a raw node."""

    name: str
    reading: float
    limit: float
    serial: int
    settings: dict[str, Any]
    tags: list[str]
    remark: str | None = None
    observed_at: datetime
    metadata: dict[str, Any] = {"index_fields": []}  # noqa: RUF012 - a pydantic field


async def build(dataset: str, size: int, seed: int) -> None:
    """Write the sample graph of about ``size`` entities into a dataset; same seed, same graph."""
    choice = random.Random(seed)
    entities = _entities(size, seed)
    chunks = _chunks(entities, seed)
    instruments = _instruments(choice, seed)
    edges = _edges(choice, [*entities, *instruments])
    async with opened(dataset, "write"):
        await add_data_points([*entities, *chunks, *instruments], custom_edges=edges)


def _identity(seed: int, name: str) -> UUID:
    return uuid5(NAMESPACE, f"{seed}:{name}")


def _entities(size: int, seed: int) -> list[Entity]:
    """Typed and untyped entities, several of one name, one without a name, odd texts."""
    types = [
        EntityType(name=name, description=f"A {name}.", **_times(0))
        for name in ("Person", "Đơn vị")
    ]
    groups = [NodeSet(name=name, **_times(0)) for name in ("sample", "with ü")]
    return [
        Entity(
            id=_identity(seed, f"entity {index}"),
            name=NAMES[index % len(NAMES)],
            description=f"{TEXTS[index % len(TEXTS)]} {index}",
            is_a=types[index % 2] if index % 3 else None,
            belongs_to_set=[groups[index // 4 % 2]] if index % 4 == 0 else None,
            ontology_valid=index % 5 == 0,
            **_times(index),
        )
        for index in range(size)
    ]


def _chunks(entities: list[Entity], seed: int) -> list[DocumentChunk]:
    """Chunks of one document; cognee exports each as a document and as a raw node."""
    document = TextDocument(
        id=_identity(seed, "document"),
        name="notes.txt",
        raw_data_location="notes.txt",
        external_metadata='{"origin": "sample"}',
        mime_type="text/plain",
        **_times(0),
    )
    return [
        DocumentChunk(
            id=_identity(seed, f"chunk {index}"),
            text=f"Chunk {index} of ada@example.org: {TEXTS[index % len(TEXTS)]} end",
            chunk_size=7,
            chunk_index=index,
            cut_type="sentence_end",
            is_part_of=document,
            contains=entities[index * 3 : index * 3 + 3],
            **_times(index),
        )
        for index in range(4)
    ]


def _instruments(choice: random.Random, seed: int) -> list[Instrument]:
    """Numbers at the edge of JSON (NaN, infinities, beyond 2**53), nesting, nulls, a datetime."""
    limits = (math.inf, -math.inf, 1e300, 5e-324)
    return [
        Instrument(
            id=_identity(seed, f"instrument {index}"),
            name=f"Messgerät {index}",
            reading=math.nan if index == 0 else choice.uniform(-1, 1),
            limit=limits[index],
            serial=2**60 + index,
            settings={"depth": {"list": [1, 2.5, None, "ü\u2028"], "empty": {}}, "flag": True},
            tags=["a", "ß"] * index,
            observed_at=START + timedelta(days=index),
            **_times(index),
        )
        for index in range(len(limits))
    ]


def _edges(
    choice: random.Random, nodes: list[DataPoint]
) -> list[tuple[UUID, UUID, str, dict[str, Any]]]:
    """Parallel edges, self loops and validity in each form that cognee can parse.

    Keys stay unique: a Ladybug store of cognee breaks on writing one twice.
    """
    edges: dict[tuple[UUID, UUID, str], dict[str, Any]] = {}
    for number in range(3 * len(nodes)):
        source, target = choice.choice(nodes), choice.choice(nodes)
        if number % 20 == 0:
            target = source
        key = (source.id, target.id, choice.choice(PREDICATES))
        edges[key] = {"edge_text": f"{TEXTS[number % len(TEXTS)]} {number}", **_validity(number)}
    first, second = nodes[0].id, nodes[1].id
    for predicate in PREDICATES:
        edges[(first, second, predicate)] = {"weight": 0.25, "edge_text": f"parallel {predicate}"}
    return [(source, target, name, values) for (source, target, name), values in edges.items()]


def _validity(number: int) -> dict[str, Any]:
    """Turn through: none, ISO with offset, epoch milliseconds, a bare date, an open end."""
    moment = START + timedelta(hours=number)
    offset = moment.astimezone(timezone(timedelta(hours=5, minutes=30)))
    return (
        {},
        {"valid_at": offset.isoformat(), "invalid_at": (offset + timedelta(days=1)).isoformat()},
        {"valid_at": int(moment.timestamp() * 1000)},
        {"valid_at": moment.date().isoformat()},
        {"invalid_at": moment.replace(tzinfo=None).isoformat()},
    )[number % 5]


def _times(step: int) -> dict[str, int]:
    """Explicit times, in a store's epoch milliseconds: cognee would put the clock's."""
    created = int((START + timedelta(minutes=step)).timestamp() * 1000)
    return {"created_at": created, "updated_at": created + 60_000}
