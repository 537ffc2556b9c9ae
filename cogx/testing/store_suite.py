"""Knows the exam that every graph store must pass; knows no store.

Subclass it in a test file, say how the store is opened, and pytest runs all of it::

    class TestMyStore(StoreSuite):
        def open_writer(self, place):
            return MyWriter(place)

        def open_reader(self, place):
            return MyReader(place)
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Final
from uuid import UUID

import pytest

from cogx.ports import Capabilities, Edge, GraphReader, GraphWriter, Node
from cogx.progress import SILENT

_EAST: Final = timezone(timedelta(hours=5, minutes=30))

JSON_VALUES: Final[dict[str, Any]] = {
    "text": "Ada",
    "empty text": "",
    "text with breaks": "a\nb\r\nc\td\u2028e\u2029f\x85g",
    "text with quotes": "'\"`\\ {}$",
    "text with nul": "a\x00b",
    "text beyond the basic plane": "\U0001f600\ufffe\U0010ffff",
    "text like json": '{"a":1}',
    "text like a date": "2026-01-02T03:04:05Z",
    "long text": "é" * 300_000,
    "true": True,
    "false": False,
    "integer": 7,
    "zero": 0,
    "largest int64": 2**63 - 1,
    "smallest int64": -(2**63),
    "beyond int64": 2**63,
    "far beyond int64": -(10**40),
    "float": 0.1,
    "whole float": 3.0,
    "negative zero": -0.0,
    "tiny float": 5e-324,
    "huge float": 1.7976931348623157e308,
    "null": None,
    "texts": ["a", "", "é"],
    "integers": [1, -(2**63), 2**63 - 1],
    "large integers": [1, 2**64],
    "floats": [0.5, -0.0, 1e300],
    "mixed list": [1, 1.0, "1", None, True, [], {}],
    "list with null": ["a", None],
    "list of nulls": [None, None],
    "empty list": [],
    "booleans": [True, False],
    "nested lists": [[1, 2], [], [[3]]],
    "object": {"a": 1, "b": {"c": [1, 2, None]}, "": ""},
    "empty object": {},
    "object like a tag": {"$cogx": "date", "value": "2026-01-02"},
}
TYPED_VALUES: Final[dict[str, Any]] = {
    "naive datetime": datetime(2026, 1, 2, 3, 4, 5, 678901),
    "first datetime": datetime(1, 1, 1),
    "last datetime": datetime(9999, 12, 31, 23, 59, 59, 999999),
    "utc datetime": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "first utc datetime": datetime(1, 1, 1, tzinfo=UTC),
    "offset datetime": datetime(2026, 1, 2, 3, 4, 5, 1, tzinfo=_EAST),
    "offset before time": datetime(1, 1, 1, tzinfo=_EAST),
    "date": date(2026, 1, 2),
    "first date": date(1, 1, 1),
    "last date": date(9999, 12, 31),
    "time": time(3, 4, 5, 678901),
    "time with offset": time(3, 4, tzinfo=_EAST),
    "duration": timedelta(days=3, seconds=5, microseconds=7),
    "no duration": timedelta(0),
    "negative duration": -timedelta(days=2, microseconds=1),
    "longest duration": timedelta.max,
    "bytes": b"\x00\xff\r\n",
    "no bytes": b"",
    "decimal": Decimal("12.3400"),
    "large decimal": Decimal("-1E+400"),
    "uuid": UUID("01234567-89ab-cdef-0123-456789abcdef"),
    "not a number": float("nan"),
    "infinity": float("inf"),
    "negative infinity": float("-inf"),
    "list with infinity": [0.5, float("inf")],
    "typed values inside": {"when": date(2026, 1, 2), "list": [Decimal("1.0"), b"x"]},
}
VALUES: Final = JSON_VALUES | TYPED_VALUES

ODD_NAMES: Final = (
    "name", "Name", "NAME", "NAME_2", "with space", " leading", "with.dot", "with`tick", "é", "É",
    "日本", "\U0001f600", "a'b\"c", "back\\slash", "line\nbreak", "nul\x00", "\u2028", "", " ",
    "order", "match", "_id", "_label", "_src", "_dst", "id", "ID", "labels", "label", "type",
    "from", "to", "source", "target", "key", "value", "predicate", "_cogx", "_COGX", "_cogx_meta",
    "_OtherNode", "_OtherEdge", "rest", "properties", "$cogx", "x" * 1000, "x" * 1000 + "y",
    "k", "\u212a", "offset", "n", "r", "a", "b", "c0", "p0",
)  # fmt: skip


def same(left: Any, right: Any) -> bool:
    """Tell whether two values are one, types, bits of floats and offsets of times included."""
    if type(left) is not type(right):
        return False
    match left:
        case dict():
            return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
        case list() | tuple():
            return len(left) == len(right) and all(map(same, left, right))
        case float() if math.isnan(left):
            return math.isnan(right)
        case float() | datetime() | time() | Decimal():
            # Equality passes over the sign of zero, offsets, and zeros behind a decimal point.
            return repr(left) == repr(right) or _instant(left) == _instant(right) != ""
        case _:
            return bool(left == right)


def _instant(value: Any) -> str:
    """Return a time's text; zones that mean one offset are one."""
    return value.isoformat() if isinstance(value, datetime | time) else ""


def assert_same(found: Iterable[Node | Edge], expected: Iterable[Node | Edge]) -> None:
    """Assert that two graphs are equal, whatever the order of ``expected``."""
    rows = list(found)
    wanted = sorted(expected, key=lambda row: row.id)
    assert [row.id for row in rows] == [row.id for row in wanted]
    for row, want in zip(rows, wanted, strict=True):
        for name in want.__struct_fields__:
            left, right = getattr(row, name), getattr(want, name)
            assert same(left, right), f"{row.id!r}: {name} is {left!r:.500}, not {right!r:.500}"


def value_node(name: str, value: Any) -> Node:
    """Return a node with the value in a property of its own and in a shared one."""
    return Node(f"node {name}", "Value", {name: value, "mixed": value})


class StoreSuite:
    """The exam. ``place`` is a path where nothing is yet, a new one for every test."""

    capabilities: ClassVar[Capabilities] = Capabilities()

    def open_writer(self, place: Path) -> GraphWriter:
        """Return a writer of a new store at this place."""
        raise NotImplementedError

    def open_reader(self, place: Path) -> GraphReader:
        """Return a reader of the store at this place."""
        raise NotImplementedError

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        """Give a path where nothing is yet."""
        directory = tmp_path / "stores"
        directory.mkdir()
        return directory / "store"

    def write(
        self,
        place: Path,
        nodes: list[Node],
        edges: list[Edge] | None = None,
        *,
        batch: int = 1000,
        header: dict[str, Any] | None = None,
    ) -> None:
        """Write a whole graph."""
        writer = self.open_writer(place)
        for start in range(0, len(nodes), batch):
            writer.write_nodes(nodes[start : start + batch])
        for start in range(0, len(edges or []), batch):
            writer.write_edges((edges or [])[start : start + batch])
        writer.finish(header or {}, SILENT)

    def read(self, place: Path) -> tuple[list[Node], list[Edge]]:
        """Read a whole graph."""
        reader = self.open_reader(place)
        try:
            nodes, edges = list(reader.iter_nodes()), list(reader.iter_edges())
            assert reader.counts() == (len(nodes), len(edges))
            return nodes, edges
        finally:
            reader.close()

    def values(self) -> dict[str, Any]:
        """Return the values that this store promises to keep."""
        return VALUES if self.capabilities.typed_values else JSON_VALUES

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
