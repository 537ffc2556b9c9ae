"""A schema is proposed, makes a prompt, and bounds what becomes a graph."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from cogx.archive.writer import ArchiveWriter
from cogx.engine.push import push_sync
from cogx.engine.sync import sync_sync
from cogx.format.records import Document
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


def remembered(client: httpx.Client, *texts: str) -> dict[str, Any]:
    """Remember texts in the dataset ``kb``, and return the answer."""
    parts = [("datasetName", (None, "kb")), *(("raw_data", (None, text)) for text in texts)]
    answer: dict[str, Any] = client.post("/api/v1/remember", files=parts).json()
    return answer


def test_what_a_model_has_said_is_kept_for_nobody_else(
    modelled: Running, model: ModelServer
) -> None:
    model.says("Ada", entities=[entity("Ada", type="Person")])
    for _ in range(2):
        with modelled.client() as one:
            assert remembered(one, "Ada lived in London.")["losses"] == {}
    assert model.calls == 2


def test_what_a_model_has_said_goes_with_the_text(modelled: Running, model: ModelServer) -> None:
    model.says("Ada", entities=[entity("Ada", type="Person")])
    with modelled.client() as one:
        item = remembered(one, "Ada lived in London.")["items"][0]
        kept = list(modelled.context.places.root.rglob("derived.sqlite"))
        one.post("/api/v1/forget", json={"dataset": "kb", "dataId": item["id"]})
    assert len(kept) == 1
    assert not kept[0].exists()


def half_told(model: ModelServer) -> None:
    """Let the model say nothing that can be used of Bob."""
    model.says("Ada", entities=[entity("Ada", type="Person")])
    model.of("Bob", Answer(content={"nonsense": True}))


def test_a_text_that_could_not_be_derived_is_told_and_tried_again(
    modelled: Running, model: ModelServer
) -> None:
    half_told(model)
    with modelled.client() as one:
        answer = remembered(one, "Ada lived in London.", "Bob lived in Paris.")
        run = one.get(f"/api/v1/activity/pipeline-runs/{answer['pipeline_run_id']}").json()
        model.says("Bob", entities=[entity("Bob", type="Person")])
        asked = model.calls
        again = one.post("/api/v1/cognify", json={"datasets": ["kb"]}).json()
    assert (answer["losses"], run["losses"]) == ({"derive.passages": 1}, {"derive.passages": 1})
    assert again[answer["dataset_id"]]["payload"]["losses"] == {}
    assert model.calls == asked + 1  # what was said of Ada is kept


@pytest.mark.parametrize("background", [False, True], ids=["foreground", "background"])
def test_our_push_tells_what_the_server_could_not_derive(
    modelled: Running, model: ModelServer, tmp_path: Path, background: bool
) -> None:
    half_told(model)
    source = tmp_path / "kb.cogx.tar.gz"
    with ArchiveWriter(source) as writer:
        for name in ("Ada", "Bob"):
            writer.write(Document(external_id=name, content=f"{name} lived in London."))
    result = push_sync(
        str(source), mode="hybrid", run_in_background=background, wait=True,
        url=modelled.url, api_key=modelled.key(modelled.user()),
    )  # fmt: skip
    assert (result.status, result.losses) == ("completed", {"derive.passages": 1})


def test_our_sync_is_not_done_before_all_texts_are_derived(
    modelled: Running, model: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    half_told(model)
    source = tmp_path / "kb.cogx.tar.gz"
    with ArchiveWriter(source) as writer:
        for name in ("Ada", "Bob"):
            writer.write(Document(external_id=name, content=f"{name} lived in London."))
    at: dict[str, Any] = {"url": modelled.url, "api_key": modelled.key(modelled.user())}
    (first,) = sync_sync(str(source), wait=True, **at).datasets
    model.says("Bob", entities=[entity("Bob", type="Person")])
    (second,) = sync_sync(str(source), wait=True, **at).datasets
    assert (first.rebuild, second.rebuild) == ("failed", "completed")
    assert "it lacks 1 derive.passages" in str(first.error)


def test_a_model_that_fails_is_told_as_that(modelled: Running, model: ModelServer) -> None:
    model.next(*[Answer(401, body={"error": {"message": "no"}})] * 3)
    parts = [("datasetName", (None, "kb")), ("raw_data", (None, "Ada lived in London."))]
    with modelled.client() as one:
        answer = one.post("/api/v1/remember", files=parts)
    assert (answer.status_code, answer.json()["code"]) == (502, "remote.failed")
