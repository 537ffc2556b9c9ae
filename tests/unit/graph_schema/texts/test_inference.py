"""What the form of texts suggests."""

from __future__ import annotations

from typing import Any

import pytest

from cogx.errors import EmptyGraph
from cogx.graph_schema.model import GraphSchema
from cogx.graph_schema.rules import check_graph_schema
from cogx.graph_schema.texts.inference import infer_from_texts
from cogx.text_files import FileText

MARKDOWN = """\
# Team

## People

### Ada Lovelace
- **Born**: 1815-12-10
- Works at: Acme Labs
- Likes: tea, chess

### Charles Babbage
- Born: 1791-12-26

## Company: Acme Labs
Founded: 1820
Site: https://acme.example/a:b
"""
LINES = "Person: Ada\nBorn: 1815\nWorks at: Acme\n\nCompany: Acme\nCity: London\n"
JSON = """{"people": [{"name": "Ada", "age": 36, "employer": {"name": "Acme"},
"address": {"street": "x"}, "active": true, "none": null},
{"name": "Bob", "friends": ["Ada"]}]}"""
JSON_LINES = '{"type": "person", "name": "Ada"}\n{"type": "city", "name": "Rome"}\n'
CSV = "name;age;since\nAda;36;2020-01-02\nBob;4.5;2021-01-02\n\nCyd;;\n"
TABLE = "## Cities\n\n| Name | Country |\n|:---|---:|\n| Paris | France |\n| Rome | Italy |\n"
PROSE = (
    "Dr. Ada Lovelace worked with Charles Babbage. Later Ada Lovelace founded Acme Labs. "
    "The engine was big."
)


def types(schema: GraphSchema) -> dict[str, list[str]]:
    """Return the properties of each type beside those that all have."""
    return {
        one.name: [
            f"{p.name} {p.kind}" for p in one.properties if p.name not in {"name", "description"}
        ]
        for one in schema.entity_types
    }


def relations(schema: GraphSchema) -> set[str]:
    return {f"{r.source} {r.predicate} {r.target}{'*' * r.many}" for r in schema.relations}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MARKDOWN, {"Person": ["born date", "likes list of text"],
                    "Company": ["founded integer", "site text"]}),
        (LINES, {"Person": ["born integer"], "Company": ["city text"]}),
        (JSON, {"Person": ["active boolean", "age integer"], "Employer": [],
                "Address": ["street text"]}),
        (JSON_LINES, {"Person": [], "City": []}),
        (CSV, {"Record": ["age number", "since date"]}),
        (TABLE, {"City": ["country text"]}),
        (PROSE, {"Person": [], "Concept": [], "Organization": []}),
    ],
)  # fmt: skip
def test_types_and_properties(text: str, expected: dict[str, list[str]]) -> None:
    assert types(infer_from_texts([text])) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MARKDOWN, {"Person works_at Company"}),
        (LINES, {"Person works_at Company"}),
        (JSON, {"Person employer Employer", "Person address Address", "Person friends Person*"}),
        (CSV, set()),
        (PROSE, {"Person worked_with Concept*", "Person founded Organization*"}),
    ],
)
def test_relations(text: str, expected: set[str]) -> None:
    assert relations(infer_from_texts([text])) == expected


@pytest.mark.parametrize("text", [MARKDOWN, LINES, JSON, JSON_LINES, CSV, TABLE, PROSE])
def test_the_schema_has_no_fault(text: str) -> None:
    assert check_graph_schema(infer_from_texts([text]).document) == []


def test_only_the_name_is_required_for_another_text_may_say_less() -> None:
    person = infer_from_texts([LINES]).document["$defs"]["Person"]
    assert person["required"] == ["name"]


def test_the_same_texts_give_the_same_schema() -> None:
    texts = [MARKDOWN, JSON, CSV, PROSE]
    assert infer_from_texts(texts).document == infer_from_texts(texts).document


def test_texts_are_read_together() -> None:
    schema = infer_from_texts([LINES, "Name: Bob\nType: Person\nFriend: Ada\n"])
    assert "Person friend Person" in relations(schema)


def file(text: str, title: str, form: str) -> FileText:
    return FileText(text, title, form)


def test_a_files_name_tells_what_its_rows_are() -> None:
    schema = infer_from_texts([file("name,age\nAda,3\n", "people", "text/csv")])
    assert types(schema) == {"Person": ["age integer"]}


def test_a_column_called_after_a_type_is_a_relation() -> None:
    people = file("name,company_id,boss\nAda,1,Bob\nBob,1,\n", "people", "text/csv")
    companies = file("id\tname\n1\tAcme\n", "companies", "text/tab-separated-values")
    found = relations(infer_from_texts([people, companies]))
    assert found == {"Person company Company", "Person boss Person"}


def test_code_is_no_text() -> None:
    schema = infer_from_texts([f"{LINES}\n```yaml\nServer: x\nPort: 3\n```\n"])
    assert list(types(schema)) == ["Company", "Person"]


def test_a_sentence_behind_a_colon_is_no_property() -> None:
    sentence = "this is a sentence of many words that says something and goes on and on"
    schema = infer_from_texts([LINES.replace("City: London", f"City: London\nNote: {sentence}")])
    assert types(schema)["Company"] == ["city text"]


def test_many_headings_are_read_in_one_go() -> None:
    text = "# a\n" * 20_000 + "## Person: Ada\nAge: 3\n" * 2_000
    assert types(infer_from_texts([text])) == {"Person": ["age integer"]}


def test_prose_with_commas_is_no_table() -> None:
    text = "When Ada came, she met Bob Stone,\nand Ada went home, and Bob Stone slept,\n"
    assert "Record" not in types(infer_from_texts([text]))


def test_a_name_that_is_known_is_no_concept() -> None:
    schema = infer_from_texts([LINES + "\nYesterday Ada saw Ada in the park with Acme.\n"])
    assert "Concept" not in types(schema)


def test_the_title_becomes_that_of_the_root() -> None:
    assert infer_from_texts([LINES], title="my team").title == "MyTeamGraph"


@pytest.mark.parametrize("text", ["", "no capital letters here.", "[1, 2]", "只有汉字。", "{}"])
def test_without_any_form_there_is_no_schema(text: str) -> None:
    with pytest.raises(EmptyGraph, match="--deriver chat"):
        infer_from_texts([text])


@pytest.mark.parametrize(
    "text",
    ['# A,"\n# A', "a,b\rc\n1,2\n",
     "a,b\n" + '"' * 200_000, "[" * 5000, "# " * 5000, "a: b\n" * 3000, "|" * 5000 + "\n|x|y|",
     "# a" + "#" * 100_000 + "x", "|-|" + "-" * 100_000 + "x|", "a: b" + ", " * 100_000 + "c",
     "{" + '"a":{' * 3000, "A" * 100_000, "A b " * 20_000],
)  # fmt: skip
def test_odd_texts_do_no_harm(text: str) -> None:
    try:
        schema: Any = infer_from_texts([text])
    except EmptyGraph:
        return
    assert check_graph_schema(schema.document) == []
