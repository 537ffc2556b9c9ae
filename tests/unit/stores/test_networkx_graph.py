from __future__ import annotations

import copy
import json
import subprocess
import sys
import uuid
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import networkx as nx
import numpy as np
import pytest

from cogx.engine.export import export_graph
from cogx.engine.import_ import import_archive
from cogx.engine.verify import verify
from cogx.errors import StoreRefused, UsageError
from cogx.ports import Edge, GraphReader, GraphUpdater, GraphWriter, Node
from cogx.progress import SILENT, Progress
from cogx.stores import json_graph
from cogx.stores.networkx_graph import NetworkxReader, NetworkxUpdater, NetworkxWriter
from cogx.testing.store_suite import StoreSuite, assert_same
from cogx.testing.updater_suite import UpdaterSuite
from tests.conformance.corpus import Vector, vectors_in


class Placed(NetworkxWriter):
    """A writer whose graph is found again by a path, where a mark shows that it is whole."""

    graphs: ClassVar[dict[Path, Any]] = {}

    def __init__(self, place: Path) -> None:
        super().__init__()
        self._place = place

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        super().finish(header, progress)
        self.graphs[self._place] = self.graph
        self._place.touch()


class TestNetworkx(StoreSuite):
    @pytest.fixture(autouse=True)
    def forget(self) -> None:
        Placed.graphs.clear()

    def open_writer(self, place: Path) -> GraphWriter:
        return Placed(place)

    def open_reader(self, place: Path) -> GraphReader:
        return NetworkxReader(Placed.graphs[place])


class TestNetworkxAgain(UpdaterSuite):
    @pytest.fixture(autouse=True)
    def forget(self) -> None:
        Placed.graphs.clear()

    def open_writer(self, place: Path) -> GraphWriter:
        return Placed(place)

    def open_reader(self, place: Path) -> GraphReader:
        return NetworkxReader(Placed.graphs[place])

    def open_updater(self, place: Path) -> GraphUpdater:
        return NetworkxUpdater(Placed.graphs[place])

    def state(self, place: Path) -> Any:
        return copy.deepcopy(nx.node_link_data(Placed.graphs[place], edges="edges"))


PEOPLE = [
    Node("ann", "Person", {"name": "Ann", "born": date(1985, 2, 3), "id": 7}, {"x": 1}, ("L",)),
    Node("bob", "Person"),
]
KNOWS = [
    Edge("e1", "ann", "bob", "knows", {"w": 0.5, "key": 3}),
    Edge("e2", "ann", "bob", "knows"),
]


def made(nodes: list[Node], edges: list[Edge]) -> Any:
    writer = NetworkxWriter()
    writer.write_nodes(nodes)
    writer.write_edges(edges)
    writer.finish({"h": 1}, SILENT)
    return writer.graph


def read(graph: Any) -> tuple[list[Node], list[Edge]]:
    reader = NetworkxReader(graph)
    nodes, edges = list(reader.iter_nodes()), list(reader.iter_edges())
    assert reader.counts() == (len(nodes), len(edges))
    return nodes, edges


def test_a_graph_is_as_a_person_would_build_it() -> None:
    graph = made(PEOPLE, KNOWS)
    assert isinstance(graph, nx.MultiDiGraph)
    assert graph.nodes["ann"] == {
        "type": "Person",
        "name": "Ann",
        "labels": ["L"],
        "born": date(1985, 2, 3),
        "_cogx": {"properties": {"id": 7}, "rest": {"x": 1}},
    }
    assert graph["ann"]["bob"]["e1"] == {
        "predicate": "knows",
        "w": 0.5,
        "_cogx": {"properties": {"key": 3}},
    }
    assert graph.graph["cogx"]["header"] == {"h": 1}


def test_its_node_link_form_is_a_json_graph(tmp_path: Path) -> None:
    nodes = [Node("ann", "Person", {"id": 7, "name": "Ann"}, {"x": 1}, ("L",)), PEOPLE[1]]
    file = tmp_path / "graph.json"
    file.write_text(json.dumps(nx.node_link_data(made(nodes, KNOWS), edges="edges")))
    reader = json_graph.open_reader(file)
    assert_same(reader.iter_nodes(), nodes)
    assert_same(reader.iter_edges(), KNOWS)


