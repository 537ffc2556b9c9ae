from __future__ import annotations

import hashlib
import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import ladybug as driver
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cogx.engine.rebuild import Rebuild
from cogx.errors import BadSetting, StoreRefused, StoreUnavailable, UsageError
from cogx.ports import Edge, GraphReader, GraphUpdater, GraphWriter, Node
from cogx.progress import SILENT
from cogx.stores import ladybug
from cogx.stores.ladybug import index, queries, reader, writer
from cogx.testing.store_suite import StoreSuite, assert_same
from cogx.testing.updater_suite import UpdaterSuite

MIB = 1 << 20


class TestLadybug(StoreSuite):
    def open_writer(self, place: Path) -> GraphWriter:
        return ladybug.open_writer(place)

    def open_reader(self, place: Path) -> GraphReader:
        return ladybug.open_reader(place)


class TestLadybugAgain(UpdaterSuite):
    """A store that is only ever written whole: a new one is made from the old one."""

    def open_writer(self, place: Path) -> GraphWriter:
        return ladybug.open_writer(place)

    def open_reader(self, place: Path) -> GraphReader:
        return ladybug.open_reader(place)

    def open_updater(self, place: Path) -> GraphUpdater:
        return Rebuild(ladybug.open_reader(place), ladybug.open_writer(place, replace=True))


class TestLadybugInLittleMemory(StoreSuite):
    """The same exam with every path taken that only large graphs take."""

    @pytest.fixture(autouse=True)
    def little(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reader, "_BLOCK_BYTES", 2000)
        monkeypatch.setattr(reader, "_ROOM_BYTES", 2000)
        monkeypatch.setattr(reader, "_MERGE_ROWS", 1)
        monkeypatch.setattr(queries, "_FIRST_ROWS", 64)
        monkeypatch.setattr(queries, "_BUCKET", 16)
        monkeypatch.setattr(writer, "NODE_TABLES", 3)
        monkeypatch.setattr(writer, "EDGE_TABLES", 2)
        monkeypatch.setattr(writer, "EDGE_PAIRS", 3)

    def open_writer(self, place: Path) -> GraphWriter:
        return ladybug.open_writer(place, row_bytes=20_000, buffer_bytes=256 * MIB)

    def open_reader(self, place: Path) -> GraphReader:
        return ladybug.open_reader(place)


