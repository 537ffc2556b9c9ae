"""Memory without a language model: what is remembered is found, and forgotten when asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from cogx.remote.credentials import ServerAt
from cogx.remote.memory import MemoryClient

from ..running import Running

Make = Callable[..., httpx.Client]

ADA = "Ada Lovelace wrote to ada@example.org on 1843-07-10."
BABBAGE = "Charles Babbage read what came from ada@example.org."


@pytest.fixture
def one(client: Make) -> httpx.Client:
    """Return a client whose dataset ``mem`` remembers two texts."""
    found = client()
    for text in (ADA, BABBAGE):
        assert remember(found, text).status_code == 200
    return found


def remember(client: httpx.Client, *texts: str, name: str = "mem", **more: Any) -> httpx.Response:
    """Remember texts as a form of no files."""
    fields = {"datasetName": name, **more}
    parts = [(key, (None, value)) for key, value in fields.items()]
    parts += [("raw_data", (None, text)) for text in texts]
    return client.post("/api/v1/remember", files=parts)


def recall(client: httpx.Client, query: str, **more: Any) -> Any:
    """Ask, and return the body of the answer."""
    return client.post("/api/v1/recall", json={"query": query} | more).json()


def dataset_id(client: httpx.Client, name: str = "mem") -> str:
    """Return the id of a dataset by its name."""
    return next(d["id"] for d in client.get("/api/v1/datasets").json() if d["name"] == name)


def data(client: httpx.Client) -> list[dict[str, Any]]:
    """Return the data items of the dataset ``mem``."""
    found: list[dict[str, Any]] = client.get(f"/api/v1/datasets/{dataset_id(client)}/data").json()
    return found


def test_a_text_is_kept_and_told(client: Make) -> None:
    answer = remember(client(), ADA).json()
    (item,) = answer["items"]
    assert (answer["status"], answer["items_processed"]) == ("completed", 1)
    assert item["data_size"] == len(ADA)
    assert not any(item.get("kind") == "migration_import" for item in answer["items"])


def test_the_same_text_again_is_the_same_item(one: httpx.Client) -> None:
    remember(one, ADA)
    assert len(data(one)) == 2


def test_files_of_several_forms_are_read(client: Make) -> None:
    files = [
        ("data", ("a.md", b"# Ada\n\nShe wrote.", "text/markdown")),
        ("data", ("b.html", b"<p>Babbage <b>built</b>.</p>", "text/html")),
        ("data", ("c.json", b'{"name": "Clement"}', "application/json")),
    ]
    one = client()
    one.post("/api/v1/remember", data={"datasetName": "mem"}, files=files)
    found = {hit["text"] for hit in recall(one, "Babbage built", search_type="CHUNKS")}
    assert any("Babbage built" in text for text in found)


def test_a_form_that_cannot_be_read_is_415_and_nothing_of_the_request_is_kept(
    client: Make,
) -> None:
    files = [
        ("data", ("a.txt", b"text", "text/plain")),
        ("data", ("b.xlsx", b"PK\3\4", "application/vnd.ms-excel")),
    ]
    one = client()
    for path in ("/api/v1/remember", "/api/v1/add"):
        assert one.post(path, data={"datasetName": "mem"}, files=files).status_code == 415
    assert one.get("/api/v1/datasets").json() == []


def test_words_find_texts(one: httpx.Client) -> None:
    (hit,) = recall(one, "Lovelace", search_type="CHUNKS_LEXICAL", datasets=["mem"])
    assert (hit["source"], hit["text"], hit["dataset_name"]) == ("graph", ADA, "mem")


def test_the_graph_tells_what_is_known_of_a_thing(one: httpx.Client) -> None:
    hits = recall(one, "ada@example.org", search_type="GRAPH", datasets=["mem"])
    mentions = [hit for hit in hits if hit["raw"].get("predicate") == "mentions"]
    assert {hit["raw"]["source"]["name"] for hit in mentions} >= {
        item["name"] for item in data(one)
    }


def test_operators_of_the_index_are_words_like_others(one: httpx.Client) -> None:
    assert recall(one, 'Lovelace" OR NEAR(* NOT', search_type="CHUNKS")[0]["text"] == ADA


def test_without_a_model_nothing_is_made_up(one: httpx.Client) -> None:
    answer = one.post("/api/v1/recall", json={"query": "who", "search_type": "GRAPH_COMPLETION"})
    assert answer.status_code == 422
    assert "COGX_LLM_URL" in answer.json()["remediation"]


def test_the_context_of_an_answer_needs_no_model(one: httpx.Client) -> None:
    (hit,) = recall(one, "Lovelace", searchType="RAG_COMPLETION", onlyContext=True)
    assert ADA in hit["text"]


def test_a_search_that_is_not_there_is_422(one: httpx.Client) -> None:
    assert one.post("/api/v1/recall", json={"query": "a", "searchType": "X"}).status_code == 422


def test_an_unknown_dataset_is_404_by_name_and_403_by_id(client: Make) -> None:
    one = client()
    ids = {"query": "a", "datasetIds": ["00000000-0000-0000-0000-000000000000"]}
    named = one.post("/api/v1/recall", json={"query": "a", "datasets": ["nowhere"]})
    assert (named.status_code, one.post("/api/v1/recall", json=ids).status_code) == (404, 403)


def test_questions_are_kept_for_who_asked_them(one: httpx.Client, client: Make) -> None:
    recall(one, "Lovelace", search_type="CHUNKS")
    assert [asked["text"] for asked in one.get("/api/v1/recall").json()] == ["Lovelace"]
    assert client().get("/api/v1/recall").json() == []


def test_a_session_remembers_without_a_graph(client: Make) -> None:
    one = client()
    answer = remember(one, "The meeting is on Monday.", session_id="s1").json()
    assert (answer["status"], answer["session_ids"]) == ("session_stored", ["s1"])
    hits = recall(one, "when is the meeting", session_id="s1", search_type="CHUNKS")
    assert [(hit["source"], hit["answer"]) for hit in hits] == [
        ("session", "The meeting is on Monday.")
    ]


def test_a_session_remembers_texts_that_come_as_files(client: Make) -> None:
    one = client()
    form = {"datasetName": "mem", "session_id": "s1"}
    file = ("text_0.txt", b"The meeting is on Monday.", "text/plain")
    assert one.post("/api/v1/remember", data=form, files={"data": file}).status_code == 200
    (hit,) = recall(one, "meeting", session_id="s1", search_type="CHUNKS")
    assert hit["answer"] == "The meeting is on Monday."


def test_an_entry_of_a_session_is_found(client: Make) -> None:
    one = client()
    entry = {"type": "qa", "question": "Who built it?", "answer": "Babbage.", "context": ""}
    kept = one.post("/api/v1/remember/entry", json={"entry": entry, "sessionId": "s"}).json()
    (hit,) = recall(one, "built", session_id="s", search_type="CHUNKS")
    assert (hit["qa_id"], hit["answer"]) == (kept["entry_id"], "Babbage.")


def test_what_was_added_is_in_the_graph_after_cognify(client: Make) -> None:
    one = client()
    parts = [("datasetName", (None, "mem")), ("raw_data", (None, ADA))]
    added = one.post("/api/v1/add", files=parts).json()
    assert recall(one, "Lovelace", search_type="CHUNKS") == []
    run = one.post("/api/v1/cognify", json={"datasets": ["mem"]}).json()[added["dataset_id"]]
    assert run["status"] == "PipelineRunCompleted"
    assert len(recall(one, "Lovelace", search_type="CHUNKS")) == 1


def test_improve_says_what_it_does_not_do(one: httpx.Client) -> None:
    answer = one.post("/api/v1/improve", json={"datasetName": "mem"}).json()
    done = {stage["stage"]: stage["status"] for stage in answer["stages"]}
    assert answer["finished"] is True
    assert (done["index"], done["truth"]) == ("completed", "skipped")


def test_one_item_is_forgotten_with_what_came_from_it_alone(one: httpx.Client) -> None:
    first = data(one)[0]
    one.post("/api/v1/forget", json={"dataset": "mem", "dataId": first["id"]})
    graph = one.get(f"/api/v1/datasets/{dataset_id(one)}/graph").json()
    labels = {node["label"] for node in graph["nodes"]}
    assert [item["name"] for item in data(one)] == [
        node["label"] for node in graph["nodes"] if node["type"] == "Document"
    ]
    assert "ada@example.org" in labels  # the other text names it, too
    assert "1843-07-10" not in labels


def test_the_graph_alone_is_forgotten_and_can_be_made_again(one: httpx.Client) -> None:
    one.post("/api/v1/forget", json={"dataset": "mem", "memoryOnly": True})
    assert recall(one, "Lovelace", search_type="CHUNKS") == []
    one.post("/api/v1/cognify", json={"datasets": ["mem"]})
    assert len(recall(one, "Lovelace", search_type="CHUNKS")) == 1


def test_a_dataset_is_forgotten_with_its_files(server: Running, one: httpx.Client) -> None:
    place = server.context.places.root / "datasets" / dataset_id(one)
    one.post("/api/v1/forget", json={"dataset": "mem"})
    assert (one.get("/api/v1/datasets").json(), place.exists()) == ([], False)


def test_everything_that_one_owns_is_forgotten(one: httpx.Client, client: Make) -> None:
    other = client()
    remember(other, ADA)
    assert one.post("/api/v1/forget", json={"everything": True}).json()["datasets_removed"] == 1
    assert (one.get("/api/v1/datasets").json(), len(data(other))) == ([], 1)


@pytest.mark.parametrize(
    "body", [{}, {"dataset": "a", "datasetId": "b"}], ids=["nothing", "two things"]
)
def test_what_is_to_be_forgotten_must_be_named(client: Make, body: dict[str, str]) -> None:
    assert client().post("/api/v1/forget", json=body).status_code == 422


def test_raw_data_comes_back_as_it_was_sent(client: Make) -> None:
    one = client()
    content = b"<p>Babbage</p>"
    one.post(
        "/api/v1/add",
        data={"datasetName": "mem"},
        files={"data": ("../../b.html", content, "text/html")},
    )
    (item,) = data(one)
    raw = one.get(f"/api/v1/datasets/{dataset_id(one)}/data/{item['id']}/raw")
    assert (raw.content, item["name"], item["extension"]) == (content, "b", "html")


def test_a_name_that_is_percent_encoded_is_read_as_a_real_cognee_means_it(client: Make) -> None:
    one = client()
    file = ("%2Ftmp%2FGr%C3%BC%C3%9Fe%201.md", ADA.encode(), "text/markdown")
    one.post("/api/v1/add", data={"datasetName": "mem"}, files={"data": file})
    assert [item["name"] for item in data(one)] == ["Grüße 1"]


def test_an_item_tells_its_form_and_where_it_is_got(one: httpx.Client) -> None:
    """A real client takes no item without."""
    for item in data(one):
        assert (item["extension"], item["mimeType"]) == ("txt", "text/plain")
        assert one.get(item["rawDataLocation"]).text in (ADA, BABBAGE)


def test_our_memory_client_speaks_it(server: Running) -> None:
    at = ServerAt(server.url, server.key(server.user()), "explicit")
    with MemoryClient(at) as memory:
        assert memory.remember(ADA, "mem")["status"] == "completed"
        assert memory.recall("Lovelace", "CHUNKS", datasets="mem")[0]["text"] == ADA
        assert memory.improve("mem")["finished"] is True
        assert memory.forget(dataset="mem")["status"] == "success"
