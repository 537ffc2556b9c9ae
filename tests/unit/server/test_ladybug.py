"""A server whose graphs are Ladybug stores does what one on SQLite does; it is the default."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import httpx
import pytest

from cogx.archive.validate import validate
from cogx.format.records import Document, Entity, Episode, Fact, Memory, RawNode, Turn

from .pushing import archive, push, pushed
from .running import Running, running

RECORDS = (
    Entity(external_id="a", name="Ada", entity_type="Person", attributes={"born": 1815}),
    Entity(external_id="b", name="Babbage", description="Engineer"),
    RawNode(properties={"id": "r", "type": "Note", "text": "a note", "tags": ["x", "y"]}),
    Document(external_id="d", content="Ada met Babbage.", title="Meeting"),
    Episode(external_id="e", turns=[Turn(role="user", content="Hi")]),
    Memory(external_id="m", content="Likes tea", categories=["food"]),
    Fact(external_id="f", subject_ref="a", predicate="met", object_ref="b", fact_text="They met"),
    Fact(external_id="g", subject_ref="a", predicate="knows", object_ref="elsewhere"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a server with the store that servers have if nobody says otherwise."""
    pytest.importorskip("ladybug")
    with running(tmp_path_factory.mktemp("ladybug"), store="ladybug", workers=1) as one:
        yield one


@pytest.fixture(scope="module")
def kept(server: Running) -> Iterator[tuple[httpx.Client, str]]:
    """Return (client, dataset) of a graph with a record of every sort."""
    with server.client() as one:
        yield one, pushed(one, *RECORDS)


def graph(client: httpx.Client, dataset: str) -> Any:
    """Return a graph as it is shown."""
    return client.get(f"/api/v1/datasets/{dataset}/graph").json()


def test_the_graph_is_shown(kept: tuple[httpx.Client, str]) -> None:
    found = graph(*kept)
    labels = {node["id"]: node["label"] for node in found["nodes"]}
    assert labels == {
        "a": "Ada", "b": "Babbage", "r": "Note_r", "d": "Meeting", "e": "Episode_e",
        "m": "Memory_m", "elsewhere": "elsewhere",
    }  # fmt: skip
    edges = {(edge["source"], edge["label"], edge["target"]) for edge in found["edges"]}
    assert edges == {("a", "met", "b"), ("a", "knows", "elsewhere")}


def test_contents_come_back_exactly(kept: tuple[httpx.Client, str]) -> None:
    one, dataset = kept
    place = f"/api/v1/datasets/{dataset}/data"
    found = {one.get(f"{place}/{item['id']}/raw").text for item in one.get(place).json()}
    assert found == {"Ada met Babbage.", "user: Hi", "Likes tea\nCategories: food"}


def test_nothing_is_lost_on_the_way_out(kept: tuple[httpx.Client, str]) -> None:
    one, dataset = kept
    path = f"/api/v1/activity/export/{dataset}"
    answer = one.get(path, params={"format": "cogx"})
    assert (
        validate(BytesIO(answer.content)).fingerprint
        == validate(BytesIO(archive(*RECORDS))).fingerprint
    )


def test_the_report_is_written(kept: tuple[httpx.Client, str]) -> None:
    one, dataset = kept
    text = one.get(f"/api/v1/activity/export/{dataset}").text
    assert "| Ada | met | Babbage |" in text
    assert "- [Note] Note_r" in text


def test_words_are_found(kept: tuple[httpx.Client, str]) -> None:
    hits = kept[0].post("/api/v1/recall", json={"query": "tea", "searchType": "CHUNKS"}).json()
    assert "Likes tea" in hits[0]["text"]


def test_more_comes_into_a_graph_that_is_there(server: Running) -> None:
    with server.client() as one:
        dataset = pushed(one, *RECORDS)
        pushed(one, Entity(external_id="c", name="Clement"))
        ids = {node["id"] for node in graph(one, dataset)["nodes"]}
    assert {"a", "c"} <= ids


def test_one_item_is_forgotten(server: Running) -> None:
    with server.client() as one:
        dataset = pushed(one, *RECORDS)
        place = f"/api/v1/datasets/{dataset}/data"
        gone = next(i for i in one.get(place).json() if i["name"] == "Meeting")
        assert one.delete(f"{place}/{gone['id']}").status_code == 200
        assert "d" not in {node["id"] for node in graph(one, dataset)["nodes"]}


def test_a_graph_alone_is_forgotten_and_the_dataset_takes_another(server: Running) -> None:
    with server.client() as one:
        dataset = pushed(one, *RECORDS)
        one.post("/api/v1/forget", json={"datasetId": dataset, "memoryOnly": True})
        assert graph(one, dataset) == {"nodes": [], "edges": []}
        assert push(one, archive(*RECORDS)).json()["items"][-1]["verified"] is True
