from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cogx.errors import BadSetting, MissingExtra, StoreBusy, StoreRefused, StoreUnavailable
from cogx.ports import Capabilities, Edge, GraphReader, GraphUpdater, Node
from cogx.progress import SILENT
from cogx.stores import bolt
from cogx.stores.bolt.address import parse_address
from cogx.stores.bolt.dialect import ARCADEDB, MEMGRAPH, NEO4J, dialect_of, quoted
from cogx.stores.bolt.received import from_bolt
from cogx.stores.bolt.server import Server
from cogx.stores.bolt.values import to_bolt
from cogx.testing.store_suite import StoreSuite, assert_same, same
from cogx.testing.updater_suite import UpdaterSuite
from tests.unit.stores.bolt_server import Database, database_for, shared_server

KEY = "0" * 64


class Databases:
    """A database of the server for every place; gone after the test."""

    databases: dict[Path, Database]

    @pytest.fixture(autouse=True)
    def _databases(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setenv("COGX_STORE_PASSWORD", shared_server().password)
        self.databases: dict[Path, Database] = {}
        yield
        for database in self.databases.values():
            database.drop()

    def database(self, place: Path) -> Database:
        if place not in self.databases:
            self.databases[place] = database_for(shared_server(), place)
        return self.databases[place]


class TestBolt(Databases, StoreSuite):
    """The exam; a place stands for a database."""

    capabilities: ClassVar[Capabilities] = Capabilities(snapshot=False)

    def open_writer(self, place: Path) -> GraphUpdater:
        database = self.database(place)
        writer = bolt.open_updater(database.server.uri, database=database.name)
        writer.begin(KEY)
        return writer

    def open_reader(self, place: Path) -> GraphReader:
        database = self.database(place)
        return bolt.open_reader(database.server.uri, database=database.name)

    def test_nothing_shows_before_the_end(self, place: Path) -> None:
        writer = self.open_writer(place)
        writer.write_nodes([Node("a", "T")])
        writer.write_edges([Edge("e", "a", "a", "p")])
        with pytest.raises(StoreBusy, match="an import is at work"):
            self.open_reader(place)
        writer.abort()

    def test_abort_leaves_nothing(self, place: Path) -> None:
        writer = self.open_writer(place)
        writer.write_nodes([Node("a", "T", {"p": 1})])
        writer.abort()
        writer.abort()
        assert self.database(place).cypher("MATCH (n) RETURN n") == []
        self.check(place, [Node("b", "T")])

    def test_a_finished_store_leaves_nothing_else(self, place: Path) -> None:
        self.write(place, [Node("a", "T")], [Edge("e", "a", "a", "p")])
        labels = self.database(place).cypher("MATCH (n) RETURN labels(n) AS l ORDER BY l")
        assert labels == [[["CogxMeta"]], [["CogxNode", "T"]]]
        held = self.database(place).cypher(
            "MATCH (n:CogxNode)-[r]->() RETURN properties(n), properties(r)"
        )
        assert held == [[{"id": "a"}, {"id": "e"}]]


PEOPLE = [
    Node("acme", "Firm", {"name": "Acme"}, {"kind": "entity"}, ("Company", "Employer")),
    Node("ann", "Person", {"name": "Ann Lee", "age": 41, "born": date(1985, 2, 3), "no": None}),
    Node("bob", "Person", {"name": "Bob", "big": 2**70, "nick": ["B", "Bo"], "at": {"x": 1}}),
]
JOBS = [
    Edge("j1", "ann", "acme", "works at", {"since": 2020, "fact_text": "Ann builds boats"}),
    Edge("j2", "bob", "acme", "works at", {"since": 2021, "share": Decimal("0.50")}),
    Edge("k1", "ann", "bob", "knows"),
]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("COGX_STORE_PASSWORD", shared_server().password)
    made = database_for(shared_server(), tmp_path)
    yield made
    made.drop()


@pytest.fixture
def people(database: Database) -> Database:
    write(database, PEOPLE, JOBS)
    return database


def write(database: Database, nodes: list[Node], edges: list[Edge], key: str = KEY) -> None:
    store = bolt.open_updater(database.server.uri, database=database.name)
    try:
        store.begin(key)
        store.write_nodes(nodes)
        store.write_edges(edges)
        store.finish({"from": "test"}, SILENT)
    finally:
        store.abort()


def read(database: Database) -> tuple[list[Node], list[Edge]]:
    with closing(bolt.open_reader(database.server.uri, database=database.name)) as store:
        return list(store.iter_nodes()), list(store.iter_edges())


def node(database: Database, node_id: str) -> Node:
    (found,) = (found for found in read(database)[0] if found.id == node_id)
    return found


def test_cypher_is_written_as_a_person_expects(people: Database) -> None:
    query = (
        "MATCH (p:Person)-[w:`works at`]->(f:Firm:Company) WHERE p.born.year = 1985 "
        "RETURN p.name, w.since + 1, f.name"
    )
    assert people.cypher(query) == [["Ann Lee", 2021, "Acme"]]


def test_what_is_beyond_bolt_is_shown_as_text(people: Database) -> None:
    assert people.cypher("MATCH (n:Person {id: 'bob'}) RETURN n.big, n.at") == [[str(2**70), None]]
    assert people.cypher("MATCH ()-[r {id: 'j2'}]->() RETURN r.share") == [["0.50"]]


@pytest.mark.parametrize(
    ("change", "name", "value"),
    [
        ("SET n.age = 42", "age", 42),
        ("SET n.age = 'old'", "age", "old"),
        ("SET n.no = 'yes'", "no", "yes"),
        ("SET n.new = [1.5]", "new", [1.5]),
    ],
)
def test_a_property_set_in_cypher_is_the_truth(
    people: Database, change: str, name: str, value: Any
) -> None:
    people.cypher(f"MATCH (n:CogxNode {{id: 'ann'}}) {change}")
    assert same(node(people, "ann").properties, PEOPLE[1].properties | {name: value})


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ("SET n.big = '5'", {"name": "Bob", "big": "5", "nick": ["B", "Bo"], "at": {"x": 1}}),
        ("REMOVE n.big", {"name": "Bob", "nick": ["B", "Bo"], "at": {"x": 1}}),
        ("SET n.at = 'home'", {"name": "Bob", "big": 2**70, "nick": ["B", "Bo"], "at": "home"}),
        ("REMOVE n._cogx", {"name": "Bob", "big": str(2**70), "nick": ["B", "Bo"]}),
    ],
)
def test_a_note_counts_while_the_property_shows_it(
    people: Database, change: str, left: dict[str, Any]
) -> None:
    people.cypher(f"MATCH (n:CogxNode {{id: 'bob'}}) {change}")
    assert same(node(people, "bob").properties, left)


