"""Imports into a Bolt server that are broken off: the same one goes on, or is taken back."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from neo4j.spatial import CartesianPoint, WGS84Point
from neo4j.time import Date, DateTime, Duration, Time

from cogx.errors import StoreBusy, StoreRefused, StoreUnavailable, UsageError
from cogx.ports import Edge, Node
from cogx.progress import SILENT
from cogx.stores import bolt
from cogx.stores.bolt import batches, ending, journal
from cogx.stores.bolt.before import read_state, write_state
from cogx.stores.bolt.entries import ADVICE
from cogx.stores.bolt.journal import Journal
from cogx.stores.bolt.owner import Owner
from cogx.stores.bolt.updater import BoltUpdater
from cogx.testing.store_suite import assert_same
from tests.unit.stores.bolt_server import USER, Database, database_for, shared_server

KEY, OTHER = "a" * 64, "b" * 64

OLD_NODES = [
    Node("a", "Person", {"name": "Ann", "born": date(1985, 2, 3)}, {"kind": "entity"}, ("Boss",)),
    Node("b", "Person", {"name": "Bob", "big": 2**70}),
    Node("c", "Firm", {"name": "Acme"}),
    Node("d", "Firm", {"name": "Stays"}),
]
OLD_EDGES = [
    Edge("1", "a", "c", "works at", {"since": 2020}),
    Edge("2", "b", "c", "works at", {"since": 2021}),
    Edge("3", "a", "b", "knows"),
    Edge("4", "d", "d", "stays"),
]
NEW_NODES = [
    Node("a", "Human", {"name": "Ann", "age": 41}, None, ("Boss", "Parent")),
    Node("b", "Person", {"name": "Bobby"}),
    Node("c", "Company", {"name": "Acme", "none": None}),
    Node("e", "Person", {"name": "Eve"}),
    Node("f", "City", {}, {"stub": True}),
]
NEW_EDGES = [
    Edge("1", "a", "e", "works at", {"since": 2022}),
    Edge("2", "b", "c", "worked at", {"since": 2021}),
    Edge("3", "a", "b", "knows", {"w": 0.5}),
    Edge("5", "e", "f", "lives in"),
    Edge("6", "e", "e", "knows"),
]
AFTER_NODES = sorted([*NEW_NODES, OLD_NODES[3]], key=lambda node: node.id)
AFTER_EDGES = sorted([*NEW_EDGES, OLD_EDGES[3]], key=lambda edge: edge.id)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("COGX_STORE_PASSWORD", shared_server().password)
    made = database_for(shared_server(), tmp_path)
    yield made
    made.drop()


@pytest.fixture
def filled(database: Database) -> Database:
    import_into(database, OLD_NODES, OLD_EDGES, KEY)
    return database


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "ROWS", 2)
    monkeypatch.setattr(ending, "_AT_ONCE", 2)


@pytest.fixture
def mortal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every owner of this test look like a process that no longer runs."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    this = Owner.this
    monkeypatch.setattr(Owner, "this", lambda: replace(this(), pid=gone.pid))


def updater(database: Database) -> BoltUpdater:
    return bolt.open_updater(database.server.uri, database=database.name)


def import_into(database: Database, nodes: list[Node], edges: list[Edge], key: str = OTHER) -> None:
    """Import, and leave everything as it is if that fails: as a process that dies."""
    store = updater(database)
    try:
        store.begin(key)
        store.write_nodes(nodes)
        store.write_edges(edges)
        store.finish({"key": key}, SILENT)
    finally:
        abandon(store)


def leave_off(database: Database) -> None:
    """Import everything, but do not come to the end."""
    store = updater(database)
    store.begin(OTHER)
    store.write_nodes(NEW_NODES)
    store.write_edges(NEW_EDGES)
    abandon(store)


def abandon(store: BoltUpdater) -> None:
    store._close()


def assert_holds(database: Database, nodes: list[Node], edges: list[Edge], key: str | None) -> None:
    with closing(bolt.open_reader(database.server.uri, database=database.name)) as store:
        assert store.header() == ({} if key is None else {"key": key})
        assert_same(store.iter_nodes(), nodes)
        assert_same(store.iter_edges(), edges)
    assert database.cypher("MATCH (n) WHERE n:CogxJournal RETURN n") == []
    marked = "_cogx_import IS NOT NULL OR {0}._cogx_before IS NOT NULL"
    nodes_marked = "MATCH (n) WHERE n." + marked.format("n")
    edges_marked = "MATCH ()-[r]->() WHERE r." + marked.format("r")
    assert database.cypher(f"{nodes_marked} RETURN n.id") == []
    assert database.cypher(f"{edges_marked} RETURN r.id") == []


class Crash(BaseException):
    """The end of a process."""


@contextmanager
def crash_after(monkeypatch: pytest.MonkeyPatch, count: int) -> Iterator[list[int]]:
    """Let the process die when it has committed ``count`` transactions, and say how many it did."""
    done = [0]
    write = Journal.write

    def counted(self: Journal, work: Callable[[Any], Any]) -> Any:
        if done[0] == count:
            raise Crash
        done[0] += 1
        return write(self, work)

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "write", counted)
        yield done


@pytest.mark.usefixtures("small_batches", "mortal")
class TestBrokenOff:
    """A crash after every transaction there is, one after the other."""

    def test_into_an_empty_store_goes_on(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        point = 0
        while True:
            database.cypher("MATCH (n) DETACH DELETE n")
            with crash_after(monkeypatch, point), suppress(Crash):
                import_into(database, NEW_NODES, NEW_EDGES)
                break
            import_into(database, NEW_NODES, NEW_EDGES)
            assert_holds(database, NEW_NODES, NEW_EDGES, OTHER)
            point += 1
        assert point >= 8

    def test_into_an_empty_store_is_taken_back(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        database.cypher("CREATE (:Film {t: 1})-[:knows]->(:Film)")
        for point in (1, 2, 4, 6):
            with crash_after(monkeypatch, point), suppress(Crash):
                import_into(database, NEW_NODES, NEW_EDGES)
            assert not bolt.is_vacant(database.server.uri, database=database.name)
            done = bolt.rollback(database.server.uri, database=database.name)
            assert "the store is empty again" in done
            assert database.cypher("MATCH (n) RETURN labels(n)") == [[["Film"]], [["Film"]]]
            assert database.cypher("MATCH ()-[r]->() RETURN type(r)") == [["knows"]]

    def test_into_a_filled_store_goes_on(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        point = 0
        while True:
            database.cypher("MATCH (n) DETACH DELETE n")
            import_into(database, OLD_NODES, OLD_EDGES, KEY)
            with crash_after(monkeypatch, point), suppress(Crash):
                import_into(database, NEW_NODES, NEW_EDGES)
                break
            import_into(database, NEW_NODES, NEW_EDGES)
            assert_holds(database, AFTER_NODES, AFTER_EDGES, OTHER)
            point += 1
        assert point >= 15

    def test_into_a_filled_store_is_taken_back(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        point, finished = 0, 0
        import_into(database, OLD_NODES, OLD_EDGES, KEY)
        while not finished:
            with crash_after(monkeypatch, point), suppress(Crash):
                import_into(database, NEW_NODES, NEW_EDGES)
            said = bolt.rollback(database.server.uri, database=database.name)
            finished = "completed, not taken back" in said
            if not finished:
                assert "was taken back" in said
                assert_holds(database, OLD_NODES, OLD_EDGES, KEY)
            point += 1
        assert point >= 8
        assert_holds(database, AFTER_NODES, AFTER_EDGES, OTHER)

    def test_a_rollback_that_is_broken_off_goes_on(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        point, over = 0, False
        import_into(database, OLD_NODES, OLD_EDGES, KEY)
        while not over:
            leave_off(database)
            with crash_after(monkeypatch, point), suppress(Crash):
                bolt.rollback(database.server.uri, database=database.name)
                over = True
            if not over:
                with pytest.raises(StoreRefused, match="broken off"):
                    bolt.open_reader(database.server.uri, database=database.name)
                bolt.rollback(database.server.uri, database=database.name)
            assert_holds(database, OLD_NODES, OLD_EDGES, KEY)
            point += 1
        assert point >= 8

    @pytest.mark.parametrize("key", [OTHER, KEY])
    def test_a_rollback_that_is_broken_off_is_completed_by_the_next_import(
        self, filled: Database, monkeypatch: pytest.MonkeyPatch, key: str
    ) -> None:
        leave_off(filled)
        with crash_after(monkeypatch, 3), suppress(Crash):
            bolt.rollback(filled.server.uri, database=filled.name)
        import_into(filled, [], [], key)
        assert_holds(filled, OLD_NODES, OLD_EDGES, key)

    def test_an_import_that_was_finishing_counts(
        self, filled: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = updater(filled)
        store.begin(OTHER)
        store.write_nodes(NEW_NODES)
        store.write_edges(NEW_EDGES)
        with crash_after(monkeypatch, 2), pytest.raises(Crash):
            store.finish({"key": OTHER}, SILENT)
        store.abort()
        with closing(bolt.open_reader(filled.server.uri, database=filled.name)) as reader:
            assert reader.header() == {"key": OTHER}
            assert_same(reader.iter_nodes(), AFTER_NODES)
            assert_same(reader.iter_edges(), AFTER_EDGES)
        import_into(filled, [], [], "c" * 64)
        assert_holds(filled, AFTER_NODES, AFTER_EDGES, "c" * 64)

    def test_what_was_there_first_is_restored_after_two_crashes(self, filled: Database) -> None:
        leave_off(filled)
        leave_off(filled)
        bolt.rollback(filled.server.uri, database=filled.name)
        assert_holds(filled, OLD_NODES, OLD_EDGES, KEY)

    def test_what_was_there_at_begin_is_told_after_a_crash(self, filled: Database) -> None:
        leave_off(filled)
        leave_off(filled)
        store = updater(filled)
        store.begin(OTHER)
        nodes = store.nodes_at([node.id for node in OLD_NODES + NEW_NODES] + ["nobody"])
        edges = store.edges_at([edge.id for edge in OLD_EDGES + NEW_EDGES] + ["nothing"])
        store.abort()
        assert_same([nodes[name] for name in sorted(nodes)], OLD_NODES)
        assert_same([edges[name] for name in sorted(edges)], OLD_EDGES)

    def test_nothing_was_there_if_the_store_was_empty_at_begin(self, database: Database) -> None:
        leave_off(database)
        store = updater(database)
        store.begin(OTHER)
        assert store.nodes_at(["a", "b"]) == {}
        assert store.edges_at(["1", "2"]) == {}
        store.abort()

    def test_another_import_is_told_what_to_do(self, filled: Database) -> None:
        leave_off(filled)
        with pytest.raises(StoreRefused, match=r"run that import again.*--rollback"):
            import_into(filled, [], [], "c" * 64)
        with pytest.raises(StoreRefused, match=r"run the same import again.*--rollback"):
            bolt.open_reader(filled.server.uri, database=filled.name)


def test_nodes_and_edges_are_told_as_they_are(filled: Database) -> None:
    store = updater(filled)
    store.begin(OTHER)
    assert store.header() == {"key": KEY}
    nodes, edges = store.nodes_at(["a", "x", "d"]), store.edges_at(["1", "x", "4"])
    store.abort()
    assert_same([nodes["a"], nodes["d"]], [OLD_NODES[0], OLD_NODES[3]])
    assert_same([edges["1"], edges["4"]], [OLD_EDGES[0], OLD_EDGES[3]])
    assert (len(nodes), len(edges)) == (2, 2)


def test_an_abort_restores_the_store(filled: Database) -> None:
    store = updater(filled)
    store.begin(OTHER)
    store.write_nodes(NEW_NODES)
    store.write_edges(NEW_EDGES)
    store.abort()
    store.abort()
    assert_holds(filled, OLD_NODES, OLD_EDGES, KEY)


def test_a_replaced_node_keeps_edges_that_a_person_made(filled: Database) -> None:
    filled.cypher(
        "MATCH (a:CogxNode {id: 'a'}), (b:CogxNode {id: 'b'}) CREATE (b)-[:likes {id: 'x'}]->(a)"
    )
    import_into(filled, NEW_NODES, NEW_EDGES)
    likes = Edge("x", "b", "a", "likes")
    assert_holds(filled, AFTER_NODES, [*AFTER_EDGES, likes], OTHER)


def test_an_edge_that_a_person_made_is_replaced_by_its_id(filled: Database) -> None:
    filled.cypher("MATCH (a:CogxNode {id: 'a'}) CREATE (a)-[:likes {id: 'x', n: 1}]->(a)")
    import_into(filled, [], [Edge("x", "a", "b", "knows", {"n": 2})])
    assert_holds(filled, OLD_NODES, [*OLD_EDGES, Edge("x", "a", "b", "knows", {"n": 2})], OTHER)


def test_what_a_person_put_there_is_taken_back_exactly(filled: Database) -> None:
    filled.cypher(
        "MATCH (a:CogxNode {id: 'a'})-[r {id: '3'}]->() "
        "SET a.place = point({longitude: 2, latitude: 1.5}), a.age = duration('P1M2DT3.5S'), "
        "a.tick = localtime('03:04:05.123456789'), a.list = [1.5, 2.5], r.at = time('03:04+01:00')"
    )
    query = "MATCH (a:CogxNode {id: 'a'})-[r {id: '3'}]->() RETURN properties(a), properties(r)"
    before = filled.cypher(query)
    store = updater(filled)
    store.begin(OTHER)
    store.write_nodes(NEW_NODES)
    store.write_edges(NEW_EDGES)
    assert filled.cypher(query) != before
    store.abort()
    assert repr(filled.cypher(query)) == repr(before)


STATES = [
    {"labels": ["CogxNode", "`"], "properties": {"": None, "$": {"$": 1, "value": 2}}},
    {"floats": [0.1, -0.0, 3.0, float("inf"), float("-inf"), float("nan")], "int": 2**63 - 1},
    {"bytes": b"\x00\xff", "text": "\x00\u2028\U0010ffff", "bools": [True, False], "empty": []},
    {"points": [WGS84Point((1.5, 2)), WGS84Point((1, 2, 3)), CartesianPoint((1, 2))]},
    {"space": CartesianPoint((1, 2, -0.0)), "date": Date(1, 1, 1), "dates": [Date(9999, 12, 31)]},
    {"times": [Time(1, 2, 3, 4), Time(1, 2, 3, 999_999_999)], "long": Duration(14, 0, -3, 4, 5)},
    {"local": DateTime(2026, 1, 2, 3, 4, 5, 123_456_789)},
]


@pytest.mark.parametrize("state", STATES)
def test_a_state_comes_back_from_its_text(state: dict[str, Any]) -> None:
    assert repr(read_state(write_state(state))) == repr(state)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_a_state_keeps_offsets_and_the_names_of_zones(database: Database, zone: str | None) -> None:
    named = f"[{zone}]" if zone else ""
    ((when, clock),) = database.cypher(
        f"RETURN datetime('2026-07-02T03:04:05.123456789+02:00{named}'), time('03:04:05-05:30')"
    )
    back = read_state(write_state({"when": when, "clock": clock}))
    ((when_again, clock_again),) = database.cypher("RETURN $when, $clock", **back)
    assert (str(when_again), str(clock_again)) == (str(when), str(clock))
    assert getattr(when_again.tzinfo, "zone", None) == zone


def test_a_state_that_is_no_text_of_ours_is_refused() -> None:
    for text in ("", "[]", '{"a": {"$": "nothing", "value": 1}}', '{"a": {"$": "date"}}'):
        with pytest.raises(StoreRefused, match="_cogx_before"):
            read_state(text)
    with pytest.raises(StoreRefused, match="complex"):
        write_state({"a": 1j})


class TestBusy:
    """One import at a time."""

    def test_a_living_import_is_left_alone(self, filled: Database) -> None:
        store = updater(filled)
        store.begin(OTHER)
        who = rf"process {os.getpid()} of .* on {re.escape(socket.gethostname())}, heard of"
        for key in (KEY, OTHER):
            with pytest.raises(StoreBusy, match=who) as caught:
                import_into(filled, [], [], key)
        assert caught.value.context["age_s"] < 60
        with pytest.raises(StoreBusy, match=who):
            bolt.open_reader(filled.server.uri, database=filled.name)
        with pytest.raises(StoreBusy, match=who):
            bolt.rollback(filled.server.uri, database=filled.name)
        store.finish({"key": OTHER}, SILENT)
        assert_holds(filled, OLD_NODES, OLD_EDGES, OTHER)

    def test_an_owner_elsewhere_lives_until_it_is_silent(self, filled: Database) -> None:
        leave_off(filled)
        filled.cypher("MATCH (j:CogxJournal) SET j.place = 'elsewhere', j.host = 'far'")
        with pytest.raises(StoreBusy, match="on far, heard of"):
            import_into(filled, NEW_NODES, NEW_EDGES)
        filled.cypher("MATCH (j:CogxJournal) SET j.heartbeat = j.heartbeat - 121000")
        import_into(filled, NEW_NODES, NEW_EDGES)
        assert_holds(filled, AFTER_NODES, AFTER_EDGES, OTHER)

    def test_a_process_that_was_given_up_writes_nothing_more(self, filled: Database) -> None:
        slow, quick = updater(filled), updater(filled)
        slow.begin(OTHER)
        filled.cypher("MATCH (j:CogxJournal) SET j.heartbeat = j.heartbeat - 121000")
        quick.begin(OTHER)
        with pytest.raises(StoreRefused, match="took this import over"):
            slow.write_nodes([Node("x", "Late")])
        slow.abort()
        quick.write_nodes(NEW_NODES)
        quick.write_edges(NEW_EDGES)
        quick.finish({"key": OTHER}, SILENT)
        assert_holds(filled, AFTER_NODES, AFTER_EDGES, OTHER)

    def test_a_slow_import_is_heard_of(
        self, filled: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(journal, "_BEAT_EVERY_S", 0.02)
        store = updater(filled)
        store.begin(OTHER)
        query = "MATCH (j:CogxJournal) RETURN j.heartbeat"
        before, after = filled.cypher(query), filled.cypher(query)
        while after == before:
            after = filled.cypher(query)
        store.abort()
        assert_holds(filled, OLD_NODES, OLD_EDGES, KEY)

    def test_a_reader_notices_an_import_that_came_in_between(self, filled: Database) -> None:
        with closing(bolt.open_reader(filled.server.uri, database=filled.name)) as reader:
            assert_same(reader.iter_nodes(), OLD_NODES)
            import_into(filled, NEW_NODES, NEW_EDGES)
            with pytest.raises(StoreUnavailable, match="imported into while it was read"):
                list(reader.iter_edges())

    def test_without_an_import_there_is_nothing_to_take_back(self, filled: Database) -> None:
        said = bolt.rollback(filled.server.uri, database=filled.name)
        assert said.startswith("No import was broken off")
        assert_holds(filled, OLD_NODES, OLD_EDGES, KEY)

    def test_an_updater_is_for_one_import(self, filled: Database) -> None:
        store = updater(filled)
        with pytest.raises(UsageError):
            store.write_nodes([])
        store.begin(OTHER)
        with pytest.raises(UsageError):
            store.begin(OTHER)
        store.abort()
        with pytest.raises(UsageError):
            store.nodes_at([])


KILLED = """
import os, signal, sys
from cogx.stores import bolt
from cogx.stores.bolt import batches
from cogx.stores.bolt.journal import Journal
from tests.unit.stores.test_bolt_journal import NEW_EDGES, NEW_NODES, OTHER
from cogx.progress import SILENT
uri, database, after, inside = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "inside"
batches.ROWS = 2
write = Journal.write
def mortal(self, work):
    global after
    after -= 1
    def deadly(transaction):
        work(transaction)
        os.kill(os.getpid(), signal.SIGKILL)
    return write(self, deadly if inside and after < 0 else work) if after >= 0 or inside else die()
