"""A graph is held against a schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cogx.engine import schema_check
from cogx.engine.schema_check import SchemaCheck, check_graph
from cogx.errors import BadSetting
from cogx.format.records import Entity, Fact, RawNode
from cogx.graph_schema.parsing import parse_graph_schema

from .test_schema_inference import archive, entity, fact, raw

PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer", "minimum": 0},
        "works_at": {"$ref": "#/$defs/Company"},
    },
    "required": ["name", "works_at"],
}
COMPANY: dict[str, Any] = {"type": "object", "properties": {"name": {"type": "string"}}}


def checked(
    *records: Entity | Fact | RawNode, person: dict[str, Any] = PERSON, **more: Any
) -> SchemaCheck:
    definitions = {"Person": person, "Company": COMPANY}
    schema = {"title": "WorkGraph", "type": "object", "$defs": definitions}
    return check_graph(archive(*records), parse_graph_schema(schema), **more)


ADA = entity("ada", "Person", age=36)
ACME = entity("acme", "COMPANY")


def test_a_graph_that_keeps_to_it() -> None:
    found = checked(ADA, ACME, fact("ada", "Works at", "acme"))
    assert found.keeps
    assert (found.nodes, found.edges) == (2, 1)


def test_a_type_that_it_does_not_have() -> None:
    found = checked(ADA, entity("rome", "City"))
    assert found.types == {"City": 1}
    assert found.examples == {"City": ["rome"]}


def test_a_fact_that_it_does_not_allow() -> None:
    found = checked(ADA, ACME, fact("acme", "works_at", "ada"), fact("ada", "likes", "acme"))
    assert found.facts == {"COMPANY works_at Person": 1, "Person likes COMPANY": 1}


def test_a_fact_with_an_end_that_is_no_node() -> None:
    assert checked(ADA, fact("ada", "works_at", "nobody")).loose == 1


def test_a_value_that_breaks_its_type() -> None:
    found = checked(entity("ada", "Person", age="old"), entity("bob", "Person", age=-1))
    assert found.values == {"Person.age": 2}
    assert found.examples["Person.age"] == [
        "ada: 'old' is not of type 'integer'",
        "bob: -1 is less than the minimum of 0",
    ]


def test_a_missing_value_says_which() -> None:
    found = checked(ADA, person=PERSON | {"required": ["name", "age", "born"]} | {
        "properties": PERSON["properties"] | {"born": {"type": "string"}}
    })  # fmt: skip
    assert found.values == {"Person: 'born' is a required property": 1}


def test_a_relation_is_required_of_no_node() -> None:
    assert checked(ADA).keeps


def test_a_node_without_a_name_goes_by_its_id() -> None:
    assert checked(raw("n", type="Person"), raw("m", type="Person", name=3)).keeps


def test_what_cognee_keeps_house_with_is_checked_if_asked_for() -> None:
    chunk = raw("c", type="DocumentChunk", text="x")
    assert checked(ADA, chunk).keeps
    assert checked(ADA, chunk, everything=True).types == {"DocumentChunk": 1}


def test_different_names_are_counted_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_check, "MOST_NAMES", 1)
    found = checked(*(entity(str(n), f"Type{n}") for n in range(3)))
    assert found.types == {"Type0": 1, "(others)": 2}


def test_it_is_told_as_json() -> None:
    assert checked(ADA, entity("rome", "City")).to_json() == {
        "keeps": False,
        "nodes": 2,
        "facts": 0,
        "types_refused": {"City": 1},
        "facts_refused": {},
        "values_refused": {},
        "facts_without_ends": 0,
        "examples": {"City": ["rome"]},
    }


def test_a_schema_that_never_ends_is_refused() -> None:
    loop = {"$ref": "#/$defs/Loop"}
    schema = {
        "title": "WorkGraph",
        "type": "object",
        "$defs": {"Person": PERSON | {"properties": {"age": loop}}, "Loop": loop},
    }
    with pytest.raises(BadSetting, match="Person refers to itself without end"):
        check_graph(archive(ADA), parse_graph_schema(schema))


def test_a_text_is_no_graph(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x")
    schema = parse_graph_schema({"title": "WorkGraph", "type": "object", "$defs": {"P": COMPANY}})
    with pytest.raises(BadSetting, match="is a text"):
        check_graph(path, schema)
