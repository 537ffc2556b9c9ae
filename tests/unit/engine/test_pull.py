"""A dataset of a server becomes an archive: what is in it, what is missing, and how it goes on."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cogx.archive.reader import open_archive
from cogx.archive.validate import validate
from cogx.engine.pull import pull_sync
from cogx.engine.pull_receipt import PullReceipt
from cogx.engine.pull_site import PullSite
from cogx.errors import (
    AlreadyThere,
    BadSetting,
    EmptyGraph,
    Interrupted,
    InvalidArchive,
    MissingExtra,
    OutputError,
    RemoteGarbled,
    RemoteRefused,
    RemoteUnavailable,
    UnknownName,
)
from cogx.remote.server import TRIES
from tests.unit.archive.made import archive, entity, fact
from tests.unit.memory import PEAK
from tests.unit.remote.giving import (
    DATASET,
    KEY,
    ROOT,
    Giving,
    dataset_row,
    edge,
    node,
    uid,
)

GRAPH = f"{ROOT}/graph"
EXPORT = f"/api/v1/activity/export/{DATASET}"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No login of this machine, and no waiting between two tries."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COGNEE_API_KEY", raising=False)
    monkeypatch.setattr("cogx.remote.download.FIRST_WAIT_S", 0.0)
    monkeypatch.setattr("cogx.remote.server.FIRST_WAIT_S", 0.0)


@pytest.fixture
def giving() -> Iterator[Giving]:
    with Giving() as server:
        server.nodes = [
            node("Ada", description="Mathematician", version=1, weight=0.5),
            node("Person", "EntityType"),
            node("chunk", "DocumentChunk", text="Ada wrote.", chunk_index=0),
        ]
        server.nodes[2]["label"] = f"DocumentChunk_{uid('chunk')}"
        server.edges = [edge("Ada", "is_a", "Person"), edge("chunk", "contains", "Ada")]
        server.add_file("notes.txt", b"Ada wrote.\n")
        server.add_file("logo.png", b"\x89PNG\0\xff", "image/png")
        yield server


@pytest.fixture
def target(tmp_path: Path) -> Path:
    place = tmp_path / "out"
    place.mkdir()
    return place / "kb.cogx.tar.gz"


def pulled(giving: Giving, target: Any, **options: Any) -> PullReceipt:
    return pull_sync(giving.url, "kb", target, api_key=KEY, **options)


def beside(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def records(target: Any, kind: str) -> list[Any]:
    with open_archive(target) as opened:
        return [record for block in opened.iter_blocks(kind) for record in block.records]


def manifest(target: Any) -> Any:
    with open_archive(target) as opened:
        return opened.manifest


def fetched(giving: Giving) -> list[str]:
    """Which files were asked for, by the first letters of their names."""
    names = {giving.raw(row["id"]): row["name"] for row in giving.rows}
    return [names[one.path] for one in giving.asked if one.path in names]


# What is in the archive


def test_a_dataset_becomes_a_valid_archive(giving: Giving, target: Path) -> None:
    receipt = pulled(giving, target)
    found = validate(target)
    assert found.problems == []
    assert receipt.counts == {"document": 2, "entity": 1, "fact": 2, "raw_node": 2}
    assert dict(found.counts) == receipt.counts
    assert receipt.fingerprint == found.fingerprint.hex()
    assert beside(target) == ["kb.cogx.tar.gz"]


def test_the_name_is_put_back(giving: Giving, target: Path) -> None:
    pulled(giving, target)
    (ada,) = records(target, "entity")
    assert (ada.external_id, ada.name, ada.description) == (uid("Ada"), "Ada", "Mathematician")
    assert ada.attributes == {"version": 1, "weight": 0.5}
    raw = {record.properties["id"]: record.properties for record in records(target, "raw_node")}
    assert raw[uid("Person")]["name"] == "Person"


def test_a_label_of_type_and_id_is_no_name(giving: Giving, target: Path) -> None:
    pulled(giving, target)
    raw = {record.properties["id"]: record.properties for record in records(target, "raw_node")}
    chunk = {"text": "Ada wrote.", "chunk_index": 0}
    assert raw[uid("chunk")] == {"id": uid("chunk"), "type": "DocumentChunk"} | chunk


def test_edges_become_facts(giving: Giving, target: Path) -> None:
    pulled(giving, target)
    facts = {(one.subject_ref, one.predicate, one.object_ref) for one in records(target, "fact")}
    assert facts == {
        (uid("Ada"), "is_a", uid("Person")),
        (uid("chunk"), "contains", uid("Ada")),
    }


def test_texts_are_texts_and_other_files_are_base64(giving: Giving, target: Path) -> None:
    pulled(giving, target)
    logo, notes = sorted(records(target, "document"), key=lambda one: str(one.title))
    assert (notes.title, notes.content, notes.mime_type) == ("notes", "Ada wrote.\n", "text/plain")
    assert base64.b64decode(logo.content) == b"\x89PNG\0\xff"
    assert logo.metadata["encoding"] == "base64"
    assert notes.created_at is not None
    assert "srv" not in json.dumps(notes.metadata), "where it lay on the server"


def test_a_document_that_is_a_node_too_is_both(giving: Giving, target: Path) -> None:
    giving.nodes.append(node("notes.txt", "TextDocument"))
    receipt = pulled(giving, target)
    assert receipt.counts["document"] == 2
    assert uid("notes.txt") in {one.properties["id"] for one in records(target, "raw_node")}
    assert validate(target).valid


def test_edges_that_are_the_same_are_told_apart(giving: Giving, target: Path) -> None:
    giving.edges.append(edge("Ada", "is_a", "Person"))
    pulled(giving, target)
    assert len({one.external_id for one in records(target, "fact")}) == 3


def test_an_edge_without_a_label_has_a_predicate_all_the_same(giving: Giving, target: Path) -> None:
    giving.edges = [edge("Ada", "", "Person")]
    pulled(giving, target)
    (one,) = records(target, "fact")
    assert (one.predicate, one.metadata) == ("related_to", {"relationship_name": ""})


def test_ends_that_are_no_node_are_counted(giving: Giving, target: Path) -> None:
    giving.edges.append(edge("Ada", "knows", "Nobody"))
    receipt = pulled(giving, target)
    assert receipt.warnings == {"pull.missing-ends": 1}
    assert (receipt.counts["fact"], receipt.losses) == (3, {})


def test_nodes_that_come_twice_are_one(giving: Giving, target: Path) -> None:
    giving.nodes.append(giving.nodes[0])
    receipt = pulled(giving, target)
    assert (receipt.warnings, receipt.losses) == ({"pull.repeated-nodes": 1}, {})


def test_nodes_that_come_twice_and_differ_are_a_loss(giving: Giving, target: Path) -> None:
    giving.nodes.append(node("Ada", description="Countess"))
    receipt = pulled(giving, target)
    assert receipt.losses == {"pull.repeated-nodes": 1}
    assert records(target, "entity")[0].description == "Mathematician"
    assert manifest(target).cogx.complete is False


def test_properties_of_edges_that_a_newer_server_gives_are_kept(
    giving: Giving, target: Path
) -> None:
    giving.edges = [edge("Ada", "is_a", "Person") | {"properties": {"edge_text": "Ada is one."}}]
    receipt = pulled(giving, target)
    assert records(target, "fact")[0].fact_text == "Ada is one."
    assert "pull.edge-properties" not in receipt.declared


def test_the_manifest_says_where_it_is_from_and_the_schema(giving: Giving, target: Path) -> None:
    giving.schema = {"graph_schema": {"title": "Team"}, "custom_prompt": "Find people."}
    receipt = pulled(giving, target)
    said = manifest(target)
    assert said.source_system == "cognee"
    assert (said.cogx.dataset, receipt.dataset, said.cogx.complete) == ("kb", "kb", True)
    assert said.cogx.dataset_schema == giving.schema
    assert f"Pulled from {giving.url}, dataset 'kb'." in said.notes


def test_the_schema_goes_with_a_store_and_comes_back(giving: Giving, tmp_path: Path) -> None:
    from cogx.engine.export import export_graph
    from cogx.engine.import_ import import_archive

    giving.schema = {"graph_schema": {"title": "Team"}}
    pulled(giving, tmp_path / "one.tar")
    import_archive(tmp_path / "one.tar", f"sqlite:{tmp_path / 'kb.db'}")
    export_graph(f"sqlite:{tmp_path / 'kb.db'}", tmp_path / "two.tar")
    assert manifest(tmp_path / "two.tar").cogx.dataset_schema == giving.schema


def test_the_same_dataset_gives_the_same_archive(
    giving: Giving, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764000000")
    pulled(giving, target)
    first = target.read_bytes()
    giving.nodes.reverse()
    giving.edges.reverse()
    giving.rows.reverse()
    pulled(giving, target, force=True)
    assert target.read_bytes() == first


# What the receipt says


def test_the_receipt_counts_what_a_cognee_does_not_give(giving: Giving, target: Path) -> None:
    receipt = pulled(giving, target)
    assert receipt.declared == {
        "embedding.vectors": 1,
        "pull.edge-properties": 2,
        "pull.timestamps": 3,
        "pull.provenance": 3,
        "pull.nulls": 3,
        "pull.file-details": 2,
    }
    assert (receipt.losses, receipt.warnings) == ({}, {})


def test_the_receipt_counts_what_came(giving: Giving, target: Path) -> None:
    receipt = pulled(giving, target)
    assert receipt.received == {
        "nodes": 3,
        "edges": 2,
        "files listed": 2,
        "files fetched": 2,
        "files kept from before": 0,
        "files missing": 0,
        "bytes": 17,
    }
    assert receipt.source == f"{giving.url} dataset kb"
    assert receipt.to_json()["received"]["nodes"] == 3


def test_the_key_is_nowhere(giving: Giving, target: Path) -> None:
    receipt = pulled(giving, target.parent / "kb")
    assert KEY not in json.dumps(receipt.to_json())
    assert not any(KEY.encode() in path.read_bytes() for path in target.parent.glob("kb/*"))


def test_files_that_are_counted_and_not_listed_are_a_loss(giving: Giving, target: Path) -> None:
    giving.count = 5
    receipt = pulled(giving, target)
    assert receipt.losses == {"pull.files-unlisted": 3}
    assert len(giving.asked_for(f"{ROOT}/data")) == 2, "asked again before it is believed"
    assert manifest(target).cogx.selection == "3 files are counted and not listed"


# A part only


def test_without_files_the_archive_says_so(giving: Giving, target: Path) -> None:
    receipt = pulled(giving, target, files=False)
    said = manifest(target).cogx
    assert (said.complete, said.selection) == (False, "without the raw files")
    assert (receipt.losses, receipt.left_out) == ({}, {"document": 2})
    assert fetched(giving) == []


def test_a_selection_is_as_in_an_export(giving: Giving, target: Path) -> None:
    receipt = pulled(giving, target, only=("kind=entity",), name="mine")
    assert receipt.counts == {"entity": 1}
    assert receipt.losses == {}
    assert manifest(target).cogx.dataset == "mine"


def test_the_cognee_profile_is_as_in_an_export(giving: Giving, target: Path) -> None:
    receipt = pulled(giving, target, profile="cognee")
    assert receipt.counts["raw_node"] == 3
    assert receipt.losses == {}


def test_a_dataset_of_files_only_is_pulled(giving: Giving, target: Path) -> None:
    giving.nodes, giving.edges = [], []
    assert pulled(giving, target).counts == {"document": 2}


def test_an_empty_dataset_is_told(giving: Giving, target: Path) -> None:
    giving.nodes, giving.edges, giving.rows = [], [], []
    with pytest.raises(EmptyGraph):
        pulled(giving, target)
    assert beside(target) == []
    assert pulled(giving, target, allow_empty=True).counts == {}


# Files that the server does not give


def test_a_file_that_is_refused_is_named_and_the_rest_is_written(
    giving: Giving, target: Path
) -> None:
    giving.says[giving.raw(uid("logo.png"))].append((404, {"detail": "Raw file not found."}))
    receipt = pulled(giving, target)
    assert receipt.losses == {"pull.files": 1}
    assert len(receipt.failed) == 1
    assert receipt.failed[0].startswith(f"logo ({uid('logo.png')}): ")
    assert "404: Raw file not found." in receipt.failed[0]
    said = manifest(target).cogx
    assert (said.complete, said.selection) == (False, "1 of 2 files have no content here")
    logo = next(one for one in records(target, "document") if one.title == "logo")
    assert (logo.content, logo.metadata["content_missing"]) == ("", True)


def test_what_was_refused_is_asked_for_again_and_the_rest_is_not(
    giving: Giving, target: Path
) -> None:
    giving.says[giving.raw(uid("logo.png"))].append((404, {}))
    pulled(giving, target)
    giving.asked.clear()
    receipt = pulled(giving, target, force=True)
    assert fetched(giving) == ["logo"]
    assert (receipt.losses, receipt.received["files kept from before"]) == ({}, 1)
    assert beside(target) == ["kb.cogx.tar.gz"]


# Pulls that break off


def break_off(giving: Giving, target: Path, **options: Any) -> str:
    """Let the second file fail for good."""
    wanted = sorted(row["id"] for row in giving.rows)
    giving.cuts[giving.raw(wanted[1])] += [3] + [0] * TRIES
    with pytest.raises(RemoteUnavailable) as caught:
        pulled(giving, target, **options)
    giving.cuts.clear()
    return str(caught.value)


def test_a_pull_that_breaks_off_leaves_no_archive_and_goes_on(giving: Giving, target: Path) -> None:
    assert "goes on from there" in break_off(giving, target)
    assert beside(target) == [".kb.cogx.tar.gz.cogx-pull"]
    giving.asked.clear()
    receipt = pulled(giving, target)
    assert len(fetched(giving)) == 1
    (again,) = [one for one in giving.asked if one.path.endswith("/raw")]
    assert again.headers["range"] == "bytes=3-"
    assert receipt.received["files kept from before"] == 1
    assert (receipt.losses, validate(target).problems) == ({}, [])
    assert beside(target) == ["kb.cogx.tar.gz"]


def test_only_the_owner_may_look_at_what_is_kept(giving: Giving, target: Path) -> None:
    break_off(giving, target)
    (kept,) = target.parent.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o700


def test_what_is_kept_is_forgotten_when_asked(giving: Giving, target: Path) -> None:
    break_off(giving, target)
    giving.asked.clear()
    receipt = pulled(giving, target, fresh=True)
    assert len(fetched(giving)) == 2
    assert receipt.received["files kept from before"] == 0


def test_a_file_that_changed_on_the_server_is_fetched_again(giving: Giving, target: Path) -> None:
    break_off(giving, target)
    for row in giving.rows:
        row["updatedAt"] = "2026-11-22T00:00:00"
        giving.files[row["id"]] = b"new"
    pulled(giving, target)
    contents = {one.content for one in records(target, "document")}
    assert contents == {"new"}


def test_a_kept_file_that_was_changed_here_is_fetched_again(giving: Giving, target: Path) -> None:
    break_off(giving, target)
    for kept in target.parent.glob(".*/file-*"):
        kept.write_bytes(b"x" * kept.stat().st_size)
    pulled(giving, target)
    assert "Ada wrote.\n" in {one.content for one in records(target, "document")}


def test_a_file_that_the_server_lists_no_more_is_dropped(giving: Giving, target: Path) -> None:
    break_off(giving, target)
    gone = min(row["id"] for row in giving.rows)
    giving.rows = [row for row in giving.rows if row["id"] != gone]
    assert pulled(giving, target).counts["document"] == 1


def test_what_is_kept_of_another_dataset_is_not_touched(giving: Giving, target: Path) -> None:
    break_off(giving, target)
    giving.datasets = [dataset_row("kb", uid("another"))]
    with pytest.raises(BadSetting, match="--fresh"):
        pulled(giving, target)
    assert beside(target) == [".kb.cogx.tar.gz.cogx-pull"]


def test_two_pulls_to_one_archive_do_not_mix(giving: Giving, target: Path) -> None:
    with closing(PullSite(target, "somewhere")):
        with pytest.raises(OutputError, match="Another pull"):
            pulled(giving, target)
        assert beside(target) == [".kb.cogx.tar.gz.cogx-pull"]
    pulled(giving, target)


def test_a_directory_of_somebody_else_is_not_used(giving: Giving, target: Path) -> None:
    (target.parent / "elsewhere").mkdir()
    target.with_name(".kb.cogx.tar.gz.cogx-pull").symlink_to("elsewhere")
    with pytest.raises(BadSetting, match="not a directory of ours"):
        pulled(giving, target)


def test_a_damaged_note_of_what_is_kept_is_no_hindrance(giving: Giving, target: Path) -> None:
    break_off(giving, target)
    (target.parent / ".kb.cogx.tar.gz.cogx-pull" / "state.sqlite").write_bytes(b"x" * 9000)
    assert pulled(giving, target).losses == {}


def test_with_partial_an_archive_of_what_there_is_is_written(giving: Giving, target: Path) -> None:
    wanted = sorted(row["id"] for row in giving.rows)
    giving.cuts[giving.raw(wanted[1])] += [0] * TRIES
    receipt = pulled(giving, target, partial=True)
    assert receipt.losses == {"pull.interrupted": 1, "pull.files": 1}
    said = manifest(target).cogx
    assert said.complete is False
    assert said.selection == "the connection was lost; 1 of 2 files have no content here"
    assert validate(target).valid
    assert beside(target) == [".kb.cogx.tar.gz.cogx-pull", "kb.cogx.tar.gz"]


def test_a_stopped_pull_keeps_what_it_has(giving: Giving, target: Path) -> None:
    class Stopping:
        done = 0

        def begin(self, task: str, *, total: int | None, unit: str) -> None:
            self.task = task

        def advance(self, amount: int) -> None:
            self.done += self.task == "fetch files"
            if self.done > 1:
                raise Interrupted("Stopped.")

        def end(self) -> None: ...

    with pytest.raises(Interrupted):
        pulled(giving, target, progress=Stopping())
    assert beside(target) == [".kb.cogx.tar.gz.cogx-pull"]
    assert pulled(giving, target).received["files kept from before"] == 1


# Graphs that break


def test_a_cut_graph_is_asked_for_again(giving: Giving, target: Path) -> None:
    giving.cuts[GRAPH] += [10, 300]
    receipt = pulled(giving, target)
    assert (receipt.counts["entity"], receipt.losses) == (1, {})
    assert len(giving.asked_for(GRAPH)) == 3


def test_a_graph_that_is_always_cut_ends_the_pull(giving: Giving, target: Path) -> None:
    giving.cuts[GRAPH] += [300] * TRIES
    with pytest.raises(RemoteUnavailable):
        pulled(giving, target)
    assert beside(target) == []


def test_with_partial_a_graph_that_is_cut_is_written_as_far_as_it_came(
    giving: Giving, target: Path
) -> None:
    giving.nodes += [node(f"n{number}") for number in range(3000)]
    giving.cuts[GRAPH] += [300_000] * TRIES
    receipt = pulled(giving, target, partial=True)
    assert receipt.losses == {"pull.graph": 1}
    assert receipt.counts["document"] == 2
    assert receipt.counts["entity"] > 1000
    assert "the graph was cut after" in manifest(target).cogx.selection
    assert beside(target) == [".kb.cogx.tar.gz.cogx-pull", "kb.cogx.tar.gz"]


@pytest.mark.parametrize("answer", [b"[]", b'{"nodes":[{"id":4}],"edges":[]}', b"<html>"])
def test_a_garbled_graph_ends_the_pull(giving: Giving, target: Path, answer: bytes) -> None:
    giving.graph = answer
    with pytest.raises(RemoteGarbled, match="/graph: "):
        pulled(giving, target)
    assert beside(target) == []


def test_a_refused_graph_ends_the_pull_and_with_partial_gives_the_files(
    giving: Giving, target: Path
) -> None:
    giving.says[GRAPH] += [(500, {}), (500, {})]
    with pytest.raises(RemoteRefused):
        pulled(giving, target)
    receipt = pulled(giving, target, partial=True)
    assert (receipt.counts, receipt.losses) == ({"document": 2}, {"pull.graph": 1})


# Before anything is fetched


def test_an_archive_that_is_there_is_told_before_anything_is_asked(
    giving: Giving, target: Path
) -> None:
    target.write_bytes(b"mine")
    with pytest.raises(AlreadyThere):
        pulled(giving, target)
    assert giving.asked == []
    assert pulled(giving, target, force=True).losses == {}


def test_a_bad_option_is_told_before_anything_is_asked(giving: Giving, target: Path) -> None:
    with pytest.raises(BadSetting):
        pulled(giving, target, only=("sort=fact",))
    assert giving.asked == []


def test_an_unknown_dataset_is_told_and_nothing_is_left(giving: Giving, target: Path) -> None:
    with pytest.raises(UnknownName, match="Known: kb"):
        pull_sync(giving.url, "nope", target, api_key=KEY)
    assert beside(target) == []


def test_a_wrong_key_is_told_and_nothing_is_left(giving: Giving, target: Path) -> None:
    with pytest.raises(RemoteRefused, match="does not take the key"):
        pull_sync(giving.url, "kb", target, api_key="wrong")
    assert beside(target) == []


# Other targets


def test_a_directory_and_a_stream_are_targets_too(giving: Giving, tmp_path: Path) -> None:
    pulled(giving, tmp_path / "kb")
    stream = io.BytesIO()
    receipt = pulled(giving, stream)
    assert receipt.target == "<archive>"
    assert records(stream.getvalue(), "document") == records(tmp_path / "kb", "document")


# From a cogx server


@pytest.fixture
def lossless(giving: Giving) -> Giving:
    giving.is_cogx = True
    stream = io.BytesIO()
    from cogx.archive.pack import pack

    pack(archive(entity("a"), entity("b"), fact("f", "a", "b")), stream)
    giving.archive = stream.getvalue()
    return giving


def test_a_cogx_server_gives_everything_byte_for_byte(lossless: Giving, target: Path) -> None:
    receipt = pulled(lossless, target)
    assert receipt.from_cogx
    assert (receipt.counts, receipt.declared) == ({"entity": 2, "fact": 1}, {})
    assert lossless.asked_for(EXPORT)[0].query == {"format": ["cogx"]}
    with open_archive(lossless.archive) as sent, open_archive(target) as got:
        pairs = zip(sent.container.members(print), got.container.members(print), strict=True)
        assert all(b"".join(one.chunks()) == b"".join(two.chunks()) for one, two in pairs)
    assert receipt.fingerprint == validate(target).fingerprint.hex()
    assert beside(target) == ["kb.cogx.tar.gz"]


def test_its_archive_may_be_cut_on_the_way(lossless: Giving, target: Path) -> None:
    lossless.cuts[EXPORT] += [50, 100]
    assert pulled(lossless, target).counts == {"entity": 2, "fact": 1}


def test_of_its_archive_a_part_may_be_chosen(lossless: Giving, target: Path) -> None:
    receipt = pulled(lossless, target, only=("kind=entity",), name="mine", notes=("hello",))
    assert (receipt.counts, receipt.dataset) == ({"entity": 2}, "mine")
    assert "hello" in manifest(target).notes
    assert manifest(target).cogx.complete is False


def test_its_archive_has_no_files_to_leave_out(lossless: Giving, target: Path) -> None:
    assert "--only" in pulled(lossless, target, files=False).notes[0]


def test_of_its_archive_nothing_may_be_left(lossless: Giving, target: Path) -> None:
    with pytest.raises(EmptyGraph):
        pulled(lossless, target, only=("kind=memory",))
    assert beside(target) == []


@pytest.mark.parametrize("cut", [0, 40, -30])
def test_an_archive_that_is_not_whole_is_refused(lossless: Giving, target: Path, cut: int) -> None:
    lossless.archive = lossless.archive[:cut]
    with pytest.raises((InvalidArchive, ValueError)):
        pulled(lossless, target)
    assert beside(target) == []


def test_an_empty_archive_is_told(lossless: Giving, target: Path) -> None:
    stream = io.BytesIO()
    from cogx.archive.pack import pack

    pack(archive(), stream)
    lossless.archive = stream.getvalue()
    with pytest.raises(EmptyGraph):
        pulled(lossless, target)
    assert beside(target) == []


def test_a_report_is_no_archive(lossless: Giving, target: Path) -> None:
    lossless.types[EXPORT] = "text/markdown; charset=utf-8"
    with pytest.raises(RemoteGarbled, match="not an archive"):
        pulled(lossless, target)


# As a coroutine, and without the extra


def test_it_can_be_awaited(giving: Giving, target: Path) -> None:
    from cogx.engine.asynchronous import pull

    receipt = asyncio.run(pull(giving.url, "kb", target, api_key=KEY))
    assert receipt.counts["entity"] == 1


def test_without_the_extra_the_way_to_it_is_told(
    giving: Giving, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ijson", None)
    with pytest.raises(MissingExtra, match=r"cogx\[remote\]"):
        pulled(giving, target)
    assert beside(target) == []


# Memory


_PULL = """
import sys
from cogx.engine.pull import pull_sync
url, key, target, small = sys.argv[1:]
pull_sync(url, "kb", small, api_key=key)
before = peak()
receipt = pull_sync(url, "kb", target, api_key=key)
print(receipt.received["nodes"], (peak() - before) // 1024)
"""


def test_memory_does_not_grow_with_the_graph(giving: Giving, tmp_path: Path) -> None:
    """A graph of 300 MB, after a small one that loads all that is needed."""
    number = 75_000

    def parts() -> Iterator[bytes]:
        if len(giving.asked_for(GRAPH)) == 1:
            yield json.dumps({"nodes": giving.nodes, "edges": giving.edges}).encode()
            return
        tail = b'","label":"a","type":"Entity","properties":{"text":"' + b"x" * 4_000 + b'"}}'
        yield b'{"nodes":['
        for at in range(number):
            yield (b"," if at else b"") + b'{"id":"' + str(at).encode() + tail
        yield b'],"edges":[]}'

    class Parts:
        def __iter__(self) -> Iterator[bytes]:
            return parts()

    giving.graph = Parts()
    words = [giving.url, KEY, str(tmp_path / "kb.tar.gz"), str(tmp_path / "small.tar")]
    done = subprocess.run(
        [sys.executable, "-c", PEAK + _PULL, *words],
        capture_output=True,
        check=True,
        env=os.environ,
        text=True,
    )
    nodes, grown_mib = map(int, done.stdout.split())
    assert nodes == number
    assert grown_mib < 64
