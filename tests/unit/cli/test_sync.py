"""cogx sync: a table of what went, and an exit code that tells whether all of it did."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import cogx
from cogx.remote import runs
from tests.unit.archive.made import archive, document, entity, fact
from tests.unit.remote.cognee_graphs import Refusal
from tests.unit.remote.taking import CogneeTaking
from tests.unit.stores.cognee_handmade import Handmade

from .conftest import Call


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CogneeTaking]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COGNEE_API_KEY", "secret")
    monkeypatch.setattr("cogx.engine.sync_rebuild.wait_for", partial(runs.wait, poll_s=0.0))
    with CogneeTaking(key="secret") as server:
        server.has_llm = True
        monkeypatch.setenv("COGNEE_SERVICE_URL", server.url)
        yield server


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.tar.gz"
    members = archive(
        document("ada", content="Ada."), document("bob", content="Bob."),
        entity("a"), entity("b"), fact("f", "a", "b"),
    )  # fmt: skip
    with cogx.open_archive(members) as source, cogx.ArchiveWriter(path) as target:
        for block in source.iter_blocks():
            target.write_batch(block.kind, block.records)
    return path


def test_a_table_says_what_went(call: Call, there: CogneeTaking, mine: Path) -> None:
    told = call("sync", mine)
    assert told.code == 0
    lines = told.out.splitlines()
    assert lines[0] == f"Sent 2 files (8 bytes) to {there.url}:"
    assert lines[1].split() == ["dataset", "sent", "unchanged", "failed"]
    assert lines[2].split() == ["mine", "2", "0", "0"]
    assert "the server has built its graph" in told.out
    assert call("sync", mine).out.splitlines()[2].split() == ["mine", "0", "2", "0"]


def test_a_failed_file_is_named_and_ends_with_1(
    call: Call, there: CogneeTaking, mine: Path
) -> None:
    there.refuses["ada.txt"] = Refusal(415, {"detail": "No loader."})
    told = call("sync", mine)
    assert told.code == 1
    assert "ada.txt" in told.out
    assert "No loader." in told.out
    assert told.out.splitlines()[2].split() == ["mine", "1", "0", "1"]


def test_a_build_that_fails_ends_with_1_and_says_that_the_files_are_there(
    call: Call, there: CogneeTaking, mine: Path
) -> None:
    there.has_llm = False
    told = call("sync", mine)
    assert told.code == 1
    assert "files are stored there" in told.out


def test_without_waiting_the_way_to_ask_is_told(
    call: Call, there: CogneeTaking, mine: Path
) -> None:
    told = call("sync", mine, "--no-wait")
    assert told.code == 0
    assert "the server builds its graph now" in told.out
    assert "cogx status" in told.err


def test_without_a_build(call: Call, there: CogneeTaking, mine: Path) -> None:
    assert call("sync", mine, "--no-rebuild").code == 0
    assert there.cognified == []


def test_a_rehearsal(call: Call, there: CogneeTaking, mine: Path) -> None:
    told = call("sync", mine, "--dry-run")
    assert told.code == 0
    assert told.out.startswith("Would send 2 files (8 bytes)")
    assert there.adds == []


def test_with_the_graph(call: Call, there: CogneeTaking, mine: Path) -> None:
    told = call("sync", mine, "--graph")
    assert told.code == 0
    assert "mine: graph sent: 2 nodes, 1 edge" in told.out
    assert there.cognified == []


def test_as_json(call: Call, there: CogneeTaking, mine: Path) -> None:
    found = call("sync", mine, "--json", "--target-dataset", "other").json()
    assert (found["status"], found["dataset_names"]) == ("completed", ["mine"])
    assert found["datasets"][0]["sent"] == ["ada.txt", "bob.txt"]
    assert found["datasets"][0]["target"] == "other"


def test_without_a_name_all_of_the_local_cognee(
    call: Call, there: CogneeTaking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Handmade(tmp_path / "cognee")
    for name in ("notes", "more"):
        made.document(made.dataset(name, graph=False), name, name.encode())
    monkeypatch.setenv("SYSTEM_ROOT_DIRECTORY", str(made.root))
    assert call("sync").code == 0
    assert there.names("notes") + there.names("more") == ["notes.txt", "more.txt"]


def test_an_unknown_dataset_is_a_usage_error(
    call: Call, there: CogneeTaking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYSTEM_ROOT_DIRECTORY", str(Handmade(tmp_path / "cognee").root))
    told = call("sync", "nots")
    assert (told.code, "Unknown dataset" in told.err) == (2, True)
