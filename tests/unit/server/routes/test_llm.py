"""A schema is proposed, makes a prompt, and bounds what becomes a graph."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from tests.unit.derive.chat.conftest import entity
from tests.unit.derive.chat.model_server import Answer, ModelServer

from ..running import Running, running

Make = Callable[..., httpx.Client]

PEOPLE = json.dumps(
    [
        {"type": "Person", "name": "Ada Lovelace", "born": 1815},
        {"type": "Person", "name": "Charles Babbage", "born": 1791},
    ]
)


def infer(client: httpx.Client, **fields: str) -> httpx.Response:
    """Ask for a schema with a form of no files."""
    return client.post(
        "/api/v1/llm/infer-schema", files={name: (None, text) for name, text in fields.items()}
    )


def test_a_text_of_records_gives_the_schema_of_their_type(client: Make) -> None:
    schema = infer(client(), text=PEOPLE).json()["graphSchema"]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$defs"]["Person"]["properties"]["name"] == {"type": "string"} | {
        name: value
        for name, value in schema["$defs"]["Person"]["properties"]["name"].items()
        if name != "type"
    }
    assert {"title", "type", "properties", "required", "$defs"} <= schema.keys()


def test_files_and_a_text_are_read_together(client: Make) -> None:
    files = [
        ("data", ("city.csv", b"name,country\nTurin,Italy\nLondon,England\n", "text/csv")),
        ("text", (None, PEOPLE)),
    ]
    answer = client().post("/api/v1/llm/infer-schema", files=files).json()
    assert {"City", "Person"} <= answer["graphSchema"]["$defs"].keys()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"text": " "}, 400),
        ({"text": "nothing with a form in here, i fear"}, 422),
        ({"text": PEOPLE, "parameters": "{"}, 422),
        ({"text": PEOPLE, "parameters": "[1]"}, 422),
        ({"text": PEOPLE, "parameters": '{"max_tokens": "many"}'}, 422),
        ({"text": PEOPLE, "parameters": '{"temperature": true}'}, 422),
    ],
    ids=["no text", "no form", "no JSON", "an array", "no number", "a boolean"],
)
def test_what_cannot_be_inferred_from_is_told(
    client: Make, fields: dict[str, str], status: int
) -> None:
    answer = infer(client(), **fields)
    assert (answer.status_code, "error" in answer.json()) == (status, True)


def test_unknown_parameters_are_left_alone(client: Make) -> None:
    assert infer(client(), text=PEOPLE, parameters='{"model": "x", "seed": 1}').status_code == 200


def test_a_prompt_names_all_that_the_schema_does(client: Make) -> None:
    one = client()
    schema = infer(one, text=PEOPLE).json()["graphSchema"]
    prompt = one.post("/api/v1/llm/custom-prompt", json={"graphModel": schema}).json()
    assert "Person" in prompt["customPrompt"]
    assert one.post("/api/v1/llm/custom-prompt", json={"graph_model": schema}).json() == prompt


def test_a_schema_that_is_none_makes_no_prompt(client: Make) -> None:
    one = client()
    dangling = {"title": "A", "type": "object", "properties": {"x": {"$ref": "#/$defs/No"}}}
    answers = [
        one.post("/api/v1/llm/custom-prompt", json=body)
        for body in ({}, {"graphModel": {}}, {"graphModel": dangling})
    ]
    assert [answer.status_code for answer in answers] == [400, 400, 400]


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with ModelServer() as one:
        yield one


@pytest.fixture
def modelled(tmp_path: Path, model: ModelServer) -> Iterator[Running]:
    """Run a server that has a language model."""
    with running(tmp_path / "server", llm_url=model.url, llm_model="m") as one:
        yield one


PROPOSAL: dict[str, Any] = {
    "title": "PeopleGraph",
    "types": [
        {"name": "Person", "description": "Somebody.", "properties": [], "relations": []},
    ],
}


def test_the_chain_from_a_text_to_a_graph_of_its_schema(
    modelled: Running, model: ModelServer
) -> None:
    text = "Ada lived in London."
    model.next(Answer(content=PROPOSAL))
    model.says("Ada", entities=[entity("Ada", type="Person"), entity("London", type="City")])
    with modelled.client() as one:
        schema = {"graphModel": infer(one, text=text).json()["graphSchema"]}
        prompt = one.post("/api/v1/llm/custom-prompt", json=schema).json()
        parts = [("datasetName", (None, "kb")), ("raw_data", (None, text))]
        dataset = one.post("/api/v1/add", files=parts).json()["dataset_id"]
        body = {"datasets": ["kb"]} | schema | prompt
        assert one.post("/api/v1/cognify", json=body).status_code == 200
        graph = one.get(f"/api/v1/datasets/{dataset}/graph").json()
    assert prompt["customPrompt"].strip() in model.asked[-1].words
    types = {node["type"] for node in graph["nodes"]}
    assert ("Person" in types, "City" in types) == (True, False)


def test_a_model_answers_from_what_is_remembered(modelled: Running, model: ModelServer) -> None:
    model.says("Ada", entities=[entity("Ada", type="Person")])
    with modelled.client() as one:
        parts = [("datasetName", (None, "kb")), ("raw_data", (None, "Ada lived in London."))]
        one.post("/api/v1/remember", files=parts)
        model.next(Answer(content={"answer": "In London."}))
        question = {"query": "Where did Ada live?", "search_type": "RAG_COMPLETION"}
        (hit,) = one.post("/api/v1/recall", json=question).json()
    assert hit["text"] == "In London."
    assert "Ada lived in London." in model.asked[-1].words


def test_what_a_model_has_said_is_not_kept_for_others(
    modelled: Running, model: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    model.says("Ada", entities=[entity("Ada", type="Person")])
    parts = [("datasetName", (None, "kb")), ("raw_data", (None, "Ada lived in London."))]
    for _ in range(2):
        with modelled.client() as one:
            assert one.post("/api/v1/remember", files=parts).status_code == 200
    assert (model.calls, list(tmp_path.rglob("derived.sqlite*"))) == (2, [])


def test_a_model_that_fails_is_told_as_that(modelled: Running, model: ModelServer) -> None:
    model.next(*[Answer(401, body={"error": {"message": "no"}})] * 3)
    parts = [("datasetName", (None, "kb")), ("raw_data", (None, "Ada lived in London."))]
    with modelled.client() as one:
        answer = one.post("/api/v1/remember", files=parts)
    assert (answer.status_code, answer.json()["code"]) == (502, "remote.failed")
