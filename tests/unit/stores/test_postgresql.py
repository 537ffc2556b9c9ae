from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cogx.engine.export import export_graph
from cogx.engine.import_ import import_archive
from cogx.engine.verify import verify
from cogx.errors import (
    BadSetting,
    CogxError,
    MissingExtra,
    StoreBusy,
    StoreRefused,
    StoreUnavailable,
    UsageError,
)
from cogx.ports import Edge, GraphReader, GraphUpdater, GraphWriter, Node
from cogx.progress import SILENT
from cogx.stores import postgresql
from cogx.stores.postgresql.updater import PostgresUpdater
from cogx.testing.store_suite import VALUES, StoreSuite, assert_same, value_node
from cogx.testing.updater_suite import UpdaterSuite
from tests.conformance.corpus import Vector, vectors_in
from tests.unit.stores.postgresql_server import PASSWORD, schema_of, sql, uri


class TestPostgresql(StoreSuite):
    """The exam; a place is a schema, and nothing is a file."""

    def open_writer(self, place: Path) -> GraphWriter:
        return postgresql.open_writer(uri(), schema=schema_of(place))

    def open_reader(self, place: Path) -> GraphReader:
        return postgresql.open_reader(uri(), schema=schema_of(place))

    def test_nothing_shows_before_the_end(self, place: Path) -> None:
        writer = self.open_writer(place)
        writer.write_nodes([Node("a", "T")])
        writer.write_edges([Edge("e", "a", "a", "p")])
        assert tables(schema_of(place)) == []
        writer.abort()

    def test_abort_leaves_nothing(self, place: Path) -> None:
        writer = self.open_writer(place)
        writer.write_nodes([Node("a", "T", {"p": 1})])
        writer.abort()
        writer.abort()
        assert sql("public", f"SELECT to_regnamespace('{schema_of(place)}')") == [(None,)]
        self.check(place, [Node("b", "T")])

    def test_a_finished_store_leaves_nothing_else(self, place: Path) -> None:
        self.write(place, [Node("a", "T")], [Edge("e", "a", "a", "p")])
        assert tables(schema_of(place)) == ["_cogx_meta", "edges", "facts", "nodes"]


class TestUpdaterOfNothing(StoreSuite):
    """The same exam for what an updater writes where no store is."""

    def open_writer(self, place: Path) -> GraphWriter:
        return begun(schema_of(place))

    def open_reader(self, place: Path) -> GraphReader:
        return postgresql.open_reader(uri(), schema=schema_of(place))

    # A shape of tables that no value bends: once is enough.
    test_first_value_does_not_bend_the_others = None  # type: ignore[assignment]
    test_nothing_shows_before_the_end = TestPostgresql.test_nothing_shows_before_the_end
    test_abort_leaves_nothing = TestPostgresql.test_abort_leaves_nothing
    test_a_finished_store_leaves_nothing_else = (
        TestPostgresql.test_a_finished_store_leaves_nothing_else
    )


class TestPostgresqlAgain(UpdaterSuite):
    """The exam of stores that can be written to again; a place is a schema."""

    def open_writer(self, place: Path) -> GraphWriter:
        return postgresql.open_writer(uri(), schema=schema_of(place))

    def open_reader(self, place: Path) -> GraphReader:
        return postgresql.open_reader(uri(), schema=schema_of(place))

    def open_updater(self, place: Path) -> GraphUpdater:
        return postgresql.open_updater(uri(), schema=schema_of(place))

    def state(self, place: Path) -> Any:
        """Where each row lies tells whether it was written again."""
        name = schema_of(place)
        return [
            sql(name, f'SELECT ctid::text, t::text FROM "{table}" t ORDER BY 2')
            for table in ("nodes", "edges", "_cogx_meta")
        ]


PEOPLE = [
    Node("acme", "Firm", {"name": "Acme"}, {"kind": "entity"}, ("Company",)),
    Node("ann", "Person", {"name": "Ann Lee", "age": 41, "born": date(1985, 2, 3), "no": None}),
    Node("bob", "Person", {"name": "Bob", "big": 2**70, "minus": -0.0, "nul": "\x00"}),
]
JOBS = [
    Edge("j1", "ann", "acme", "works at", {"since": 2020, "fact_text": "Ann builds boats"}),
    Edge("j2", "bob", "acme", "works at", {"since": 2021}),
    Edge("k1", "ann", "bob", "knows"),
]


@pytest.fixture
def schema(tmp_path: Path) -> str:
    return schema_of(tmp_path)


@pytest.fixture
def people(schema: str) -> str:
    write(schema, PEOPLE, JOBS)
    return schema


