"""What was seen becomes a document that all of it keeps to."""

from __future__ import annotations

import random
from typing import Any

import pytest

from cogx.graph_schema import observations
from cogx.graph_schema.building import COUNT, root_title, schema_of
from cogx.graph_schema.model import GraphSchema
from cogx.graph_schema.observations import Observations
from cogx.graph_schema.rules import check_graph_schema


def built(*nodes: tuple[str, dict[str, Any]], facts: Any = (), **how: Any) -> GraphSchema:
    seen = Observations()
    for kind, properties in nodes:
        seen.add_node(kind, properties)
    for fact in facts:
        seen.add_relation(*fact)
    return schema_of(seen, title="x", **how)


def properties_of(schema: GraphSchema, kind: str) -> Any:
    return schema.document["$defs"][kind]["properties"]


def test_a_type_has_name_and_description_in_text_and_requires_its_name() -> None:
    definition = built(("person", {})).document["$defs"]["Person"]
    assert definition == {
        "title": "Person",
        "type": "object",
        "properties": {"name": {"type": "string"}, "description": {"type": "string"}},
        "required": ["name"],
        COUNT: 1,
    }


def test_the_root_reaches_every_type() -> None:
    document = built(("City", {}), ("person", {})).document
    assert document["properties"] == {
        "name": {"type": "string"},
        "cities": {"type": "array", "items": {"$ref": "#/$defs/City"}},
        "persons": {"type": "array", "items": {"$ref": "#/$defs/Person"}},
    }


@pytest.mark.parametrize(
    ("title", "root"),
    [
        ("team", "TeamGraph"),
        ("My graph", "MyGraph"),
        ("class", "ClassGraph"),
        ("None", "NoneGraph"),
    ],
)
def test_the_root_is_called_a_graph(title: str, root: str) -> None:
    assert root_title(title) == root


def test_spellings_of_a_type_are_one_type_under_the_most_frequent() -> None:
    schema = built(("PERSON", {}), ("Person", {}), ("Person", {}))
    assert list(schema.document["$defs"]) == ["Person"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a"], {"type": "string"}),
        ([1], {"type": "integer"}),
        ([1, 2.5], {"type": "number"}),
        ([True, 1], {"type": ["boolean", "integer"]}),
        ([None, "a"], {"type": ["string", "null"]}),
        ([["a", 1]], {"type": "array", "items": {"type": ["integer", "string"]}}),
        ([[]], {"type": "array"}),
        ([{"a": 1}], {"type": "object"}),
    ],
)
def test_a_property_has_the_types_that_it_had(values: list[Any], expected: Any) -> None:
    schema = built(*(("A", {"x": value}) for value in values), examples=False)
    assert properties_of(schema, "A")["x"] == expected


def test_a_property_is_required_if_every_node_has_it() -> None:
    schema = built(("A", {"x": 1, "y": 1, "z": 1}), ("A", {"x": 2, "z": None}))
    assert schema.document["$defs"]["A"]["required"] == ["name", "x"]


def test_of_a_type_that_is_known_from_texts_only_the_name_is_required() -> None:
    seen = Observations()
    seen.add_node("A", {"x": 1})
    seen.add_node("A", {"x": 1}, is_sample=True)
    assert schema_of(seen, title="x").document["$defs"]["A"]["required"] == ["name"]


def test_a_property_that_is_never_anything_is_left_out() -> None:
    assert "x" not in properties_of(built(("A", {"x": None})), "A")


def test_a_format_is_told_if_all_values_have_it() -> None:
    seen = Observations()
    seen.add_node("A", {"on": "2026-01-02", "at": "2026-01-02"}, {"on": "date", "at": "date"})
    seen.add_node("A", {"on": "2026-01-03", "at": "noon"}, {"on": "date"})
    properties = properties_of(schema_of(seen, title="x", examples=False), "A")
    assert properties["on"] == {"type": "string", "format": "date"}
    assert properties["at"] == {"type": "string"}


def test_examples_are_few_short_and_the_first_in_order() -> None:
    values = ["d", "b", "c", "a", "x" * 100, "", "a"]
    schema = built(*(("A", {"name": value, "x": value}) for value in values))
    assert properties_of(schema, "A")["x"]["examples"] == ["a", "b", "c"]
    assert properties_of(schema, "A")["name"]["examples"] == ["a", "b", "c"]


def test_without_examples_no_value_stands_in_it() -> None:
    schema = built(("A", {"name": "secret", "x": "secret"}), examples=False)
    assert "secret" not in str(schema.document)


NODES = (("A", {}), ("B", {}))


def test_a_relation_to_one_is_a_reference() -> None:
    schema = built(*NODES, facts=[("A", "Belongs to", "B")])
    relation = properties_of(schema, "A")["belongs_to"]
    assert relation == {"$ref": "#/$defs/B", COUNT: 1}


def test_a_relation_to_many_is_a_list_of_references() -> None:
    seen = Observations()
    for kind, properties in NODES:
        seen.add_node(kind, properties)
    seen.add_relation("A", "has", "B", many=True)
    relation = properties_of(schema_of(seen, title="x"), "A")["has"]
    assert relation == {"type": "array", "items": {"$ref": "#/$defs/B"}, COUNT: 1}


def test_a_relation_to_several_types_names_them_all() -> None:
    schema = built(*NODES, facts=[("A", "has", "B"), ("A", "HAS", "A")])
    references = [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}]
    assert properties_of(schema, "A")["has"] == {"anyOf": references, COUNT: 2}


def test_a_relation_that_is_a_property_too_may_be_both() -> None:
    schema = built(("A", {"works_at": "here"}), facts=[("A", "worksAt", "A")], examples=False)
    relation = properties_of(schema, "A")["works_at"]
    assert relation["anyOf"] == [{"type": "string"}, {"$ref": "#/$defs/A"}]


def test_a_relation_called_name_leaves_the_name_alone() -> None:
    schema = built(("A", {}), facts=[("A", "name", "A")])
    assert properties_of(schema, "A")["name"] == {"type": "string"}
    assert schema.allows_fact("A", "name", "A")


def test_a_fact_of_a_type_that_was_not_seen_is_no_relation() -> None:
    assert built(("A", {}), facts=[("A", "has", "B")]).relations == ()


def test_the_order_makes_no_difference() -> None:
    nodes = [("A", {"x": n, "name": str(n)}) for n in range(9)] + [("b", {}), ("B", {})]
    facts = [("A", "has", "b"), ("A", "Has", "B"), ("b", "is", "A")]
    first = built(*nodes, facts=facts).document
    random.Random(3).shuffle(nodes)
    assert built(*nodes, facts=facts[::-1]).document == first


@pytest.mark.parametrize("kind", ["", "None", "class", "a/b~c", "é", "!!!", "1", "name"])
def test_any_type_gives_a_schema_without_fault(kind: str) -> None:
    schema = built((kind, {kind: 1}), facts=[(kind, kind, kind)])
    assert check_graph_schema(schema.document) == []
    assert kind == "" or schema.allows_fact(kind, kind, kind)


@pytest.mark.parametrize(
    ("bound", "what"),
    [("MOST_TYPES", "types"), ("MOST_PROPERTIES", "properties"), ("MOST_RELATIONS", "relations")],
)
def test_what_passes_a_bound_is_counted(
    bound: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observations, bound, 1)
    schema = built(("A", {"x": 1, "y": 1}), ("B", {}), facts=[("A", "is", "A"), ("A", "has", "A")])
    assert f"1 {what} are left out, for there are more kinds of them than fit." in schema.notes
