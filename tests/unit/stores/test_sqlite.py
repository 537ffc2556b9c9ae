from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cogx.engine.export import export_graph
from cogx.engine.import_ import import_archive
from cogx.engine.verify import verify
from cogx.errors import BadSetting, NoSpace, StoreRefused, StoreUnavailable, UsageError
from cogx.ports import Edge, GraphReader, GraphUpdater, GraphWriter, Node
from cogx.progress import SILENT
from cogx.stores import sqlite
from cogx.stores.sqlite import layout
from cogx.testing.store_suite import StoreSuite, assert_same
from cogx.testing.updater_suite import UpdaterSuite
from tests.conformance.corpus import Vector, vectors_in


class TestSqlite(StoreSuite):
    def open_writer(self, place: Path) -> GraphWriter:
        return sqlite.open_writer(place)

    def open_reader(self, place: Path) -> GraphReader:
        return sqlite.open_reader(place)


class TestSqliteInLittleMemory(StoreSuite):
    """The same exam with a page cache that holds next to nothing."""

    def open_writer(self, place: Path) -> GraphWriter:
        return sqlite.open_writer(place, buffer_bytes=1)

    def open_reader(self, place: Path) -> GraphReader:
        return sqlite.open_reader(place, buffer_bytes=1)


class TestSqliteAgain(UpdaterSuite):
    def open_writer(self, place: Path) -> GraphWriter:
        return sqlite.open_writer(place)

    def open_reader(self, place: Path) -> GraphReader:
        return sqlite.open_reader(place)

    def open_updater(self, place: Path) -> GraphUpdater:
        return sqlite.open_updater(place)


class TestSqliteAgainInLittleMemory(TestSqliteAgain):
    """The same exam with pages that go to the file before the end."""

    @pytest.fixture(autouse=True)
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("cogx.stores.sqlite.database.WAIT_S", 0.01)

    def open_updater(self, place: Path) -> GraphUpdater:
        return sqlite.open_updater(place, buffer_bytes=1)