PEOPLE = [
    Node(
        "ann",
        "Person",
        {
            "name": "Ann",
            "age": 41,
            "height": 1.7,
            "member": True,
            "born": date(1985, 2, 3),
            "seen": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            "nick": ["A", "An"],
            "spent": timedelta(hours=25),
            "key": UUID(int=7),
            "photo": b"\x00\x01",
            "address": {"town": "Ghent", "no": 3},
        },
    ),
    Node("bob", "Person", {"name": "Bob", "age": "unknown"}),
    Node("eve", "Person", {"name": "Eve", "height": 2}),
    Node("acme", "Firm", {"name": "Acme"}, {"kind": "entity"}, ("Company",)),
]
JOBS = [
    Edge("j1", "ann", "acme", "works at", {"since": 2020}),
    Edge("j2", "bob", "acme", "works at", {"since": 2021}),
    Edge("k1", "ann", "bob", "knows"),
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "graph.lbug"


@pytest.fixture
def people(place: Path) -> Path:
    write(place, PEOPLE, JOBS)
    return place


def write(place: Path, nodes: list[Node], edges: list[Edge], **settings: Any) -> None:
    store = ladybug.open_writer(place, **settings)
    store.write_nodes(nodes)
    store.write_edges(edges)
    store.finish({"from": "test"}, SILENT)


def read(place: Path) -> tuple[list[Node], list[Edge]]:
    store = ladybug.open_reader(place)
    try:
        return list(store.iter_nodes()), list(store.iter_edges())
    finally:
        store.close()


def cypher(place: Path, *queries_: str, read_only: bool = False) -> list[list[Any]]:
    database = driver.Database(str(place), read_only=read_only, buffer_pool_size=256 * MIB)
    connection = driver.Connection(database)
    rows: list[list[Any]] = []
    for query in queries_:
        result = connection.execute(query)
        assert isinstance(result, driver.QueryResult)
        rows = [list(row) for row in result.get_all()]
        result.close()
    connection.close()
    database.close()
    return rows


def changed(place: Path, *statements: str) -> tuple[list[Node], list[Edge]]:
    cypher(place, *statements)
    return read(place)


def test_cypher_sees_typed_columns(people: Path) -> None:
    (row,) = cypher(
        people,
        "MATCH (p:Person {id: 'ann'}) RETURN p.name, p.age + 1, p.height, p.member, p.born, "
        "p.seen, p.nick[1], p.spent, p.key, p.photo, p.address",
    )
    assert row == [
        "Ann", 42, 1.7, True, date(1985, 2, 3), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "A",
        timedelta(hours=25), UUID(int=7), b"\x00\x01", '{"no":3,"town":"Ghent"}',
    ]  # fmt: skip


def test_numbers_that_an_older_driver_loses_travel_beside(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "keeps_every_number", lambda: False)
    values = [0.0, -0.0, math.nan, math.inf, None, 1.5]
    numbers = [0, -(2**63), 2**63 - 1, -(2**62), None, 7]
    nodes = [
        Node(str(place_), "T", {"f": f, "i": i, "fs": [f, 1.0], "is": [i, 1]})
        for place_, (f, i) in enumerate(zip(values, numbers, strict=True))
    ]
    write(place, nodes, [])
    assert_same(read(place)[0], nodes)
    rows = cypher(place, "MATCH (n:T) RETURN n.f, n.i, n.fs, n.is ORDER BY n.id")
    assert [repr(row[0]) for row in rows] == ["0.0", "0.0", "None", "inf", "None", "1.5"]
    assert [row[1] for row in rows] == [0, None, 2**63 - 1, -(2**62), None, 7]
    assert [row[2] for row in rows] == [[0.0, 1.0], None, None, [math.inf, 1], [None, 1], [1.5, 1]]
    assert [row[3] for row in rows][:2] == [[0, 1], None]
    nodes, _ = changed(place, "MATCH (n:T {id: '1'}) SET n.f = 1.0, n.i = 3")
    assert nodes[1].properties == {"f": 1.0, "i": 3, "fs": [-0.0, 1.0], "is": [-(2**63), 1]}


def test_cypher_follows_predicates(people: Path) -> None:
    query = "MATCH (p:Person)-[w:`works at`]->(c:Firm) RETURN p.name, w.since, c.name ORDER BY 1"
    assert cypher(people, query) == [["Ann", 2020, "Acme"], ["Bob", 2021, "Acme"]]
    query = "MATCH (f:Firm) RETURN f.labels"
    assert cypher(people, query) == [[["Company"]]]


def test_cypher_sees_the_nearest_value(people: Path) -> None:
    query = "MATCH (p:Person) RETURN p.height, p.age ORDER BY p.id"
    assert cypher(people, query) == [[1.7, 41], [None, None], [2.0, None]]
    nodes, _ = read(people)
    assert nodes[3].properties == {"name": "Eve", "height": 2}
    assert type(nodes[3].properties["height"]) is int


@pytest.mark.parametrize(
    ("statement", "node", "name", "value"),
    [
        ("SET p.age = 42", "ann", "age", 42),
        ("SET p.name = 'Anna'", "ann", "name", "Anna"),
        ("SET p.age = 30", "bob", "age", 30),  # was text, beside its integer column
        ("SET p.height = 2.5", "eve", "height", 2.5),  # was an integer in a float column
        ("SET p.height = NULL", "eve", "height", None),
        ("SET p.name = NULL", "ann", "name", None),
        ("SET p.address = '[1]'", "ann", "address", [1]),
        ("SET p.address = 'no json'", "ann", "address", "no json"),
        ("SET p.nick = []", "ann", "nick", []),
    ],
)
def test_a_change_in_cypher_shows_as_itself(
    people: Path, statement: str, node: str, name: str, value: Any
) -> None:
    before, edges_before = read(people)
    after, edges_after = changed(people, f"MATCH (p:Person {{id: '{node}'}}) {statement}")
    assert edges_after == edges_before
    expected = {item.id: item for item in before}
    if value is None:
        del expected[node].properties[name]
    else:
        expected[node].properties[name] = value
    assert after == list(expected.values())


def test_changed_edges_and_new_rows_show(people: Path) -> None:
    nodes, edges = changed(
        people,
        "MATCH ()-[w:`works at` {id: 'j1'}]->() SET w.since = 1999",
        "CREATE (:Person {id: 'new', name: 'New'})",
        "MATCH (a:Person {id: 'new'}), (b:Firm) CREATE (a)-[:`works at` {since: 5}]->(b)",
        "MATCH (p:Person {id: 'eve'}) DETACH DELETE p",
        "ALTER TABLE Person ADD extra INT64",
        "MATCH (p:Person {id: 'ann'}) SET p.extra = 7",
        "CREATE NODE TABLE Town(name STRING PRIMARY KEY, size INT32)",
        "CREATE (:Town {name: 'Ghent', size: 3})",
        "CREATE REL TABLE lives(FROM Person TO Town)",
        "MATCH (a:Person {id: 'ann'}), (b:Town) CREATE (a)-[:lives]->(b)",
    )
    by_id = {node.id: node for node in nodes}
    assert by_id["Ghent"] == Node("Ghent", "Town", {"name": "Ghent", "size": 3})
    assert by_id["ann"].properties["extra"] == 7
    assert by_id["new"] == Node("new", "Person", {"name": "New"})
    assert "eve" not in by_id
    assert {edge.id: edge.properties for edge in edges if edge.predicate == "works at"} == {
        "j1": {"since": 1999},
        "j2": {"since": 2021},
        "new:works at:acme:2": {"since": 5},
    }
    assert [edge.target for edge in edges if edge.predicate == "lives"] == ["Ghent"]


@pytest.mark.skipif(
    str(driver.__version__).startswith(("0.19.", "0.20.", "0.21.")),
    reason="before 0.22 the driver itself crashes after DROP and ADD",
)
def test_a_column_of_another_type_is_taken_as_it_is(people: Path) -> None:
    nodes, _ = changed(
        people,
        "ALTER TABLE Person DROP age",
        "ALTER TABLE Person ADD age DOUBLE",
        "MATCH (p:Person {id: 'ann'}) SET p.age = 1.5",
    )
    assert nodes[1].properties["age"] == 1.5
    assert nodes[2].properties["age"] == "unknown"


def test_a_dropped_key_column_is_refused(people: Path) -> None:
    cypher(people, "ALTER TABLE Person DROP _cogx")
    with pytest.raises(StoreRefused, match="_cogx"):
        ladybug.open_reader(people)


def test_a_broken_note_is_refused(people: Path) -> None:
    cypher(people, "MATCH (p:Person {id: 'ann'}) SET p._cogx = 'oops'")
    with pytest.raises(StoreRefused, match="ann"):
        read(people)


def test_reading_changes_no_byte(people: Path) -> None:
    before = people.read_bytes(), people.stat().st_mtime_ns
    store = ladybug.open_reader(people)
    assert store.counts() == (4, 3)
    assert store.header() == {"from": "test"}
    list(store.iter_nodes())
    list(store.iter_edges())
    store.close()
    assert (people.read_bytes(), people.stat().st_mtime_ns) == before
    assert os.listdir(people.parent) == [people.name]  # noqa: PTH208


def test_a_log_that_a_dead_process_left_is_read_too(people: Path) -> None:
    code = (
        "import ladybug, os, signal, sys\n"
        "c = ladybug.Connection(ladybug.Database(sys.argv[1], buffer_pool_size=1 << 27))\n"
        "c.execute(\"CREATE (:Person {id: 'new'})\")\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(people)], check=False)
    log = people.with_name(people.name + ".wal")
    before = people.read_bytes(), log.read_bytes()
    nodes, _ = read(people)
    assert [node.id for node in nodes] == ["acme", "ann", "bob", "eve", "new"]
    assert (people.read_bytes(), log.read_bytes()) == before
    with pytest.raises(StoreRefused, match="left by a process"):
        ladybug.open_writer(people)


def test_stubs_are_not_counted(place: Path) -> None:
    write(place, [Node("a", "T"), Node("b", "Stub", {}, {"stub": True})], [])
    store = ladybug.open_reader(place)
    assert store.counts() == (1, 0)
    store.close()


def test_a_newer_layout_is_refused(people: Path) -> None:
    cypher(people, "MATCH (m:_cogx_meta {key: 'schema_version'}) SET m.value = '2'")
    with pytest.raises(StoreRefused, match="Upgrade cogx"):
        ladybug.open_reader(people)


def test_a_store_with_nodes_is_not_written_over(people: Path) -> None:
    digest = hashlib.sha256(people.read_bytes()).digest()
    with pytest.raises(StoreRefused, match="holds a graph already"):
        ladybug.open_writer(people)
    assert hashlib.sha256(people.read_bytes()).digest() == digest


def test_an_empty_store_is_replaced(place: Path) -> None:
    write(place, [], [])
    write(place, PEOPLE, JOBS)
    nodes, edges = read(place)
    assert_same(nodes, PEOPLE)
    assert_same(edges, JOBS)


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"no database" * 1000)
    for path in (garbage, tmp_path, tmp_path / "absent"):
        with pytest.raises(StoreRefused):
            ladybug.open_reader(path)
    for path in (garbage, tmp_path):
        with pytest.raises(StoreRefused):
            ladybug.open_writer(path)
    with pytest.raises(BadSetting):
        ladybug.open_writer(tmp_path / "absent" / "store")
    foreign = tmp_path / "foreign"
    cypher(foreign, "CREATE NODE TABLE T(id INT64 PRIMARY KEY)")
    with pytest.raises(StoreRefused, match="somebody else"):
        ladybug.open_writer(foreign)


def test_leftovers_of_a_dead_process_are_refused(place: Path) -> None:
    left = place.with_name(place.name + ".wal")
    left.write_bytes(b"")
    with pytest.raises(StoreRefused, match="left by a process"):
        ladybug.open_writer(place)


def test_an_id_that_came_twice_is_refused(place: Path) -> None:
    for kinds in (("T", "T"), ("T", "U")):
        store = ladybug.open_writer(place)
        store.write_nodes([Node("x", kind) for kind in kinds])
        with pytest.raises(StoreRefused, match="'x'"):
            store.finish({}, SILENT)
        store.abort()
    assert os.listdir(place.parent) == []  # noqa: PTH208


def test_an_edge_without_an_end_is_refused(place: Path) -> None:
    store = ladybug.open_writer(place)
    store.write_nodes([Node("x", "T")])
    with pytest.raises(StoreRefused, match="'gone'"):
        store.write_edges([Edge("e", "x", "gone", "p")])
    store.abort()


def test_nodes_after_edges_and_use_after_the_end_are_refused(place: Path) -> None:
    store = ladybug.open_writer(place)
    store.write_edges([])
    with pytest.raises(UsageError):
        store.write_nodes([Node("x", "T")])
    store.finish({}, SILENT)
    with pytest.raises(UsageError):
        store.finish({}, SILENT)


def test_half_a_surrogate_pair_is_refused(place: Path) -> None:
    for node in (
        Node("x", "T", {"p": "\ud800"}),
        Node("\ud800", "T"),
        Node("x", "T", {}, {"r": "\ud800"}),
        Node("x", "T", {"p": ["\ud800"]}),
        Node("x", "T", {"p": {"\ud800": 1}}),
    ):
        store = ladybug.open_writer(place)
        with pytest.raises(StoreRefused):
            store.write_nodes([node])
            store.finish({}, SILENT)
        store.abort()
    assert os.listdir(place.parent) == []  # noqa: PTH208


def test_colliding_hashes_are_told_apart(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "hash", len, raising=False)
    monkeypatch.setattr("cogx.stores.ladybug.repeats.hash", len, raising=False)
    nodes = [Node(f"{number:03d}", f"T{number % 3}", {"n": number}) for number in range(50)]
    edges = [Edge(f"e{number}", f"{number:03d}", "000", "p") for number in range(50)]
    write(place, nodes, edges)
    found_nodes, found_edges = read(place)
    assert_same(found_nodes, nodes)
    assert_same(found_edges, edges)


def test_odd_paths_can_be_written_to(tmp_path: Path) -> None:
    directory = tmp_path / 'it\'s [a] "path"? *é\\ {x}'
    directory.mkdir()
    write(directory / "st'ore.lbug", PEOPLE, JOBS)
    assert len(read(directory / "st'ore.lbug")[0]) == len(PEOPLE)


def test_a_large_pair_is_loaded_in_parts(place: Path) -> None:
    nodes = [Node(f"n{number:04d}", "T") for number in range(1000)]
    edges = [
        Edge(f"e{number:05d}", f"n{number % 7:04d}", f"n{number % 1000:04d}", "p", {"t": "x" * 900})
        for number in range(30_000)
    ]
    write(place, nodes, edges, buffer_bytes=128 * MIB, row_bytes=2 * MIB)
    assert_same(read(place)[1], edges)


def test_long_texts_get_the_pool_that_they_need(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ladybug, "DEFAULT_BUFFER_BYTES", 128 * MIB)
    monkeypatch.setattr(ladybug, "DEFAULT_READ_BYTES", 16 * MIB)
    nodes = [Node(f"n{number:03d}", "T", {"t": f"{number}" + "x" * MIB}) for number in range(60)]
    write(place, nodes, [])
    assert_same(read(place)[0], nodes)


def test_a_pool_that_was_asked_for_does_not_grow(place: Path) -> None:
    nodes = [Node(f"n{number:03d}", "T", {"t": f"{number}" + "x" * MIB}) for number in range(60)]
    store = ladybug.open_writer(place, buffer_bytes=128 * MIB)
    store.write_nodes(nodes)
    with pytest.raises(StoreRefused, match="buffer=2GiB"):
        store.finish({}, SILENT)
    store.abort()


def test_columns_that_come_late_reach_early_rows(place: Path) -> None:
    nodes = [
        Node(f"{number:03d}", "T", {f"p{number // 10}": number, "t": "x" * 500})
        for number in range(100)
    ]
    edges = [Edge(node.id, node.id, "000", "p", dict(node.properties)) for node in nodes]
    write(place, nodes, edges, row_bytes=8000)
    assert_same(read(place)[0], nodes)
    assert_same(read(place)[1], edges)


def test_a_killed_writer_leaves_no_store(place: Path) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from cogx.ports import Node
from cogx.progress import Silent
from cogx.stores import ladybug

class Killer(Silent):
    def advance(self, amount):
        os.kill(os.getpid(), signal.SIGKILL)

writer = ladybug.open_writer(Path(sys.argv[1]))
writer.write_nodes([Node(str(number), "T") for number in range(1000)])
writer.finish({}, Killer())
"""
    done = subprocess.run([sys.executable, "-c", code, str(place)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not place.exists()
    write(place, PEOPLE, JOBS)


@pytest.fixture
def held(people: Path) -> Iterator[Path]:
    """A store that another process has open for writing."""
    code = (
        "import ladybug, sys\n"
        "c = ladybug.Connection(ladybug.Database(sys.argv[1], buffer_pool_size=1 << 26))\n"
        "print('open', flush=True)\n"
        "for line in sys.stdin:\n"
        "    c.execute(line); print('done', flush=True)\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(people)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdin and other.stdout
    assert other.stdout.readline() == "open\n"
    store = ladybug.open_reader(people)
    nodes = store.iter_nodes()
    next(nodes)
    for line in ("MATCH (p:Person) SET p.name = 'X'", "CHECKPOINT"):
        other.stdin.write(line + "\n")
        other.stdin.flush()
        assert other.stdout.readline() == "done\n"
    with pytest.raises(StoreUnavailable, match="Try again"):
        list(nodes)
    store.close()
    yield people
    other.communicate()
    assert other.returncode == 0


def test_a_store_written_to_meanwhile_is_noticed(held: Path) -> None:
    assert held.exists()


def test_somebody_elses_database(place: Path) -> None:
    cypher(
        place,
        "CREATE NODE TABLE Person(name STRING PRIMARY KEY, age INT16, tall FLOAT, vec FLOAT[2])",
        "CREATE NODE TABLE Thing(nr SERIAL PRIMARY KEY, info STRUCT(a INT64, b STRING[]), "
        "m MAP(STRING, INT64), at TIMESTAMP_NS, big INT128, price DECIMAL(10, 2))",
        "CREATE NODE TABLE Pet(id STRING PRIMARY KEY, name STRING)",
        "CREATE REL TABLE owns(FROM Person TO Thing, FROM Person TO Pet, since DATE)",
        "CREATE REL TABLE likes(FROM Person TO Person, id STRING, w DOUBLE)",
        "CREATE (:Person {name: 'Ann', age: 3, tall: 1.5, vec: [1.0, 2.5]}), (:Person {name: 'B'})",
        "CREATE (:Thing {info: {a: 1, b: ['x']}, m: map(['k'], [2]), big: 7, price: 2.5, "
        "at: timestamp('2026-01-02 03:04:05.123456')})",
        "CREATE (:Pet {id: 'rex', name: 'Rex'})",
        "MATCH (a:Person {name: 'Ann'}), (b:Thing) "
        "CREATE (a)-[:owns {since: date('2026-01-02')}]->(b)",
        "MATCH (a:Person {name: 'Ann'}), (b:Pet) CREATE (a)-[:owns]->(b), (a)-[:owns]->(b)",
        "MATCH (a:Person {name: 'Ann'}), (b:Person {name: 'B'}) "
        "CREATE (a)-[:likes {id: 'l1', w: 1}]->(b), (b)-[:likes {id: 'l2'}]->(a)",
    )
    before = place.read_bytes()
    nodes, edges = read(place)
    thing = {
        "nr": 0,
        "info": {"a": 1, "b": ["x"]},
        "m": {"k": 2},
        "at": datetime(2026, 1, 2, 3, 4, 5, 123456),
        "big": 7,
    }
    by_id = {node.id: node for node in nodes}
    assert [node.id for node in nodes] == ["Ann", "B", "Thing:0", "rex"]
    assert by_id["Ann"].properties == {"name": "Ann", "age": 3, "tall": 1.5, "vec": [1.0, 2.5]}
    assert by_id["rex"] == Node("rex", "Pet", {"name": "Rex"})
    assert str(by_id["Thing:0"].properties.pop("price")) == "2.50"
    assert by_id["Thing:0"].properties == thing
    assert [(edge.id, edge.source, edge.target, edge.predicate) for edge in edges] == [
        ("Ann:owns:Thing:0:0", "Ann", "Thing:0", "owns"),
        ("Ann:owns:rex:0", "Ann", "rex", "owns"),
        ("Ann:owns:rex:1", "Ann", "rex", "owns"),
        ("l1", "Ann", "B", "likes"),
        ("l2", "B", "Ann", "likes"),
    ]
    assert edges[0].properties == {"since": date(2026, 1, 2)}
    assert read(place) == (nodes, edges) or str(nodes)
    assert place.read_bytes() == before


def test_equal_keys_in_somebody_elses_tables(place: Path) -> None:
    cypher(
        place,
        "CREATE NODE TABLE A(id STRING PRIMARY KEY)",
        "CREATE NODE TABLE B(id STRING PRIMARY KEY)",
        "CREATE NODE TABLE C(id STRING PRIMARY KEY)",
        "CREATE REL TABLE r(FROM A TO B, id STRING)",
        "CREATE (:A {id: 'x'}), (:B {id: 'x'}), (:C {id: 'y'})",
        "MATCH (a:A), (b:B) CREATE (a)-[:r {id: 'same'}]->(b), (a)-[:r {id: 'same'}]->(b)",
    )
    nodes, edges = read(place)
    assert [(node.id, node.properties) for node in nodes] == [
        ("A:x", {"id": "x"}),
        ("B:x", {"id": "x"}),
        ("y", {}),
    ]
    assert [(edge.id, edge.source, edge.target, edge.properties) for edge in edges] == [
        ("A:x:r:B:x:0", "A:x", "B:x", {"id": "same"}),
        ("A:x:r:B:x:1", "A:x", "B:x", {"id": "same"}),
    ]


_plain = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8)
)
_values = st.one_of(
    st.recursive(
        _plain,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=6,
    ),
    st.datetimes(),
    st.dates(),
    st.timedeltas(),
    st.binary(max_size=4),
    st.uuids(),
    st.decimals(allow_nan=False),
)
_properties = st.dictionaries(st.text(max_size=3), _values, max_size=4)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(st.tuples(st.text(max_size=3), _properties), max_size=12))
def test_any_graph_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, dict[str, Any]]]
) -> None:
    place = tmp_path_factory.mktemp("any") / "store"
    nodes = [Node(str(number), kind or "T", row) for number, (kind, row) in enumerate(rows)]
    edges = [
        Edge(str(number), str(number), str(len(rows) - 1 - number), kind or "p", row)
        for number, (kind, row) in enumerate(rows)
    ]
    write(place, nodes, edges, row_bytes=2000, buffer_bytes=128 * MIB)
    found_nodes, found_edges = read(place)
    assert_same(found_nodes, nodes)
    assert_same(found_edges, edges)
