from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from cogx.archive.validate import validate
from cogx.archive.writer import ArchiveWriter
from cogx.engine.export import export_graph
from cogx.engine.import_ import import_archive
from cogx.errors import (
    BadSetting,
    CogxError,
    DigestMismatch,
    EmptyGraph,
    InvalidArchive,
    MissingMember,
    UnknownMode,
)
from cogx.format.records import Entity, Fact
from cogx.ports import Edge, Node
from cogx.testing.memory_graph import MemoryGraph
from tests.unit.archive.made import Members, archive, document, entity, fact

GOOD = archive(entity("a"), entity("b"), fact("f", "a", "b"))


def imported(source: Any, **how: Any) -> tuple[MemoryGraph, Any]:
    graph = MemoryGraph()
    return graph, import_archive(source, graph, **how)


def fingerprint_after(source: Any, **how: Any) -> tuple[Any, Any]:
    graph, _ = imported(source, **how)
    out: Members = {}
    export_graph(graph, out)
    return validate(out).fingerprint, validate(source, **how).fingerprint


class Changing(dict[str, bytes]):
    """A mapping that is another one from its third pass on: the second reading."""

    def __init__(self, before: Members, after: Members) -> None:
        super().__init__(before)
        self.after = after
        self.passes = 0

    def items(self) -> Any:
        self.passes += 1
        return (self.after if self.passes > 3 else dict(self)).items()


def test_the_receipt_counts_what_the_store_holds() -> None:
    _, receipt = imported(GOOD)
    assert (receipt.counts, receipt.stubs, receipt.lossless) == ({"entity": 2, "fact": 1}, 0, True)
    assert receipt.fingerprint == validate(GOOD).fingerprint.hex()


@pytest.mark.parametrize(
    ("after", "error"),
    [
        (GOOD | {"facts.jsonl": GOOD["facts.jsonl"].replace(b'"p"', b'"q"')}, DigestMismatch),
        (GOOD | {"entities.jsonl": b"{\n"}, InvalidArchive),
        ({n: d for n, d in GOOD.items() if n != "facts.jsonl"}, MissingMember),
        ({n: d for n, d in GOOD.items() if n != "entities.jsonl"}, MissingMember),
        (archive({"id": "n"}) | GOOD, InvalidArchive),
    ],
    ids=["changed", "damaged", "facts gone", "entities gone", "nodes added"],
)
def test_what_changes_after_it_was_proven_is_refused(
    after: Members, error: type[CogxError]
) -> None:
    graph = MemoryGraph()
    with pytest.raises(error):
        import_archive(Changing(GOOD, after), graph)
    assert graph.aborted
    assert not graph.nodes


def test_an_archive_with_errors_does_not_touch_the_store() -> None:
    graph = MemoryGraph()
    with pytest.raises(InvalidArchive):
        import_archive(archive(entity("a"), {"id": 5}), graph)
    assert not graph.aborted and not graph.nodes


class Failing(MemoryGraph):
    """A store whose disk is full at the first edge."""

    def write_edges(self, edges: Iterable[Edge]) -> None:
        raise OSError(28, "No space left on device")


def test_a_store_that_fails_is_told_to_drop_everything() -> None:
    graph = Failing()
    with pytest.raises(OSError, match="No space"):
        import_archive(GOOD, graph)
    assert graph.aborted


class Stopped(MemoryGraph):
    """A person presses Ctrl-C."""

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        raise KeyboardInterrupt


def test_an_interruption_drops_everything() -> None:
    graph = Stopped()
    with pytest.raises(KeyboardInterrupt):
        import_archive(GOOD, graph)
    assert graph.aborted


@pytest.mark.parametrize("mode", ["", "Preserve", "merge"])
def test_an_unknown_mode_is_told(mode: str) -> None:
    with pytest.raises(UnknownMode):
        imported(GOOD, mode=mode)


def test_an_archive_without_records_is_no_graph() -> None:
    with pytest.raises(EmptyGraph):
        imported(archive())


def test_an_empty_graph_may_be_allowed() -> None:
    graph, receipt = imported(archive(), allow_empty=True)
    assert graph.finished and receipt.counts == {}


def test_an_archive_of_content_alone_becomes_nodes() -> None:
    graph, _ = imported(archive(document("d")))
    assert [node.type for node in graph.nodes.values()] == ["Document"]


def test_warnings_pass_unless_strict() -> None:
    odd = archive(entity("a", later=1))
    _, receipt = imported(odd)
    assert receipt.warnings == {"record.unknown-field": 1}
    with pytest.raises(InvalidArchive, match="strict"):
        imported(odd, strict=True)


def test_what_cannot_be_lenient_is_refused() -> None:
    with pytest.raises(BadSetting):
        imported(GOOD, lenient=frozenset({"manifest.digest"}))


def test_a_dropped_record_is_a_loss() -> None:
    _, receipt = imported(archive(entity("a"), {"id": 5}), lenient=frozenset({"raw_node.id"}))
    assert (receipt.losses, receipt.changes) == ({"raw_node.id": 1}, {})


def test_a_mended_record_is_a_change() -> None:
    twice = archive(entity("a"))
    twice["entities.jsonl"] = twice["entities.jsonl"].replace(b"{", b'{"name":"z",', 1)
    graph, receipt = imported(twice, lenient=frozenset({"json.duplicate-key"}))
    assert (receipt.losses, receipt.changes) == ({}, {"json.duplicate-key": 1})
    assert graph.nodes["a"].properties["name"] == "a"


