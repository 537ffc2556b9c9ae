"""Push: asked first, packed for the server it is for, sent once, told as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import networkx as nx
import pytest

import cogx
from cogx.engine.push import push_sync, wait_sync
from cogx.engine.status import status_sync
from cogx.errors import (
    BadSetting,
    EmptyGraph,
    LimitExceeded,
    NotConnected,
    RemoteRefused,
    RunFailed,
    UnknownMode,
    UnsupportedServer,
)
from tests.unit.archive.made import archive, document, entity, fact
from tests.unit.remote.cognee_like import CogneeLike

GOOD = archive(entity("a"), entity("b"), fact("f", "a", "b"), document("d"))


@pytest.fixture
def cognee() -> Iterator[CogneeLike]:
    with CogneeLike(key="secret") as server:
        yield server


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "notes.cogx.tar.gz"
    with cogx.open_archive(GOOD) as source, cogx.ArchiveWriter(path) as target:
        for block in source.iter_blocks():
            target.write_batch(block.kind, block.records)
    return path


def test_an_archive_arrives_whole(cognee: CogneeLike, good: Path) -> None:
    result = push_sync(good, url=cognee.url, api_key="secret")
    assert (result.status, result.finished) == ("completed", True)
    assert (result.dataset_name, result.target_dataset) == ("notes", "notes")
    assert (result.num_nodes, result.num_edges) == (2, 1)
    assert (result.losses, cognee.imports) == ({}, 1)
    assert result.pipeline_run_id == result.remote_response["pipeline_run_id"]
    assert len(cognee.datasets["notes"].graph()["nodes"]) == 2


def test_the_same_archive_pushed_again_is_another_push(cognee: CogneeLike, good: Path) -> None:
    """To a key that it knows a server answers as before: what has gone since would stay gone."""
    for target in ("notes", "notes", "others"):
        push_sync(good, url=cognee.url, api_key="secret", target_dataset=target)
    assert len({upload.headers["idempotency-key"] for upload in cognee.uploads}) == 3


def test_a_real_cognee_gets_raw_nodes_with_uuids(cognee: CogneeLike, good: Path) -> None:
    result = push_sync(good, url=cognee.url, api_key="secret")
    assert set(result.sent) == {"raw_node", "fact", "document"}
    ids = [node["id"] for node in cognee.datasets["notes"].graph()["nodes"]]
    assert all(UUID(one) for one in ids)


def test_one_archive_goes_into_two_datasets_of_one_server(cognee: CogneeLike, good: Path) -> None:
    for name in ("one", "two", "one"):
        result = push_sync(good, target_dataset=name, url=cognee.url, api_key="secret")
        assert result.finished
    assert [len(cognee.datasets[name].data) for name in ("one", "two")] == [1, 1]


@pytest.mark.parametrize("kind", ["sqlite", "networkx", "dataset"])
def test_whatever_holds_a_graph_can_be_pushed(
    cognee: CogneeLike, good: Path, tmp_path: Path, kind: str
) -> None:
    what: object = f"sqlite:{tmp_path / 'shelf.db'}"
    if kind == "networkx":
        what = nx.MultiDiGraph()
    cogx.import_archive(good, what)  # type: ignore[arg-type]
    if kind == "dataset":
        what = f"{what}"
    result = push_sync(what, target_dataset="x", url=cognee.url, api_key="secret")
    assert (result.num_nodes, result.num_edges, result.finished) == (2, 1, True)


def test_a_store_gives_the_dataset_its_name(cognee: CogneeLike, good: Path, tmp_path: Path) -> None:
    cogx.import_archive(good, f"sqlite:{tmp_path / 'shelf.db'}")
    result = push_sync(f"sqlite:{tmp_path / 'shelf.db'}", url=cognee.url, api_key="secret")
    assert result.target_dataset == "shelf"


def test_an_unknown_mode_comes_before_everything_else() -> None:
    with pytest.raises(UnknownMode):
        push_sync("nowhere", mode="keep")
    with pytest.raises(ValueError, match="preserve"):
        push_sync("nowhere", mode="keep")


def test_without_a_server_the_ways_out_are_named(
    good: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("COGNEE_SERVICE_URL", raising=False)
    with pytest.raises(NotConnected, match="cogx connect"):
        push_sync(good)
    with pytest.raises(RuntimeError):
        push_sync(good)


def nothing_was_sent(cognee: CogneeLike) -> bool:
    return not cognee.uploads and not cognee.datasets


def test_a_wrong_key_fails_before_anything_is_sent(cognee: CogneeLike, good: Path) -> None:
    with pytest.raises(RemoteRefused) as caught:
        push_sync(good, url=cognee.url, api_key="wrong-key")
    assert caught.value.status == 401
    assert "wrong-key" not in str(caught.value)
    assert nothing_was_sent(cognee)


def test_an_old_server_is_told_before_anything_is_sent(cognee: CogneeLike, good: Path) -> None:
    cognee.imports_archives, cognee.version = False, "1.1.9"
    with pytest.raises(UnsupportedServer, match=r"1\.1\.9") as caught:
        push_sync(good, url=cognee.url, api_key="secret")
    assert isinstance(caught.value, RuntimeError)
    assert (caught.value.found, caught.value.needed) == ("1.1.9", "1.3.0")
    assert nothing_was_sent(cognee)


def test_an_answer_without_the_import_is_no_success(cognee: CogneeLike, good: Path) -> None:
    cognee.tells_migration_item = False
    with pytest.raises(UnsupportedServer, match="plain file"):
        push_sync(good, url=cognee.url, api_key="secret")


def test_an_empty_graph_is_not_pushed(cognee: CogneeLike, tmp_path: Path) -> None:
    path = tmp_path / "empty.tar.gz"
    with cogx.ArchiveWriter(path):
        pass
    with pytest.raises(EmptyGraph, match="0 nodes"):
        push_sync(path, url=cognee.url, api_key="secret")
    assert nothing_was_sent(cognee)


@pytest.mark.parametrize("name", ["my notes", "v1.2"])
def test_a_name_the_server_chokes_on_is_told_beforehand(
    cognee: CogneeLike, good: Path, name: str
) -> None:
    with pytest.raises(BadSetting, match=r"my_notes|v1_2"):
        push_sync(good, target_dataset=name, url=cognee.url, api_key="secret")
    assert nothing_was_sent(cognee)


def test_an_archive_over_the_limits_is_told_beforehand(cognee: CogneeLike, good: Path) -> None:
    cognee.capabilities = {"cogx_versions": ["0.1"], "max_total_bytes": 10}
    with pytest.raises(LimitExceeded, match="in parts"):
        push_sync(good, url=cognee.url, api_key="secret")
    assert not cognee.uploads


def test_a_rehearsal_sends_nothing_and_says_the_same_numbers(
    cognee: CogneeLike, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")  # the time of export is in the archive
    rehearsed = push_sync(good, url=cognee.url, api_key="secret", mode="hybrid", dry_run=True)
    assert nothing_was_sent(cognee)
    assert (rehearsed.num_nodes, rehearsed.num_edges, rehearsed.llm_calls) == (2, 1, 1)
    done = push_sync(good, url=cognee.url, api_key="secret")
    assert (rehearsed.sent, rehearsed.size_bytes) == (done.sent, done.size_bytes)
    assert done.llm_calls == 0


def test_a_background_push_works_around_the_defect_and_says_so(
    cognee: CogneeLike, good: Path
) -> None:
    result = push_sync(good, url=cognee.url, api_key="secret", run_in_background=True)
    assert not result.finished
    assert "1.6.5" in result.notes[0]
    assert [upload.fields["import_mode"] for upload in cognee.uploads] == ["preserve", "hybrid"]
    wait_sync(result, api_key="secret")
    assert "COMPLETED" in result.status.upper()
    stored = cognee.datasets["notes"]
    assert (len(stored.graph()["nodes"]), len(stored.data)) == (2, 1)


def test_a_run_can_be_asked_for_later(cognee: CogneeLike, good: Path) -> None:
    result = push_sync(good, url=cognee.url, api_key="secret", run_in_background=True)
    assert result.pipeline_run_id is not None
    run = status_sync(result.pipeline_run_id, url=cognee.url, api_key="secret", wait=True)
    assert run.is_done
    with pytest.raises(RunFailed, match="knows no run"):
        status_sync("0" * 32, url=cognee.url, api_key="secret")


def test_waiting_ends_with_the_true_outcome(cognee: CogneeLike, good: Path) -> None:
    # The server says it is newer than it is, so that its defect shows.
    cognee.version = "9.0.0"
    with pytest.raises(RunFailed):
        push_sync(good, url=cognee.url, api_key="secret", run_in_background=True, wait=True)


def test_what_the_server_did_not_read_is_a_loss(cognee: CogneeLike, good: Path) -> None:
    from tests.unit.remote.cognee_like import Answer

    counts = {"raw_node": 1, "fact": 1, "document": 1}
    item = {"kind": "migration_import", "mode": "preserve", "record_counts": counts,
            "graph_nodes": 1, "graph_edges": 0, "skipped_facts": 1}  # fmt: skip
    cognee.can(
        "/api/v1/remember",
        Answer(body={"status": "completed", "pipeline_run_id": "r", "items": [item]}),
    )
    result = push_sync(good, url=cognee.url, api_key="secret")
    assert result.losses == {"push.not-read.raw_node": 1, "push.skipped-facts": 1}


def test_only_what_is_new_is_sent_with_what_it_needs(
    cognee: CogneeLike, good: Path, tmp_path: Path
) -> None:
    newer = tmp_path / "newer.cogx.tar.gz"
    members = archive(
        entity("a"), entity("b"), entity("c"), fact("f", "a", "b"), fact("g", "a", "c"),
        document("d"),
    )  # fmt: skip
    with cogx.open_archive(members) as source, cogx.ArchiveWriter(newer) as target:
        for block in source.iter_blocks():
            target.write_batch(block.kind, block.records)
    push_sync(good, target_dataset="x", url=cognee.url, api_key="secret")
    result = push_sync(newer, target_dataset="x", since=str(good), url=cognee.url, api_key="secret")
    assert result.sent == {"raw_node": 2, "fact": 1}
    assert len(cognee.datasets["x"].graph()["nodes"]) == 3
    assert len(cognee.datasets["x"].graph()["edges"]) == 2


@pytest.mark.parametrize("background", [False, True])
def test_a_look_afterwards_finds_all_of_it(
    cognee: CogneeLike, good: Path, background: bool
) -> None:
    result = push_sync(
        good, url=cognee.url, api_key="secret", run_in_background=background, verify=True
    )
    assert (result.verified, result.losses, result.finished) == (True, {}, True)


def test_a_look_afterwards_counts_what_is_not_there(cognee: CogneeLike, good: Path) -> None:
    graph = cognee.dataset("notes").graph
    cognee.dataset("notes").graph = (
        lambda: {  # type: ignore[method-assign]
            "nodes": [node | {"label": "another"} for node in graph()["nodes"][:1]],
            "edges": [],
        }
    )
    result = push_sync(good, url=cognee.url, api_key="secret", verify=True)
    assert result.verified is False
    assert result.losses == {
        "push.node-missing": 1,
        "push.name-differs": 1,
        "push.edge-missing": 1,
    }
