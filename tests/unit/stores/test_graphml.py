from __future__ import annotations

import copy
import re
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cogx.engine.export import export_graph
from cogx.engine.import_ import import_archive
from cogx.engine.rebuild import Rebuild
from cogx.engine.verify import verify
from cogx.errors import BadSetting, NoSpace, StoreRefused, UsageError
from cogx.ports import Edge, GraphReader, GraphUpdater, GraphWriter, Node
from cogx.progress import SILENT
from cogx.stores import graphml
from cogx.testing.store_suite import StoreSuite, assert_same
from cogx.testing.updater_suite import UpdaterSuite
from tests.conformance.corpus import Vector, vectors_in


class TestGraphml(StoreSuite):
    def open_writer(self, place: Path) -> GraphWriter:
        return graphml.open_writer(place)

    def open_reader(self, place: Path) -> GraphReader:
        return graphml.open_reader(place)


class TestGraphmlAgain(UpdaterSuite):
    """A store that is only ever written whole: a new one is made from the old one."""

    def open_writer(self, place: Path) -> GraphWriter:
        return graphml.open_writer(place)

    def open_reader(self, place: Path) -> GraphReader:
        return graphml.open_reader(place)

    def open_updater(self, place: Path) -> GraphUpdater:
        return Rebuild(graphml.open_reader(place), graphml.open_writer(place, replace=True))


