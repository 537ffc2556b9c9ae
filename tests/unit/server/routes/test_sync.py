"""A server sends its files to the cloud of its operator: all of them, each once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import update

from cogx.server.datasets import dataset_made
from cogx.server.identity.users import User
from cogx.server.jobs.queue import add_job, end_job
from cogx.server.state.tables import jobs

from ..running import Running, running

SYNC = "/api/v1/sync"
QUOTA = 4_000_000

Make = Callable[..., httpx.Client]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a cloud, which keeps so much of one account."""
    with running(
        tmp_path_factory.mktemp("cloud"), user_quota_bytes=QUOTA, upload_chunk_bytes=5000
    ) as one:
        yield one


@pytest.fixture(scope="module")
def account(cloud: Running) -> User:
    """The account there, of which the server has a key."""
    return cloud.user()


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, cloud: Running, account: User
) -> Iterator[Running]:
    """Run a server whose operator has set the cloud."""
    with running(
        tmp_path_factory.mktemp("local"), cloud_url=cloud.url, cloud_api_key=cloud.key(account)
    ) as one:
        yield one


@pytest.fixture
def there(cloud: Running, account: User) -> Iterator[httpx.Client]:
    with cloud.client(account) as one:
        yield one


def add(client: httpx.Client, content: bytes, name: str = "kb") -> str:
    """Keep a file, and return its dataset's id."""
    files = {"data": (f"{uuid4().hex}.txt", content)}
    answer = client.post("/api/v1/add", data={"datasetName": name}, files=files)
    return str(answer.json()["dataset_id"])


def ended(client: httpx.Client, run_id: str) -> dict[str, Any]:
    """Return a sync once it has ended."""
    for _ in range(600):
        told: dict[str, Any] = client.get(f"{SYNC}/{run_id}").json()
        if told["status"] not in ("started", "in_progress"):
            return told
        time.sleep(0.05)
    raise AssertionError("the sync did not end")


def sync(client: httpx.Client, **body: Any) -> dict[str, Any]:
    """Sync, and return how that ended."""
    answer = client.post(SYNC, json=body)
    assert answer.status_code == 200, answer.text
    return ended(client, answer.json()["run_id"])


def files(there: httpx.Client, name: str) -> list[bytes]:
    """Return the files of a dataset of the cloud."""
    rows = there.get("/api/v1/datasets").json()
    found = next(one["id"] for one in rows if one["name"] == name)
    items = there.get(f"/api/v1/datasets/{found}/data").json()
    return sorted(
        there.get(f"/api/v1/datasets/{found}/data/{item['id']}/raw").content for item in items
    )


def test_what_is_kept_here_is_there_then(client: Make, there: httpx.Client) -> None:
    one = client()
    contents = [b"Ada met Babbage.", b"Ada wrote notes. " * 1000]  # The second goes in pieces.
    for content in contents:
        add(one, content)
    told = sync(one)
    assert (told["status"], told["records_uploaded"]) == ("completed", 2)
    assert files(there, told["datasets"][0]["remote_name"]) == sorted(contents)


def test_what_is_said_of_a_file_goes_with_it(client: Make, there: httpx.Client) -> None:
    one = client()
    said = {"labels": '["Meeting"]', "external_metadata": '[{"page": 7}]'}
    content = {"data": ("notes.txt", b"Ada met Babbage, said with a label.")}
    one.post("/api/v1/add", data={"datasetName": "kb"} | said, files=content)
    found = sync(one)["datasets"][0]["remote_id"]
    item = there.get(f"/api/v1/datasets/{found}/data").json()[0]
    assert (item["name"], item["label"], item["externalMetadata"]["page"]) == (
        "notes",
        "Meeting",
        7,
    )


def test_a_second_sync_sends_nothing(client: Make) -> None:
    one = client()
    add(one, b"one text")
    assert [sync(one)["records_uploaded"] for _ in range(2)] == [1, 0]


def test_only_what_is_new_is_sent(client: Make) -> None:
    one = client()
    add(one, b"first")
    sync(one)
    add(one, b"second")
    assert sync(one)["records_uploaded"] == 1


def test_datasets_of_two_users_do_not_become_one(client: Make) -> None:
    names = set()
    for _ in range(2):
        one = client()
        add(one, uuid4().bytes.hex().encode())
        names.add(sync(one)["datasets"][0]["remote_name"])
    assert len(names) == 2


def test_only_what_is_named_is_sent(client: Make) -> None:
    one = client()
    chosen = add(one, b"one", "one")
    add(one, b"two", "two")
    assert sync(one, dataset_ids=[chosen])["dataset_names"] == ["one"]


@pytest.mark.parametrize("content", [b"{}", b"null", b"", b'{"datasetIds": null}'], ids=str)
def test_nothing_named_is_all_that_may_be_written(client: Make, content: bytes) -> None:
    one = client()
    add(one, b"text")
    answer = one.post(SYNC, content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["dataset_names"]) == (200, ["kb"])
    ended(one, answer.json()["run_id"])


def test_the_answer_is_flat(server: Running, client: Make) -> None:
    user = server.user()
    one = client(user)
    dataset = add(one, b"text")
    told = one.post(SYNC, json={}).json()
    assert told == {
        "run_id": told["run_id"],
        "status": "started",
        "dataset_ids": [dataset],
        "dataset_names": ["kb"],
        "message": told["message"],
        "timestamp": told["timestamp"],
        "user_id": user.id,
    }
    ended(one, told["run_id"])


