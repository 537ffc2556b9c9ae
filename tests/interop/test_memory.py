"""Connect to a real cognee 1.6.5 server, and let it remember, recall, improve and forget."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cogx.engine.asynchronous import connect, disconnect
from cogx.engine.connection import connect_sync, disconnect_sync, live
from cogx.engine.push import push_sync
from cogx.errors import RemoteRefused
from cogx.remote.memory import MemoryClient
from cogx.remote.saved_login import login_path

from .conftest import REAL_SMALL
from .server_process import CogneeServer
from .session import PeerSession

TEXT = "Ann builds boats."


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a home of the test's own, and an environment that names no server."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("COGNEE_SERVICE_URL", "COGNEE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    yield tmp_path
    disconnect_sync()


@pytest.fixture
def client(server: CogneeServer) -> MemoryClient:
    return connect_sync(server.url, server.key)


def names(server: CogneeServer) -> set[str]:
    return {one["name"] for one in server.get("/api/v1/datasets")}


def test_a_wrong_key_and_none_are_told_apart_and_save_nothing(server: CogneeServer) -> None:
    with pytest.raises(RemoteRefused, match="refused the key that was given"):
        connect_sync(server.url, "0" * 64)
    with pytest.raises(RemoteRefused, match="wants a key, and none was given"):
        connect_sync(server.url)
    assert (live(), login_path().exists()) == (None, False)


@pytest.fixture
def beside(peer: PeerSession, monkeypatch: pytest.MonkeyPatch) -> Iterator[PeerSession]:
    """Give a real cognee, and share its home with it."""
    monkeypatch.setenv("HOME", str(peer.home))
    yield peer
    peer.call("disconnect", clear_saved=True)


def test_cognee_reads_the_login_that_we_save(beside: PeerSession, server: CogneeServer) -> None:
    connect_sync(server.url, server.key)
    told = beside.call("load_credentials")
    assert (told["service_url"], told["api_key"]) == (server.url, server.key)
    assert (told["email"], told["access_token"]) == ("local", "")


def test_we_read_the_login_that_cognee_saves(beside: PeerSession, server: CogneeServer) -> None:
    beside.call("serve", url=server.url, api_key=server.key)
    assert connect_sync().url == server.url


def test_a_text_arrives_under_the_name_that_cognee_gives_it(
    client: MemoryClient, server: CogneeServer
) -> None:
    answer = client.remember(TEXT, "boats", run_in_background=True)
    assert (answer["status"], answer["dataset_name"]) == ("running", "boats")
    rows = _data_once_there(server, "boats")
    digest = hashlib.md5(TEXT.encode()).hexdigest()
    assert [row["name"] for row in rows] == [f"text_{digest}"]


def _data_once_there(server: CogneeServer, name: str) -> list[dict[str, Any]]:
    """Wait until the background run has stored something."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        rows: list[dict[str, Any]] = server.get(f"/api/v1/datasets/{server.dataset(name)}/data")
        if rows:
            return rows
        time.sleep(0.2)
    return []


def test_a_session_remembers_without_a_graph(client: MemoryClient) -> None:
    answer = client.remember(TEXT, "talk", session_id="s1")
    assert (answer["status"], answer["session_ids"]) == ("session_stored", ["s1"])


def test_what_was_pushed_can_be_recalled(client: MemoryClient) -> None:
    push_sync(REAL_SMALL, target_dataset="recalled")
    found = client.recall("Zürich", "CHUNKS_LEXICAL", datasets=["recalled"], top_k=2)
    assert len(found) == 2
    assert all("Zürich" in one["text"] for one in found)


def test_a_dataset_that_is_not_there_is_told(client: MemoryClient) -> None:
    with pytest.raises(RemoteRefused, match="'nowhere'") as caught:
        client.recall("Zürich", "CHUNKS", datasets="nowhere")
    assert caught.value.status == 404


def test_a_dataset_is_improved_and_forgotten(client: MemoryClient, server: CogneeServer) -> None:
    push_sync(REAL_SMALL, target_dataset="forgotten")
    improved = client.improve("forgotten")
    assert (improved["dataset_name"], improved["finished"]) == ("forgotten", True)
    assert client.forget(dataset="forgotten", memory_only=True)["status"] == "success"
    assert server.graph("forgotten")["nodes"] == []
    assert client.forget(dataset_id=server.dataset("forgotten"))["status"] == "success"
    assert "forgotten" not in names(server)


def test_all_of_it_can_be_awaited(server: CogneeServer) -> None:
    async def all_of_it() -> str:
        client = await connect(server.url, server.key)
        answer = await client.remember(TEXT, "awaited", session_id="s2")
        await disconnect(clear_saved=True)
        return str(answer["status"])

    assert asyncio.run(all_of_it()) == "session_stored"
    assert not login_path().exists()
