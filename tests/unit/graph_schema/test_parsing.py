"""What a graph schema's document says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cogx.errors import BadSetting
from cogx.graph_schema.parsing import MOST_BYTES, parse_graph_schema, read_graph_schema
from cogx.graph_schema.prompt import prompt_for

from .documents import TEAM, team

SCHEMA = parse_graph_schema(TEAM)


def test_types_are_the_definitions_that_are_objects() -> None:
    assert [one.name for one in SCHEMA.entity_types] == ["Person", "Company"]


def test_a_property_says_its_kind_and_whether_it_is_required() -> None:
    person = SCHEMA.entity_types[0]
    assert [(p.name, p.kind, p.required) for p in person.properties] == [
        ("name", "text", True),
        ("description", "text", False),
        ("born", "date", False),
        ("status", "one of active, retired", True),
    ]


def test_relations_are_references_to_types() -> None:
    found = {(r.source, r.predicate, r.target, r.many) for r in SCHEMA.relations}
    assert found == {
        ("Person", "knows", "Person", True),
        ("Person", "works_at", "Company", False),
        ("Person", "likes", "Person", True),
        ("Person", "likes", "Company", True),
    }


@pytest.mark.parametrize("name", ["Person", "person", "PERSON", "per son"])
def test_a_type_is_known_by_any_spelling(name: str) -> None:
    assert SCHEMA.allows_type(name)


@pytest.mark.parametrize("name", ["City", "Status", "TeamGraph", "", None])
def test_a_type_that_is_not_there_is_not_allowed(name: str | None) -> None:
    assert not SCHEMA.allows_type(name)


@pytest.mark.parametrize(
    ("source", "predicate", "target", "allowed"),
    [
        ("Person", "works_at", "Company", True),
        ("person", "Works At", "company", True),
        ("Company", "works_at", "Person", False),
        ("Person", "hates", "Person", False),
        ("Person", "status", "Status", False),
        (None, "knows", "Person", False),
        ("Person", "knows", None, False),
    ],
)
def test_a_fact_is_allowed_between_its_types_only(
    source: str | None, predicate: str, target: str | None, allowed: bool
) -> None:
    assert SCHEMA.allows_fact(source, predicate, target) is allowed


def test_a_root_that_is_no_graph_is_a_type() -> None:
    document = team(title="Company2")
    schema = parse_graph_schema(document)
    assert schema.allows_type("Company2")
    assert schema.allows_fact("Company2", "members", "Person")


def test_a_root_that_is_referred_to_is_a_type() -> None:
    document = team(properties={"parts": {"type": "array", "items": {"$ref": "#"}}})
    assert parse_graph_schema(document).allows_fact("TeamGraph", "parts", "TeamGraph")


def test_a_root_alone_is_the_type() -> None:
    schema = parse_graph_schema({"title": "PersonGraph", "type": "object", "$defs": {}})
    assert schema.allows_type("PersonGraph")


def test_a_property_may_hold_a_value_or_an_entity() -> None:
    document = team()
    document["$defs"]["Company"]["properties"]["owner"] = {
        "anyOf": [{"type": "string"}, {"$ref": "#/$defs/Person"}]
    }
    schema = parse_graph_schema(document)
    company = schema.type_named("Company")
    assert company is not None
    assert ("owner", "text or Person") in [(p.name, p.kind) for p in company.properties]
    assert schema.allows_fact("Company", "owner", "Person")


@pytest.mark.parametrize("key", ["graphSchema", "graph_schema"])
def test_a_servers_answer_is_taken_as_it_is(key: str) -> None:
    assert parse_graph_schema(json.dumps({key: TEAM}).encode()) == SCHEMA


def test_the_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert parse_graph_schema(dict(reversed(TEAM.items()))).digest == SCHEMA.digest


def test_the_document_stays_in_its_order() -> None:
    assert json.dumps(SCHEMA.document) == json.dumps(TEAM)


def test_what_was_given_may_change_afterwards() -> None:
    document = team()
    schema = parse_graph_schema(document)
    document["$defs"].clear()
    assert "Person" in schema.document["$defs"]


def test_all_errors_are_told_at_once() -> None:
    with pytest.raises(BadSetting) as caught:
        parse_graph_schema(team(title="a b", type="array"), name="team.json")
    assert str(caught.value) == (
        "team.json: is no graph schema.\n"
        "  /title: 'a b' cannot be the name of a class. Write AB.\n"
        '  (root): is not of the type object. Add "type": "object".'
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4)
    | st.sampled_from(["#", "#/$defs/A", "object", "array", "http://x", "AGraph"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["$ref", "$defs", "definitions", "properties", "items", "anyOf", "required", "type",
             "title", "description", "enum", "const", "A", "name", "$schema", "$id", "allOf"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(["$defs", "properties", "required", "items"]), JSON))
def test_a_document_is_read_or_refused(given_: dict[str, Any]) -> None:
    document = {"title": "AGraph", "type": "object"} | given_
    try:
        schema = parse_graph_schema(document)
    except BadSetting:
        return
    assert prompt_for(schema)


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(BadSetting, match="the schema: is not JSON"):
        parse_graph_schema(content)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="cannot be read: No such file"):
        read_graph_schema(str(tmp_path / "no.json"))


def test_a_file_that_is_too_long(tmp_path: Path) -> None:
    path = tmp_path / "long.json"
    path.write_bytes(b" " * (MOST_BYTES + 1))
    with pytest.raises(BadSetting, match="is longer than 4,194,304 bytes"):
        read_graph_schema(str(path))
