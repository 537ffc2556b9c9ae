"""A model's proposal becomes a schema without fault."""

from __future__ import annotations

from typing import Any

import jsonschema

from cogx.graph_schema.proposal import ANSWER, faults_in_proposal, schema_proposed
from cogx.graph_schema.rules import check_graph_schema


def kind(name: str, properties: Any = (), relations: Any = ()) -> dict[str, Any]:
    return {
        "name": name,
        "description": f"What is a {name}.",
        "properties": [
            {"name": n, "value": value, "description": "", "required": required}
            for n, value, required in properties
        ],
        "relations": [
            {"name": n, "target": target, "many": many, "description": ""}
            for n, target, many in relations
        ],
    }


PROPOSAL: dict[str, Any] = {
    "title": "team graph",
    "types": [
        kind("person", [("Birth date", "date", True)], [("worksAt", "Company", False)]),
        kind("Company", [("name", "text", True), ("aliases", "list of text", False)]),
    ],
}


def test_the_form_is_one_that_strict_endpoints_take() -> None:
    def walk(schema: Any) -> None:
        if schema.get("type") == "object":
            assert schema["required"] == list(schema["properties"])
            assert schema["additionalProperties"] is False
        for inner in (*schema.get("properties", {}).values(), schema.get("items")):
            if inner:
                walk(inner)

    walk(ANSWER)
    jsonschema.Draft202012Validator.check_schema(ANSWER)


def test_a_proposal_becomes_a_schema() -> None:
    schema = schema_proposed(PROPOSAL)
    assert schema.title == "TeamGraph"
    assert schema.document["$defs"]["Person"] == {
        "title": "Person",
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "description": {"type": "string"},
            "birth_date": {"type": "string", "format": "date"},
            "works_at": {"$ref": "#/$defs/Company"},
        },
        "required": ["name", "birth_date"],
        "description": "What is a person.",
    }


def test_the_schema_has_no_fault() -> None:
    assert check_graph_schema(schema_proposed(PROPOSAL).document) == []


def test_a_title_of_the_caller_goes_first() -> None:
    assert schema_proposed(PROPOSAL, title="Staff").title == "StaffGraph"


def test_a_relation_to_two_types_has_both() -> None:
    relations = [("likes", "Person", True), ("likes", "Company", False), ("likes", "Person", True)]
    proposal = {"title": "x", "types": [kind("Person", (), relations), kind("Company")]}
    likes = schema_proposed(proposal).document["$defs"]["Person"]["properties"]["likes"]
    references = [{"$ref": "#/$defs/Person"}, {"$ref": "#/$defs/Company"}]
    assert likes == {"type": "array", "items": {"anyOf": references}}


def test_a_relation_takes_the_place_of_a_property_of_its_name() -> None:
    one = kind("A", [("owner", "text", True)], [("owner", "A", False)])
    definition = schema_proposed({"title": "x", "types": [one]}).document["$defs"]["A"]
    assert definition["properties"]["owner"] == {"$ref": "#/$defs/A"}
    assert definition["required"] == ["name"]


def test_a_relation_to_nothing_is_told_to_the_model() -> None:
    proposal = {"title": "x", "types": [kind("A", (), [("has", "B", True)])]}
    assert faults_in_proposal(proposal) == [
        "The relation has of A leads to B, which is none of the types. Add that type, or leave "
        "the relation out."
    ]


def test_a_relation_to_nothing_is_left_out_and_told() -> None:
    schema = schema_proposed({"title": "x", "types": [kind("A", (), [("has", "B", True)])]})
    assert schema.relations == ()
    assert schema.notes == ("1 relations to types that the model did not name are left out.",)


def test_no_type_is_a_fault() -> None:
    assert faults_in_proposal({"title": "x", "types": []}) == [
        "There is no type. Propose at least one."
    ]
