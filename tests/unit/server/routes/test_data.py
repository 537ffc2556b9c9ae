"""What a dataset holds is given out exactly: its graph, its data items and their bytes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from cogx.format.records import (
    Document,
    Entity,
    Episode,
    Fact,
    Memory,
    MemoryBlock,
    RawNode,
    Turn,
)

from ..pushing import archive, files_of, push, pushed
from ..running import Running

Make = Callable[..., httpx.Client]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PDF = b"%PDF-1.4\n\0\xff binary"


@pytest.fixture
def one(client: Make) -> httpx.Client:
    """Return a client of somebody fresh."""
    return client()


def items(client: httpx.Client, dataset: str, **page: Any) -> list[dict[str, Any]]:
    """Return data items as they are listed."""
    answer = client.get(f"/api/v1/datasets/{dataset}/data", params=page)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def raw(client: httpx.Client, dataset: str, item: dict[str, Any], **more: Any) -> httpx.Response:
    """Return the bytes of a data item."""
    return client.get(f"/api/v1/datasets/{dataset}/data/{item['id']}/raw", **more)


def part(number: int, content: str, **metadata: Any) -> Document:
    """Return a part of a long document."""
    name = "long" if number == 1 else f"long#{number:05}"
    about = {"part": number, "parts": 3} | ({"part_of": "long"} if number > 1 else {})
    return Document(external_id=name, content=content, title="Long", metadata=about | metadata)


TEXT = "text/plain; charset=utf-8"
CONTENTS: dict[str, tuple[list[Any], bytes, str]] = {
    "plain": ([Document(external_id="plain", content="Ada\r\nmet <b>B</b>.\n")],
              b"Ada\r\nmet <b>B</b>.\n", TEXT),
    "empty": ([Document(external_id="empty", content="")], b"", TEXT),
    "pdf": ([Document(external_id="pdf", content="text", mime_type="application/pdf")],
            b"text", TEXT),
    "base64": ([Document(external_id="base64", title="a.pdf", mime_type="application/pdf",
                         content=base64.b64encode(PDF).decode(),
                         metadata={"encoding": "base64"})], PDF, "application/pdf"),
    "long": ([part(1, "one "), part(2, "two "), part(3, "three")], b"one two three", TEXT),
    "episode": ([Episode(external_id="episode", title="Talk", turns=[
        Turn(role="user", content="Hi", occurred_at=NOON), Turn(role="system", content="Be kind"),
    ])], b"# Talk\nsystem: Be kind\nuser [2026-11-20T12:00:00Z]: Hi", TEXT),
    "memory": ([Memory(external_id="memory", content="Likes tea", categories=["food", "drink"])],
               b"Likes tea\nCategories: food, drink", TEXT),
    "block": ([MemoryBlock(external_id="block", label="persona", value="Kind.")],
              b"persona:\nKind.", TEXT),
}  # fmt: skip
"""Records, the bytes that they are, and the type of these."""


@pytest.fixture(scope="module")
def whole(server: Running) -> Iterator[tuple[httpx.Client, str, dict[str, dict[str, Any]]]]:
    """Return (client, dataset, items by the record's id) of an archive of every kind."""
    with server.client() as one:
        records = [record for records, _, _ in CONTENTS.values() for record in records]
        dataset = pushed(one, *records)
        found = items(one, dataset)
        yield one, dataset, {item["externalMetadata"]["external_id"]: item for item in found}


def test_every_content_is_one_item(whole: Any) -> None:
    assert set(whole[2]) == set(CONTENTS)


@pytest.mark.parametrize("kind", CONTENTS)
def test_what_an_archive_holds_comes_back_as_it_reads(whole: Any, kind: str) -> None:
    one, dataset, found = whole
    _, content, mime_type = CONTENTS[kind]
    answer = raw(one, dataset, found[kind])
    assert (answer.content, answer.headers["content-type"]) == (content, mime_type)


@pytest.mark.parametrize("kind", CONTENTS)
def test_an_item_says_what_its_bytes_are(whole: Any, kind: str) -> None:
    item, content = whole[2][kind], CONTENTS[kind][1]
    assert (item["dataSize"], item["contentHash"], item["sha256"]) == (
        len(content),
        hashlib.md5(content).hexdigest(),
        hashlib.sha256(content).hexdigest(),
    )


def test_an_item_says_where_it_came_from(one: httpx.Client) -> None:
    record = Document(
        external_id="d", external_system="mem0", content="x", title="Meeting", created_at=NOON,
        scope={"user_id": "u"}, metadata={"external_id": "shadow"},
    )  # fmt: skip
    (item,) = items(one, pushed(one, record))
    assert (item["name"], item["label"], item["extension"]) == ("Meeting", "Meeting", "txt")
    assert item["externalMetadata"] == {
        "external_system": "mem0",
        "external_id": "d",
        "scope": {"user_id": "u"},
        "external_created_at": "2026-11-20T12:00:00Z",
        "metadata": {"external_id": "shadow"},
    }


def test_no_item_says_where_on_the_server_it_lies(server: Running, one: httpx.Client) -> None:
    (item,) = items(one, pushed(one, Document(external_id="d", content="x")))
    assert str(server.context.places.root) not in str(item)


def test_importing_again_makes_no_item_twice(one: httpx.Client) -> None:
    records = [Document(external_id="d", content="x"), Memory(external_id="m", content="y")]
    pushed(one, *records)
    first = items(one, pushed(one, Entity(external_id="a", name="A")))
    again = items(one, pushed(one, *records))
    assert [i["id"] for i in again] == [i["id"] for i in first]
    assert [i["createdAt"] for i in again] == [i["createdAt"] for i in first]


def test_the_same_record_in_two_datasets_is_two_items(one: httpx.Client) -> None:
    record = Document(external_id="d", content="x")
    first, second = pushed(one, record, name="one"), pushed(one, record, name="two")
    assert items(one, first)[0]["id"] != items(one, second)[0]["id"]


def test_a_part_without_its_beginning_is_no_item_and_is_told(one: httpx.Client) -> None:
    answer = push(one, archive(part(2, "two ")))
    (told,) = answer.json()["items"]
    assert any("beginning is not here" in note for note in told["notes"])
    assert items(one, answer.json()["dataset_id"]) == []


def test_items_are_listed_page_by_page(whole: Any) -> None:
    one, dataset, found = whole
    pages = [items(one, dataset, limit=3, offset=offset) for offset in (0, 3, 6)]
    assert [len(page) for page in pages] == [3, 3, 2]
    assert {item["id"] for page in pages for item in page} == {i["id"] for i in found.values()}


def test_items_are_counted(whole: Any) -> None:
    one, dataset, _ = whole
    assert one.get(f"/api/v1/datasets/{dataset}/data/count").json() == {"count": len(CONTENTS)}


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 1001}, {"offset": -1}, {"offset": 1_000_001}], ids=str
)
def test_pages_that_are_none_are_400(one: httpx.Client, query: dict[str, int]) -> None:
    dataset = one.post("/api/v1/datasets", json={"name": "kb"}).json()["id"]
    assert one.get(f"/api/v1/datasets/{dataset}/data", params=query).status_code == 400


