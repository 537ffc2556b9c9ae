"""Files are received as cognee's client sends them: whole, checked, each once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from cogx.server.identity import rights

from ..running import Running
from .test_receiving import dataset_id

TEXT = b"Ada met Babbage."
MD5 = hashlib.md5(TEXT, usedforsecurity=False).hexdigest()
NONE = "0" * 32

Make = Callable[..., httpx.Client]


def diff(
    client: httpx.Client, dataset: str, *hashes: str, name: str | None = "notes"
) -> httpx.Response:
    """Ask what is missing, as cognee's client does."""
    body = {"dataset_id": dataset, "dataset_name": name, "hashes": list(hashes)}
    return client.post(f"/api/sync/{dataset}/diff", json=body)


def put(client: httpx.Client, dataset: str, content: bytes = TEXT, **fields: str) -> httpx.Response:
    """Send a file, as cognee's client does."""
    told = {
        "dataset_id": dataset,
        "dataset_name": "notes",
        "data_id": str(uuid4()),
        "mime_type": "text/plain",
        "extension": "txt",
        "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
    } | fields
    files = {"file": ("meeting.txt", content, "application/octet-stream")}
    path = f"/api/sync/{dataset}/data/{told['data_id']}"
    return client.put(path, data=told, files=files)


def prune(client: httpx.Client, dataset: str, *items: str, query: str = "?prune=true") -> Any:
    """Let only those files stay."""
    return client.put(f"/api/sync/{dataset}{query}", json={"items": list(items)})


def test_a_dataset_that_is_not_there_lacks_everything(client: Make) -> None:
    told = diff(client(), str(uuid4()), MD5, NONE).json()
    assert told == {"missing_on_remote": [MD5, NONE], "missing_on_local": []}


def test_what_was_sent_is_missing_no_more(client: Make) -> None:
    one, dataset = client(), str(uuid4())
    put(one, dataset)
    assert diff(one, dataset, MD5, NONE).json()["missing_on_remote"] == [NONE]


def test_what_is_only_here_is_told(client: Make) -> None:
    one, dataset = client(), str(uuid4())
    put(one, dataset)
    assert diff(one, dataset).json()["missing_on_local"] == [MD5]


def test_what_came_by_add_counts(client: Make) -> None:
    one = client()
    one.post("/api/v1/add", data={"datasetName": "notes"}, files={"data": ("a.txt", TEXT)})
    assert diff(one, str(uuid4()), MD5).json()["missing_on_remote"] == []


def test_the_dataset_has_the_name_that_it_had(client: Make) -> None:
    one, dataset = client(), str(uuid4())
    found = put(one, dataset).json()["dataset_id"]
    assert found == dataset_id(one, "notes")


def test_an_id_stays_with_its_dataset_whatever_that_is_called_then(client: Make) -> None:
    one, dataset = client(), str(uuid4())
    first = put(one, dataset).json()["dataset_id"]
    assert put(one, dataset, b"other", dataset_name="renamed").json()["dataset_id"] == first


def test_a_file_keeps_its_name_form_and_bytes(client: Make) -> None:
    one = client()
    found = put(one, str(uuid4())).json()["dataset_id"]
    item = one.get(f"/api/v1/datasets/{found}/data").json()[0]
    raw = one.get(f"/api/v1/datasets/{found}/data/{item['id']}/raw")
    assert (item["name"], item["extension"], item["mimeType"]) == ("meeting", "txt", "text/plain")
    assert raw.content == TEXT


def test_other_bytes_than_were_told_are_422_and_nothing_is_kept(client: Make) -> None:
    one, dataset = client(), str(uuid4())
    answer = put(one, dataset, md5=NONE)
    assert (answer.status_code, answer.json()["code"]) == (422, "checksum_mismatch")
    assert one.get("/api/v1/datasets").json() == []


