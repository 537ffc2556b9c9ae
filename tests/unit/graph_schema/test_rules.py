"""Every rule that a graph schema breaks is named, with its place and a remedy."""

from __future__ import annotations

from typing import Any

import pytest

from cogx.graph_schema.rules import MOST_DEPTH, check_graph_schema

from .documents import TEAM, team


def errors(document: object) -> list[tuple[str, str]]:
    return [(f.pointer, f.message) for f in check_graph_schema(document) if f.is_error]


def advice(document: object) -> list[tuple[str, str]]:
    return [(f.pointer, f.remedy) for f in check_graph_schema(document) if not f.is_error]


def with_property(schema: Any, key: str = "x") -> dict[str, Any]:
    return team(properties=TEAM["properties"] | {key: schema})


def test_a_good_schema_has_no_fault() -> None:
    assert check_graph_schema(TEAM) == []


@pytest.mark.parametrize(
    ("document", "pointer", "message"),
    [
        ([], "", "is not a JSON object"),
        (team(**{"$schema": 3}), "/$schema", "'3' is no dialect that is read here"),
        (team(**{"$schema": "http://json-schema.org/draft-03/schema#"}), "/$schema",
         "'http://json-schema.org/draft-03/schema#' is no dialect that is read here"),
        (team(title=None), "", "has no title"),
        (team(title=""), "", "has no title"),
        (team(title="Team Graph"), "/title", "'Team Graph' cannot be the name of a class"),
        (team(title="None"), "/title", "'None' cannot be the name of a class"),
        (team(type=None), "", "is not of the type object"),
        (team(type="array"), "", "is not of the type object"),
        (with_property({"$ref": "https://example.com/x.json"}), "/properties/x/$ref",
         "'https://example.com/x.json' leads out of the document"),
        (with_property({"$ref": "other.json#/$defs/A"}), "/properties/x/$ref",
         "'other.json#/$defs/A' leads out of the document"),
        (with_property({"$ref": "#/$defs/Nobody"}), "/properties/x/$ref",
         "'#/$defs/Nobody' leads nowhere"),
        (with_property({"$ref": "#anchor"}), "/properties/x/$ref", "'#anchor' leads nowhere"),
        (with_property({"items": {"$ref": "#/no"}}, "a/b~"), "/properties/a~1b~0/items/$ref",
         "'#/no' leads nowhere"),
        (with_property({"$dynamicRef": "http://x"}), "/properties/x/$dynamicRef",
         "'http://x' leads out of the document"),
    ],
)  # fmt: skip
def test_an_error_says_where_and_what(document: object, pointer: str, message: str) -> None:
    assert errors(document) == [(pointer, message)]


@pytest.mark.parametrize(
    "dialect",
    ["https://json-schema.org/draft/2020-12/schema", "http://json-schema.org/draft-07/schema#"],
)
def test_dialects_that_are_read(dialect: str) -> None:
    assert errors(team(**{"$schema": dialect})) == []


def test_what_is_no_json_schema_is_told_by_the_meta_schema() -> None:
    ((pointer, message),) = errors(with_property({"type": "strin"}))
    assert pointer == "/properties/x/type"
    assert message.startswith("is no JSON Schema: 'strin'")


def test_a_remedy_names_what_may_be_referred_to() -> None:
    (fault,) = check_graph_schema(with_property({"$ref": "#/$defs/Persona"}))
    assert "#/$defs/Person, #/$defs/Company" in fault.remedy


def test_a_reference_in_data_is_none() -> None:
    assert errors(with_property({"examples": [{"$ref": "http://x"}], "const": {"$ref": "y"}})) == []


def test_definitions_of_older_drafts_are_found() -> None:
    document = team(definitions=TEAM["$defs"], **{"$defs": None})
    document["properties"]["members"]["items"] = {"$ref": "#/definitions/Person"}
    for schema in document["definitions"].values():
        schema.pop("properties", None)
    assert errors(document) == []


def test_nesting_has_an_end() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(MOST_DEPTH):
        schema = {"items": schema}
    assert errors(with_property(schema)) == [("", f"is nested deeper than {MOST_DEPTH} levels")]


def defined(**schema: Any) -> dict[str, Any]:
    return {"title": "AGraph", "type": "object", "$defs": {"Thing": {"type": "object"} | schema}}


NAMED = {"name": {"type": "string"}, "description": {"type": ["string", "null"]}}


@pytest.mark.parametrize(
    ("document", "pointer", "remedy"),
    [
        (defined(properties=NAMED), "/$defs/Thing", "Add it to required."),
        (defined(properties={"name": {"type": "string"}}, required=["name"]), "/$defs/Thing",
         'Add "description": {"type": "string"} to its properties.'),
        (defined(properties=NAMED | {"name": {"type": "integer"}}, required=["name"]),
         "/$defs/Thing", 'Add "name": {"type": "string"} to its properties.'),
        (defined(properties=NAMED | {"worksAt": {"$ref": "#/$defs/Thing"}}, required=["name"]),
         "/$defs/Thing/properties/worksAt", "Write works_at."),
    ],
)  # fmt: skip
def test_advice_says_how_it_would_be_better(document: object, pointer: str, remedy: str) -> None:
    assert advice(document) == [(pointer, remedy)]


def test_a_type_whose_name_is_none_of_a_class() -> None:
    document = {
        "title": "AGraph",
        "type": "object",
        "$defs": {"My type": {"type": "object", "properties": NAMED, "required": ["name"]}},
    }
    assert advice(document) == [("/$defs/My type", "Write MyType.")]


def test_a_property_that_is_no_relation_may_be_called_as_it_is() -> None:
    properties = NAMED | {"firstName": {"type": "string"}}
    assert advice(defined(properties=properties, required=["name"])) == []