def die():
    os.kill(os.getpid(), signal.SIGKILL)
Journal.write = mortal
store = bolt.open_updater(uri, database=database)
store.begin(OTHER)
store.write_nodes(NEW_NODES)
store.write_edges(NEW_EDGES)
store.finish({"key": OTHER}, SILENT)
"""


@pytest.mark.parametrize(
    ("after", "where"),
    [(0, "inside"), (2, "between"), (4, "inside"), (6, "between"), (9, "inside")],
)
def test_a_killed_process_leaves_a_store_that_goes_on_or_back(
    filled: Database, after: int, where: str
) -> None:
    command = [sys.executable, "-c", KILLED, filled.server.uri, filled.name, str(after), where]
    for ending_ in ("back", "on"):
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        if ending_ == "back":
            said = bolt.rollback(filled.server.uri, database=filled.name)
            assert "was taken back" in said
            assert_holds(filled, OLD_NODES, OLD_EDGES, KEY)
    import_into(filled, NEW_NODES, NEW_EDGES)
    assert_holds(filled, AFTER_NODES, AFTER_EDGES, OTHER)


class Wire:
    """A way to the server that can be cut."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End every connection, and take no more."""
        for each in [self._listener, *self._sockets]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    @staticmethod
    def _carry(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)


@pytest.mark.usefixtures("mortal")
def test_a_lost_server_leaves_the_journal_and_the_error_says_how_to_go_on(
    filled: Database,
) -> None:
    wire = Wire(filled.server.port)
    store = bolt.open_updater(f"bolt://{USER}@127.0.0.1:{wire.port}", database=filled.name)
    store.begin(OTHER)
    store.write_nodes(NEW_NODES)
    wire.cut()
    with pytest.raises(StoreUnavailable, match=re.escape(ADVICE)):
        store.write_edges(NEW_EDGES)
    store.abort()
    import_into(filled, NEW_NODES, NEW_EDGES)
    assert_holds(filled, AFTER_NODES, AFTER_EDGES, OTHER)


class TestOwner:
    """Which processes are surely gone."""

    def test_this_process_lives(self) -> None:
        assert not Owner.this().is_gone()

    def test_a_pid_that_was_used_again_is_another_process(self) -> None:
        assert replace(Owner.this(), start="1").is_gone()

    def test_nothing_is_known_of_other_machines(self) -> None:
        assert not replace(Owner.this(), place="elsewhere", pid=2**22 + 1).is_gone()
