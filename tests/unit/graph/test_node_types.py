"""Of which type a node is, as its records say it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cogx.graph.node_types import NodeTypes
from tests.unit.derive.made import Source, document, entity, fact, record


@pytest.fixture
def types() -> Iterator[NodeTypes]:
    source = Source(
        record("raw_node", "class-person", type="EntityType", name="Person"),
        record("raw_node", "class-city", type="EntityType", name="City"),
        record("raw_node", "raw", type="Machine"),
        record("raw_node", "bare"),
        record("raw_node", "cognee", type="Entity", name="Bob"),
        entity("typed", "Rome", entity_type="Town"),
        entity("untyped", "Ada Lovelace"),
        entity("nothing", "Thing"),
        document("text", "x"),
        document("Rome", "x"),
        fact("1", "untyped", "is_a", "class-person"),
        fact("2", "untyped", "is_a", "class-city"),
        fact("3", "cognee", "is_a", "class-person"),
        fact("4", "typed", "is_a", "class-city"),
        fact("5", "nothing", "is_a", "raw"),
        fact("6", "nothing", "likes", "class-city"),
    )
    found = NodeTypes(source)
    yield found
    found.close()


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("raw", "Machine"),
        ("bare", "Node"),
        ("typed", "Town"),
        ("untyped", "Person"),
        ("cognee", "Person"),
        ("nothing", "Entity"),
        ("ada lovelace", "Person"),
        ("Ada_Lovelace", "Person"),
        ("Bob", None),
        ("text", None),
        ("Rome", None),
        ("rome", "Town"),
        ("nobody", None),
    ],
)
def test_the_type_of_what_a_fact_refers_to(
    types: NodeTypes, reference: str, expected: str | None
) -> None:
    assert types.type_of(reference) == expected


def test_the_type_of_a_record(types: NodeTypes) -> None:
    assert types.type_of_node("entity", entity("untyped", "Ada Lovelace")) == "Person"


def test_texts_are_known(types: NodeTypes) -> None:
    assert types.is_content("text") and not types.is_content("raw")


def test_classes_are_known(types: NodeTypes) -> None:
    assert types.is_class("class-city") and not types.is_class("raw")
