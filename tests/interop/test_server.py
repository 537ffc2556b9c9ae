"""Push towards a real cognee 1.6.5 server, and what it holds afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cogx
from cogx import NotConnected, RemoteRefused, pull_sync, push_sync, status_sync, wait_sync

from .conftest import REAL_SMALL
from .server_process import CogneeServer

NODES, EDGES, DOCUMENTS = 120, 361, 6


Push = Callable[..., cogx.PushResult]


@pytest.fixture(scope="session")
def push(server: CogneeServer) -> Push:
    def pushed(what: Any = REAL_SMALL, **options: Any) -> cogx.PushResult:
        return push_sync(what, **{"url": server.url, "api_key": server.key} | options)

    return pushed


@pytest.fixture(scope="session")
def pushed(push: Push) -> cogx.PushResult:
    return push(target_dataset="pushed")


def test_everything_arrives_and_the_answer_is_believed_only_as_far_as_it_goes(
    pushed: cogx.PushResult, server: CogneeServer
) -> None:
    assert (pushed.status, pushed.server_version) == ("completed", "1.6.5")
    assert (pushed.num_nodes, pushed.num_edges, pushed.losses) == (NODES, EDGES, {})
    graph = server.graph("pushed")
    assert (len(graph["nodes"]), len(graph["edges"])) == (NODES, EDGES)
    data = server.get(f"/api/v1/datasets/{server.dataset('pushed')}/data")
    assert len(data) == DOCUMENTS


def test_entities_keep_their_ids_and_descriptions(
    pushed: cogx.PushResult, server: CogneeServer
) -> None:
    with cogx.open_archive(REAL_SMALL) as archive:
        wanted = {one.external_id: one.description for one in archive.records("entity")}
    shown = {
        node["id"]: node["properties"].get("description")
        for node in server.graph("pushed")["nodes"]
        if node["id"] in wanted
    }
    assert shown == wanted


def test_the_same_push_again_doubles_nothing(
    pushed: cogx.PushResult, push: Push, server: CogneeServer
) -> None:
    assert push(target_dataset="pushed").finished
    graph = server.graph("pushed")
    assert (len(graph["nodes"]), len(graph["edges"])) == (NODES, EDGES)


def test_one_archive_goes_into_a_second_dataset_of_the_server(
    pushed: cogx.PushResult, push: Push, server: CogneeServer
) -> None:
    assert push(target_dataset="second").finished
    assert len(server.get(f"/api/v1/datasets/{server.dataset('second')}/data")) == DOCUMENTS


def test_a_background_push_comes_to_its_end(push: Push, server: CogneeServer) -> None:
    result = push(target_dataset="later", run_in_background=True)
    assert not result.finished and result.pipeline_run_id is not None
    assert "1.6.5" in result.notes[0]
    wait_sync(result, api_key=server.key, timeout_s=300)
    assert result.finished
    graph = server.graph("later")
    assert (len(graph["nodes"]), len(graph["edges"])) == (NODES, EDGES)
    run = status_sync(result.pipeline_run_id, dataset="later", url=server.url, api_key=server.key)
    assert run.is_done


def test_the_command_line_pushes_and_says_so(
    cogx: Callable[..., str],
    server: CogneeServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COGNEE_API_KEY", server.key)
    store = f"sqlite:{tmp_path / 'graph.db'}"
    cogx("import", REAL_SMALL, store)
    told = json.loads(
        cogx("push", store, "--url", server.url, "--target-dataset", "shelf", "--json")
    )
    assert (told["status"], told["num_nodes"]) == ("completed", NODES)
    assert server.key not in json.dumps(told)


def test_hybrid_without_content_needs_no_llm(
    push: Push, server: CogneeServer, tmp_path: Path
) -> None:
    graph_only = tmp_path / "graph.cogx.tar.gz"
    with cogx.open_archive(REAL_SMALL) as source, cogx.ArchiveWriter(graph_only) as target:
        for block in source.iter_blocks("raw_node", "entity", "fact"):
            target.write_batch(block.kind, block.records)
    assert push(graph_only, target_dataset="hybrid", mode="hybrid").finished
    assert len(server.graph("hybrid")["nodes"]) == NODES


def test_a_wrong_key_fails_before_anything_is_sent(push: Push, server: CogneeServer) -> None:
    before = server.get("/api/v1/datasets")
    with pytest.raises(RemoteRefused) as caught:
        push(target_dataset="never", api_key="0" * 64)
    assert caught.value.status == 401
    assert server.get("/api/v1/datasets") == before


def test_a_server_that_is_not_there(push: Push, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(cogx.RemoteUnavailable):
        push(url="http://127.0.0.1:9")
    monkeypatch.delenv("COGNEE_SERVICE_URL", raising=False)
    with pytest.raises(NotConnected):
        push(url=None)


@pytest.fixture(scope="session")
def pulled(
    pushed: cogx.PushResult, server: CogneeServer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Any]:
    archive = tmp_path_factory.mktemp("pulled") / "pulled.cogx.tar.gz"
    receipt = pull_sync(server.url, "pushed", archive, api_key=server.key)
    return archive, receipt


def test_what_was_pushed_can_be_pulled(pulled: tuple[Path, Any]) -> None:
    archive, receipt = pulled
    assert (receipt.losses, cogx.validate(archive).valid) == ({}, True)
    theirs, ours = graph_in(archive), graph_in(REAL_SMALL)
    assert theirs.keys() == ours.keys()
    assert {one: theirs[one] for one in ours} == ours


def test_every_edge_and_every_text_comes_back(pulled: tuple[Path, Any]) -> None:
    archive, _ = pulled
    with cogx.open_archive(archive) as theirs, cogx.open_archive(REAL_SMALL) as ours:
        found, wanted = (
            sorted((f.subject_ref, f.predicate, f.object_ref) for f in one.records("fact"))
            for one in (theirs, ours)
        )
        assert found == wanted
        assert sorted(d.content for d in theirs.records("document")) == sorted(
            d.content for d in ours.records("document")
        )


def test_what_the_server_does_not_give_is_named(pulled: tuple[Path, Any]) -> None:
    _, receipt = pulled
    assert receipt.declared["pull.edge-properties"] == EDGES
    assert receipt.declared["pull.timestamps"] == NODES


def graph_in(archive: Path) -> dict[str, tuple[str, str | None]]:
    """Return the name and the description of every entity by its id, and raw nodes by theirs."""
    with cogx.open_archive(archive) as source:
        found = {
            entity.external_id: (entity.name, entity.description)
            for entity in source.records("entity")
        }
        raw = {node.properties["id"]: ("raw", None) for node in source.records("raw_node")}
    return found | raw