def write(schema: str, nodes: list[Node], edges: list[Edge]) -> None:
    store = postgresql.open_writer(uri(), schema=schema)
    try:
        store.write_nodes(nodes)
        store.write_edges(edges)
        store.finish({"from": "test"}, SILENT)
    finally:
        store.abort()


def read(schema: str) -> tuple[list[Node], list[Edge]]:
    with closing(postgresql.open_reader(uri(), schema=schema)) as store:
        return list(store.iter_nodes()), list(store.iter_edges())


def begun(schema: str) -> PostgresUpdater:
    updater = postgresql.open_updater(uri(), schema=schema)
    try:
        updater.begin("0" * 64)
    except BaseException:
        updater.abort()
        raise
    return updater


def update(schema: str, nodes: list[Node], edges: list[Edge]) -> None:
    with closing_by_abort(begun(schema)) as updater:
        updater.write_nodes(nodes)
        updater.write_edges(edges)
        updater.finish({"from": "update"}, SILENT)


class closing_by_abort:  # noqa: N801 - like closing
    def __init__(self, writer: GraphWriter) -> None:
        self.writer = writer

    def __enter__(self) -> Any:
        return self.writer

    def __exit__(self, *_: object) -> None:
        self.writer.abort()


def tables(schema: str) -> list[str]:
    query = f"SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('{schema}')"
    return [name for (name,) in sql("public", f"{query} AND relkind <> 'i' ORDER BY relname")]


# What a person sees and changes


def test_sql_reads_properties_plainly(people: str) -> None:
    query = (
        "SELECT properties->>'name', (properties->>'age')::int + 1, properties->'born'->>'value' "
        "FROM nodes WHERE type = 'Person' ORDER BY id"
    )
    assert sql(people, query) == [("Ann Lee", 42, "1985-02-03"), ("Bob", None, None)]
    assert sql(people, "SELECT id FROM nodes WHERE 'Company' = ANY(labels)") == [("acme",)]


def test_the_view_of_facts_shows_names(people: str) -> None:
    query = "SELECT source_name, predicate, target_name, fact_text FROM facts ORDER BY id"
    assert sql(people, query) == [
        ("Ann Lee", "works at", "Acme", "Ann builds boats"),
        ("Bob", "works at", "Acme", None),
        ("Ann Lee", "knows", "Bob", None),
    ]


def test_floats_show_as_the_numbers_they_are(schema: str) -> None:
    write(schema, [Node("a", "T", {"huge": 1.5e300, "tiny": 5e-324, "whole": 3.0})], [])
    query = "SELECT properties->'huge' = to_jsonb(1.5e300), properties->>'whole' FROM nodes"
    assert sql(schema, query) == [(True, "3.0")]


def test_the_planner_finds_what_people_look_for(people: str) -> None:
    conditions = {
        "edges_source": "edges WHERE source = 'x'",
        "edges_target": "edges WHERE target = 'x'",
        "edges_predicate": "edges WHERE predicate = 'x'",
        "nodes_type": "nodes WHERE type = 'x'",
        "nodes_properties": """nodes WHERE properties @> '{"name": "Bob"}'""",
    }
    for index, condition in conditions.items():
        plan = sql(people, "SET enable_seqscan = off", f"EXPLAIN SELECT 1 FROM {condition}")
        assert any(index in line for (line,) in plan), plan


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("jsonb_set(properties, '{age}', '42')", {"age": 42}),
        ("jsonb_set(properties, '{age}', '42.0')", {"age": 42.0}),
        ("jsonb_set(properties, '{name}', '\"Anna\"')", {"name": "Anna"}),
        ("jsonb_set(properties, '{no}', '[1, 2]')", {"no": [1, 2]}),
        ("jsonb_set(properties, '{born,value}', '\"1990-01-01\"')", {"born": date(1990, 1, 1)}),
        ("properties - 'age'", {"age": ...}),
    ],
)
def test_a_change_in_sql_shows_as_itself(people: str, change: str, value: dict[str, Any]) -> None:
    before, edges_before = read(people)
    sql(people, f"UPDATE nodes SET properties = {change} WHERE id = 'ann'")
    after, edges_after = read(people)
    changed = before[1].properties | value
    before[1].properties = {name: item for name, item in changed.items() if item is not ...}
    assert_same(after, before)
    assert_same(edges_after, edges_before)


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("jsonb_set(properties, '{minus}', '0')", 0),
        ("jsonb_set(properties, '{minus}', '0.5')", 0.5),
        ("jsonb_set(properties, '{minus}', '[0.0]')", [0.0]),
        ("jsonb_set(properties, '{minus}', 'null')", None),
    ],
)
def test_what_stood_beside_a_changed_number_no_longer_counts(
    people: str, change: str, value: Any
) -> None:
    sql(people, f"UPDATE nodes SET properties = {change} WHERE id = 'bob'")
    expected = Node("bob", "Person", PEOPLE[2].properties | {"minus": value})
    assert_same(read(people)[0][2:], [expected])


