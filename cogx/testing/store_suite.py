"""Knows the exam that every graph store must pass; knows no store.

Subclass it in a test file, say how the store is opened, and pytest runs all of it::

    class TestMyStore(StoreSuite):
        def open_writer(self, place):
            return MyWriter(place)

        def open_reader(self, place):
            return MyReader(place)

A store that can be written to again has a second one, :mod:`cogx.testing.updater_suite`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cogx.ports import Edge, GraphReader, GraphWriter, Node
from cogx.progress import SILENT
from cogx.testing.exam import StoreExam
from cogx.testing.samples import ODD_NAMES, VALUES, assert_same, same, value_node

__all__ = ["ODD_NAMES", "VALUES", "StoreSuite", "assert_same", "same", "value_node"]


class StoreSuite(StoreExam):
    """The exam. ``place`` is a path where nothing is yet, a new one for every test."""

    def check(self, place: Path, nodes: list[Node], edges: list[Edge] | None = None) -> None:
        """Write a graph and assert that the same one comes back."""
        self.write(place, nodes, edges)
        found_nodes, found_edges = self.read(place)
        assert_same(found_nodes, nodes)
        assert_same(found_edges, edges or [])

    def test_has_the_two_roles(self, place: Path) -> None:
        """The store offers what the ports ask for, and closes twice."""
        writer = self.open_writer(place)
        assert isinstance(writer, GraphWriter)
        writer.finish({}, SILENT)
        reader = self.open_reader(place)
        assert isinstance(reader, GraphReader)
        reader.close()
        reader.close()

    def test_empty_store(self, place: Path) -> None:
        """A graph without nodes is a graph."""
        self.check(place, [], [])
        reader = self.open_reader(place)
        assert reader.header() == {}
        reader.close()

    def test_keeps_every_value_on_nodes(self, place: Path) -> None:
        """Every value comes back with its type, to the bit."""
        self.check(place, [value_node(name, value) for name, value in self.values().items()])

    @pytest.mark.parametrize("first", sorted(VALUES))
    def test_first_value_does_not_bend_the_others(self, place: Path, first: str) -> None:
        """Whatever value a property has first, later ones stay what they are."""
        values = self.values()
        if first not in values:
            pytest.skip("a kind of value that this store does not promise to keep")
        names = [first, *(name for name in values if name != first)]
        self.check(place, [value_node(name, values[name]) for name in names])

    def test_keeps_every_value_on_edges(self, place: Path) -> None:
        """What holds for nodes holds for edges."""
        edges = [
            Edge(f"edge {name}", "a", "b", "has", {name: value, "mixed": value})
            for name, value in self.values().items()
        ]
        self.check(place, [Node("a", "A"), Node("b", "B")], edges)

    def test_null_is_not_nothing(self, place: Path) -> None:
        """A null that was said is kept, and none is made up."""
        nodes = [
            Node("absent", "T", {}),
            Node("null", "T", {"p": None}),
            Node("set", "T", {"p": 1, "q": None}),
        ]
        self.check(place, nodes)

    def test_keeps_odd_property_names(self, place: Path) -> None:
        """Names that are reserved, empty, huge or twins but for case are kept."""
        everything = {name: number for number, name in enumerate(ODD_NAMES)}
        nodes = [Node("all", "T", everything), Node("none", "T")]
        nodes += [Node(f"n{number}", "T", {name: name}) for number, name in enumerate(ODD_NAMES)]
        edges = [Edge("e", "all", "none", "p", everything)]
        self.check(place, nodes, edges)

    def test_keeps_odd_ids_types_and_predicates(self, place: Path) -> None:
        """The same for ids, types and predicates."""
        nodes = [Node(f"id {name}", name or "T", {"n": name}) for name in ODD_NAMES]
        edges = [
            Edge(f"edge {name}", f"id {name}", f"id {ODD_NAMES[number - 1]}", name or "p", {})
            for number, name in enumerate(ODD_NAMES)
        ]
        self.check(place, nodes, edges)

    def test_a_type_and_a_predicate_may_share_a_name(self, place: Path) -> None:
        """They are two spaces of names."""
        nodes = [Node("a", "same"), Node("b", "Same")]
        self.check(place, nodes, [Edge("e", "a", "b", "same"), Edge("f", "b", "a", "SAME")])

    def test_order_is_by_code_point(self, place: Path) -> None:
        """Ids come in the order of code points, across types and predicates."""
        ids = ["", "0", "10", "9", "A", "Z", "a", "\x7f", "é", "z\u0301", "\ud7ff", "\ue000"]
        ids += ["\uffff", "\U00010000", "\U0010ffff", "a\x00", "a\x00b", "ab"]
        nodes = [Node(name, f"T{number % 3}") for number, name in enumerate(ids)]
        edges = [
            Edge(name, ids[number - 1], name, f"p{number % 2}") for number, name in enumerate(ids)
        ]
        self.write(place, nodes, edges)
        found_nodes, found_edges = self.read(place)
        assert [node.id for node in found_nodes] == sorted(ids)
        assert [edge.id for edge in found_edges] == sorted(ids)

    def test_keeps_parallel_edges_and_loops(self, place: Path) -> None:
        """Edges that differ by id only are all kept."""
        if not self.capabilities.parallel_edges:
            pytest.skip("declared beforehand")
        nodes = [Node("a", "A"), Node("b", "B"), Node("c", "A")]
        ends = (("a", "b"), ("b", "a"), ("a", "a"), ("a", "c"), ("b", "b"))
        edges = [
            Edge(f"{number} {source} {target}", source, target, "knows", {"n": 1})
            for number in range(400)
            for source, target in ends
        ]
        self.check(place, nodes, edges)

    def test_keeps_rest_and_labels(self, place: Path) -> None:
        """What belongs to the records behind a node is given back untouched."""
        rest = {"kind": "entity", "list": [1, 2**70, None, 0.5], "deep": {"$cogx": "x", "é": ""}}
        nodes = [
            Node("a", "T", {"p": 1}, rest, ("One", "Two", "é`")),
            Node("b", "T", {"p": None, "q": 2**80}, rest),
            Node("c", "T", {}, {}),
            Node("d", "T", {}, None, ("One",)),
        ]
        edges = [Edge("e", "a", "b", "p", {"w": None}, rest), Edge("f", "a", "b", "p", {}, {})]
        self.check(place, nodes, edges)

    def test_keeps_the_header(self, place: Path) -> None:
        """The header comes back as it was given."""
        header = {"é": ["\u2028", {"n": None, "big": 2**70}], "x": 1.5, "": {}}
        self.write(place, [], header=header)
        reader = self.open_reader(place)
        assert same(dict(reader.header()), header)
        reader.close()

    def test_thousands_of_types_and_predicates(self, place: Path) -> None:
        """More types than a store can have tables for are no error."""
        count = 2000
        nodes = [
            Node(f"{number:05d}", f"Type {number}", {f"p{number % 700}": number, "n": "x"})
            for number in range(count)
        ]
        nodes += [Node(f"more {number:05d}", f"Type {number % 7}") for number in range(count)]
        edges = [
            Edge(
                f"e{number:05d}",
                f"{number:05d}",
                f"{number // 2:05d}",
                f"predicate {number}",
                {f"w{number % 5}": number / 2},
            )
            for number in range(count)
        ]
        self.check(place, nodes, edges)

    def test_batches_of_any_size_give_the_same(self, tmp_path: Path) -> None:
        """Batches are a matter of memory, not of meaning."""
        nodes = [
            Node(f"n{number}", f"T{number % 3}", {"v": number if number % 2 else str(number)})
            for number in range(60)
        ]
        edges = [
            Edge(f"e{number}", f"n{number}", f"n{59 - number}", f"p{number % 2}", {"w": number})
            for number in range(60)
        ]
        for batch in (1, 7, 1000):
            place = tmp_path / f"by{batch}"
            self.write(place, nodes, edges, batch=batch)
            found_nodes, found_edges = self.read(place)
            assert_same(found_nodes, nodes)
            assert_same(found_edges, edges)

    def test_takes_any_iterable_and_empty_batches(self, place: Path) -> None:
        """A batch may be a generator, or empty."""
        writer = self.open_writer(place)
        writer.write_nodes([])
        writer.write_nodes(Node(name, "T") for name in "ab")
        writer.write_edges(iter(()))
        writer.write_edges(Edge(name, "a", "b", "p") for name in "xy")
        writer.finish({}, SILENT)
        nodes, edges = self.read(place)
        assert [node.id for node in nodes] == ["a", "b"]
        assert [edge.id for edge in edges] == ["x", "y"]

    def test_may_be_read_again_and_side_by_side(self, place: Path) -> None:
        """Iterators of one reader do not disturb each other."""
        nodes = [Node(f"{number:03d}", f"T{number % 2}", {"n": number}) for number in range(100)]
        edges = [Edge(node.id, node.id, "000", "p", {"n": 1}) for node in nodes]
        self.write(place, nodes, edges)
        reader = self.open_reader(place)
        try:
            for node, edge in zip(reader.iter_nodes(), reader.iter_edges(), strict=True):
                assert node.id == edge.id
            assert_same(reader.iter_nodes(), nodes)
            next(reader.iter_nodes())
            assert_same(reader.iter_edges(), edges)
        finally:
            reader.close()

    def test_nothing_shows_before_the_end(self, place: Path) -> None:
        """Nobody sees half a graph."""
        writer = self.open_writer(place)
        writer.write_nodes([Node("a", "T")])
        writer.write_edges([Edge("e", "a", "a", "p")])
        assert not place.exists()
        writer.abort()

    def test_abort_leaves_nothing(self, place: Path) -> None:
        """After an abort the place is as it was, and free."""
        writer = self.open_writer(place)
        writer.write_nodes([Node("a", "T", {"p": 1})])
        writer.abort()
        writer.abort()
        assert list(place.parent.iterdir()) == []
        self.check(place, [Node("b", "T")])

    def test_a_finished_store_leaves_nothing_else(self, place: Path) -> None:
        """No temporary file stays behind."""
        self.write(place, [Node("a", "T")], [Edge("e", "a", "a", "p")])
        assert [path.name for path in place.parent.iterdir()] == [place.name]
