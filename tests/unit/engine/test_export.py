from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cogx.archive.validate import validate
from cogx.engine.export import export_graph
from cogx.errors import EmptyGraph, StoreRefused
from cogx.graph.mapping import stub
from cogx.ports import Edge, Node
from cogx.testing.memory_graph import MemoryGraph

Members = dict[str, bytes]
ANN, BOB = Node("a", "Person", {"name": "Ann"}), Node("b", "Person", {"name": "Bob"})
KNOWS = Edge("f", "a", "b", "knows", {"since": 2020})


def exported(graph: Any, **how: Any) -> Members:
    members: Members = {}
    export_graph(graph, members, **how)
    return members


def test_a_graph_becomes_a_valid_archive() -> None:
    found = validate(exported(MemoryGraph.of([ANN, BOB], [KNOWS])))
    assert found.valid
    assert found.counts == {"entity": 2, "fact": 1}


def test_the_receipt_says_what_was_written() -> None:
    members: Members = {}
    receipt = export_graph(MemoryGraph.of([ANN]), members)
    assert receipt.counts == {"entity": 1}
    assert receipt.fingerprint == validate(members).fingerprint.hex()


def test_the_receipt_does_not_repeat_the_archive() -> None:
    assert "Ann" not in str(export_graph(MemoryGraph.of([ANN]), {}).to_json())


def test_records_are_ordered_by_id() -> None:
    graph = MemoryGraph.of([BOB, ANN])
    ids = [
        json.loads(one)["external_id"]
        for one in exported(graph)["entities.jsonl"].split(b"\n")[:-1]
    ]
    assert ids == ["a", "b"]


@pytest.mark.parametrize("nodes", [[], [stub("x")], [stub("x"), stub("y")]], ids=len)
def test_a_graph_without_nodes_is_refused(nodes: list[Node]) -> None:
    members: Members = {}
    with pytest.raises(EmptyGraph):
        export_graph(MemoryGraph.of(nodes), members)
    assert members == {}


def test_an_empty_graph_may_be_allowed() -> None:
    assert list(exported(MemoryGraph.of([]), allow_empty=True)) == ["manifest.json"]


def test_stubs_are_not_exported() -> None:
    edge = Edge("f", "a", "x", "knows")
    found = validate(exported(MemoryGraph.of([ANN, stub("x")], [edge])))
    assert found.counts == {"entity": 1, "fact": 1}


def test_what_the_store_remembers_stands_in_the_manifest() -> None:
    graph = MemoryGraph.of([ANN], source_system="mem", dataset="d", notes=["n"], complete=False)
    manifest = json.loads(exported(graph, notes=("more",))["manifest.json"])
    assert (manifest["source_system"], manifest["notes"]) == ("mem", ["n", "more"])
    assert (manifest["cogx"]["dataset"], manifest["cogx"]["complete"]) == ("d", False)


class Broken(MemoryGraph):
    """A store that fails in the middle."""

    def iter_nodes(self) -> Iterator[Node]:
        yield ANN
        raise StoreRefused("disk gone")


def test_a_store_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreRefused):
        export_graph(Broken.of([ANN]), tmp_path / "a.tar.gz")
    assert list(tmp_path.iterdir()) == []


def test_an_edge_that_can_be_no_fact_leaves_nothing() -> None:
    members: Members = {}
    with pytest.raises(StoreRefused):
        export_graph(MemoryGraph.of([ANN], [Edge("f", "a", "a", "")]), members)
    assert members == {}


def test_the_same_graph_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    targets = [io.BytesIO(), io.BytesIO()]
    for nodes, target in zip(([ANN, BOB], [BOB, ANN]), targets, strict=True):
        export_graph(MemoryGraph.of(nodes, [KNOWS]), target)
    assert targets[0].getvalue() == targets[1].getvalue()


def test_more_records_than_a_batch_are_all_exported() -> None:
    nodes = [Node(f"n{i:05}", "T", {"name": "x"} if i % 2 else {}) for i in range(5_001)]
    documents = [
        Node(f"d{i}", "Document", {"content": ""}, {"kind": "document"}) for i in range(120)
    ]
    found = validate(exported(MemoryGraph.of([*nodes, *documents])))
    assert found.counts == {"entity": 2500, "raw_node": 2501, "document": 120}