def test_negative_zeros_are_kept_wherever_they_stand(schema: str) -> None:
    deep = {"a": [0.0, -0.0, {"\x00": -0.0, "$cogx": [-0.0]}], "b": -0.05, "c": "-0.0,"}
    nodes = [Node("a", "T", {"deep": deep, "flat": -0.0}, {"rest": [-0.0, 0.0]}), Node("b", "T")]
    write(
        schema, nodes, [Edge("e", "a", "b", "p", {"w": -0.0}), Edge("f", "a", "b", "p", {}, deep)]
    )
    found, edges = read(schema)
    assert_same(found, nodes)
    assert_same(edges[1:], [Edge("f", "a", "b", "p", {}, deep)])
    assert str(edges[0].properties) == "{'w': -0.0}"


def test_nul_and_its_escape_are_told_apart(schema: str) -> None:
    texts = ["\x00", "\x01", "\x01\x01", "\x01\x02", "\x00\x01", "\x01\x00", "\\u0000", "\\\x00"]
    nodes = [Node(text, text, {text: text, "list": texts}, {text: text}, (text,)) for text in texts]
    edges = [Edge(text, text, texts[0], text, {text: {text: text}}) for text in texts]
    write(schema, nodes, edges)
    found = read(schema)
    assert_same(found[0], nodes)
    assert_same(found[1], edges)


def test_rows_and_columns_that_people_add_are_read(people: str) -> None:
    sql(
        people,
        "ALTER TABLE nodes ADD COLUMN \"the 'mood'\" text, ADD seen timestamptz, ADD cost numeric",
        "ALTER TABLE nodes ADD tags text[], ADD span int4range, ADD number int GENERATED ALWAYS "
        "AS IDENTITY",
        "ALTER TABLE edges ADD COLUMN weight float8, ADD COLUMN predicate_2 text "
        "GENERATED ALWAYS AS (upper(predicate)) STORED",
        "UPDATE nodes SET \"the 'mood'\" = 'glad', seen = '2026-01-02 03:04+05', cost = 1.50, "
        "tags = '{a,b}', span = '[1,5)' WHERE id = 'ann'",
        "UPDATE edges SET weight = 0.5 WHERE id = 'k1'",
        "INSERT INTO nodes (id, type) VALUES ('new', 'Town')",
        "INSERT INTO edges (id, source, target, predicate) VALUES ('z', 'ann', 'new', 'likes')",
    )
    nodes, edges = read(people)
    added = {
        "the 'mood'": "glad",
        "seen": datetime(2026, 1, 1, 22, 4, tzinfo=UTC),
        "cost": Decimal("1.50"),
        "tags": ["a", "b"],
        "span": "[1,5)",
    }
    assert_same(nodes[1:2], [Node("ann", "Person", PEOPLE[1].properties | added)])
    assert nodes[-1] == Node("new", "Town")
    assert edges[2].properties == {"weight": 0.5}
    assert edges[-1] == Edge("z", "ann", "new", "likes")


@pytest.mark.parametrize("value", ["'\"oops\"'", "'[1]'", "NULL", "'1'"])
def test_sql_cannot_make_properties_something_else(people: str, value: str) -> None:
    with pytest.raises(psycopg.Error):
        sql(people, f"UPDATE nodes SET properties = {value} WHERE id = 'ann'")


@pytest.mark.parametrize(
    "change",
    [
        "_cogx = '\"oops\"'",
        "_cogx = '{\"rest\": 3}'",
        "_cogx = '{\"kind\": 3}'",
        "_cogx = '{\"negative_zeros\": [3]}'",
        "labels = '{NULL}'",
        "labels = '{{a},{b}}'",
        "type = E'\\x01'",
        "id = E'x\\x01y'",
        "properties = jsonb_set(properties, '{age}', '{\"$cogx\": \"date\"}')",
    ],
)
def test_a_cell_that_cannot_be_read_is_refused(schema: str, change: str) -> None:
    write(schema, PEOPLE, [])
    sql(schema, f"UPDATE nodes SET {change} WHERE id = 'ann'")
    with pytest.raises(StoreRefused, match=r"ann|x\\x01y"):
        read(schema)


def test_an_added_date_that_python_cannot_say_is_refused(people: str) -> None:
    sql(people, "ALTER TABLE nodes ADD seen date", "UPDATE nodes SET seen = 'infinity'")
    with pytest.raises(StoreRefused, match="date"):
        read(people)


# What is refused, and what it says


def test_a_store_that_lost_something_is_refused(people: str) -> None:
    sql(people, "ALTER TABLE edges DROP COLUMN _cogx")
    with pytest.raises(StoreRefused, match="_cogx"):
        read(people)
    sql(people, "DROP TABLE edges CASCADE")
    with pytest.raises(StoreRefused, match="'edges'"):
        read(people)


