from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from cogx.codec.from_values import line_struct
from cogx.codec.lines import RawLine, canonical_line
from cogx.errors import StoreRefused
from cogx.format.records import Document, Entity, Episode, Fact
from cogx.graph.mapping import (
    attach_twin,
    edge_of,
    fact_of,
    is_stub,
    node_of,
    records_of,
    stub,
)
from cogx.ports import Edge, Node

SYSTEM = "s"
DATE = {"$cogx": "date", "value": "1990-05-17"}


def back(node: Node) -> list[tuple[str, bytes]]:
    return [(kind, canonical_line(record)) for kind, record in records_of(node, SYSTEM)]


def fact(**fields: Any) -> Fact:
    base = {"external_id": "f", "external_system": SYSTEM, "predicate": "knows"}
    return Fact.model_validate(base | {"subject_ref": "a", "object_ref": "b"} | fields)


def entity(**fields: Any) -> Entity:
    base = {"external_id": "a", "external_system": SYSTEM, "name": "Ann"}
    return Entity.model_validate(base | fields)


def test_what_people_query_stands_among_the_properties() -> None:
    made = entity(entity_type="Person", attributes={"age": 5}, aliases=["A"])
    node = node_of("entity", made, SYSTEM, tagged=True)
    assert node == Node("a", "Person", {"name": "Ann", "aliases": ["A"], "age": 5}, None)


def test_typed_values_become_values() -> None:
    node = node_of("entity", entity(attributes={"born": DATE}), SYSTEM, tagged=True)
    assert node.properties["born"] == date(1990, 5, 17)


@pytest.mark.parametrize(
    "record",
    [
        entity(),
        entity(entity_type=""),
        entity(entity_type="Stub"),
        entity(attributes={"name": "other", "id": 1, "type": 2, "kind": "document", "stub": True}),
        entity(attributes={"born": DATE, "list": [DATE, None, {}]}, metadata={"born": DATE}),
        entity(scope={"user_id": "u"}, external_system="other", later=DATE),
        entity(created_at="2026-01-02T00:00:00Z", description=""),
    ],
    ids=str,
)
def test_an_entity_comes_back(record: Entity) -> None:
    node = node_of("entity", record, SYSTEM, tagged=True)
    assert back(node) == [("entity", canonical_line(record))]


@pytest.mark.parametrize(
    "properties",
    [
        {"id": "a"},
        {"id": "a", "type": "T", "name": "looks like an entity"},
        {"id": "a", "type": ""},
        {"id": "a", "type": None},
        {"id": "a", "type": DATE, "p": DATE},
        {"id": "a", "type": 5, "metadata": {"x": None}},
    ],
    ids=str,
)
def test_a_raw_node_comes_back(properties: dict[str, Any]) -> None:
    record = RawLine(properties)
    node = node_of("raw_node", record, SYSTEM, tagged=True)
    assert back(node) == [("raw_node", canonical_line(record))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "record",
    [
        Document(external_id="d", external_system=SYSTEM, content="x", metadata={"title": DATE}),
        Episode.model_validate(
            {
                "external_id": "e",
                "turns": [{"role": "", "content": "", "occurred_at": "2026-01-02", "x": DATE}],
            }
        ),
        Episode(external_id="e", external_system=SYSTEM),
    ],
    ids=lambda record: record.kind,
)
def test_a_content_record_comes_back(record: Any) -> None:
    node = node_of(record.kind, record, SYSTEM, tagged=True)
    assert back(node) == [(record.kind, canonical_line(record))]


@pytest.mark.parametrize(
    "record",
    [
        fact(),
        fact(metadata={"fact_text": 5, "predicate": "x", "since": DATE}, confidence=0.5),
        fact(external_system="other", scope={"run_id": "r"}, later=1, provenance=["d"]),
    ],
    ids=str,
)
def test_a_fact_comes_back(record: Fact) -> None:
    edge = edge_of(record, "a", "b", SYSTEM, tagged=True)
    assert canonical_line(fact_of(edge, SYSTEM)) == canonical_line(record)


def test_a_reference_by_name_stays_literal() -> None:
    edge = edge_of(fact(subject_ref="Ann Lee"), "a", "b", SYSTEM, tagged=False)
    assert (edge.source, fact_of(edge, SYSTEM).subject_ref) == ("a", "Ann Lee")