@pytest.mark.parametrize(
    ("change", "node_type", "labels"),
    [
        ("REMOVE n:Company", "Firm", ("Employer",)),
        ("SET n:Big", "Firm", ("Company", "Employer", "Big")),
        ("REMOVE n:Firm", "Company", ("Employer",)),
        ("REMOVE n._cogx", "Company", ("Employer", "Firm")),
    ],
)
def test_labels_set_in_cypher_are_the_truth(
    people: Database, change: str, node_type: str, labels: tuple[str, ...]
) -> None:
    people.cypher(f"MATCH (n:CogxNode {{id: 'acme'}}) {change}")
    found = node(people, "acme")
    assert (found.type, found.labels) == (node_type, labels)


def test_names_without_a_label_of_their_own_can_be_changed(database: Database) -> None:
    write(database, [Node("a", " odd\n", {}, None, ("L",))], [Edge("e", "a", "a", " odd\n")])
    database.cypher(
        "MATCH (n:CogxNode)-[r:CogxEdge]->() SET n._cogx_type = 'T', r._cogx_predicate = 'p'"
    )
    nodes, edges = read(database)
    assert (nodes[0].type, nodes[0].labels, edges[0].predicate) == ("T", ("L",), "p")


def test_what_is_made_in_cypher_is_read(people: Database) -> None:
    people.cypher("CREATE (:CogxNode {n: 1})")
    people.cypher(
        "MATCH (a:CogxNode {id: 'ann'}), (b:CogxNode {n: 1}) CREATE (a)-[:likes {m: 2}]->(b)"
    )
    nodes, edges = read(people)
    (made,) = (found for found in nodes if found.properties == {"n": 1})
    (liked,) = (edge for edge in edges if edge.predicate == "likes")
    assert (made.type, liked.source, liked.target) == ("Node", "ann", made.id)


