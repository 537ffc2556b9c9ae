"""Knows an archive of another system, with all that COGX can say of entities and facts.

Never imports cognee. Whatever is here is meant to be hard on a real one.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from cogx.archive.writer import ArchiveWriter
from cogx.format.manifest import Manifest
from cogx.format.records import AnyRecord, Entity, Fact, RawNode

MOMENT = datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=UTC)
PEOPLE = 24
TYPES = ("Person", "Company", None)

AWKWARD: dict[str, Any] = {
    "version": "v2", "topological_rank": "first", "metadata": {"a": 1}, "belongs_to_set": "x",
    "feedback_weight": None, "ontology_valid": "yes", "_hidden": 1, "model_dump": 1, "json": "j",
    "self": "s", "copy": "c", "id_for": "i", "source_ref_keys": "k", "cogx": "mine",
    "relations": [1], "is_a": "thing", "truth_epoch": "late", "first name": "Ann", "class": "c",
    "ü\u2028": "umlaut", "id": "own", "type": "own", "name": "own", "nothing": None,
}  # fmt: skip
"""Names and values that a class of cognee does not take, or not under that name."""


def write(path: Path, *, raw_nodes: bool = True) -> None:
    """Write the archive, in the portable profile; cognee refuses it unless without raw nodes."""
    with ArchiveWriter(path, manifest=Manifest(source_system="mem0")) as writer:
        writer.write(*_entities(), *(_raw_nodes() if raw_nodes else ()), *_facts())


def _entities() -> list[AnyRecord]:
    return [
        Entity(
            external_id=f"person {number}",
            external_system="mem0" if number % 4 else "zep",
            name=f"Person Nº {number}",
            entity_type=TYPES[number % 3],
            description=("Likes tea.", "", "two\nlines", None)[number % 4],
            aliases=["P.", f"No {number}"] if number % 2 else [],
            created_at=MOMENT + timedelta(hours=number) if number % 3 else None,
            updated_at=MOMENT.replace(microsecond=0) if number % 2 else None,
            scope={"user_id": "u1"} if number % 2 else {},
            metadata={"seen": [1, None, {"x": 1.5}]} if number % 3 == 0 else {},
            attributes=_attributes(number),
        )
        for number in range(PEOPLE)
    ]


def _attributes(number: int) -> dict[str, Any]:
    if number == 0:
        return dict(AWKWARD)
    return {
        "age": number,
        "score": number / 7,
        "born": date(1990, 5, 17) + timedelta(days=number),
        "seen_at": MOMENT + timedelta(minutes=number),
        "balance": Decimal("1.50"),
        "key": b"\0\1\xff",
        "ratio": (math.nan, math.inf, -math.inf, 0.5)[number % 4],
        "big": 2**70 + number,
        "flag": number % 2 == 0,
        "tags": ["a", "ß", None],
        "deep": {"list": [1, {"day": date(2024, 1, 1)}], "empty": {}},
    }


def _raw_nodes() -> list[AnyRecord]:
    gadgets: list[dict[str, Any]] = [
        {"type": "Gadget", "name": f"Gadget {number}", "weight": number / 3, "at": MOMENT}
        for number in range(4)
    ]
    odd: list[dict[str, Any]] = [
        {"x": 1},
        {"type": 5, "name": None, "created_at": "yesterday"},
        {"type": "Entity", "name": "A raw entity", "q": 1},
        {"type": "EntityType", "name": "A raw type", "description": "d", "q": 1},
        {"type": "Thing", **{k: v for k, v in AWKWARD.items() if k not in ("id", "type", "name")}},
    ]
    return [
        RawNode(properties={"id": f"node {number}", **properties})
        for number, properties in enumerate([*gadgets, *odd])
    ]


def _facts() -> list[AnyRecord]:
    """Facts between people; some ends are names, nobody, or nowhere."""
    ends = [f"person {number}" for number in range(PEOPLE)]
    ends += ["PERSON Nº 3", "node 0", "Nobody", "6ba7b812-9dad-11d1-80b4-00c04fd430c8"]
    return [
        Fact(
            external_id=f"fact {number}",
            external_system="mem0",
            subject_ref=ends[number * 7 % PEOPLE],
            predicate=("knows", "works_at", "with space ü")[number % 3],
            object_ref=ends[(number * 5 + number // PEOPLE) % len(ends)],
            fact_text=f"Statement {number}." if number % 4 else None,
            valid_at=MOMENT + timedelta(days=number) if number % 2 else None,
            invalid_at=MOMENT + timedelta(days=number + 9) if number % 5 == 0 else None,
            confidence=number / 100 if number % 3 else None,
            scope={"user_id": "u1"} if number % 2 else {},
            metadata={"weight": 0.25} if number % 3 == 0 else {},
            provenance=["node 1"] if number % 4 == 0 else [],
            created_at=MOMENT if number % 5 == 0 else None,
        )
        for number in range(2 * PEOPLE)
    ]