PEOPLE = [
    Node("acme", "Firm", {"name": "Acme"}, {"kind": "entity"}, ("Company",)),
    Node("ann", "Person", {"name": "Ann Lee", "age": 41, "born": date(1985, 2, 3), "no": None}),
    Node("bob", "Person", {"name": "Bob", "big": 2**70, "nick": ["B", "Bo"]}),
]
JOBS = [
    Edge("j1", "ann", "acme", "works at", {"since": 2020, "fact_text": "Ann builds boats"}),
    Edge("j2", "bob", "acme", "works at", {"since": 2021}),
    Edge("k1", "ann", "bob", "knows"),
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "graph.sqlite"


@pytest.fixture
def people(place: Path) -> Path:
    write(place, PEOPLE, JOBS)
    return place


def write(place: Path, nodes: list[Node], edges: list[Edge]) -> None:
    store = sqlite.open_writer(place)
    try:
        store.write_nodes(nodes)
        store.write_edges(edges)
        store.finish({"from": "test"}, SILENT)
    finally:
        store.abort()


def read(place: Path) -> tuple[list[Node], list[Edge]]:
    with closing(sqlite.open_reader(place)) as store:
        return list(store.iter_nodes()), list(store.iter_edges())


def sql(place: Path, *statements: str) -> list[Any]:
    rows: list[Any] = []
    with closing(sqlite3.connect(place)) as database:
        for statement in statements:
            rows = database.execute(statement).fetchall()
        database.commit()
    return rows


def listing(place: Path) -> list[str]:
    return sorted(path.name for path in place.parent.iterdir())


def test_sql_reads_properties_plainly(people: Path) -> None:
    query = (
        "SELECT name, json_extract(properties, '$.age') + 1, "
        "json_extract(properties, '$.born.value') FROM nodes WHERE type = 'Person' ORDER BY id"
    )
    assert sql(people, query) == [("Ann Lee", 42, "1985-02-03"), ("Bob", None, None)]
    assert sql(people, "SELECT labels FROM nodes WHERE id = 'acme'") == [('["Company"]',)]


def test_the_view_of_facts_shows_names(people: Path) -> None:
    query = "SELECT source_name, predicate, target_name FROM facts ORDER BY id"
    assert sql(people, query) == [
        ("Ann Lee", "works at", "Acme"),
        ("Bob", "works at", "Acme"),
        ("Ann Lee", "knows", "Bob"),
    ]


def found_nodes(place: Path, words: str) -> list[Any]:
    query = "SELECT id FROM nodes WHERE rowid IN (SELECT rowid FROM nodes_fts WHERE nodes_fts "
    return sql(place, f"{query} MATCH '{words}') ORDER BY id")


def test_names_and_texts_are_searched_also_after_changes(people: Path) -> None:
    assert found_nodes(people, "lee") == [("ann",)]
    sql(
        people,
        "UPDATE nodes SET properties = json_set(properties, '$.name', 'Ann Ruiz') WHERE id = 'ann'",
        "INSERT INTO nodes (id, type, properties) VALUES ('new', 'Person', '{\"name\": \"Lee\"}')",
        "DELETE FROM nodes WHERE id = 'bob'",
    )
    assert found_nodes(people, "lee") == [("new",)]
    assert found_nodes(people, "ruiz OR bob") == [("ann",)]
    query = "SELECT id FROM edges WHERE rowid IN (SELECT rowid FROM edges_fts('boats'))"
    assert sql(people, query) == [("j1",)]


def test_a_build_without_fts_does_without(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    absent = ("CREATE VIRTUAL TABLE x USING fts5_is_not_built_in(a)",)
    monkeypatch.setattr(layout, "search", lambda *_: absent)
    write(place, PEOPLE, JOBS)
    assert_same(read(place)[0], PEOPLE)


def test_datasette_and_query_planner_find_what_they_look_for(people: Path) -> None:
    assert sql(people, "PRAGMA integrity_check") == [("ok",)]
    assert sql(people, "PRAGMA foreign_key_check") == []
    (made,) = sql(people, "SELECT sql FROM sqlite_schema WHERE name = 'nodes_fts'")
    assert 'content="nodes"' in made[0]
    for column in ("source", "target", "predicate", "id"):
        plan = sql(people, f"EXPLAIN QUERY PLAN SELECT 1 FROM edges WHERE {column} = 'x'")
        assert f"edges_{column}" in plan[0][3]


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("json_set(properties, '$.age', 42)", {"age": 42}),
        ("json_set(properties, '$.age', 42.0)", {"age": 42.0}),
        ("json_set(properties, '$.name', 'Anna')", {"name": "Anna"}),
        ("json_set(properties, '$.no', json('[1, 2]'))", {"no": [1, 2]}),
        ("json_set(properties, '$.born.value', '1990-01-01')", {"born": date(1990, 1, 1)}),
        ("json_remove(properties, '$.age')", {"age": ...}),
    ],
)
def test_a_change_in_sql_shows_as_itself(people: Path, change: str, value: dict[str, Any]) -> None:
    before, edges_before = read(people)
    sql(people, f"UPDATE nodes SET properties = {change} WHERE id = 'ann'")
    after, edges_after = read(people)
    changed = before[1].properties | value
    before[1].properties = {name: item for name, item in changed.items() if item is not ...}
    assert_same(after, before)
    assert_same(edges_after, edges_before)


def test_verify_names_exactly_the_property_that_sql_changed(tmp_path: Path) -> None:
    archive, store = str(tmp_path / "a.tar"), f"sqlite:{tmp_path / 's'}"
    write(tmp_path / "first", PEOPLE, JOBS)
    export_graph(f"sqlite:{tmp_path / 'first'}", archive)
    import_archive(archive, store)
    assert verify(archive, store).equal
    sql(
        tmp_path / "s",
        "UPDATE nodes SET properties = json_set(properties, '$.big', 7) WHERE id = 'bob'",
        "UPDATE edges SET properties = json_set(properties, '$.since', 1999) WHERE id = 'j1'",
    )
    comparison = verify(archive, store)
    assert [(d.what, d.kind, d.id, d.fields) for d in comparison.differences] == [
        ("changed", "entity", "bob", {"attributes.big": (2**70, 7)}),
        ("changed", "fact", "j1", {"metadata.since": (2020, 1999)}),
    ]