def test_what_is_deleted_in_cypher_is_gone(people: Database) -> None:
    people.cypher("MATCH (n:CogxNode {id: 'bob'}) DETACH DELETE n")
    nodes, edges = read(people)
    assert [found.id for found in nodes] == ["acme", "ann"]
    assert [edge.id for edge in edges] == ["j1"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("MATCH (n:Person {id: 'bob'}) SET n._cogx = '{'", "not what cogx writes"),
        ("MATCH (n:Person {id: 'bob'}) SET n._cogx = '{\"rest\": 1}'", "not what cogx writes"),
        ("MATCH (n:Person {id: 'bob'}) SET n.id = 7", "ids are text"),
        ("MATCH ()-[r]->() SET r.id = 'twin'", "two edges have the id 'twin'"),
    ],
)
def test_a_store_that_was_bent_says_what_to_mend(people: Database, change: str, words: str) -> None:
    people.cypher(change)
    with pytest.raises(StoreRefused, match=words):
        read(people)


def test_a_store_of_a_newer_cogx_is_left_alone(people: Database) -> None:
    people.cypher("MATCH (m:CogxMeta) SET m.schema_version = 2")
    with pytest.raises(StoreRefused, match="newer cogx"):
        read(people)


def test_somebody_elses_nodes_stay_and_are_not_read(database: Database) -> None:
    database.cypher("CREATE (a:Film {id: 'ann', t: 1})-[:of {id: 'j1'}]->(:Year {y: 1999})")
    assert bolt.is_vacant(database.server.uri, database=database.name)
    write(database, PEOPLE, JOBS)
    database.cypher("MATCH (f:Film), (n:Firm) CREATE (f)-[:about]->(n)")
    with closing(bolt.open_reader(database.server.uri, database=database.name)) as store:
        assert store.counts() == (3, 3)
        assert_same(store.iter_nodes(), PEOPLE)
        assert_same(store.iter_edges(), JOBS)
        assert store.losses == {"edge.outside": 1}
    write(database, PEOPLE, JOBS, "1" * 64)
    found = database.cypher("MATCH (f:Film)-[r:of]->(y) RETURN properties(f), r.id, y.y")
    assert found == [[{"id": "ann", "t": 1}, "j1", 1999]]


class TestBoltAgain(Databases, UpdaterSuite):
    """The exam of stores that can be written to again."""

    def open_writer(self, place: Path) -> GraphUpdater:
        writer = self.open_updater(place)
        writer.begin(KEY)
        return writer

    def open_reader(self, place: Path) -> GraphReader:
        database = self.database(place)
        return bolt.open_reader(database.server.uri, database=database.name)

    def open_updater(self, place: Path) -> GraphUpdater:
        database = self.database(place)
        return bolt.open_updater(database.server.uri, database=database.name)

    def state(self, place: Path) -> Any:
        """What a reader sees, header included."""
        reader = self.open_reader(place)
        try:
            return dict(reader.header()), list(reader.iter_nodes()), list(reader.iter_edges())
        finally:
            reader.close()