def test_a_newer_layout_is_refused(people: str) -> None:
    sql(people, "UPDATE _cogx_meta SET value = '2' WHERE key = 'schema_version'")
    with pytest.raises(StoreRefused, match="Upgrade cogx"):
        read(people)
    with pytest.raises(StoreRefused, match="Upgrade cogx"):
        update(people, [], [])
    sql(people, "DELETE FROM _cogx_meta")
    with pytest.raises(StoreRefused, match="schema_version"):
        read(people)


def test_a_damaged_header_is_refused(people: str) -> None:
    sql(people, "UPDATE _cogx_meta SET value = '[' WHERE key = 'header'")
    with (
        closing(postgresql.open_reader(uri(), schema=people)) as store,
        pytest.raises(StoreRefused, match="header"),
    ):
        store.header()


def test_a_schema_of_somebody_else_is_left_alone(schema: str) -> None:
    sql("public", f"CREATE SCHEMA {schema}", f"CREATE TABLE {schema}.nodes (id text)")
    for opened in (postgresql.open_reader, postgresql.open_writer, postgresql.is_vacant):
        with pytest.raises(StoreRefused, match="not those of a store of cogx"):
            opened(uri(), schema=schema)
    with pytest.raises(StoreRefused, match="not those of a store of cogx"):
        update(schema, [], [])
    assert tables(schema) == ["nodes"]


def test_what_is_not_there_cannot_be_read(schema: str) -> None:
    with pytest.raises(StoreRefused, match="There is no store"):
        postgresql.open_reader(uri(), schema=schema)
    with pytest.raises(StoreRefused, match="absent"):
        postgresql.open_reader(uri(database="absent"), schema=schema)
    with pytest.raises(StoreRefused, match="nobody_here"):
        postgresql.open_reader(uri("nobody_here"), schema=schema)


def test_a_store_with_nodes_is_not_written_over(people: str) -> None:
    with pytest.raises(StoreRefused, match="holds a graph already"):
        postgresql.open_writer(uri(), schema=people)
    assert_same(read(people)[0], PEOPLE)


def test_vacant_is_what_has_no_nodes(schema: str) -> None:
    assert postgresql.is_vacant(uri(), schema=schema)
    sql("public", f"CREATE SCHEMA {schema}")
    assert postgresql.is_vacant(uri(), schema=schema)
    write(schema, [], [])
    assert postgresql.is_vacant(uri(), schema=schema)
    write(schema, PEOPLE, JOBS)
    assert not postgresql.is_vacant(uri(), schema=schema)
    assert_same(read(schema)[1], JOBS)


@pytest.mark.parametrize(
    "given",
    [
        "postgresql://ann:hunter2@localhost/db",
        "postgresql://ann:hunter2/x@localhost/db",
        "postgresql://ann@localhost/db?password=hunter2",
        "postgresql://ann@localhost/db?p%61ssword=hunter2",
        "postgresql://ann@localhost/db?sslpassword=hunter2",
        "postgresql://ann:hunter2@localhost:port/db",
        "postgresql://ann:hunter2:2@[localhost/db",
        "postgresql:///db?nonsense=hunter2",
        "host=localhost password=hunter2",
    ],
)
def test_a_password_in_the_uri_is_refused_and_not_repeated(given: str) -> None:
    for opened in (postgresql.open_reader, postgresql.open_writer, postgresql.open_updater):
        with pytest.raises(BadSetting) as caught:
            opened(given)
        assert "hunter2" not in f"{caught.value}{caught.value.context}"
        # Not shown by a traceback either.
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_the_text_of_a_refused_password_names_the_ways() -> None:
    with pytest.raises(BadSetting, match="process list") as caught:
        postgresql.open_reader("postgresql://ann:hunter2@localhost/db")
    for way in ("COGX_STORE_PASSWORD", "PGPASSWORD", "~/.pgpass"):
        assert way in str(caught.value)


@pytest.mark.parametrize("schema", ["", "x" * 64, "é" * 32, "pg_toast", "a\x00"])
def test_a_name_that_no_schema_has_is_refused(schema: str) -> None:
    with pytest.raises(BadSetting, match="schema"):
        postgresql.open_reader(uri(), schema=schema)


def test_odd_schema_names_are_taken_as_they_are(tmp_path: Path) -> None:
    for schema in ('a"b', "Public", "it's; %s {}", "日本"):
        write(schema, PEOPLE, [])
        assert_same(read(schema)[0], PEOPLE)
        assert "nodes" in {
            name
            for (name,) in sql(
                "public",
                "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
                f"WHERE nspname = $${schema}$$",
            )
        }