def test_a_part_of_the_bytes_can_be_asked_for(whole: Any) -> None:
    one, dataset, found = whole
    answer = raw(one, dataset, found["long"], headers={"Range": "bytes=4-6"})
    assert (answer.status_code, answer.content) == (206, b"two")


def test_a_part_that_lies_outside_is_416(whole: Any) -> None:
    one, dataset, found = whole
    assert raw(one, dataset, found["long"], headers={"Range": "bytes=99-"}).status_code == 416


def test_a_name_cannot_end_the_header_it_stands_in(one: httpx.Client) -> None:
    title = 'a"; filename=x.exe\u2028é'
    dataset = pushed(one, Document(external_id="d", content="x", title=title))
    (item,) = items(one, dataset)
    told = raw(one, dataset, item).headers["content-disposition"]
    assert told.startswith("attachment; filename=\"a__filename_x.exe.txt\"; filename*=UTF-8''a")
    assert told.count('"') == 2


def test_an_item_whose_file_is_gone_is_404(server: Running, one: httpx.Client) -> None:
    dataset = pushed(one, Document(external_id="d", content="x"))
    (item,) = items(one, dataset)
    server.context.places.file(dataset, item["id"]).unlink()
    assert raw(one, dataset, item).status_code == 404


def test_an_item_of_another_dataset_is_404(one: httpx.Client) -> None:
    here = pushed(one, Document(external_id="d", content="x"), name="here")
    there = pushed(one, Document(external_id="e", content="y"), name="there")
    assert raw(one, here, items(one, there)[0]).status_code == 404


