"""A real cognee 1.6.5 syncs to our server: what it had is here then, what was here is there."""

from __future__ import annotations

import time
import urllib.error
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.server.running import Running, running

from .language_model import LanguageModel
from .server_process import CogneeServer

THEIRS, OURS = b"Ada met Babbage at a party.\n", b"Babbage built an engine.\n"
DATASET = "sync_notes"
_WAIT_S = 120


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run our server."""
    with running(tmp_path_factory.mktemp("ours")) as one:
        yield one


@pytest.fixture(scope="module")
def here(ours: Running) -> Iterator[httpx.Client]:
    """Call our server as the account that the cognee has a key of."""
    with ours.client() as client:
        yield client


@pytest.fixture(scope="module")
def synced(
    cognee_python: Path,
    language_model: LanguageModel,
    tmp_path_factory: pytest.TempPathFactory,
    ours: Running,
    here: httpx.Client,
) -> Iterator[CogneeServer]:
    """Run a cognee whose cloud is our server, and let it sync a dataset that both have."""
    cloud = {"COGNEE_SERVICE_URL": ours.url, "COGNEE_API_KEY": here.headers["X-Api-Key"]}
    settings = language_model.settings | cloud
    with CogneeServer(cognee_python, tmp_path_factory.mktemp("theirs"), settings) as theirs:
        headers = {"X-Api-Key": theirs.key}
        with httpx.Client(base_url=theirs.url, headers=headers, timeout=120) as client:
            add(client, "theirs.txt", THEIRS)
        add(here, "ours.txt", OURS)
        with pytest.raises(urllib.error.HTTPError, match="500"):  # It has begun all the same.
            theirs.post("/api/v1/sync", {})
        _wait(lambda: not theirs.get("/api/v1/sync/status")["has_running_sync"])
        yield theirs


def add(client: httpx.Client, name: str, content: bytes) -> None:
    """Keep a file in the dataset."""
    files = {"data": (name, content, "text/plain")}
    client.post("/api/v1/add", data={"datasetName": DATASET}, files=files).raise_for_status()


def _wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WAIT_S
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def items(client: httpx.Client) -> list[dict[str, Any]]:
    """Return what our server shows of the dataset."""
    rows = client.get("/api/v1/datasets").json()
    found = next(one["id"] for one in rows if one["name"] == DATASET)
    told: list[dict[str, Any]] = client.get(f"/api/v1/datasets/{found}/data").json()
    return told


def test_the_file_of_the_cognee_is_here(synced: CogneeServer, here: httpx.Client) -> None:
    contents = [here.get(item["rawDataLocation"]).content for item in items(here)]
    assert sorted(contents) == sorted([THEIRS, OURS])


def test_our_file_is_there(synced: CogneeServer) -> None:
    dataset = synced.dataset(DATASET)
    rows = synced.get(f"/api/v1/datasets/{dataset}/data")
    contents = [synced.content(f"/api/v1/datasets/{dataset}/data/{row['id']}/raw") for row in rows]
    assert sorted(contents) == sorted([THEIRS, OURS])


def test_our_graph_knows_what_it_has_sent(synced: CogneeServer, here: httpx.Client) -> None:
    rows = here.get("/api/v1/datasets").json()
    found = next(one["id"] for one in rows if one["name"] == DATASET)
    _wait(lambda: here.get("/api/v1/datasets/status").json()[found].endswith("COMPLETED"))
    graph = here.get(f"/api/v1/datasets/{found}/graph").text
    assert "party" in graph and "engine" in graph