@pytest.fixture
def no_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("COGX_STORE_PASSWORD", "PGPASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "absent"))


@pytest.mark.parametrize("password", [None, "hunter2"])
@pytest.mark.usefixtures("no_password")
def test_a_wrong_password_is_refused_with_the_ways_to_give_it(
    password: str | None, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if password:
        monkeypatch.setenv("COGX_STORE_PASSWORD", password)
    with pytest.raises(StoreRefused, match="COGX_STORE_PASSWORD or PGPASSWORD") as caught:
        postgresql.open_reader(uri("locked"), schema=schema)
    assert "hunter2" not in f"{caught.value}{caught.value.context}"
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("variable", ["COGX_STORE_PASSWORD", "PGPASSWORD"])
@pytest.mark.usefixtures("no_password")
def test_the_password_comes_from_the_environment(
    variable: str, schema: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(variable, PASSWORD)
    with caplog.at_level(0), pytest.raises(StoreRefused, match="There is no store") as caught:
        postgresql.open_reader(uri("locked"), schema=schema)
    assert PASSWORD not in f"{caught.value}{caplog.text}"


@pytest.mark.usefixtures("no_password")
def test_a_users_missing_rights_are_named(people: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreRefused, match="GRANT"):
        postgresql.open_reader(uri("guest"), schema=people)
    with pytest.raises(StoreRefused, match="GRANT"):
        postgresql.open_writer(uri("guest"), schema=f"{people}x")


def test_rows_that_a_policy_hides_are_an_error(people: str) -> None:
    sql(
        people,
        f"GRANT USAGE ON SCHEMA {people} TO guest",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {people} TO guest",
        "ALTER TABLE nodes ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY not_bob ON nodes USING (id <> 'bob')",
    )
    with (
        closing(postgresql.open_reader(uri("guest"), schema=people)) as store,
        pytest.raises(StoreRefused, match="row-level security"),
    ):
        list(store.iter_nodes())


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(StoreUnavailable, match="no connection"):
            postgresql.open_reader(f"postgresql://ann@127.0.0.1:{port}/db")


def test_a_database_that_cannot_hold_every_text_is_refused(schema: str) -> None:
    name = f"latin_{schema}"
    sql(
        "public",
        f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
    )
    with pytest.raises(StoreRefused, match="ENCODING 'UTF8'"):
        postgresql.open_writer(uri(database=name), schema=schema)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*sys.modules]:
        if name.startswith("cogx.stores.postgresql."):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    calls = (
        postgresql.open_reader,
        postgresql.open_writer,
        postgresql.open_updater,
        postgresql.is_vacant,
    )
    for call in calls:
        with pytest.raises(MissingExtra, match=r"cogx\[postgresql\]"):
            call("postgresql://ann@localhost/db")


# Writing


def test_an_id_that_came_twice_is_refused(schema: str) -> None:
    with pytest.raises(StoreRefused, match=r"twice.*x"):
        write(schema, [Node("w", "T"), Node("x", "T"), Node("x", "U")], [])
    with pytest.raises(StoreRefused, match=r"twice.*e"):
        write(schema, PEOPLE, [Edge("e", "ann", "bob", "p"), Edge("e", "bob", "ann", "p")])
    assert tables(schema) == []


@pytest.mark.parametrize("ends", [("ann", "gone"), ("gone", "ann")])
def test_an_edge_without_an_end_is_refused(schema: str, ends: tuple[str, str]) -> None:
    with pytest.raises(StoreRefused, match=r"no node.*gone"):
        write(schema, PEOPLE, [Edge("e", *ends, "p")])
    assert tables(schema) == []
    write(schema, [], [])
    with pytest.raises(StoreRefused, match=r"no node.*gone"):
        write(schema, PEOPLE, [Edge("e", *ends, "p")])
    assert read(schema) == ([], [])


def test_order_of_calls_is_checked(schema: str) -> None:
    store = postgresql.open_writer(uri(), schema=schema)
    store.write_edges([])
    with pytest.raises(UsageError):
        store.write_nodes([Node("x", "T")])
    store.finish({}, SILENT)
    for call in (store.finish, store.write_nodes, store.write_edges):
        with pytest.raises(UsageError):
            call({}, SILENT) if call == store.finish else call([])  # type: ignore[call-arg]
    store.abort()
    assert read(schema) == ([], [])


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
        Node("x" * 2601, "T"),
        Node("x", "é" * 1301),
    ],
)
def test_what_cannot_be_kept_is_refused(schema: str, node: Node) -> None:
    with pytest.raises(StoreRefused):
        write(schema, [node], [])
    assert tables(schema) == []
    with pytest.raises(StoreRefused):
        update(schema, [node], [])
    assert tables(schema) == []