def test_an_archive_becomes_a_graph_and_the_same_archive(tmp_path: Path) -> None:
    first = str(tmp_path / "first.tar")
    export_graph(NetworkxReader(made(PEOPLE, KNOWS)), first)
    writer = NetworkxWriter()
    receipt = import_archive(first, writer)
    assert verify(first, NetworkxReader(writer.graph)).equal
    again = export_graph(NetworkxReader(writer.graph), tmp_path / "again.tar")
    assert again.fingerprint == receipt.fingerprint


def test_a_change_in_the_graph_is_what_verify_names(tmp_path: Path) -> None:
    archive = str(tmp_path / "a.tar")
    graph = made(PEOPLE, KNOWS)
    export_graph(NetworkxReader(graph), archive)
    graph.nodes["ann"]["born"] = date(1986, 2, 3)
    comparison = verify(archive, NetworkxReader(graph))
    assert [(d.kind, d.id, list(d.fields)) for d in comparison.differences] == [
        ("entity", "ann", ["attributes.born.value"])
    ]


def test_what_people_add_to_a_graph_of_ours_is_read() -> None:
    graph = made(PEOPLE, KNOWS)
    graph.add_node("new", labels=3)
    graph.add_edge("new", "ann", relation="likes", w=1)
    nodes, edges = read(graph)
    assert nodes[2] == Node("new", "Node", {"labels": 3})
    assert [edge.id for edge in edges] == ["e1", "e2", "new:likes:ann"]


def test_a_graph_of_somebody_else() -> None:
    graph = nx.MultiDiGraph()
    graph.add_node(1, type="Person", name="Ann", tags=("x",), nothing=None, labels=["L"])
    graph.add_node((2, "b"), weight=1.5, id="mine", _cogx=3)
    graph.add_edge(1, (2, "b"), relation="likes", at=date(2026, 1, 2), source=9)
    graph.add_edge(1, (2, "b"), key="KNOWS")
    graph.add_edge(1, 1)
    nodes, edges = read(graph)
    assert nodes == [
        Node("1", "Person", {"name": "Ann", "tags": ("x",), "nothing": None, "labels": ["L"]}),
        Node('[2, "b"]', "Node", {"weight": 1.5, "id": "mine", "_cogx": 3}),
    ]
    likes = {"relation": "likes", "at": date(2026, 1, 2), "source": 9}
    assert edges == [
        Edge('1:KNOWS:[2, "b"]', "1", '[2, "b"]', "KNOWS", {"key": "KNOWS"}),
        Edge('1:likes:[2, "b"]', "1", '[2, "b"]', "likes", likes),
        Edge("1:related_to:1", "1", "1", "related_to"),
    ]


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph])
def test_every_kind_of_graph_is_read(kind: Any) -> None:
    nodes, edges = read(kind([("b", "c"), ("a", "b")]))
    assert [node.id for node in nodes] == ["a", "b", "c"]
    assert {frozenset((edge.source, edge.target)) for edge in edges} == {
        frozenset("bc"),
        frozenset("ab"),
    }


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (3, "3"), (True, "true"), (None, "null"), (2.5, "2.5"), (("é", 1), '["é", 1]'),
        (uuid.UUID(int=7), str(uuid.UUID(int=7))), (date(2026, 1, 2), "2026-01-02"),
        (np.int64(7), "7"),
    ],
)  # fmt: skip
def test_an_id_that_is_not_text_becomes_text(key: Any, text: str) -> None:
    graph = nx.DiGraph()
    # networkx takes None for no node, so a graph with one is made by hand.
    graph._node[key] = graph._adj[key] = graph._pred[key] = {}
    assert [node.id for node in read(graph)[0]] == [text]
    (note,) = NetworkxReader(graph).header()["notes"]
    assert "1 ids" in note


