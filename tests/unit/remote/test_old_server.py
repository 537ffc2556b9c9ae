"""A real cognee 1.1.3, as recorded: it is refused before an upload, and sync and pull work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import cogx
from cogx.cli.main import main
from cogx.engine.pull import pull_sync
from cogx.engine.push import push_sync
from cogx.engine.status import runs_sync
from cogx.engine.sync import SyncResult, sync_sync
from cogx.errors import RemoteRefused, UnsupportedServer
from cogx.remote.server import Server
from cogx.remote.upload import upload_archive
from tests.unit.remote.old_server import KEY, NOTES, SHIPPED, OldServer, write_texts

ARCHIVE = Path(__file__).parents[3] / "fixtures" / "archives" / "real-small.cogx.tar.gz"

Play = Callable[[str], OldServer]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the state of each test for itself, and the environment free of servers."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("COGNEE_SERVICE_URL", "COGNEE_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def play() -> Iterator[Play]:
    """Start the server with a scene."""
    with ExitStack() as stack:
        yield lambda scene: stack.enter_context(OldServer("1.1.3", scene))


@pytest.mark.parametrize("mode", ["preserve", "hybrid", "re-derive"])
def test_push_is_refused_and_nothing_was_posted(play: Play, mode: str) -> None:
    server = play("push")
    with pytest.raises(UnsupportedServer) as caught:
        push_sync(ARCHIVE, mode=mode, url=server.url, api_key=KEY)
    assert (caught.value.found, caught.value.needed) == ("1.1.3", "1.3.0")
    assert server.posted == []


def test_a_background_push_is_refused_likewise(play: Play) -> None:
    server = play("push")
    with pytest.raises(UnsupportedServer):
        push_sync(ARCHIVE, run_in_background=True, url=server.url, api_key=KEY)
    assert server.posted == []


def test_the_command_names_both_versions_and_the_ways_out(
    play: Play, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = play("push")
    monkeypatch.setenv("COGNEE_API_KEY", KEY)
    code = main(["push", str(ARCHIVE), "--url", server.url])
    told = capsys.readouterr().err
    assert code not in (0, 1)
    for said in ("version 1.1.3", "1.3.0 or later", "Nothing was sent", "Upgrade", "sync()"):
        assert said in told
    assert KEY not in told


def test_a_wrong_key_is_told_apart_from_an_old_server(play: Play) -> None:
    server = play("wrong-key")
    with pytest.raises(RemoteRefused, match="does not take the key") as caught:
        push_sync(ARCHIVE, url=server.url, api_key="0" * 64)
    assert (caught.value.status, server.posted) == (401, [])


def test_without_a_key_nothing_is_shown(play: Play) -> None:
    with Server(play("no-key").url, None) as server, pytest.raises(RemoteRefused) as caught:
        server.get_json("/api/v1/datasets")
    assert caught.value.status == 401


def test_an_archive_that_is_sent_all_the_same_is_no_success(play: Play) -> None:
    with Server(play("remember").url, KEY) as server, pytest.raises(RemoteRefused) as caught:
        upload_archive(server, ARCHIVE, dataset="swallowed", mode="preserve")
    assert caught.value.status == 409


@pytest.fixture
def sync(play: Play, tmp_path: Path) -> tuple[Callable[[], SyncResult], OldServer]:
    server = play("sync")
    archive = write_texts(tmp_path / "shipped.cogx.tar.gz", SHIPPED)

    def synced() -> SyncResult:
        return sync_sync(archive, target_dataset="shipped", wait=True, url=server.url, api_key=KEY)

    return synced, server


def test_sync_sends_every_text_and_waits_for_the_graph(
    sync: tuple[Callable[[], SyncResult], OldServer],
) -> None:
    synced, server = sync
    result = synced()
    (done,) = result.datasets
    assert (result.status, done.files_sent, done.rebuild) == ("completed", 2, "completed")
    sent = [
        content.decode()
        for one in server.asked_for("POST /api/v1/add")
        for name, _, content in one.parts
        if name == "data"
    ]
    assert sorted(sent) == sorted(SHIPPED.values())
    assert len(server.asked_for("POST /api/v1/cognify")) == 1


def test_a_sync_without_its_ledger_believes_what_the_old_server_shows(
    sync: tuple[Callable[[], SyncResult], OldServer],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    synced, _ = sync
    synced()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another"))
    assert synced().files_sent == 0


@pytest.fixture
def pulled(play: Play, tmp_path: Path) -> tuple[Path, cogx.PullReceipt]:
    archive = tmp_path / "pulled.cogx.tar.gz"
    return archive, pull_sync(play("pull").url, "notes", archive, api_key=KEY)


def test_pull_brings_every_text_and_the_graph(pulled: tuple[Path, cogx.PullReceipt]) -> None:
    archive, receipt = pulled
    assert (receipt.losses, cogx.validate(archive).valid) == ({}, True)
    with cogx.open_archive(archive) as source:
        texts = {one.content for one in source.records("document")}
        names = {one.name for one in source.records("entity")}
    assert texts == set(NOTES.values())
    assert names == {"ada", "babbage", "grüße", "lovelace", "zürich"}


def test_pull_names_what_the_old_server_does_not_give(
    pulled: tuple[Path, cogx.PullReceipt],
) -> None:
    _, receipt = pulled
    assert {"pull.edge-properties", "pull.timestamps"} <= receipt.declared.keys()


def test_the_runs_of_an_old_server_are_told(play: Play) -> None:
    server = play("status")
    runs = runs_sync("notes", url=server.url, api_key=KEY)
    assert runs and all(run.is_done for run in runs)
