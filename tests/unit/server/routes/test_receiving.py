"""Archives arrive: validated first, imported whole, and given out again without a loss."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from cogx.archive.validate import validate
from cogx.archive.writer import ArchiveWriter
from cogx.engine.pull import pull_sync
from cogx.engine.push import push_sync, wait_sync
from cogx.format.manifest import Manifest
from cogx.format.records import Document, Entity, Fact
from cogx.generator import GENERATOR
from cogx.server.identity import rights
from cogx.server.identity.users import User

from ..running import Running

Make = Callable[..., httpx.Client]


def archive(*records: Any, system: str = "tests") -> bytes:
    """Return a packed archive of some records."""
    target = BytesIO()
    with ArchiveWriter(target, manifest=Manifest(source_system=system), compression="gz") as writer:
        writer.write(*records)
    return target.getvalue()


SMALL = archive(
    Entity(external_id="a", name="Ada", attributes={"born": 1815}),
    Entity(external_id="b", name="Babbage"),
    Document(external_id="d", content="Ada met Babbage.", title="Meeting"),
    Fact(external_id="f", subject_ref="a", predicate="met", object_ref="b"),
)


def send(client: httpx.Client, content: bytes, name: str = "kb", **fields: Any) -> httpx.Response:
    """Push an archive as a cognee client does."""
    form = {"datasetName": name, "content_type": "cogx-archive"} | fields
    return client.post("/api/v1/remember", data=form, files={"data": ("/tmp/x/kb.tar.gz", content)})


def dataset_id(client: httpx.Client, name: str = "kb") -> str:
    """Return the id of a dataset by its name."""
    return next(one["id"] for one in client.get("/api/v1/datasets").json() if one["name"] == name)


def test_the_answer_proves_the_import(client: Make) -> None:
    answer = send(client(), SMALL).json()
    item = answer["items"][-1]
    assert (answer["status"], item["kind"]) == ("completed", "migration_import")
    assert item["record_counts"] == {"entity": 2, "document": 1, "fact": 1}
    assert (item["graph_nodes"], item["graph_edges"]) == (2, 1)
    assert item["verified"] is True


def test_an_import_of_the_same_again_changes_nothing(client: Make) -> None:
    one = client()
    first = send(one, SMALL).json()["items"][-1]["fingerprint"]
    assert send(one, SMALL).json()["items"][-1]["fingerprint"] == first


@pytest.mark.parametrize("compression", ["zst", "tar"])
def test_archives_may_be_packed_otherwise(client: Make, compression: str) -> None:
    packed = BytesIO()
    with ArchiveWriter(packed, compression=compression) as writer:
        writer.write(Entity(external_id="a", name="Ada"))
    assert send(client(), packed.getvalue()).json()["items"][-1]["graph_nodes"] == 1


def test_two_archives_of_one_request_are_both_told(client: Make) -> None:
    other = archive(Entity(external_id="c", name="Clement"))
    files = [("data", ("a.tar.gz", SMALL)), ("data", ("b.tar.gz", other))]
    form = {"datasetName": "two", "content_type": "cogx-archive"}
    answer = client().post("/api/v1/remember", data=form, files=files).json()
    assert [item["graph_nodes"] for item in answer["items"]] == [2, 1]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"garbage", "not a tarball"),
        (b"", "empty"),
        (SMALL[: len(SMALL) // 2], ""),
        (gzip.compress(b"\0" * 1024), "manifest"),
    ],
    ids=["garbage", "nothing", "half of it", "no manifest"],
)
def test_what_is_no_archive_is_400_and_leaves_no_dataset(
    client: Make, content: bytes, word: str
) -> None:
    one = client()
    answer = send(one, content)
    assert (answer.status_code, answer.json()["code"]) == (400, "archive.invalid")
    assert word in answer.json()["error"]
    assert one.get("/api/v1/datasets").json() == []


def test_a_broken_record_leaves_the_graph_that_was_there(client: Make) -> None:
    one = client()
    send(one, SMALL)
    before = one.get(f"/api/v1/datasets/{dataset_id(one)}/graph").json()
    broken = archive(Entity(external_id="x", name="X"))
    assert send(one, broken[:-40]).status_code == 400
    assert one.get(f"/api/v1/datasets/{dataset_id(one)}/graph").json() == before


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"import_mode": "bogus"}, 400),
        ({"content_type": "skills"}, 400),
        ({"raw_data": "text"}, 400),
        ({"labels": '{"a": "b"}'}, 400),
        ({"datasetName": ""}, 400),
        ({"datasetName": "a b"}, 422),
        ({"datasetName": "a.b"}, 422),
        ({"run_in_background": "perhaps"}, 400),
        ({"datasetName": "", "datasetId": "no-uuid"}, 400),
        ({"datasetName": "", "datasetId": "00000000-0000-0000-0000-000000000000"}, 403),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_refused_before_it_begins(
    client: Make, fields: dict[str, str], status: int
) -> None:
    one = client()
    assert send(one, SMALL, **fields).status_code == status
    assert one.get("/api/v1/datasets").json() == []


def test_without_a_file_there_is_no_import(client: Make) -> None:
    form = {"datasetName": "kb", "content_type": "cogx-archive", "x": "y"}
    files = {"nothing": (None, "")}
    assert client().post("/api/v1/remember", data=form, files=files).status_code == 400


def test_a_shared_dataset_is_written_to_by_its_id(server: Running, client: Make) -> None:
    owner, guest = server.user(), server.user()
    theirs = client(owner)
    send(theirs, SMALL)
    found = dataset_id(theirs)
    grant(server, guest, found)
    answer = send(client(guest), SMALL, datasetName="", datasetId=found)
    assert answer.json()["dataset_id"] == found


def grant(server: Running, user: User, dataset: str) -> None:
    """Let a user write to a dataset."""
    with server.context.database.write() as state:
        rights.grant(state, user.id, "write", [dataset])


def test_a_background_import_answers_at_once_and_comes_to_its_end(client: Make) -> None:
    one = client()
    answer = send(one, SMALL, run_in_background="true").json()
    assert (answer["status"], answer["items"][-1]["graph_import"]) == ("started", "running")
    run = ended(one, answer["pipeline_run_id"])
    assert (run["status"], run["outcome"]) == ("DATASET_PROCESSING_COMPLETED", "succeeded")


def ended(client: httpx.Client, run_id: str) -> dict[str, Any]:
    """Return a run once it has ended."""
    for _ in range(600):
        run: dict[str, Any] = client.get(f"/api/v1/activity/pipeline-runs/{run_id}").json()
        if run["outcome"] is not None:
            return run
        time.sleep(0.05)
    raise AssertionError("the run did not end")


def test_a_run_that_fails_says_so(client: Make) -> None:
    one = client()
    changed = gzip.compress(gzip.decompress(SMALL).replace(b"Ada met", b"Ava met"))
    answer = send(one, changed, run_in_background="true").json()
    run = ended(one, answer["pipeline_run_id"])
    assert (run["status"], run["error_class"]) == ("DATASET_PROCESSING_ERRORED", "InvalidArchive")


def test_our_push_and_pull_lose_nothing(server: Running, client: Make, tmp_path: Path) -> None:
    source, target = tmp_path / "kb.cogx.tar.gz", tmp_path / "back.cogx.tar.gz"
    source.write_bytes(SMALL)
    key = server.key(server.user())
    push_sync(str(source), target_dataset="kb", url=server.url, api_key=key)
    pull_sync(server.url, "kb", str(target), api_key=key)
    assert validate(target).fingerprint == validate(source).fingerprint


def test_our_push_calls_the_server_by_its_name_and_expects_no_model(
    server: Running, tmp_path: Path
) -> None:
    source = tmp_path / "kb.cogx.tar.gz"
    source.write_bytes(SMALL)
    key = server.key(server.user())
    result = push_sync(str(source), target_dataset="kb", mode="hybrid", url=server.url, api_key=key)
    assert (result.server_name, result.llm_calls) == (GENERATOR, 0)


def test_a_background_push_of_ours_is_waited_for(
    server: Running, client: Make, tmp_path: Path
) -> None:
    source = tmp_path / "kb.cogx.tar.gz"
    source.write_bytes(SMALL)
    key = server.key(server.user())
    result = push_sync(
        str(source), target_dataset="kb", run_in_background=True, url=server.url, api_key=key
    )
    assert wait_sync(result, api_key=key).status == "completed"


def test_a_download_can_go_on_where_it_was_cut(client: Make) -> None:
    one = client()
    send(one, SMALL)
    path = f"/api/v1/activity/export/{dataset_id(one)}"
    whole = one.get(path, params={"format": "cogx"})
    tag = whole.headers["etag"]
    rest = one.get(path, params={"format": "cogx"}, headers={"Range": "bytes=10-", "If-Range": tag})
    assert (rest.status_code, rest.content) == (206, whole.content[10:])