def test_what_is_not_carried_reaches_the_manifest(tmp_path: Path) -> None:
    graph = nx.Graph([(1, 2)], title="mine")
    receipt = export_graph(NetworkxReader(graph), tmp_path / "a")
    assert receipt.counts["raw_node"] == 2
    notes = json.loads((tmp_path / "a" / "manifest.json").read_bytes())["notes"]
    assert [note.split(" ")[0] for note in notes] == ["2", "The", "Attributes"]
    assert notes[2].endswith("title.")


def test_two_ids_with_one_text_are_refused() -> None:
    graph = nx.Graph()
    graph.add_nodes_from([1, "1"])
    with pytest.raises(StoreRefused, match="relabel_nodes"):
        NetworkxReader(graph)


@pytest.mark.parametrize("key", [frozenset("a"), object()])
def test_an_id_without_a_text_is_refused(key: Any) -> None:
    graph = nx.Graph()
    graph.add_node(key)
    with pytest.raises(StoreRefused, match="relabel_nodes"):
        NetworkxReader(graph)


def test_numbers_of_numpy_are_numbers() -> None:
    graph = nx.Graph()
    graph.add_node("a", i=np.int32(3), f=np.float32(0.5), d=np.float64(0.1), s=np.str_("x"))
    ((node,), _) = read(graph)
    assert node.properties == {"i": 3, "f": 0.5, "d": 0.1, "s": "x"}
    assert [type(value) for value in node.properties.values()] == [int, float, float, str]


def test_values_that_cogx_cannot_carry_are_refused_by_name() -> None:
    graph = nx.Graph()
    graph.add_node("a", what={1, 2})
    with pytest.raises(StoreRefused, match=r"'a'.*'what'.*sorted list"):
        read(graph)
    graph.nodes["a"].clear()
    graph.nodes["a"][3] = "x"
    with pytest.raises(StoreRefused, match="not text"):
        read(graph)
    graph.nodes["a"].clear()
    graph.add_edge("a", "a", what={1})
    with pytest.raises(StoreRefused, match="what"):
        read(graph)


def test_a_graph_of_a_newer_cogx_is_refused() -> None:
    with pytest.raises(StoreRefused, match="Upgrade cogx"):
        NetworkxReader(nx.MultiDiGraph(cogx={"format": 2}))


def test_edges_may_share_an_id() -> None:
    edges = [Edge("e", "ann", "bob", "knows", {"n": number}) for number in range(3)]
    graph = made(PEOPLE, edges)
    assert set(graph["ann"]["bob"]) == {"e", "e#2", "e#3"}
    assert_same(read(graph)[1], edges)


def test_names_of_parameters_are_names_like_others() -> None:
    node = Node("a", "T", {"node_for_adding": 1, "self": 2, "attr": 3})
    edge = Edge("e", "a", "a", "p", {"u_for_edge": 1, "ebunch_to_add": 2})
    assert read(made([node], [edge])) == ([node], [edge])


def test_order_of_calls_is_checked() -> None:
    writer = NetworkxWriter()
    writer.write_nodes([Node("a", "T")])
    with pytest.raises(StoreRefused, match="'a'"):
        writer.write_nodes([Node("a", "U")])
    with pytest.raises(StoreRefused, match="'gone'"):
        writer.write_edges([Edge("e", "a", "gone", "p")])
    with pytest.raises(UsageError, match="before edges"):
        writer.write_nodes([Node("b", "T")])
    with pytest.raises(UsageError, match="finish"):
        _ = writer.graph
    writer.finish({}, SILENT)
    with pytest.raises(UsageError):
        writer.finish({}, SILENT)
    writer.abort()
    assert list(writer.graph) == ["a"]


def test_networkx_is_not_imported_before_it_is_needed() -> None:
    code = (
        "import sys; from cogx.stores.networkx_graph import NetworkxWriter\n"
        "import cogx.stores.graphml\n"
        "assert 'networkx' not in sys.modules; NetworkxWriter()\n"
        "assert 'networkx' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("vector", vectors_in("good", "warn"), ids=lambda vector: vector.path)
def test_every_valid_vector_comes_back_equal(vector: Vector) -> None:
    writer = NetworkxWriter()
    import_archive(vector.source, writer, allow_empty=True)
    comparison = verify(vector.source, NetworkxReader(writer.graph))
    assert comparison.equal, comparison.differences
