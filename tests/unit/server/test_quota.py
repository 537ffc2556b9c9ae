"""Nobody keeps more than is allowed, and everybody can see how much that is."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from cogx.server.identity import rights
from cogx.server.identity.agents import make_agent

from .routes.test_receiving import SMALL, dataset_id, send
from .running import Running, running

QUOTA = 200_000
USAGE = "/api/v1/cogx/usage"

Make = Callable[..., httpx.Client]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a server with a quota."""
    with running(tmp_path_factory.mktemp("quota"), user_quota_bytes=QUOTA) as one:
        yield one


def add(client: httpx.Client, size: int, mark: str = "a", **fields: str) -> httpx.Response:
    """Keep a file of some size; ``mark`` makes it another one."""
    files = {"data": (f"{mark}.txt", mark.encode() * size)}
    return client.post("/api/v1/add", data={"datasetName": "kb"} | fields, files=files)


def test_files_and_open_uploads_count(client: Make) -> None:
    one = client()
    add(one, 1000)
    one.post("/api/v1/cogx/uploads", json={"size": 500})
    told = one.get(USAGE).json()
    assert told == {
        "files_bytes": 1000,
        "graphs_bytes": 0,
        "uploads_bytes": 500,
        "total_bytes": 1500,
        "quota_bytes": QUOTA,
        "requests_per_minute": None,
    }


def test_graphs_count(client: Make) -> None:
    one = client()
    send(one, SMALL)
    assert one.get(USAGE).json()["graphs_bytes"] > 0


def test_what_fits_exactly_is_kept(client: Make) -> None:
    assert add(client(), QUOTA).status_code == 200


def test_one_byte_more_is_413_and_says_how_much_is_used(client: Make) -> None:
    one = client()
    add(one, QUOTA - 10)
    answer = add(one, 11, "b")
    assert (answer.status_code, answer.json()["code"]) == (413, "quota.exceeded")
    assert answer.json()["usage"]["total_bytes"] == QUOTA - 10


def test_what_was_removed_makes_room(client: Make) -> None:
    one = client()
    add(one, QUOTA)
    one.delete(f"/api/v1/datasets/{dataset_id(one)}")
    assert add(one, QUOTA, "b").status_code == 200


def test_nothing_is_left_of_what_was_refused(client: Make) -> None:
    one = client()
    add(one, QUOTA + 1)
    assert one.get("/api/v1/datasets").json() == []


def test_an_archive_over_the_quota_is_413(client: Make) -> None:
    one = client()
    add(one, QUOTA - 10, datasetName="files")
    assert send(one, SMALL).status_code == 413


def test_an_upload_over_the_quota_cannot_be_begun(client: Make) -> None:
    assert client().post("/api/v1/cogx/uploads", json={"size": QUOTA + 1}).status_code == 413


def test_a_body_over_it_by_its_own_word_is_not_received(server: Running) -> None:
    head = (
        f"POST /api/v1/add HTTP/1.1\r\nHost: x\r\nX-Api-Key: {server.key(server.user())}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n"
        f"Content-Length: {QUOTA + (2 << 20)}\r\n\r\n"
    )
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port)) as line:
        line.sendall(head.encode())
        assert line.recv(1000).split()[1] == b"413"


def test_agents_share_what_their_user_may_keep(server: Running, client: Make) -> None:
    user = server.user()
    with server.context.database.write() as state:
        agent, _ = make_agent(state, user, "helper")
    add(client(user), QUOTA)
    assert add(client(agent), 1, "b").status_code == 413


def test_a_shared_dataset_counts_for_its_owner(server: Running, client: Make) -> None:
    owner, guest = server.user(), server.user()
    add(client(owner), QUOTA)
    found = dataset_id(client(owner))
    with server.context.database.write() as state:
        rights.grant(state, guest.id, "write", [found])
    answer: Any = add(client(guest), 1, "b", datasetName="", datasetId=found)
    assert answer.status_code == 413