def test_an_item_is_removed_with_what_the_graph_knows_from_it(
    server: Running, one: httpx.Client
) -> None:
    dataset = pushed(
        one, Document(external_id="d", content="x"), Document(external_id="e", content="y")
    )
    gone = next(i for i in items(one, dataset) if i["externalMetadata"]["external_id"] == "d")
    answer = one.delete(f"/api/v1/datasets/{dataset}/data/{gone['id']}")
    assert (answer.status_code, answer.json()) == (200, None)
    nodes = one.get(f"/api/v1/datasets/{dataset}/graph").json()["nodes"]
    assert [node["id"] for node in nodes] == ["e"]
    assert f"files/{gone['id']}" not in files_of(server, dataset)


def test_removing_an_item_that_is_not_there_is_fine(one: httpx.Client) -> None:
    dataset = one.post("/api/v1/datasets", json={"name": "kb"}).json()["id"]
    assert one.delete(f"/api/v1/datasets/{dataset}/data/{uuid4()}").status_code == 200


def test_contents_stay_when_the_graph_alone_is_forgotten(one: httpx.Client) -> None:
    dataset = pushed(one, Document(external_id="d", content="Ada met Babbage."))
    one.post("/api/v1/forget", json={"datasetId": dataset, "memoryOnly": True})
    (item,) = items(one, dataset)
    assert raw(one, dataset, item).text == "Ada met Babbage."


def test_a_graph_can_be_made_again_of_the_contents_of_an_archive(one: httpx.Client) -> None:
    dataset = pushed(one, Document(external_id="d", content="Ada met Babbage.", title="Meeting"))
    one.post("/api/v1/forget", json={"datasetId": dataset, "memoryOnly": True})
    one.post("/api/v1/cognify", json={"datasets": ["kb"]})
    nodes = one.get(f"/api/v1/datasets/{dataset}/graph").json()["nodes"]
    assert "d" in {node["id"] for node in nodes}


def test_the_graph_shows_properties_under_their_own_names(one: httpx.Client) -> None:
    dataset = pushed(
        one,
        Entity(external_id="a", name="Ada", entity_type="Person", description="Mathematician",
               attributes={"born": 1815}, created_at=NOON),
        RawNode(properties={"id": "r", "type": "Note", "title": "T", "text": "t", "value": "v"}),
        Document(external_id="d", content="Text", title="Title"),
    )  # fmt: skip
    nodes = one.get(f"/api/v1/datasets/{dataset}/graph").json()["nodes"]
    assert {node["id"]: (node["label"], node["type"], node["properties"]) for node in nodes} == {
        "a": ("Ada", "Person", {"description": "Mathematician", "born": 1815}),
        "r": ("T", "Note", {"title": "T", "text": "t", "value": "v"}),
        "d": ("Title", "Document", {"title": "Title", "content": "Text"}),
    }


def test_the_graph_shows_what_edges_say(one: httpx.Client) -> None:
    dataset = pushed(
        one,
        Entity(external_id="a", name="Ada"),
        Entity(external_id="b", name="Babbage"),
        Fact(external_id="f", subject_ref="a", predicate="met", object_ref="b",
             fact_text="Ada met Babbage", confidence=0.5),
    )  # fmt: skip
    (edge,) = one.get(f"/api/v1/datasets/{dataset}/graph").json()["edges"]
    assert edge == {
        "source": "a", "target": "b", "label": "met",
        "properties": {"edge_text": "Ada met Babbage", "confidence": 0.5},
    }  # fmt: skip