def test_of_two_records_with_one_id_the_first_is_kept_and_the_other_a_loss() -> None:
    graph, receipt = imported(
        archive(entity("a", name="1"), entity("a", name="2"), entity("a", name="1")),
        lenient=frozenset({"record.duplicate-id"}),
    )
    assert graph.nodes["a"].properties["name"] == "1"
    assert receipt.counts == {"entity": 2}
    assert receipt.losses == {"record.duplicate-id": 1}


def test_lines_that_validation_passed_over_are_not_loaded() -> None:
    members = archive(entity("a")) | {"nodes.jsonl": b'{"id":\n"x"}{"id":"y"}\n'}
    members["manifest.json"] = b"{}"
    graph, _ = imported(members, lenient=frozenset({"json.malformed"}))
    assert list(graph.nodes) == ["a"]


def test_times_are_cut_as_validation_cuts_them() -> None:
    fine = archive(entity("a", created_at="2026-01-02T03:04:05.1234569Z"))
    after, before = fingerprint_after(fine)
    assert after == before


@pytest.mark.parametrize("typed", [True, False])
def test_a_tag_in_disguise_is_read_as_validation_reads_it(typed: bool) -> None:
    members = archive(entity("a"), {"id": "n"}, typed=typed)
    members["nodes.jsonl"] = b'{"id":"n","x":{"\\u0024cogx":"date","value":"1990-05-17"}}\n'
    after, before = fingerprint_after(members)
    assert after == before


def test_a_fact_about_a_fact_ends_at_a_stub() -> None:
    graph, receipt = imported(archive(entity("a"), fact("f", "a", "a"), fact("g", "a", "f")))
    assert receipt.stubs == 1
    assert graph.nodes["f"].rest == {"stub": True}


def test_a_dangling_end_gets_one_stub() -> None:
    _, receipt = imported(archive(entity("a"), fact("f", "a", "x"), fact("g", "x", "a")))
    assert receipt.stubs == 1


def test_an_end_given_by_name_joins_the_entity() -> None:
    graph, receipt = imported(archive(entity("a", name="Ann O'Lee"), fact("f", "ANN OLEE", "a")))
    assert (receipt.stubs, graph.edges[0].source) == (0, "a")


def test_a_name_of_thirty_six_characters_joins_its_entity() -> None:
    name = "The Society of Antiquaries of London"
    assert len(name) == 36
    _, receipt = imported(archive(entity("a", name=name), fact("f", name, "a")))
    assert receipt.stubs == 0


def test_a_record_twice_is_kept_twice() -> None:
    after, before = fingerprint_after(archive(entity("a"), entity("a"), entity("b")))
    assert after == before


def test_many_repeats_are_not_held_in_memory() -> None:
    big = archive(*[document(f"d{i % 50}", content="x" * 1000 + str(i % 50)) for i in range(200)])
    _, receipt = imported(big)
    assert receipt.counts == {"document": 200}


@pytest.mark.parametrize("name", ["entities.jsonl", "facts.jsonl", "manifest.json"])
def test_any_order_of_members_gives_one_graph(name: str) -> None:
    first = {name: GOOD[name]} | GOOD
    graph, _ = imported(first)
    other, _ = imported(GOOD)
    assert graph.nodes == other.nodes and graph.edges == other.edges


def tarball() -> bytes:
    target = io.BytesIO()
    with ArchiveWriter(target) as writer:
        writer.write(Entity(external_id="a", name="a"))
        writer.write(Fact(external_id="f", subject_ref="a", predicate="p", object_ref="a"))
    return target.getvalue()


@pytest.mark.parametrize("form", ["bytes", "stream", "path"])
def test_a_source_may_have_any_form(form: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(tarball())
    sources: dict[str, Any] = {
        "bytes": tarball(),
        "stream": io.BytesIO(tarball()),
        "path": path,
    }
    graph, _ = imported(sources[form])
    assert graph.counts() == (1, 1)


def test_a_source_may_be_a_pipe() -> None:
    reading, writing = os.pipe()

    def feed() -> None:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(tarball())

    feeder = threading.Thread(target=feed)
    feeder.start()
    with os.fdopen(reading, "rb") as pipe:
        graph, _ = imported(pipe)
    feeder.join()
    assert graph.counts() == (1, 1)


def test_a_stream_may_begin_behind_something_else() -> None:
    stream = io.BytesIO(b"preamble" + tarball())
    stream.seek(8)
    graph, _ = imported(stream)
    assert graph.counts() == (1, 1)


def test_unknown_manifest_keys_are_remembered() -> None:
    graph, _ = imported(archive(entity("a"), later={"x": [1]}, notes=["n"], source_system=""))
    out: Members = {}
    export_graph(graph, out)
    manifest = json.loads(out["manifest.json"])
    assert (manifest["later"], manifest["notes"], manifest["source_system"]) == (
        {"x": [1]},
        ["n"],
        "",
    )


def test_what_an_import_left_that_died_after_its_end_is_cleared_away_by_the_same_again(
    tmp_path: Path,
) -> None:
    store = tmp_path / "g.sqlite"
    import_archive(GOOD, f"sqlite:{store}")
    (tmp_path / ".g.sqlite.abcdefgh.cogx-partial").mkdir()
    (tmp_path / ".g.sqlite.cogx-lock").touch()
    import_archive(GOOD, f"sqlite:{store}", dry_run=True)
    assert len(list(tmp_path.iterdir())) == 3
    receipt = import_archive(GOOD, f"sqlite:{store}")
    assert receipt.verified and list(tmp_path.iterdir()) == [store]