def test_a_stub_stands_for_no_record() -> None:
    assert is_stub(stub("x"))
    assert back(stub("x")) == []


@pytest.mark.parametrize(
    "other",
    [
        Document(external_id="a", content="the text", created_at=datetime(2026, 1, 2, tzinfo=UTC)),
        Document(external_id="a", content="another", metadata={"x": DATE}),
        entity(entity_type="Person", attributes={"born": DATE, "odd": [DATE]}),
        entity(entity_type=""),
        entity(),
    ],
    ids=str,
)
def test_a_twin_comes_back_beside_its_node(other: Any) -> None:
    raw = RawLine({"id": "a", "type": "Chunk", "text": "the text"})
    node = node_of("raw_node", raw, SYSTEM, tagged=True)
    attach_twin(node, other.kind, other, SYSTEM)
    assert back(node) == [
        ("raw_node", canonical_line(raw)),  # type: ignore[arg-type]
        (other.kind, canonical_line(other)),
    ]


def test_a_text_is_not_kept_twice() -> None:
    node = node_of("raw_node", RawLine({"id": "a", "text": "long"}), SYSTEM, tagged=True)
    attach_twin(node, "document", Document(external_id="a", content="long"), SYSTEM)
    assert node.rest and "content" not in node.rest["also"][0]["properties"]


def test_copies_are_counted_out() -> None:
    node = Node("a", "Person", {"name": "Ann"}, {"copies": 3})
    assert len(back(node)) == 3


def test_a_node_of_strangers_with_a_name_is_an_entity() -> None:
    ((kind, _),) = back(Node("a", "Person", {"name": "Ann", "age": 5}))
    assert kind == "entity"


@pytest.mark.parametrize("name", [{}, {"name": ""}, {"name": 5}], ids=str)
def test_a_node_of_strangers_without_one_is_a_raw_node(name: dict[str, Any]) -> None:
    ((kind, line),) = back(Node("a", "Thing", {"p": 1} | name))
    assert kind == "raw_node"
    assert b'"type":"Thing"' in line


@pytest.mark.parametrize(
    "odd",
    [
        {"created_at": "soon"},
        {"aliases": "A"},
        {"description": 5},
        {"created_at": date(2026, 1, 2)},
    ],
    ids=str,
)
def test_a_value_of_the_wrong_type_moves_to_the_attributes(odd: dict[str, Any]) -> None:
    ((kind, record),) = records_of(Node("a", "Person", {"name": "Ann"} | odd), SYSTEM)
    assert kind == "entity"
    assert record.attributes.keys() == odd.keys()


def test_a_record_that_lost_what_it_needs_is_a_raw_node() -> None:
    ((kind, _),) = back(Node("a", "Document", {"title": "x"}, {"kind": "document"}))
    assert kind == "raw_node"


def test_a_twin_that_lost_its_text_is_left_out() -> None:
    node = node_of("raw_node", RawLine({"id": "a", "text": "long"}), SYSTEM, tagged=True)
    attach_twin(node, "document", Document(external_id="a", content="long"), SYSTEM)
    node.properties["text"] = 5
    assert [kind for kind, _ in back(node)] == ["raw_node"]


@pytest.mark.parametrize("edge", [Edge("f", "a", "b", ""), Edge("", "a", "b", "p")], ids=str)
def test_an_edge_that_can_be_no_fact_is_refused(edge: Edge) -> None:
    with pytest.raises(StoreRefused):
        fact_of(edge, SYSTEM)


def test_a_hot_path_record_is_what_its_model_is() -> None:
    made = entity(attributes={"x": 1})
    fields = {"name": "Ann"}
    fixed = {"external_id": "a", "external_system": SYSTEM, "attributes": {"x": 1}}
    assert canonical_line(line_struct("entity", fields, fixed)) == canonical_line(made)


def test_a_foreign_property_called_id_does_not_take_the_node_s_place() -> None:
    node = Node("n1", "Thing", {"id": 7, "type": "odd"})
    ((kind, record),) = records_of(node, "unknown")
    assert kind == "raw_node"
    assert record.properties == {"id": "n1", "type": "Thing", "id_": 7, "type_": "odd"}
