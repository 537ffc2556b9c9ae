from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from cogx.engine.rebuild import Rebuild
from cogx.errors import BadSetting, StoreRefused, UsageError
from cogx.ports import Edge, GraphReader, GraphUpdater, GraphWriter, Node
from cogx.progress import SILENT
from cogx.stores import json_graph
from cogx.testing.store_suite import StoreSuite
from cogx.testing.updater_suite import UpdaterSuite


class TestJsonGraph(StoreSuite):
    def open_writer(self, place: Path) -> GraphWriter:
        return json_graph.open_writer(place)

    def open_reader(self, place: Path) -> GraphReader:
        return json_graph.open_reader(place)


class TestJsonGraphAgain(UpdaterSuite):
    """A store that is only ever written whole: a new one is made from the old one."""

    def open_writer(self, place: Path) -> GraphWriter:
        return json_graph.open_writer(place)

    def open_reader(self, place: Path) -> GraphReader:
        return json_graph.open_reader(place)

    def open_updater(self, place: Path) -> GraphUpdater:
        return Rebuild(json_graph.open_reader(place), json_graph.open_writer(place, replace=True))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "graph.json"


def read(place: Path, document: Any = None) -> tuple[list[Node], list[Edge]]:
    if document is not None:
        place.write_text(json.dumps(document))
    store = json_graph.open_reader(place)
    return list(store.iter_nodes()), list(store.iter_edges())


def test_networkx_reads_what_is_written(place: Path) -> None:
    store = json_graph.open_writer(place)
    store.write_nodes(
        [
            Node(
                "a", "Person", {"name": "Ann", "born": date(1985, 2, 3), "id": 7}, {"x": 1}, ("L",)
            ),
            Node("b", "Person"),
        ]
    )
    store.write_edges(
        [Edge("e1", "a", "b", "knows", {"w": 0.5, "key": 3}), Edge("e2", "a", "b", "knows")]
    )
    store.finish({"h": 1}, SILENT)
    graph = nx.node_link_graph(json.loads(place.read_text()), edges="edges")
    assert isinstance(graph, nx.MultiDiGraph)
    assert graph.nodes["a"] == {
        "type": "Person",
        "name": "Ann",
        "labels": ["L"],
        "born": {"$cogx": "date", "value": "1985-02-03"},
        "_cogx": {"properties": {"id": 7}, "rest": {"x": 1}},
    }
    assert set(graph["a"]["b"]) == {"e1", "e2"}
    assert graph["a"]["b"]["e1"] == {
        "predicate": "knows",
        "w": 0.5,
        "_cogx": {"properties": {"key": 3}},
    }
    assert graph.graph["cogx"]["header"] == {"h": 1}


@pytest.mark.parametrize("name", ["edges", "links"])
def test_node_link_of_networkx(place: Path, name: str) -> None:
    graph = nx.MultiDiGraph(title="t")
    graph.add_node(1, type="Person", name="Ann", tags=["x"], nothing=None)
    graph.add_node((2, "b"), weight=1.5)
    graph.add_edge(1, (2, "b"), relation="likes", w=1)
    graph.add_edge(1, (2, "b"), key="KNOWS")
    graph.add_edge(1, 1)
    nodes, edges = read(place, nx.node_link_data(graph, edges=name))
    assert nodes == [
        Node("1", "Person", {"name": "Ann", "tags": ["x"], "nothing": None}),
        Node('[2, "b"]', "Node", {"weight": 1.5}),
    ]
    assert edges == [
        Edge('1:KNOWS:[2, "b"]', "1", '[2, "b"]', "KNOWS", {"key": "KNOWS"}),
        Edge('1:likes:[2, "b"]', "1", '[2, "b"]', "likes", {"relation": "likes", "w": 1}),
        Edge("1:related_to:1", "1", "1", "related_to"),
    ]
    assert json_graph.open_reader(place).header() == {}


def test_the_export_of_cognee(place: Path) -> None:
    edge = {"source": "a", "target": "b", "relationship_name": "works_at", "since": None}
    document = {
        "nodes": [
            {"id": "b", "type": "Entity", "name": "Acme", "tag": {"$cogx": "date"}},
            {"id": "a", "name": "Ann", "at": "2026-01-02T03:04:05"},
        ],
        "edges": [edge, edge, {**edge, "since": 3}],
    }
    nodes, edges = read(place, document)
    assert nodes == [
        Node("a", "Node", {"name": "Ann", "at": "2026-01-02T03:04:05"}),
        Node("b", "Entity", {"name": "Acme", "tag": {"$cogx": "date"}}),
    ]
    assert len({edge.id for edge in edges}) == 3
    assert edges[0] == Edge("a:works_at:b", "a", "b", "works_at", {"since": None})
    assert all(edge.id.startswith("a:works_at:b") for edge in edges)
    assert read(place)[1] == edges


def test_numbers_that_others_write(place: Path) -> None:
    place.write_text('{"nodes":[{"id":"a","x":NaN,"y":123456789012345678901234567890}],"edges":[]}')
    ((node,), _) = read(place)
    assert math.isnan(node.properties["x"])
    assert node.properties["y"] == 123456789012345678901234567890


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", '{"nodes":[]}', '{"nodes":{},"edges":3}', '{"nodes":[{}],"edges":[]}',
        '{"nodes":[],"edges":[{"source":"a"}]}', '{"nodes":[1],"edges":[]}', "[" * 100_000,
        '{"nodes":[{"id":"a"},{"id":"a"}],"edges":[]}',
        '{"nodes":[{"id":1},{"id":"1"}],"edges":[]}',
        '{"nodes":[],"edges":[],"graph":{"cogx":{"format":2}}}',
        '{"nodes":[{"id":1,"type":"T"}],"edges":[],"graph":{"cogx":{"format":1}}}',
        '{"nodes":[{"id":"a","type":"T","_cogx":3}],"edges":[],"graph":{"cogx":{"format":1}}}',
    ],
)  # fmt: skip
def test_what_is_no_graph_is_refused(place: Path, text: str) -> None:
    place.write_text(text)
    with pytest.raises(StoreRefused):
        read(place)


def test_a_file_is_not_written_over(place: Path) -> None:
    place.write_text("mine")
    with pytest.raises(StoreRefused):
        json_graph.open_writer(place)
    assert place.read_text() == "mine"
    with pytest.raises(BadSetting):
        json_graph.open_writer(place / "below" / "it")
    with pytest.raises(StoreRefused):
        json_graph.open_reader(place.with_name("absent"))


def test_order_of_calls_is_checked(place: Path) -> None:
    store = json_graph.open_writer(place)
    store.write_edges([])
    with pytest.raises(UsageError):
        store.write_nodes([Node("a", "T")])
    store.finish({}, SILENT)
    with pytest.raises(UsageError):
        store.finish({}, SILENT)


def test_what_json_cannot_say_is_refused(place: Path) -> None:
    store = json_graph.open_writer(place)
    for value in ("\ud800", {1: 2}, object()):
        with pytest.raises(StoreRefused):
            store.write_nodes([Node("a", "T", {"p": value})])
    store.abort()
    assert list(place.parent.iterdir()) == []