class TestForeign:
    """A database that cogx did not write."""

    def test_multi_labels_and_ids_of_the_server(self, database: Database) -> None:
        database.cypher(
            "CREATE (a:Actor:Person {name: 'Keanu', id: 7})-[:ACTED_IN {roles: ['Neo']}]->"
            "(:Movie {title: 'The Matrix'}), (a)-[:ACTED_IN]->()"
        )
        nodes, edges = read(database)
        ids = {name: element for element, name in database.cypher(
            "MATCH (n) RETURN elementId(n), coalesce(n.name, n.title, '')"
        )}  # fmt: skip
        assert_same(
            nodes,
            [
                Node(ids["Keanu"], "Actor", {"name": "Keanu", "id": 7}, None, ("Person",)),
                Node(ids["The Matrix"], "Movie", {"title": "The Matrix"}),
                Node(ids[""], "Node"),
            ],
        )
        assert {(edge.source, edge.target) for edge in edges} == {
            (ids["Keanu"], ids["The Matrix"]),
            (ids["Keanu"], ids[""]),
        }
        assert [edge.id for edge in edges] == sorted(
            element for (element,) in database.cypher("MATCH ()-[r]->() RETURN elementId(r)")
        )

    def test_ids_that_name_every_node_are_kept(self, database: Database) -> None:
        database.cypher("CREATE (:A {id: 'x', n: 1})-[:to {id: 'e'}]->(:A {id: 'y'})")
        nodes, edges = read(database)
        assert_same(nodes, [Node("x", "A", {"n": 1}), Node("y", "A")])
        assert_same(edges, [Edge("e", "x", "y", "to")])

    def test_ids_that_two_nodes_share_name_none(self, database: Database) -> None:
        database.cypher("CREATE (:A {id: 'x'}), (:A {id: 'x'})")
        nodes, _ = read(database)
        assert [found.properties for found in nodes] == [{"id": "x"}, {"id": "x"}]
        assert len({found.id for found in nodes} - {"x"}) == 2

    def test_what_cannot_be_said_is_counted(self, database: Database) -> None:
        database.cypher(
            "CREATE (:A {place: point({longitude: 2, latitude: 1.5}),"
            " box: point({x: 1, y: 2, z: 3}),"
            " when: datetime('2026-07-02T03:04:05.5[Europe/Berlin]'), age: duration('P1Y2M3DT4S'),"
            " tick: localtime('03:04:05.123456789'), day: date('2026-01-02'),"
            " span: duration('P3DT-4S'), at: time('03:04:05+01:00')})"
        )
        with closing(bolt.open_reader(database.server.uri, database=database.name)) as store:
            ((found,), (), lost) = list(store.iter_nodes()), list(store.iter_edges()), store.losses
        expected = {
            "place": {"srid": 4326, "x": 2.0, "y": 1.5},
            "box": {"srid": 9157, "x": 1.0, "y": 2.0, "z": 3.0},
            "when": datetime(2026, 7, 2, 3, 4, 5, 500_000, timezone(timedelta(hours=2))),
            "age": "P1Y2M3DT4S",
            "tick": time(3, 4, 5, 123_456),
            "day": date(2026, 1, 2),
            "span": timedelta(days=3, seconds=-4),
            "at": time(3, 4, 5, tzinfo=timezone(timedelta(hours=1))),
        }
        assert same(found.properties, expected), found.properties
        assert lost == {
            "value.point": 2, "value.zone": 1, "value.duration": 1, "value.nanoseconds": 1,
        }  # fmt: skip

    def test_losses_are_not_counted_twice(self, database: Database) -> None:
        database.cypher("CREATE (:A {p: point({x: 1, y: 2})})")
        with closing(bolt.open_reader(database.server.uri, database=database.name)) as store:
            list(store.iter_nodes())
            list(store.iter_nodes())
            assert store.losses == {"value.point": 1}

    def test_reading_changes_nothing(self, database: Database) -> None:
        database.cypher("CREATE (:A {id: 'x'})-[:to]->(:B)")
        before = database.cypher("MATCH (n) RETURN labels(n), properties(n)")
        read(database)
        assert database.cypher("MATCH (n) RETURN labels(n), properties(n)") == before
        assert database.cypher("SHOW INDEXES") == []