def test_rows_and_columns_that_people_add_are_read(people: Path) -> None:
    sql(
        people,
        "ALTER TABLE nodes ADD COLUMN 'the \"mood\"' TEXT",
        "ALTER TABLE edges ADD COLUMN weight REAL",
        "UPDATE nodes SET 'the \"mood\"' = 'glad' WHERE id = 'ann'",
        "UPDATE edges SET weight = 0.5 WHERE id = 'k1'",
        "INSERT INTO nodes (id, type) VALUES ('new', 'Town')",
        "INSERT INTO edges (id, source, target, predicate) VALUES ('z', 'ann', 'new', 'likes')",
    )
    nodes, edges = read(people)
    assert nodes[1].properties['the "mood"'] == "glad"
    assert nodes[-1] == Node("new", "Town")
    assert edges[2].properties == {"weight": 0.5}
    assert edges[-1] == Edge("z", "ann", "new", "likes")


@pytest.mark.parametrize("value", ["'oops'", "'[1]'", "NULL", "'1'"])
def test_sql_cannot_make_properties_something_else(people: Path, value: str) -> None:
    with pytest.raises(sqlite3.Error):
        sql(people, f"UPDATE nodes SET properties = {value} WHERE id = 'ann'")


@pytest.mark.parametrize(
    "change",
    [
        "nodes SET _cogx = 'oops'",
        "nodes SET _cogx = '{\"rest\": 3}'",
        "nodes SET _cogx = '{\"kind\": 3}'",
        "nodes SET labels = '3'",
        "nodes SET type = x'00'",
        "nodes SET id = x'00'",
        "nodes SET type = cast(x'ff' AS TEXT)",
        "nodes SET properties = json_set(properties, '$.age', json('{\"$cogx\": \"date\"}'))",
    ],
)
def test_a_cell_that_cannot_be_read_is_refused(people: Path, change: str) -> None:
    sql(people, f"UPDATE {change} WHERE id = 'ann'")
    with pytest.raises(StoreRefused):
        read(people)


def test_a_dropped_column_is_refused(people: Path) -> None:
    sql(people, "ALTER TABLE edges DROP COLUMN _cogx")
    with pytest.raises(StoreRefused, match="_cogx"):
        sqlite.open_reader(people)


def test_a_newer_layout_is_refused(people: Path) -> None:
    sql(people, "UPDATE _cogx_meta SET value = '2' WHERE key = 'schema_version'")
    with pytest.raises(StoreRefused, match="Upgrade cogx"):
        sqlite.open_reader(people)
    sql(people, "DELETE FROM _cogx_meta")
    with pytest.raises(StoreRefused, match="schema_version"):
        sqlite.open_reader(people)


def test_a_damaged_header_is_refused(people: Path) -> None:
    sql(people, "UPDATE _cogx_meta SET value = '[' WHERE key = 'header'")
    with closing(sqlite.open_reader(people)) as store, pytest.raises(StoreRefused):
        store.header()


def test_reading_changes_no_byte(people: Path) -> None:
    before = people.read_bytes(), people.stat().st_mtime_ns
    with closing(sqlite.open_reader(people)) as store:
        assert store.counts() == (3, 3)
        assert store.header() == {"from": "test"}
        list(store.iter_nodes())
        list(store.iter_edges())
    assert (people.read_bytes(), people.stat().st_mtime_ns) == before
    assert listing(people) == [people.name]


def test_a_store_in_wal_mode_is_read_without_a_trace(people: Path) -> None:
    sql(people, "PRAGMA journal_mode = WAL")
    before = people.read_bytes()
    with closing(sqlite.open_reader(people)) as store:
        nodes = store.iter_nodes()
        next(nodes)
        assert listing(people) == [people.name]
        assert people.read_bytes() == before
        sql(people, "UPDATE nodes SET type = 'Changed'")
        with pytest.raises(StoreUnavailable, match="written to"):
            list(nodes)


def test_a_store_in_wal_mode_shows_what_is_not_yet_in_the_file(people: Path) -> None:
    with closing(sqlite3.connect(people, isolation_level=None)) as writing:
        writing.execute("PRAGMA journal_mode = WAL")
        writing.execute("UPDATE nodes SET type = 'Changed'")
        before = people.read_bytes()
        assert {node.type for node in read(people)[0]} == {"Changed"}
        assert people.read_bytes() == before


def test_a_reader_sees_one_state(people: Path) -> None:
    with closing(sqlite.open_reader(people)) as store, closing(sqlite3.connect(people)) as other:
        nodes = store.iter_nodes()
        next(nodes)
        other.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            sql_now(other, "UPDATE nodes SET type = 'Changed'")
        assert [node.type for node in nodes] == ["Person", "Person"]
    sql(people, "UPDATE nodes SET type = 'Changed'")