def test_the_same_file_again_is_not_kept_twice(client: Make) -> None:
    one, dataset = client(), str(uuid4())
    found = [put(one, dataset).json()["dataset_id"] for _ in range(2)]
    assert one.get(f"/api/v1/datasets/{found[0]}/data/count").json() == {"count": 1}


def test_a_file_is_given_back_by_its_hash(client: Make) -> None:
    one, dataset = client(), str(uuid4())
    put(one, dataset)
    answer = one.get(f"/api/sync/{dataset}/data/{MD5}")
    assert (answer.content, answer.headers["X-File-Name"]) == (TEXT, "meeting.txt")


def test_what_is_not_there_is_404(client: Make) -> None:
    one, dataset = client(), str(uuid4())
    put(one, dataset)
    assert one.get(f"/api/sync/{dataset}/data/{NONE}").status_code == 404


def test_files_that_are_not_listed_are_removed(client: Make) -> None:
    one, dataset = client(), str(uuid4())
    put(one, dataset)
    put(one, dataset, b"other")
    told = prune(one, dataset, MD5).json()
    assert told == {"deleted_database_entries": 1, "deleted_files_from_storage": 1}
    assert diff(one, dataset).json()["missing_on_local"] == [MD5]


def test_nothing_is_removed_unless_that_is_said(client: Make) -> None:
    one, dataset = client(), str(uuid4())
    put(one, dataset)
    assert prune(one, dataset, query="").status_code == 400
    assert diff(one, dataset).json()["missing_on_local"] == [MD5]


def test_a_graph_is_made_of_what_was_sent(client: Make) -> None:
    one, dataset = client(), str(uuid4())
    found = put(one, dataset).json()["dataset_id"]
    body = {"dataset_ids": [dataset], "run_in_background": False, "custom_prompt": ""}
    answer = one.post("/api/cognify", json=body)
    assert answer.json()[found]["status"] == "PipelineRunCompleted"


@pytest.mark.parametrize("call", [diff, put, prune], ids=["diff", "put", "prune"])
def test_anothers_id_is_no_more_than_one_of_nowhere(client: Make, call: Any) -> None:
    owner, stranger = client(), client()
    theirs = put(owner, str(uuid4())).json()["dataset_id"]
    nowhere = call(stranger, str(uuid4()))
    foreign = call(stranger, theirs)
    assert foreign.status_code == nowhere.status_code
    assert diff(owner, theirs).json()["missing_on_local"] == [MD5]


def test_who_may_only_read_does_not_write(server: Running, client: Make) -> None:
    guest = server.user()
    theirs = put(client(), str(uuid4())).json()["dataset_id"]
    with server.context.database.write() as state:
        rights.grant(state, guest.id, "read", [theirs])
    assert put(client(guest), theirs, b"other").status_code == 403


def test_without_a_name_an_id_of_nothing_is_403(client: Make) -> None:
    assert diff(client(), str(uuid4()), MD5, name=None).status_code == 403


def test_a_name_that_cannot_be_one_is_422(client: Make) -> None:
    assert diff(client(), str(uuid4()), MD5, name="not a name").status_code == 422


@pytest.mark.parametrize("hashes", [[1], ["0" * 501], "x"], ids=["number", "long", "text"])
def test_what_is_no_hash_is_400(client: Make, hashes: Any) -> None:
    body = {"dataset_name": "notes", "hashes": hashes}
    assert client().post(f"/api/sync/{uuid4()}/diff", json=body).status_code == 400


def test_one_request_has_one_file(client: Make) -> None:
    files = [("file", ("a.txt", b"a")), ("file", ("b.txt", b"b"))]
    path = f"/api/sync/{uuid4()}/data/{uuid4()}"
    answer = client().put(path, data={"dataset_name": "notes"}, files=files)
    assert answer.status_code == 400


def test_what_cannot_be_read_is_415(client: Make) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(20)
    assert put(client(), str(uuid4()), picture, mime_type="image/png").status_code == 415
