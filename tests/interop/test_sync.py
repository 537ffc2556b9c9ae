"""Sync towards a real cognee 1.6.5 server: its files, read back, are the files that were here."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cogx
from cogx import pull_sync
from cogx.engine.sync import SyncResult, sync_sync
from tests.unit.archive.made import archive, document, entity, fact

from .conftest import ROOT, TEXT, Home
from .server_process import CogneeServer

Sync = Callable[..., SyncResult]
KILLED_FILES, KILLED_AFTER = 16, 3
PAPERS = (TEXT, "Words of default_user@example.com, with ü.")
"""What the local cognee holds in its dataset `papers`."""


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the state of each test for itself."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def sync(server: CogneeServer) -> Sync:
    """Give a sync that stores files and starts no graph: without a language model none is built."""

    def synced(what: Any, **options: Any) -> SyncResult:
        fixed = {"url": server.url, "api_key": server.key, "rebuild": "none", "wait": True}
        return sync_sync(what, **fixed | options)

    return synced


def written(path: Path, *records: dict[str, Any]) -> str:
    with cogx.open_archive(archive(*records)) as source, cogx.ArchiveWriter(path) as target:
        for block in source.iter_blocks():
            target.write_batch(block.kind, block.records)
    return str(path)


def texts(path: Path, **texts: str) -> str:
    """Write an archive of texts, one document each."""
    return written(path, *(document(name, content=text) for name, text in texts.items()))


def held(server: CogneeServer, dataset: str) -> list[str]:
    """Return the SHA-256 of every file that the server gives back of a dataset."""
    base = f"/api/v1/datasets/{server.dataset(dataset)}/data"
    found = []
    for row in server.get(base):
        request = urllib.request.Request(
            f"{server.url}{base}/{row['id']}/raw", headers={"X-Api-Key": server.key}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            found.append(hashlib.sha256(answer.read()).hexdigest())
    return sorted(found)


def hashes(*wanted: str) -> list[str]:
    return sorted(hashlib.sha256(text.encode()).hexdigest() for text in wanted)


def test_the_files_of_a_local_cognee_arrive_byte_for_byte(
    sync: Sync, server: CogneeServer, home: Home
) -> None:
    result = sync(home.uri("papers"), target_dataset="shipped")
    assert (result.status, result.files_sent) == ("completed", 2)
    assert held(server, "shipped") == hashes(*PAPERS)


def test_a_second_sync_sends_nothing(sync: Sync, server: CogneeServer, home: Home) -> None:
    sync(home.uri("papers"), target_dataset="twice")
    again = sync(home.uri("papers"), target_dataset="twice")
    assert (again.files_sent, again.datasets[0].files_unchanged) == (0, 2)
    assert held(server, "twice") == hashes(*PAPERS)


def test_without_its_ledger_it_believes_what_the_server_shows(
    sync: Sync, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(home.uri("papers"), target_dataset="forgotten")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another"))
    assert sync(home.uri("papers"), target_dataset="forgotten").files_sent == 0


def test_a_changed_file_is_sent_alone(sync: Sync, server: CogneeServer, tmp_path: Path) -> None:
    before = texts(tmp_path / "before.tar.gz", a="One.", b="Two.", c="Grüße\n")
    after = texts(tmp_path / "after.tar.gz", a="One.", b="Two, changed.", c="Grüße\n")
    sync(before, target_dataset="changing")
    result = sync(after, target_dataset="changing")
    assert (result.datasets[0].sent, result.datasets[0].files_unchanged) == (["b.txt"], 2)
    assert held(server, "changing") == hashes("One.", "Two.", "Two, changed.", "Grüße\n")


def test_files_of_one_name_all_arrive(sync: Sync, server: CogneeServer, tmp_path: Path) -> None:
    same = [document(one, content=f"Text {one}.", title="notes.txt") for one in "abc"]
    result = sync(written(tmp_path / "same.tar.gz", *same))
    assert (result.status, result.files_sent) == ("completed", 3), result.to_json()
    assert held(server, "same") == hashes("Text a.", "Text b.", "Text c.")


def test_a_killed_sync_goes_on_and_sends_nothing_twice(
    sync: Sync, server: CogneeServer, tmp_path: Path
) -> None:
    wanted = {f"d{number:02}": f"Text {number}." for number in range(KILLED_FILES)}
    path = texts(tmp_path / "killed.tar.gz", **wanted)
    command = [sys.executable, "-m", "cogx", "sync", path, "--url", server.url, "--no-rebuild"]
    environment = os.environ | {"COGNEE_API_KEY": server.key}
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    while process.poll() is None and shown(server, "killed") < KILLED_AFTER:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it had ended before it was killed"
    (done,) = sync(path).datasets
    assert done.files_unchanged >= KILLED_AFTER
    assert done.files_unchanged + done.files_sent == KILLED_FILES
    assert held(server, "killed") == hashes(*wanted.values())


def test_with_the_graph_both_are_there(sync: Sync, server: CogneeServer, tmp_path: Path) -> None:
    path = written(
        tmp_path / "both.tar.gz",
        entity("ada"),
        entity("engine"),
        fact("f", "ada", "engine"),
        document("d", content="Ada and the engine."),
    )
    result = sync(path, target_dataset="both", graph=True)
    assert result.status == "completed", result.to_json()
    assert result.datasets[0].graph is not None
    assert held(server, "both") == hashes("Ada and the engine.")
    graph = server.graph("both")
    assert (len(graph["nodes"]), len(graph["edges"])) == (2, 1)


def test_what_was_synced_can_be_pulled(sync: Sync, server: CogneeServer, tmp_path: Path) -> None:
    sync(texts(tmp_path / "in.tar.gz", a="One.", b="Grüße\n"), target_dataset="back")
    pull_sync(server.url, "back", tmp_path / "out.tar.gz", api_key=server.key)
    with cogx.open_archive(tmp_path / "out.tar.gz") as pulled:
        assert sorted(one.content for one in pulled.records("document")) == ["Grüße\n", "One."]


def shown(server: CogneeServer, dataset: str) -> int:
    """Return how many files the server shows of a dataset that may not be there yet."""
    names = [one["name"] for one in server.get("/api/v1/datasets")]
    if dataset not in names:
        return 0
    return len(server.get(f"/api/v1/datasets/{server.dataset(dataset)}/data"))