HOSTILE = (
    "x`) DETACH DELETE n //",
    "x`]->() WITH 1 AS one MATCH (n) DETACH DELETE n //",
    "x\\u0060) DETACH DELETE n //",
    "`", "``", "x`y", "\\", "\\`", "'", '"', "$rows", "{id: row.id}", "//", "/*", ";",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_never_cypher(database: Database, name: str) -> None:
    nodes = [Node("a", name, {name: 1}, None, (name, "L")), Node(name, "Safe", {"v": name})]
    edges = [Edge(name, "a", name, name, {name: name})]
    for key in (KEY, "1" * 64):  # what is there already goes another way
        write(database, nodes, edges, key)
    found_nodes, found_edges = read(database)
    assert_same(found_nodes, nodes)
    assert_same(found_edges, edges)


def test_quoting_closes_what_it_opens() -> None:
    assert quoted("a`b``") == "`a``b`````"


class TestAddress:
    """What a URI may say, and where the password comes from."""

    def test_the_password_comes_from_the_environment(self) -> None:
        variables = {"COGX_STORE_PASSWORD": "one", "NEO4J_PASSWORD": "two"}
        address = parse_address("neo4j+s://ann%40home@db.example", None, variables)
        assert address.uri == "neo4j+s://db.example:7687"
        assert address.credentials == ("ann@home", "one")
        del variables["COGX_STORE_PASSWORD"]
        address = parse_address("bolt://[::1]:99/", "g", variables)
        assert (address.uri, address.credentials) == ("bolt://[::1]:99", ("neo4j", "two"))
        assert parse_address("bolt://ann@host", None, {}).credentials is None

    def test_no_text_of_it_shows_a_password(self) -> None:
        address = parse_address("bolt://ann@host", "g", {"NEO4J_PASSWORD": "s3cret"})
        assert address.shown == "bolt://host:7687/g"
        assert "s3cret" not in repr(address)

    @pytest.mark.parametrize(
        "uri", ["bolt://ann:s3cret@host", "bolt://:s3cret@host:1", "bolt://a:s3cret@b@host"]
    )
    def test_a_password_in_the_uri_is_refused_and_not_repeated(self, uri: str) -> None:
        with pytest.raises(BadSetting, match="COGX_STORE_PASSWORD") as caught:
            parse_address(uri, None, {})
        assert "s3cret" not in str(caught.value)

    @pytest.mark.parametrize(
        "uri",
        (
            "http://host",
            "bolt://",
            "bolt:",
            "",
            "bolt://host:no",
            "bolt://host:0",
            "bolt://[::1",
            "bolt://host/g",
            "bolt://host?database=g",
            "bolt://host#g",
            "bolt://host:99999",
        ),
    )
    def test_other_uris_are_refused(self, uri: str) -> None:
        with pytest.raises(BadSetting):
            parse_address(uri, None, {})


class TestErrors:
    """What the server or the machine says no to."""

    def test_wrong_credentials_name_the_variables(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COGX_STORE_PASSWORD", "wr0ng-s3cret")
        with pytest.raises(StoreRefused, match="COGX_STORE_PASSWORD or NEO4J_PASSWORD") as caught:
            bolt.open_reader(database.server.uri, database=database.name)
        assert "wr0ng" not in str(caught.value) + repr(caught.value.__cause__)

    def test_no_credentials_name_the_variables(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("COGX_STORE_PASSWORD")
        monkeypatch.delenv("NEO4J_PASSWORD", raising=False)
        with pytest.raises(StoreRefused, match="COGX_STORE_PASSWORD or NEO4J_PASSWORD"):
            bolt.open_updater(database.server.uri, database=database.name)

    def test_a_server_that_is_not_there(self) -> None:
        with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1 cannot be reached"):
            bolt.is_vacant("bolt://127.0.0.1:1")

    def test_a_database_that_is_not_there(self, database: Database) -> None:
        with pytest.raises(StoreRefused, match="no such database"):
            bolt.open_reader(database.server.uri, database="nowhere")

    def test_an_edge_without_an_end(self, database: Database) -> None:
        with pytest.raises(StoreRefused, match=r"'e' ends in 'gone'"):
            write(database, [Node("a", "T")], [Edge("e", "a", "gone", "p")])
        assert bolt.is_vacant(database.server.uri, database=database.name)

    def test_a_node_that_comes_twice(self, database: Database) -> None:
        with pytest.raises(StoreRefused, match="two nodes have one id"):
            write(database, [Node("a", "T"), Node("a", "T")], [])
        assert bolt.is_vacant(database.server.uri, database=database.name)

    @pytest.mark.parametrize("value", ["\ud800", {"x": "\ud800"}, object()])
    def test_a_value_that_no_store_keeps(self, database: Database, value: Any) -> None:
        with pytest.raises(StoreRefused, match="cannot be stored"):
            write(database, [Node("a", "T", {"p": value})], [])
        assert bolt.is_vacant(database.server.uri, database=database.name)

    def test_the_extra_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "neo4j", None)
        for name in ("reader", "updater", "vacancy", "recovery", "server", "faults"):
            monkeypatch.delitem(sys.modules, f"cogx.stores.bolt.{name}", raising=False)
        for call in (bolt.open_reader, bolt.open_updater, bolt.is_vacant, bolt.rollback):
            with pytest.raises(MissingExtra, match=r"cogx\[bolt\]"):
                call("bolt://host")


def test_servers_are_known_by_what_they_call_themselves() -> None:
    assert dialect_of("Neo4j/5.26.0") is NEO4J
    assert dialect_of("Neo4j/5.26.0 compatible (ArcadeDB 26.10.2)") is ARCADEDB
    assert dialect_of("Neo4j/v5.11.0 compatible graph database server - Memgraph") is MEMGRAPH


@pytest.mark.parametrize("dialect", [NEO4J, MEMGRAPH, ARCADEDB])
def test_statements_of_the_schema_quote_names(dialect: Any) -> None:
    assert "`a``b`" in dialect.edge_index("a`b")
    assert sum("UNIQUE" in statement for statement in dialect.schema()) == 3


EXACT_IN_NEO4J = [
    datetime(2026, 1, 2, 3, 4, 5, 678_901),
    datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 2, 3, 4, 5, 1, timezone(timedelta(hours=-5, minutes=-30))),
    datetime.max,
    time(3, 4, 5, 678_901),
    time(3, 4, 5, 1, timezone(timedelta(hours=-5, minutes=-30))),
    time(0, tzinfo=UTC),
    -timedelta(days=2, microseconds=1),
    timedelta.max,
    timedelta.min,
    date.max,
    [date(2026, 1, 2), date.min],
    b"\x00\xff",
    [True, False],
    [],
]


@pytest.mark.parametrize("value", EXACT_IN_NEO4J, ids=repr)
def test_a_server_gives_back_what_it_was_sent(database: Database, value: Any) -> None:
    """The server's answer, not its disk: ArcadeDB, unlike Neo4j, drops offsets there."""
    losses: Counter[str] = Counter()
    held = to_bolt(value, frozenset())
    with closing(Server(database.server.uri, database.name)) as server:
        ((answer,),) = server.rows("RETURN $value", value=held)
    assert same(from_bolt(answer, losses), value)
    assert not losses