def sql_now(database: sqlite3.Connection, statement: str) -> None:
    database.execute(statement)
    database.commit()


def test_a_store_that_another_process_writes_to_is_unavailable(
    people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cogx.stores.sqlite.database.WAIT_S", 0.01)
    with closing(sqlite3.connect(people, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailable, match="in use"):
            sqlite.open_reader(people)


def test_what_a_dead_process_left_is_taken_back(people: Path) -> None:
    code = (
        "import os, sqlite3, sys\n"
        "d = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "d.execute('PRAGMA cache_size = 1'); d.execute('PRAGMA cache_spill = 1')\n"
        "d.execute('BEGIN')\n"
        "for n in range(2000):\n"
        "    d.execute('INSERT INTO nodes (id, type) VALUES (?, ?)', (str(n), 'T' * 500))\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(people)], check=True)
    assert listing(people) == [people.name, f"{people.name}-journal"]
    with pytest.raises(StoreRefused, match="sqlite3 shell"):
        read(people)
    assert not sqlite.is_vacant(people)
    assert listing(people) == [people.name]
    assert_same(read(people)[0], PEOPLE)


def test_a_journal_that_had_come_to_nothing_is_removed_by_a_rollback(people: Path) -> None:
    people.with_name(f"{people.name}-journal").write_bytes(bytes(512))
    sqlite.rollback(people)
    assert listing(people) == [people.name]
    assert_same(read(people)[0], PEOPLE)


def test_a_rollback_leaves_the_journal_of_a_living_writer(
    people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cogx.stores.sqlite.database.WAIT_S", 0.01)
    with closing(sqlite3.connect(people, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM edges")
        sqlite.rollback(people)
        assert listing(people) == [people.name, f"{people.name}-journal"]
        other.execute("COMMIT")
    assert read(people)[1] == []


def test_stubs_are_not_counted(place: Path) -> None:
    write(place, [Node("a", "T"), Node("b", "Stub", {}, {"stub": True})], [])
    with closing(sqlite.open_reader(place)) as store:
        assert store.counts() == (1, 0)


def test_a_store_with_nodes_is_not_written_over(people: Path) -> None:
    digest = hashlib.sha256(people.read_bytes()).digest()
    with pytest.raises(StoreRefused, match="holds a graph already"):
        sqlite.open_writer(people)
    assert hashlib.sha256(people.read_bytes()).digest() == digest


def test_an_empty_store_is_replaced(place: Path) -> None:
    place.touch()
    write(place, [], [])
    write(place, PEOPLE, JOBS)
    assert_same(read(place)[0], PEOPLE)


def test_a_store_that_appeared_meanwhile_is_not_written_over(place: Path) -> None:
    late = sqlite.open_writer(place)
    late.write_nodes([Node("late", "T")])
    other = place.with_name("other")
    write(other, PEOPLE, JOBS)
    other.rename(place)
    with pytest.raises(StoreRefused, match="by somebody else meanwhile"):
        late.finish({}, SILENT)
    late.abort()
    assert listing(place) == [place.name]
    assert_same(read(place)[0], PEOPLE)


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"no database" * 1000)
    foreign = tmp_path / "foreign.db"
    sql(foreign, "CREATE TABLE nodes (id TEXT)")
    for path in (garbage, foreign, tmp_path, tmp_path / "absent"):
        with pytest.raises(StoreRefused):
            sqlite.open_reader(path)
    for path in (garbage, foreign, tmp_path):
        with pytest.raises(StoreRefused):
            sqlite.open_writer(path)
    with pytest.raises(StoreRefused, match="not one that cogx made"):
        sqlite.open_reader(foreign)
    with pytest.raises(StoreRefused, match="somebody else"):
        sqlite.open_writer(foreign)
    with pytest.raises(BadSetting):
        sqlite.open_writer(tmp_path / "absent" / "store")


def test_a_damaged_file_is_refused(people: Path) -> None:
    data = bytearray(people.read_bytes())
    data[8192:] = b"\xff" * (len(data) - 8192)
    people.write_bytes(data)
    with pytest.raises(StoreRefused):
        read(people)


def test_an_id_that_came_twice_is_refused(place: Path) -> None:
    store = sqlite.open_writer(place)
    with pytest.raises(StoreRefused, match="'x'"):
        store.write_nodes([Node("w", "T"), Node("x", "T"), Node("x", "U"), Node("y", "T")])
    store.abort()
    assert listing(place) == []


def test_edges_may_not_share_an_id(place: Path) -> None:
    edges = [Edge("e", "ann", "bob", "knows", {"n": number}) for number in range(3)]
    with pytest.raises(StoreRefused, match="Two edges have the id 'e'"):
        write(place, PEOPLE, edges)
    assert listing(place) == []


@pytest.mark.parametrize("ends", [("ann", "gone"), ("gone", "ann")])
def test_an_edge_without_an_end_is_refused(place: Path, ends: tuple[str, str]) -> None:
    with pytest.raises(StoreRefused, match="'e' ends in 'gone'"):
        write(place, PEOPLE, [Edge("e", *ends, "p")])
    assert listing(place) == []


def test_order_of_calls_is_checked(place: Path) -> None:
    store = sqlite.open_writer(place)
    store.write_edges([])
    with pytest.raises(UsageError):
        store.write_nodes([Node("x", "T")])
    store.finish({}, SILENT)
    with pytest.raises(UsageError):
        store.finish({}, SILENT)
    store.abort()
    assert place.exists()


@pytest.mark.parametrize(
    "node",
    [
        Node("x", "T", {"p": "\ud800"}),
        Node("\ud800", "T"),
        Node("x", "\ud800"),
        Node("x", "T", {}, {"r": "\ud800"}),
        Node("x", "T", {}, None, ("\ud800",)),
        Node("x", "T", {"p": {"\ud800": 1}}),
        Node("x", "T", {"p": object()}),
        Node("x", "T", {"p": {1: 2}}),
    ],
)
def test_what_json_cannot_say_is_refused(place: Path, node: Node) -> None:
    with pytest.raises(StoreRefused):
        write(place, [node], [])
    assert listing(place) == []


def test_a_full_disk_is_named(place: Path) -> None:
    store = sqlite.open_writer(place)
    store._database.execute("PRAGMA max_page_count = 20")
    with pytest.raises(NoSpace, match="Nothing was written"):
        store.write_nodes(Node(str(number), "T", {"t": "x" * 900}) for number in range(1000))
    store.abort()
    assert listing(place) == []


def test_an_error_of_the_caller_stays_what_it_is(place: Path) -> None:
    def failing() -> Any:
        yield Node("x", "T")
        raise OSError("theirs")

    store = sqlite.open_writer(place)
    with pytest.raises(OSError, match="theirs"):
        store.write_nodes(failing())
    store.abort()


def test_odd_paths_can_be_written_to(tmp_path: Path) -> None:
    directory = tmp_path / 'it\'s [a] "path"? *é\\ {x}#%41'
    directory.mkdir()
    write(directory / "st'ore?mode=rw#.db", PEOPLE, JOBS)
    assert listing(directory / "x") == ["st'ore?mode=rw#.db"]
    assert_same(read(directory / "st'ore?mode=rw#.db")[0], PEOPLE)


def test_a_killed_writer_leaves_no_store(place: Path) -> None:
    code = """
import os, signal, sys
from cogx.ports import Node
from cogx.progress import Silent
from cogx.stores import sqlite

class Killer(Silent):
    def advance(self, amount):
        os.kill(os.getpid(), signal.SIGKILL)

writer = sqlite.open_writer(sys.argv[1])
writer.write_nodes([Node(str(number), "T") for number in range(1000)])
writer.finish({}, Killer())
"""
    done = subprocess.run([sys.executable, "-c", code, str(place)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not place.exists()
    write(place, PEOPLE, JOBS)


def test_the_store_has_the_permissions_that_the_user_asks_for(place: Path) -> None:
    before = os.umask(0o027)
    try:
        write(place, PEOPLE, JOBS)
    finally:
        os.umask(before)
    assert place.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("vector", vectors_in("good", "warn"), ids=lambda vector: vector.path)
def test_every_valid_vector_comes_back_equal(vector: Vector, tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'store'}"
    receipt = import_archive(vector.source, store, allow_empty=True)
    assert receipt.losses == {}
    comparison = verify(vector.source, store)
    assert comparison.equal, comparison.differences


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