PEOPLE = [
    Node(
        "ann",
        "Person",
        {"name": "Ann", "age": 41, "height": 1.7, "member": True, "born": date(1985, 2, 3),
         "nick": ["A", "An"], "odd": "a\x08b", "none": None, "big": 2**70},
        {"x": 1},
        ("L",),
    ),
    Node("bob\x00", "Person", {"name": ""}),
]  # fmt: skip
KNOWS = [
    Edge("e1", "ann", "bob\x00", "knows", {"w": 0.5}),
    Edge("e1", "ann", "bob\x00", "knows"),
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "graph.graphml"


def write(place: Path, nodes: list[Node], edges: list[Edge]) -> None:
    store = graphml.open_writer(place)
    store.write_nodes(nodes)
    store.write_edges(edges)
    store.finish({"from": "test"}, SILENT)


def read(place: Path) -> tuple[list[Node], list[Edge]]:
    store = graphml.open_reader(place)
    return list(store.iter_nodes()), list(store.iter_edges())


def test_networkx_sees_typed_attributes(place: Path) -> None:
    write(place, PEOPLE, KNOWS)
    graph = nx.read_graphml(place)
    ann = graph.nodes["ann"]
    ours = ann.pop("_cogx")
    assert ann == {
        "type": "Person", "labels": '["L"]', "name": "Ann", "age": 41, "height": 1.7,
        "member": True, "born": "1985-02-03", "nick": '["A", "An"]', "odd": '"a\\bb"',
        "none": "null", "big": str(2**70),
    }  # fmt: skip
    assert '"born": "date"' in ours
    assert [data["predicate"] for *_, data in graph.edges(data=True)] == ["knows", "knows"]
    keys = ElementTree.parse(place).findall("{*}key")
    declared = {key.get("attr.name"): key.get("attr.type") for key in keys}
    assert declared["age"] == "long"
    assert (declared["height"], declared["member"]) == ("double", "boolean")


def test_everything_comes_back(place: Path) -> None:
    write(place, PEOPLE, KNOWS)
    nodes, edges = read(place)
    assert_same(nodes, PEOPLE)
    assert_same(edges, sorted(KNOWS, key=lambda edge: len(edge.properties), reverse=True))
    assert graphml.open_reader(place).header() == {"from": "test"}


NASTY = (
    'quote " here', "a'b", "<tag>&amp;</tag>", "]]>", "\x08", "\ufffe", "\uffff", "\r\n", "\n",
    "\t", " ", "  two  ", "", "\x7f\x85\u2028", "\U0001f600", "_cogx", "_cogx:0", "self",
    "node_for_adding", "key", "id", "type", "labels", "predicate", "d0", "None", "source", "cogx",
)  # fmt: skip


def test_nothing_breaks_out_of_the_xml(place: Path) -> None:
    everything = {name: name for name in NASTY}
    nodes = [Node(name, name or "T", everything, {"r": name}, (name,)) for name in NASTY]
    edges = [Edge(name, name, name, name or "p", everything, {"r": name}) for name in NASTY]
    write(place, nodes, edges)
    ElementTree.parse(place)
    found = read(place)
    assert_same(found[0], nodes)
    assert_same(found[1], edges)


@pytest.mark.parametrize(
    ("old", "new", "name", "value"),
    [
        (">41<", ">42<", "age", 42),
        (">1985-02-03<", ">1986-02-03<", "born", date(1986, 2, 3)),
        (">1985-02-03<", ">in spring<", "born", "in spring"),
        ('>["A", "An"]<', '>["B"]<', "nick", ["B"]),
        ('>["A", "An"]<', ">B<", "nick", "B"),
    ],
)
def test_a_change_in_an_editor_shows_as_itself(
    place: Path, old: str, new: str, name: str, value: Any
) -> None:
    write(place, PEOPLE, KNOWS)
    text = place.read_text()
    assert text.count(old) == 1
    place.write_text(text.replace(old, new))
    nodes, _ = read(place)
    changed = copy.copy(PEOPLE[0])
    changed.properties = changed.properties | {name: value}
    assert_same(nodes, [changed, PEOPLE[1]])


FOREIGN = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="c" for="node" attr.name="colour" attr.type="string"><default>blue</default></key>
<key id="t" for="node" attr.name="type" attr.type="string"/>
<key id="w" for="edge" attr.name="weight" attr.type="double"/>
<key id="r" for="edge" attr.name="relation" attr.type="string"/>
<graph edgedefault="directed">
<node id="a"><data key="t">Person</data><data key="c">red</data></node><node id="b"/>
<edge id="e0" source="a" target="b"><data key="w">1</data><data key="r">likes</data></edge>
<edge id="e1" source="b" target="a"/>
</graph></graphml>"""


def test_a_file_of_somebody_else(place: Path) -> None:
    place.write_text(FOREIGN)
    nodes, edges = read(place)
    assert nodes == [Node("a", "Person", {"colour": "red"}), Node("b", "Node", {"colour": "blue"})]
    assert edges == [
        Edge("e0", "a", "b", "likes", {"weight": 1.0, "relation": "likes"}),
        Edge("e1", "b", "a", "related_to"),
    ]
    assert graphml.open_reader(place).header() == {}


def test_edge_ids_that_are_not_unique_are_not_ids(place: Path) -> None:
    graph = nx.MultiDiGraph([("a", "b"), ("b", "a"), ("a", "b")])
    nx.write_graphml(graph, place)
    _, edges = read(place)
    assert [edge.id.split(":")[:3] for edge in edges] == [
        ["a", "related_to", "b"],
        ["a", "related_to", "b"],
        ["b", "related_to", "a"],
    ]
    assert len({edge.id for edge in edges}) == 3


def test_what_networkx_passes_over_is_noted(place: Path) -> None:
    place.write_text(FOREIGN.replace('<node id="b"/>', '<node id="b"><port name="p"/></node>'))
    assert graphml.open_reader(place).header()["notes"] == [
        "networkx, reading GraphML: GraphML port tag not supported."
    ]
    place.write_text(FOREIGN.replace('"directed"', '"undirected"'))
    assert "undirected" in graphml.open_reader(place).header()["notes"][0]


_BOMB = "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(
    "text",
    [
        "", "no xml", "<a/>", "<graphml/>", "[" * 100_000,
        FOREIGN.replace("</graph>", '</graph><graph edgedefault="directed"/>'),
        FOREIGN.replace('<node id="b"/>', ""),
        FOREIGN.replace('<node id="b"/>', '<node id="b"/><node id="b"/>'),
        FOREIGN.replace('<node id="b"/>', '<node id="b"><graph><node id="c"/></graph></node>'),
        FOREIGN.replace('id="e1" source="b" target="a"', 'id="e0" source="a" target="b"'),
        FOREIGN.replace("</graph>", "<hyperedge/></graph>"),
        FOREIGN.replace('<data key="w">1<', '<data key="w">one<'),
        FOREIGN.replace('<data key="w">1<', '<data key="gone">1<'),
        FOREIGN.replace('"double"', '"complex"'),
        FOREIGN.replace('"colour"', '"self"'),
        f'<!DOCTYPE x [<!ENTITY b0 "b">{_BOMB}]>' + FOREIGN.replace("red", "&b11;"),
        '<!DOCTYPE x [<!ENTITY f SYSTEM "/etc/hostname">]>' + FOREIGN.replace("red", "&f;"),
    ],
)  # fmt: skip
def test_what_networkx_cannot_read_whole_is_refused(place: Path, text: str) -> None:
    place.write_text(text)
    with pytest.raises(StoreRefused):
        read(place)


@pytest.mark.parametrize(
    ("pattern", "new"),
    [
        (r">\{&quot;format&quot;|>\{\"format\"", ">oops"),
        (r"\"format\": 1", '"format": 2'),
        (r">\{[^<]*\"x\": 1[^<]*<", ">[]<"),
        (r">\{[^<]*\"x\": 1[^<]*<", '>{"properties": 3}<'),
    ],
)
def test_a_file_of_ours_that_was_broken_is_refused(place: Path, pattern: str, new: str) -> None:
    write(place, PEOPLE, KNOWS)
    text, count = re.subn(pattern, new, place.read_text())
    assert count == 1
    place.write_text(text)
    with pytest.raises(StoreRefused):
        read(place)


def test_a_file_is_not_written_over(place: Path) -> None:
    late = graphml.open_writer(place)
    place.write_text("mine")
    with pytest.raises(StoreRefused, match="by somebody else meanwhile"):
        late.finish({}, SILENT)
    late.abort()
    with pytest.raises(StoreRefused, match="exists already"):
        graphml.open_writer(place)
    assert [path.name for path in place.parent.iterdir()] == [place.name]
    assert place.read_text() == "mine"
    with pytest.raises(BadSetting):
        graphml.open_writer(place / "below" / "it")
    with pytest.raises(StoreRefused):
        graphml.open_reader(place.with_name("absent"))


def test_a_full_disk_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    store = graphml.open_writer(place)
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(NoSpace, match="No space left"):
        store.finish({}, SILENT)
    store.abort()
    assert list(place.parent.iterdir()) == []


def test_order_of_calls_is_checked(place: Path) -> None:
    store = graphml.open_writer(place)
    store.write_nodes([Node("a\x00", "T")])
    with pytest.raises(StoreRefused, match="Two nodes"):
        store.write_nodes([Node("a\x00", "U")])
    with pytest.raises(StoreRefused, match="'gone'"):
        store.write_edges([Edge("e", "a\x00", "gone", "p")])
    with pytest.raises(UsageError):
        store.write_nodes([Node("b", "T")])
    store.finish({}, SILENT)
    with pytest.raises(UsageError):
        store.finish({}, SILENT)


@pytest.mark.parametrize(
    "node",
    [
        Node("x", "T", {"p": "\ud800"}),
        Node("\ud800", "T"),
        Node("x", "\ud800"),
        Node("x", "T", {"\ud800": 1}),
        Node("x", "T", {}, {"r": "\ud800"}),
        Node("x", "T", {"p": object()}),
    ],
)
def test_what_json_cannot_say_is_refused(place: Path, node: Node) -> None:
    store = graphml.open_writer(place)
    with pytest.raises(StoreRefused):
        store.write_nodes([node])
    store.abort()
    assert list(place.parent.iterdir()) == []


@pytest.mark.parametrize("vector", vectors_in("good", "warn"), ids=lambda vector: vector.path)
def test_every_valid_vector_comes_back_equal(vector: Vector, place: Path) -> None:
    import_archive(vector.source, f"graphml:{place}", allow_empty=True)
    comparison = verify(vector.source, f"graphml:{place}")
    assert comparison.equal, comparison.differences


def test_the_ending_tells_the_store(place: Path) -> None:
    write(place, PEOPLE, KNOWS[:1])
    receipt = export_graph(str(place), place.with_name("a.tar"))
    assert receipt.counts == {"entity": 1, "raw_node": 1, "fact": 1}


_TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXT | st.binary() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=5,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(_TEXT, st.dictionaries(_TEXT, _VALUE, max_size=4), max_size=5))
def test_any_properties_come_back(place: Path, graph: dict[str, dict[str, Any]]) -> None:
    nodes = [Node(name, "T", properties) for name, properties in graph.items()]
    edges = [Edge(name, name, name, "p", properties) for name, properties in graph.items()]
    place.unlink(missing_ok=True)
    write(place, nodes, edges)
    found = read(place)
    assert_same(found[0], nodes)
    assert_same(found[1], edges)
