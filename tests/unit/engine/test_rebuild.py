from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date

import pytest

from cogx.engine import rebuild
from cogx.engine.rebuild import Rebuild
from cogx.errors import StoreRefused
from cogx.ports import Edge, GraphUpdater, Node
from cogx.progress import SILENT
from cogx.testing.memory_graph import MemoryGraph

A, B, C = (Node(one, "T", {"n": 1}) for one in "abc")
AB, BC = Edge("ab", "a", "b", "p"), Edge("bc", "b", "c", "p", {"since": date(2020, 1, 2)})


class Closing(MemoryGraph):
    """A graph that tells whether it was closed."""

    closed = 0

    def close(self) -> None:
        self.closed += 1


def old(nodes: Iterable[Node] = (A, B, C), edges: Iterable[Edge] = (AB, BC)) -> Closing:
    graph = Closing.of(nodes, edges, kept="header")
    assert isinstance(graph, Closing)
    return graph


def rebuilt(
    store: MemoryGraph, nodes: Sequence[Node] = (), edges: Sequence[Edge] = ()
) -> MemoryGraph:
    new = MemoryGraph()
    updater = Rebuild(store, new)
    updater.begin("key")
    updater.expect(lambda: [node.id for node in nodes], lambda: [edge.id for edge in edges])
    updater.write_nodes(nodes)
    updater.write_edges(edges)
    updater.finish({"new": "header"}, SILENT)
    return new


def test_it_is_an_updater() -> None:
    assert isinstance(Rebuild(old(), MemoryGraph()), GraphUpdater)


def test_what_nobody_touches_is_copied() -> None:
    new = rebuilt(old())
    assert (list(new.nodes.values()), new.edges) == ([A, B, C], [AB, BC])
    assert (new.finished, new.kept_header) == (True, {"new": "header"})


def test_what_comes_in_takes_the_place_of_what_is_there() -> None:
    robot, moved = Node("b", "Robot"), Edge("bc", "c", "a", "q")
    new = rebuilt(old(), [robot], [moved])
    assert sorted(new.nodes.values(), key=lambda node: node.id) == [A, robot, C]
    assert sorted(new.edges, key=lambda edge: edge.id) == [AB, moved]


def test_what_was_expected_and_did_not_come_stays() -> None:
    new = MemoryGraph()
    updater = Rebuild(old(), new)
    updater.expect(lambda: "abcx", lambda: ["ab", "bc"])
    updater.finish({}, SILENT)
    assert (list(new.nodes.values()), new.edges) == ([A, B, C], [AB, BC])


def test_expected_rows_can_be_looked_up() -> None:
    updater = Rebuild(old(), MemoryGraph())
    updater.expect(lambda: ["b", "x"], lambda: ["bc", "x"])
    assert updater.header() == {"kept": "header"}
    assert updater.nodes_at(["b", "x"]) == {"b": B}
    assert updater.edges_at(["bc", "x"]) == {"bc": BC}
    updater.abort()


def test_an_import_of_edges_alone_keeps_all_nodes() -> None:
    new = rebuilt(old(), edges=[Edge("ca", "c", "a", "p")])
    assert list(new.nodes.values()) == [A, B, C]
    assert {edge.id for edge in new.edges} == {"ab", "bc", "ca"}


def test_hashes_that_meet_are_no_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild, "hash", lambda _: 7, raising=False)
    robot = Node("b", "Robot")
    new = rebuilt(old(), [robot], [Edge("ab", "b", "a", "q")])
    assert sorted(new.nodes.values(), key=lambda node: node.id) == [A, robot, C]
    assert {edge.id: edge.predicate for edge in new.edges} == {"ab": "q", "bc": "p"}


def test_an_id_that_is_there_twice_cannot_be_told_apart() -> None:
    twice = old(edges=[AB, Edge("ab", "b", "a", "q")])
    with pytest.raises(StoreRefused, match="holds the id 'ab' twice"):
        rebuilt(twice, edges=[AB])
    assert len(rebuilt(twice, edges=[BC]).edges) == 3


def test_more_rows_than_a_batch_come_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild, "_BATCH", 3)
    nodes = [Node(f"{number:02}", "T") for number in range(10)]
    edges = [Edge(node.id, node.id, "00", "p") for node in nodes]
    changed = [Node(node.id, "U") for node in nodes[::2]]
    new = rebuilt(old(nodes, edges), changed)
    assert {node.id: node.type for node in new.nodes.values()} == {
        node.id: "TU"[number % 2 == 0] for number, node in enumerate(nodes)
    }
    assert len(new.edges) == 10


def test_the_old_store_is_closed_before_the_new_one_takes_its_place() -> None:
    store = old()

    class Checking(MemoryGraph):
        def finish(self, *_: object) -> None:
            assert store.closed == 1

    updater = Rebuild(store, Checking())
    updater.expect(tuple, tuple)
    updater.finish({}, SILENT)


def test_abort_drops_the_new_store_and_closes_the_old_one() -> None:
    store, new = old(), MemoryGraph()
    updater = Rebuild(store, new)
    updater.expect(lambda: "a", tuple)
    updater.write_nodes([Node("a", "U")])
    updater.abort()
    updater.abort()
    assert new.aborted and not new.nodes
    assert store.closed == 2
    assert store.nodes["a"] == A


def test_a_writer_that_refuses_leaves_the_old_store(monkeypatch: pytest.MonkeyPatch) -> None:
    store, new = old(), MemoryGraph()
    updater = Rebuild(store, new)
    updater.expect(tuple, lambda: ["x"])
    with suppress(StoreRefused):
        updater.write_edges([Edge("x", "a", "nowhere", "p")])
        pytest.fail("an edge to nowhere was taken")
    updater.abort()
    assert not new.finished and store.finished