def test_a_server_that_is_named_in_the_request_is_not_called(client: Make) -> None:
    one = client()
    add(one, b"text")
    told = sync(one, url="http://169.254.169.254/", cloud_url="http://127.0.0.1:1")
    assert told["status"] == "completed"


@pytest.mark.parametrize("ids", [["x"], [], "x", [1]], ids=str)
def test_400_for_what_is_no_id(client: Make, ids: Any) -> None:
    assert client().post(SYNC, json={"dataset_ids": ids}).status_code == 400


def test_400_if_there_is_nothing_to_sync(client: Make) -> None:
    assert client().post(SYNC, json={}).status_code == 400


def test_401_for_nobody(anonymous: httpx.Client) -> None:
    assert anonymous.post(SYNC, json={}).status_code == 401


def test_403_for_what_is_anothers_or_not_there(client: Make) -> None:
    theirs = add(client(), b"text")
    one = client()
    statuses = [one.post(SYNC, json={"dataset_ids": [at]}).status_code
                for at in (theirs, str(uuid4()))]  # fmt: skip
    assert statuses == [403, 403]


def test_404_for_a_run_that_is_anothers_or_not_there(client: Make) -> None:
    one = client()
    add(one, b"text")
    run = sync(one)["run_id"]
    assert {client().get(f"{SYNC}/{at}").status_code for at in (run, str(uuid4()))} == {404}


def test_409_while_another_is_under_way(server: Running, client: Make) -> None:
    user = server.user()
    one = client(user)
    add(one, b"text")
    with under_way(server, user) as run:
        answer = one.post(SYNC, json={})
        status = one.get(f"{SYNC}/status").json()
    details = answer.json()["details"]
    assert (answer.status_code, details["status"]) == (409, "already_running")
    assert details["run_id"] == run == status["latest_running_sync"]["run_id"]
    assert (status["has_running_sync"], status["running_sync_count"]) == (True, 1)


def test_others_may_sync_meanwhile(server: Running, client: Make) -> None:
    one = client()
    add(one, b"text")
    with under_way(server, server.user()):
        assert sync(one)["status"] == "completed"


@contextmanager
def under_way(server: Running, user: User) -> Iterator[str]:
    """Let a sync of a user not end meanwhile; give its id."""
    database = server.context.database
    with database.write() as state:
        dataset = dataset_made(state, user, "kb")
        told = {"datasets": [{"id": dataset.id, "name": "kb", "target": "kb"}]}
        run = add_job(state, "sync", "p", owner_id=user.id, dataset_id=None, payload=told)
        state.execute(update(jobs).where(jobs.c.id == run).values(status="running"))
    yield run
    with database.write() as state:
        end_job(state, run, result={})


def test_there_is_no_running_sync_when_there_is_none(client: Make) -> None:
    told = client().get(f"{SYNC}/status").json()
    assert told == {"has_running_sync": False, "running_sync_count": 0}


def test_413_for_more_than_the_cloud_keeps(client: Make) -> None:
    one = client()
    add(one, b"x" * (QUOTA + 1))
    answer = one.post(SYNC, json={})
    assert (answer.status_code, answer.json()["code"]) == (413, "sync.too-large")


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({}, "sync.no-cloud"),
        ({"cloud_url": "http://127.0.0.1:1"}, "sync.cloud-unavailable"),
    ],
    ids=["none", "dead"],
)
def test_409_without_a_cloud(
    tmp_path_factory: pytest.TempPathFactory, settings: dict[str, str], code: str
) -> None:
    with running(tmp_path_factory.mktemp("none"), **settings) as one, one.client() as caller:
        add(caller, b"text")
        answer = caller.post(SYNC, json={})
    assert (answer.status_code, answer.json()["code"]) == (409, code)


def test_409_if_the_cloud_does_not_take_the_key(
    tmp_path_factory: pytest.TempPathFactory, cloud: Running
) -> None:
    place, key = tmp_path_factory.mktemp("key"), "wrong"
    with (
        running(place, cloud_url=cloud.url, cloud_api_key=key) as one,
        one.client() as caller,
    ):
        add(caller, b"text")
        answer = caller.post(SYNC, json={})
    assert (answer.status_code, "wrong" in answer.text) == (409, False)


def test_429_for_too_many_requests(tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.mktemp("rate")
    with running(place, requests_per_minute=1) as one, one.client() as caller:
        statuses = [caller.post(SYNC, json={}).status_code for _ in range(2)]
    assert statuses == [400, 429]


def test_a_sync_whose_process_died_goes_on(server: Running, client: Make) -> None:
    """What died when nothing or all had been sent is done again, and ends."""
    user = server.user()
    one = client(user)
    add(one, b"text")
    run = sync(one)["run_id"]
    with server.context.database.write() as state:
        again = {"status": "queued", "ended_at": None, "result": None, "attempts": 1}
        state.execute(update(jobs).where(jobs.c.id == run).values(again))
    server.context.dispatcher.wake()
    told = ended(one, run)
    assert (told["status"], told["records_uploaded"], told["retry_count"]) == ("completed", 0, 1)


def test_what_the_cloud_has_no_room_for_is_told(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with running(tmp_path_factory.mktemp("small"), user_quota_bytes=5000) as small:
        account = small.user()
        with small.client(account) as one:
            add(one, b"y" * 3000)
        settings = {"cloud_url": small.url, "cloud_api_key": small.key(account)}
        with running(tmp_path_factory.mktemp("own"), **settings) as own, own.client() as caller:
            add(caller, b"x" * 3000)
            told = sync(caller)
    assert (told["status"], told["datasets"][0]["files_failed"]) == ("failed", 1)
    assert "413" in told["error_message"]