def test_ids_as_long_as_an_index_takes_are_kept(schema: str) -> None:
    import random

    letters = "".join(map(chr, random.Random(1).sample(range(0x4E00, 0x9FA0), 2600 // 3)))
    nodes = [Node(letters, letters), Node("", "")]
    write(schema, nodes, [Edge(letters, letters, "", letters)])
    assert_same(read(schema)[0], nodes)


def test_an_error_of_the_caller_stays_what_it_is(schema: str) -> None:
    def failing() -> Iterator[Node]:
        yield Node("x", "T")
        raise OSError("theirs")

    store = postgresql.open_writer(uri(), schema=schema)
    with pytest.raises(OSError, match="theirs"):
        store.write_nodes(failing())
    store.abort()
    assert tables(schema) == []


def test_stubs_are_not_counted(schema: str) -> None:
    write(schema, [Node("a", "T"), Node("b", "Stub", {}, {"stub": True})], [])
    with closing(postgresql.open_reader(uri(), schema=schema)) as store:
        assert store.counts() == (1, 0)


# Reading


def test_a_reader_sees_one_state(people: str) -> None:
    with closing(postgresql.open_reader(uri(), schema=people)) as store:
        sql(people, "DELETE FROM edges", "DELETE FROM nodes")
        assert store.counts() == (3, 3)
        assert_same(store.iter_nodes(), PEOPLE)
        assert_same(store.iter_edges(), JOBS)


def test_long_and_short_rows_come_in_order(schema: str) -> None:
    nodes = [
        Node(f"{number:04d}", "T", {"text": "x" * (2_000_000 if number % 400 == 0 else 3)})
        for number in range(1300)
    ]
    write(schema, nodes, [])
    assert_same(read(schema)[0], nodes)


def test_a_reader_whose_session_is_ended_says_so(people: str) -> None:
    with closing(postgresql.open_reader(uri(), schema=people)) as store:
        end_sessions_of("postgres", people)
        with pytest.raises(StoreUnavailable, match="connection"):
            list(store.iter_nodes())
        with pytest.raises(StoreUnavailable, match="connection"):
            store.counts()


# Updating


def test_an_updater_puts_rows_in_the_place_of_old_ones(people: str) -> None:
    nodes = [
        Node("ann", "Person", {"name": "Ann Ruiz"}, {"kind": "entity"}, ("Friend",)),
        Node("cid", "Person", {"age": 7}),
    ]
    edges = [Edge("j1", "cid", "ann", "sees", {"n": 1.0}, {"x": 1}), Edge("l", "cid", "bob", "p")]
    update(people, nodes, edges)
    found_nodes, found_edges = read(people)
    assert_same(found_nodes, [PEOPLE[0], PEOPLE[2], *nodes])
    assert_same(found_edges, [*JOBS[1:], *edges])
    with closing(postgresql.open_reader(uri(), schema=people)) as store:
        assert store.header() == {"from": "update"}


def test_a_replaced_node_keeps_its_edges(people: str) -> None:
    update(people, [Node("acme", "Company", {"name": "ACME"})], [])
    assert_same(read(people)[1], JOBS)
    assert sql(people, "SELECT target_name FROM facts WHERE id = 'j1'") == [("ACME",)]


def test_an_updater_gives_what_is_there(people: str) -> None:
    with closing_by_abort(begun(people)) as updater:
        assert isinstance(updater, GraphUpdater)
        assert updater.header() == {"from": "test"}
        nodes = updater.nodes_at(["bob", "gone", "ann", "a\x00"])
        assert nodes.keys() == {"ann", "bob"}
        assert_same(nodes.values(), PEOPLE[1:])
        edges = updater.edges_at([edge.id for edge in JOBS])
        assert_same(edges.values(), JOBS)
        assert updater.nodes_at([]) == {}
        assert updater.edges_at(["x" * 5000]) == {}
        with pytest.raises(StoreRefused):
            updater.nodes_at(["\ud800"])


def test_an_updater_keeps_every_value(schema: str) -> None:
    values = [value_node(name, value) for name, value in VALUES.items()]
    write(schema, [Node(node.id, "Old", {"old": 1}, {}, ("a",)) for node in values], [])
    update(schema, values, [])
    assert_same(read(schema)[0], values)


def test_rows_that_stay_the_same_are_not_written(people: str) -> None:
    places = "SELECT id, ctid::text FROM nodes UNION ALL SELECT id, ctid::text FROM edges"
    before = sql(people, places)
    update(people, PEOPLE, JOBS)
    assert sql(people, places) == before


def test_a_whole_number_and_a_float_are_not_the_same(schema: str) -> None:
    write(schema, [Node("a", "T", {"n": 1})], [])
    update(schema, [Node("a", "T", {"n": 1.0})], [])
    assert_same(read(schema)[0], [Node("a", "T", {"n": 1.0})])


def test_nobody_sees_an_update_before_its_end_or_after_its_abort(people: str) -> None:
    with closing_by_abort(begun(people)) as updater:
        updater.write_nodes([Node("ann", "X"), Node("new", "Y")])
        updater.write_edges([Edge("j1", "new", "new", "z")])
        assert updater.nodes_at(["new"]) == {"new": Node("new", "Y")}
        assert_same(read(people)[0], PEOPLE)
        updater.abort()
        updater.abort()
    found = read(people)
    assert_same(found[0], PEOPLE)
    assert_same(found[1], JOBS)


def test_an_update_that_fails_changes_nothing(people: str) -> None:
    with pytest.raises(StoreRefused, match=r"no node.*gone"):
        update(people, [Node("new", "T")], [Edge("x", "ann", "gone", "p")])
    with pytest.raises(StoreRefused, match="twice"):
        update(people, [Node("new", "T"), Node("new", "U")], [])
    assert_same(read(people)[0], PEOPLE)


def test_an_updater_wants_its_begin(people: str) -> None:
    with closing_by_abort(postgresql.open_updater(uri(), schema=people)) as updater:
        with pytest.raises(UsageError):
            updater.write_nodes([])
        with pytest.raises(UsageError):
            updater.nodes_at([])
        with pytest.raises(UsageError):
            updater.finish({}, SILENT)


def test_an_update_keeps_what_people_added(people: str) -> None:
    sql(
        people,
        "ALTER TABLE nodes ADD mood text, ADD weight float8",
        "UPDATE nodes SET mood = 'glad', weight = 1 WHERE id = 'ann'",
        "UPDATE nodes SET mood = 'sad' WHERE id = 'bob'",
    )
    ann = Node("ann", "Person", {"name": "A", "mood": "glad", "weight": 2.0})
    bob = Node("bob", "Person", {"name": "B"})
    update(people, [ann, bob], [])
    assert_same(read(people)[0], [PEOPLE[0], ann, bob])
    assert sql(people, "SELECT id, mood, weight, properties->>'mood' FROM nodes ORDER BY id") == [
        ("acme", None, None, None),
        ("ann", "glad", None, None),
        ("bob", None, None, None),
    ]


def test_a_row_that_somebody_else_changed_meanwhile_stops_the_update(people: str) -> None:
    with closing_by_abort(begun(people)) as updater:
        updater.nodes_at(["ann"])
        sql(people, "UPDATE nodes SET properties = '{\"name\": \"Theirs\"}' WHERE id = 'ann'")
        with pytest.raises(StoreUnavailable, match="another session meanwhile"):
            updater.write_nodes([Node("ann", "Person", {"name": "Ours"})])
    assert read(people)[0][1].properties == {"name": "Theirs"}


# One import at a time, and connections that end


def test_a_second_import_is_told_whose_the_first_is(people: str) -> None:
    with (
        closing_by_abort(begun(people)),
        closing_by_abort(postgresql.open_updater(uri(), schema=people)) as second,
    ):
        with pytest.raises(StoreBusy, match=r"user postgres, application cogx.*since 20") as caught:
            second.begin("1" * 64)
        assert caught.value.context["pid"]
    update(people, [Node("new", "T")], [])


def test_a_second_writer_is_busy_and_other_schemas_are_free(schema: str) -> None:
    with closing_by_abort(postgresql.open_writer(uri(), schema=schema)):
        with pytest.raises(StoreBusy, match="another import"):
            postgresql.open_writer(uri(), schema=schema)
        write(f"{schema}x", PEOPLE, JOBS)
    write(schema, PEOPLE, JOBS)


def test_a_user_who_may_not_see_the_first_is_told_what_can_be(schema: str) -> None:
    sql("public", f"CREATE SCHEMA {schema} AUTHORIZATION guest")
    with (
        closing_by_abort(begun(schema)),
        pytest.raises(StoreBusy, match=r"user postgres.*may see"),
    ):
        postgresql.open_writer(uri("guest"), schema=schema)


def end_sessions_of(user: str, schema: str) -> None:
    """End those sessions of ours that have locked something in the schema."""
    ended = sql(
        "public",
        "SELECT pg_terminate_backend(pid, 5000) FROM (SELECT DISTINCT pid FROM pg_locks "
        "JOIN pg_class ON pg_class.oid = relation JOIN pg_namespace n ON n.oid = relnamespace "
        f"WHERE nspname = '{schema}' AND pid <> pg_backend_pid()) AS held",
    )
    assert ended == [(True,)]


def test_a_session_that_is_ended_leaves_the_old_state(people: str) -> None:
    with closing_by_abort(begun(people)) as updater:
        updater.write_nodes([Node("ann", "X"), Node("new", "T")])
        end_sessions_of("postgres", people)
        with pytest.raises(StoreUnavailable, match="connection"):
            updater.write_nodes([Node("more", "T")])
        with pytest.raises(CogxError):
            updater.finish({}, SILENT)
    found = read(people)
    assert_same(found[0], PEOPLE)
    assert_same(found[1], JOBS)
    update(people, [Node("new", "T")], [])


def test_a_session_that_is_ended_within_a_copy_leaves_the_old_state(people: str) -> None:
    def rows() -> Iterator[Node]:
        for number in range(20_000):
            if number == 10_000:
                end_sessions_of("postgres", people)
            yield Node(f"n{number}", "T", {"text": "x" * 100})

    with closing_by_abort(begun(people)) as updater, pytest.raises(StoreUnavailable):
        updater.write_nodes(rows())
    assert_same(read(people)[0], PEOPLE)


def test_a_connection_lost_while_it_commits_leaves_that_open(
    people: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(_: object) -> None:
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    with closing_by_abort(begun(people)) as updater:
        monkeypatch.setattr(psycopg.Connection, "commit", lost)
        with pytest.raises(StoreUnavailable, match="whole or not at all"):
            updater.finish({}, SILENT)


def test_a_lock_that_is_not_given_is_unavailable(
    people: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cogx.stores.postgresql import connection

    monkeypatch.setitem(connection._SETTINGS, "lock_timeout", "20ms")
    with psycopg.connect(uri()) as other, closing_by_abort(begun(people)) as updater:
        other.execute(f"SELECT 1 FROM {people}.nodes WHERE id = 'ann' FOR UPDATE")  # type: ignore[arg-type]
        with pytest.raises(StoreUnavailable, match="another session holds"):
            updater.write_nodes([Node("ann", "X")])


def test_a_users_settings_do_not_change_what_is_read(people: str) -> None:
    sql(people, "ALTER TABLE nodes ADD seen timestamptz", "UPDATE nodes SET seen = '2026-01-02'")
    expected = read(people)
    sql(
        "public",
        "ALTER ROLE postgres SET DateStyle = 'German'",
        "ALTER ROLE postgres SET TimeZone = 'Asia/Tokyo'",
        "ALTER ROLE postgres SET extra_float_digits = -10",
        "ALTER ROLE postgres SET client_encoding = 'LATIN1'",
        "ALTER ROLE postgres SET statement_timeout = '60s'",
    )
    try:
        assert_same(read(people)[0], expected[0])
    finally:
        sql("public", "ALTER ROLE postgres RESET ALL")


# A fourth of them: what the exam asks of values, other stores ask of every vector.
@pytest.mark.parametrize("vector", vectors_in("good", "warn")[::4], ids=lambda vector: vector.path)
def test_a_valid_vector_comes_back_equal(vector: Vector, schema: str) -> None:
    store = f"{uri()}?schema={schema}"
    receipt = import_archive(vector.source, store, allow_empty=True)
    assert receipt.losses == {}
    comparison = verify(vector.source, store)
    assert comparison.equal, comparison.differences


def test_verify_names_exactly_the_property_that_sql_changed(tmp_path: Path, people: str) -> None:
    archive, store = str(tmp_path / "a.tar"), f"{uri()}?schema={people}x"
    export_graph(f"{uri()}?schema={people}", archive)
    import_archive(archive, store)
    assert verify(archive, store).equal
    sql(
        f"{people}x",
        "UPDATE nodes SET properties = jsonb_set(properties, '{big}', '7') WHERE id = 'bob'",
        "UPDATE edges SET properties = jsonb_set(properties, '{since}', '1999') WHERE id = 'j1'",
    )
    comparison = verify(archive, store)
    assert [(d.what, d.kind, d.id, d.fields) for d in comparison.differences] == [
        ("changed", "entity", "bob", {"attributes.big": (2**70, 7)}),
        ("changed", "fact", "j1", {"metadata.since": (2020, 1999)}),
    ]


_TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
_VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | _TEXT
    | st.text("\x00\x01\\u01", max_size=8)
    | st.binary()
    | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=5,
)
_ID = _TEXT | st.text("\x00\x01\x02a", max_size=4)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(_ID, st.dictionaries(_ID, _VALUE, max_size=4), max_size=5))
def test_any_properties_come_back(schema: str, graph: dict[str, dict[str, Any]]) -> None:
    nodes = [Node(name, "T", properties) for name, properties in graph.items()]
    edges = [Edge(name, name, name, "p", properties) for name, properties in graph.items()]
    sql("public", f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    write(schema, nodes, edges)
    found = read(schema)
    assert_same(found[0], nodes)
    assert_same(found[1], edges)