def test_every_end_of_an_edge_is_a_node(one: httpx.Client) -> None:
    dataset = pushed(
        one,
        Entity(external_id="a", name="Ada"),
        Fact(external_id="f", subject_ref="a", predicate="met", object_ref="elsewhere"),
    )
    graph = one.get(f"/api/v1/datasets/{dataset}/graph").json()
    ends = {end for edge in graph["edges"] for end in (edge["source"], edge["target"])}
    assert ends <= {node["id"] for node in graph["nodes"]}


def test_a_dataset_without_a_graph_has_an_empty_one(one: httpx.Client) -> None:
    dataset = one.post("/api/v1/datasets", json={"name": "kb"}).json()["id"]
    graph = one.get(f"/api/v1/datasets/{dataset}/graph").json()
    assert graph == {"nodes": [], "edges": []}


def test_the_summary_says_how_large_a_graph_is_and_which_run_made_it_so(one: httpx.Client) -> None:
    dataset = pushed(one, Entity(external_id="a", name="Ada"))
    one.get(f"/api/v1/activity/export/{dataset}", params={"format": "cogx"})
    (told,) = one.get("/api/v1/datasets/graph-summary").json()
    runs = one.get("/api/v1/activity/pipeline-runs").json()
    (imported,) = [run["id"] for run in runs if run["pipeline_name"].startswith("migration")]
    assert (told["datasetId"], told["pipelineRunId"]) == (dataset, imported)
    assert (told["numNodes"], told["numEdges"]) == (1, 0)
    assert told["computedAt"].endswith("Z")


@pytest.mark.parametrize("casing", ["graph_schema", "graphSchema"])
def test_a_schema_is_kept_in_either_casing(one: httpx.Client, casing: str) -> None:
    dataset = one.post("/api/v1/datasets", json={"name": "kb"}).json()["id"]
    schema = {"title": "Team", "type": "object", "properties": {"people": {"type": "array"}}}
    answer = one.put(f"/api/v1/datasets/{dataset}/schema", json={casing: schema})
    assert answer.json() == {"status": "ok"}, answer.text
    kept = one.get(f"/api/v1/datasets/{dataset}/schema").json()
    assert kept == {"graph_schema": schema, "custom_prompt": None}


def test_what_is_not_sent_of_a_schema_stays(one: httpx.Client) -> None:
    dataset = one.post("/api/v1/datasets", json={"name": "kb"}).json()["id"]
    path = f"/api/v1/datasets/{dataset}/schema"
    one.put(path, json={"customPrompt": "Only people."})
    one.put(path, json={})
    assert one.get(path).json()["custom_prompt"] == "Only people."


def test_a_schema_that_is_none_is_422_and_not_kept(one: httpx.Client) -> None:
    dataset = one.post("/api/v1/datasets", json={"name": "kb"}).json()["id"]
    path = f"/api/v1/datasets/{dataset}/schema"
    answer = one.put(path, json={"graph_schema": {"types": 5}})
    assert (answer.status_code, answer.json()["code"]) == (422, "schema.invalid")
    assert one.get(path).json()["graph_schema"] is None


@pytest.mark.parametrize(
    "path", ["graph", "data", "data/count", "schema", "data/no-uuid/raw"], ids=str
)
def test_an_id_that_is_no_uuid_is_400(one: httpx.Client, path: str) -> None:
    assert one.get(f"/api/v1/datasets/no-uuid/{path}").status_code == 400


def test_an_id_in_capital_letters_is_the_same_one(one: httpx.Client) -> None:
    dataset = pushed(one, Entity(external_id="a", name="Ada"))
    assert one.get(f"/api/v1/datasets/{dataset.upper()}/graph").status_code == 200
