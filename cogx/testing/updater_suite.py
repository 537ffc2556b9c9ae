"""Knows the exam of every graph store that can be written to again; knows no store.

Subclass it beside :class:`cogx.testing.store_suite.StoreSuite`, and say how the store is opened::

    class TestMyStoreAgain(UpdaterSuite):
        def open_writer(self, place): ...
        def open_reader(self, place): ...
        def open_updater(self, place):
            return MyUpdater(place)

A store that is only ever written whole takes it with :class:`cogx.engine.rebuild.Rebuild`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from cogx.errors import StoreError, StoreUnavailable
from cogx.ports import Edge, GraphUpdater, Node
from cogx.progress import SILENT
from cogx.testing.exam import StoreExam
from cogx.testing.samples import ODD_NAMES, assert_same, same, value_node

Row = TypeVar("Row", Node, Edge)
KEY: Final = "5" * 64
"""What names the import to a store that keeps a journal."""

_NODES: Final = [
    Node("a", "Person", {"name": "Ann", "age": 41, "gone": [1, None]}, {"kind": "entity"}, ("L",)),
    Node("b", "Person", {"name": "Bob"}),
    Node("c", "Town", {"name": "Cork", "size": 0.5}),
]
_EDGES: Final = [
    Edge("ab", "a", "b", "knows", {"since": 2020, "gone": "x"}, {"subject_ref": "Ann"}),
    Edge("ba", "b", "a", "knows"),
    Edge("bb", "b", "b", "likes"),
    Edge("bc", "b", "c", "lives in", {"w": 1}),
]
_HEADER: Final = {"source_system": "exam", "notes": ["first"]}


class UpdaterSuite(StoreExam):
    """The exam. ``place`` is a path where nothing is yet, a new one for every test."""

    def open_updater(self, place: Path) -> GraphUpdater:
        """Return an updater of the store that is at this place; ``begin`` is called by the exam."""
        raise NotImplementedError

    def state(self, place: Path) -> Any:
        """Return what may not change before ``finish``: the bytes of a file unless overridden."""
        return place.read_bytes(), sorted(path.name for path in place.parent.iterdir())

    @contextmanager
    def begun(
        self, place: Path, node_ids: Sequence[str] = (), edge_ids: Sequence[str] = ()
    ) -> Iterator[GraphUpdater]:
        """Give an updater that knows which ids will come, if it wants to know; abort it."""
        updater = self.open_updater(place)
        try:
            updater.begin(KEY)
            expect = getattr(updater, "expect", None)
            if expect is not None:
                expect(lambda: node_ids, lambda: edge_ids)
            yield updater
        finally:
            updater.abort()

    def update(
        self,
        place: Path,
        nodes: Sequence[Node] = (),
        edges: Sequence[Edge] = (),
        *,
        batch: int = 1000,
        header: dict[str, Any] | None = None,
    ) -> None:
        """Write nodes and edges as an import does: look each batch up, then write it."""
        node_ids, edge_ids = [node.id for node in nodes], [edge.id for edge in edges]
        with self.begun(place, node_ids, edge_ids) as updater:
            for some in _batches(nodes, batch):
                updater.nodes_at([node.id for node in some])
                updater.write_nodes(some)
            for facts in _batches(edges, batch):
                updater.edges_at([edge.id for edge in facts])
                updater.write_edges(facts)
            updater.finish(_HEADER if header is None else header, SILENT)

    def check_update(
        self, place: Path, nodes: Sequence[Node] = (), edges: Sequence[Edge] = (), **how: Any
    ) -> None:
        """Update a store, and assert that it holds what it held, with these rows in their place."""
        old_nodes, old_edges = self.read(place)
        self.update(place, nodes, edges, **how)
        found_nodes, found_edges = self.read(place)
        assert_same(found_nodes, _overlaid(old_nodes, nodes))
        assert_same(found_edges, _overlaid(old_edges, edges))

    def start(self, place: Path) -> None:
        """Write the small graph that most questions are about."""
        self.write(place, _NODES, _EDGES, header=_HEADER)

    def test_has_the_role(self, place: Path) -> None:
        """The store offers what the port asks for; abort may be called twice, also at the end."""
        self.start(place)
        with self.begun(place) as updater:
            assert isinstance(updater, GraphUpdater)
            updater.finish({}, SILENT)
            updater.abort()
        with self.begun(place) as updater:
            updater.abort()

    def test_replaces_a_node_whole(self, place: Path) -> None:
        """Nothing of the old node shines through: type, labels, properties, rest."""
        self.start(place)
        self.check_update(place, [Node("a", "Robot", {"age": "none", "new": 1})])

    def test_a_node_that_is_replaced_keeps_its_edges(self, place: Path) -> None:
        """Edges from it, to it, and from it to itself."""
        self.start(place)
        self.update(place, [Node("b", "Robot")])
        assert_same(self.read(place)[1], _EDGES)

    def test_replaces_an_edge_whole(self, place: Path) -> None:
        """Its ends and its predicate, too."""
        self.start(place)
        moved = Edge("ab", "c", "a", "made of", {"new": None}, {"object_ref": "Ann"})
        self.check_update(place, [], [moved, Edge("ba", "a", "b", "knows", {"n": 1})])

    def test_adds_beside_what_is_there(self, place: Path) -> None:
        """New types, predicates and properties are no matter; edges join old and new nodes."""
        self.start(place)
        nodes = [Node("d", "Ship", {"tons": 12, "name": 7}), Node("e", "Person")]
        edges = [
            Edge("ad", "a", "d", "sails"),
            Edge("da", "d", "a", "knows", {"since": "ever"}),
            Edge("de", "d", "e", "carries", {"w": 0.5}),
            Edge("ab2", "a", "b", "knows", {"since": 2020}),
        ]
        self.check_update(place, nodes, edges)

    def test_ids_of_nodes_and_of_edges_are_two_spaces(self, place: Path) -> None:
        """A node is not in the way of an edge with its id, nor the other way about."""
        self.start(place)
        self.check_update(place, [Node("ab", "T"), Node("a", "T")], [Edge("a", "ab", "a", "p")])

    def test_a_store_without_nodes_can_be_updated(self, place: Path) -> None:
        """There may be a header and nothing else."""
        self.write(place, [], header=_HEADER)
        self.check_update(place, _NODES, _EDGES)

    def test_an_update_of_nothing_changes_no_row(self, place: Path) -> None:
        """All that is kept is the header."""
        self.start(place)
        self.check_update(place, header={"x": 1})

    def test_gives_the_nodes_that_are_there(self, place: Path) -> None:
        """With every value as it was written, labels and rest; ids that are not there left out."""
        nodes = [*_NODES, *(value_node(name, value) for name, value in self.values().items())]
        self.write(place, nodes, _EDGES)
        ids = ["unknown", *(node.id for node in nodes), "ab"]
        with self.begun(place, ids) as updater:
            found = updater.nodes_at(ids)
            assert_same(sorted(found.values(), key=_id), nodes)
            assert all(found[node.id].id == node.id for node in nodes)
            assert updater.nodes_at(["unknown", ""]) == {}
            assert updater.nodes_at([]) == {}

    def test_gives_the_edges_that_are_there(self, place: Path) -> None:
        """As for nodes."""
        edges = [*_EDGES, *(_value_edge(name, value) for name, value in self.values().items())]
        self.write(place, _NODES, edges)
        ids = ["unknown", *(edge.id for edge in edges), "a"]
        with self.begun(place, (), ids) as updater:
            assert_same(sorted(updater.edges_at(ids).values(), key=_id), edges)
            assert updater.edges_at(["unknown", ""]) == {}
            assert updater.edges_at([]) == {}

    def test_what_it_gives_is_the_caller_s(self, place: Path) -> None:
        """What is done to a node that was asked for does not reach the store unwritten."""
        self.start(place)
        with self.begun(place, ["a"], ["ab"]) as updater:
            updater.nodes_at(["a"])["a"].properties["name"] = "changed"
            updater.edges_at(["ab"])["ab"].properties["since"] = "changed"
            updater.finish(_HEADER, SILENT)
        found_nodes, found_edges = self.read(place)
        assert_same(found_nodes, _NODES)
        assert_same(found_edges, _EDGES)

    def test_thousands_at_once(self, place: Path) -> None:
        """Half of them there, half new, in one batch."""
        count = 3000
        nodes = [Node(f"{number:04}", f"T{number % 3}", {"n": number}) for number in range(count)]
        edges = [Edge(node.id, node.id, "0000", "p", {"n": 1}) for node in nodes]
        self.write(place, nodes, edges)
        again = [
            Node(f"{number:04}", "T1", {"n": str(number)})
            for number in range(count // 2, count // 2 + count)
        ]
        links = [Edge(node.id, node.id, "0001", "q") for node in again]
        self.check_update(place, again, links, batch=count)

    def test_batches_of_any_size_give_the_same(self, place: Path) -> None:
        """Batches are a matter of memory, not of meaning."""
        self.start(place)
        nodes = [Node(f"n{number}", f"T{number % 2}", {"v": number}) for number in range(20)]
        nodes += [Node("a", "A"), Node("c", "C")]
        edges = [Edge(f"e{number}", f"n{number}", "a", "p") for number in range(20)]
        edges += [Edge("ab", "n1", "c", "knows")]
        self.check_update(place, nodes, edges, batch=1)
        self.check_update(place, nodes[::-1], edges[::-1], batch=7)

    def test_order_is_that_of_ids_afterwards(self, place: Path) -> None:
        """What came later is no later: readers give code points in order."""
        ids = ["m", "", "\U00010000", "a\x00", "\uffff", "z\u0301", "A", "10", "9", "é", "a"]
        first = [Node(one, "T") for one in ids[::2]]
        self.write(place, first, [Edge(node.id, node.id, "m", "p") for node in first])
        later = [Node(one, f"T{number}") for number, one in enumerate(ids)]
        self.update(place, later, [Edge(node.id, node.id, "9", f"p {node.id}") for node in later])
        found_nodes, found_edges = self.read(place)
        assert [node.id for node in found_nodes] == sorted(ids)
        assert [edge.id for edge in found_edges] == sorted(ids)

    def test_every_value_may_take_the_place_of_another(self, place: Path) -> None:
        """Each value in the place of a different one, and then back again."""
        values = list(self.values().items())
        names, kept = [name for name, _ in values], [value for _, value in values]
        turned = [*kept[1:], kept[0]]
        ends = [Node("a", "A"), Node("b", "B")]
        nodes = [Node(name, "Value", {"p": value}) for name, value in values]
        edges = [Edge(name, "a", "b", "has", {"p": value}) for name, value in values]
        self.write(place, [*ends, *nodes], edges)
        pairs = list(zip(names, turned, strict=True))
        self.check_update(
            place,
            [Node(name, "Value", {"p": value}) for name, value in pairs],
            [Edge(name, "a", "b", "has", {"p": value}) for name, value in pairs],
        )
        self.check_update(place, nodes, edges)

    def test_odd_ids_and_names_are_found_again(self, place: Path) -> None:
        """Names that are reserved, empty, huge or twins but for case name what they named."""
        nodes = [Node(name, "T", {name: 1}) for name in ODD_NAMES]
        edges = [Edge(name, name, name, "p", {name: 1}) for name in ODD_NAMES]
        self.write(place, nodes, edges)
        self.check_update(
            place,
            [Node(name, "with`tick", {name: "2", "é": name}) for name in ODD_NAMES[::2]],
            [Edge(name, name, "", "line\nbreak", {name: "2"}) for name in ODD_NAMES[::2]],
        )

    def test_nothing_shows_before_finish(self, place: Path) -> None:
        """Meanwhile others see the old graph, or are told to wait; never half an import."""
        self.start(place)
        with self.begun(place, ["a", "d"], ["ab", "ad"]) as updater:
            updater.write_nodes([Node("a", "Robot"), Node("d", "T")])
            updater.write_edges([Edge("ab", "b", "a", "q"), Edge("ad", "a", "d", "p")])
            try:
                found_nodes, found_edges = self.read(place)
            except StoreUnavailable:
                return
            assert_same(found_nodes, _NODES)
            assert_same(found_edges, _EDGES)

    def test_abort_leaves_the_store_as_it_was(self, place: Path) -> None:
        """To the byte, or whatever else is looked at; and free for the next."""
        self.start(place)
        before = self.state(place)
        with self.begun(place, ["a", "d"], ["ab", "ad"]) as updater:
            updater.write_nodes([Node("a", "Robot"), Node("d", "T", {"p": 1})])
            updater.write_edges([Edge("ab", "b", "a", "q"), Edge("ad", "a", "d", "p")])
        assert self.state(place) == before
        self.check_update(place, [Node("d", "T")])

    def test_an_edge_to_nowhere_is_not_dropped(self, place: Path) -> None:
        """A store refuses it and stays as it was, or keeps it; nothing is lost silently."""
        self.start(place)
        edge = Edge("x", "a", "nowhere", "p")
        try:
            self.update(place, [], [edge])
        except StoreError:
            assert_same(self.read(place)[1], _EDGES)
        else:
            assert edge in self.read(place)[1]

    def test_finish_replaces_the_header(self, place: Path) -> None:
        """Until then the old one is there to be asked for."""
        self.start(place)
        header = {"é": ["\u2028", {"n": None, "big": 2**70}], "x": 1.5, "": {}}
        with self.begun(place) as updater:
            assert same(dict(updater.header()), _HEADER)
            updater.finish(header, SILENT)
        reader = self.open_reader(place)
        assert same(dict(reader.header()), header)
        reader.close()

    def test_leaves_nothing_else(self, place: Path) -> None:
        """No temporary file stays behind, however it ended."""
        self.start(place)
        beside = sorted(path.name for path in place.parent.iterdir())
        self.update(place, [Node("d", "T")])
        assert sorted(path.name for path in place.parent.iterdir()) == beside


def _overlaid(old: Iterable[Row], new: Iterable[Row]) -> list[Row]:
    """Return the rows that must be there after new ones took their places."""
    return list(({row.id: row for row in old} | {row.id: row for row in new}).values())


def _value_edge(name: str, value: Any) -> Edge:
    return Edge(f"edge {name}", "a", "b", "has", {name: value, "mixed": value})


def _batches(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _id(row: Node | Edge) -> str:
    return row.id
