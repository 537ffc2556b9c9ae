"""What becomes of a cognee graph's rows, and that its files stay as they are."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cogx.engine.holdings import holdings_of
from cogx.errors import StoreRefused, StoreUnavailable
from cogx.graph.mapping import fact_of, records_of
from cogx.ports import Edge, GraphReader, Node
from cogx.stores import cognee
from tests.unit.stores.cognee_handmade import WRITTEN, Handmade, make_graph, uuid_of

A, B, C = sorted(uuid_of(name) for name in "abc")
WHEN = WRITTEN.replace(tzinfo=UTC)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Handmade:
    for name in ("SYSTEM_ROOT_DIRECTORY", "DATA_ROOT_DIRECTORY", "ENABLE_BACKEND_ACCESS_CONTROL"):
        monkeypatch.delenv(name, raising=False)
    return Handmade(tmp_path)


@pytest.fixture
def graph(made: Handmade) -> Path:
    made.dataset("sample")
    return made.graph_path("sample")


def opened(made: Handmade, dataset: str = "sample", **more: Any) -> GraphReader:
    return cognee.open_reader(dataset, root=made.root, **more)


def nodes_of(made: Handmade) -> list[Node]:
    store = opened(made)
    nodes = list(store.iter_nodes())
    assert len(nodes) == store.counts()[0]
    store.close()
    return nodes


def edges_of(made: Handmade) -> list[Edge]:
    store = opened(made)
    edges = list(store.iter_edges())
    assert len(edges) == store.counts()[1]
    store.close()
    return edges


def record_of(node: Node) -> tuple[str, Any]:
    (found,) = records_of(node, "cognee")
    return found


def hashes(place: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(place.rglob("*"))
        if path.is_file()
    }


def test_an_entity_keeps_every_property(made: Handmade, graph: Path) -> None:
    properties = {
        "created_at": 1709209815123,
        "description": "Fräulein",
        "version": 2,
        "weights": [0.5, {"deep": None}],
        "nothing": None,
        "metadata": {"index_fields": ["name"]},
    }
    make_graph(graph, [(A, "Ada", "Entity", properties)])
    kind, entity = record_of(*nodes_of(made))
    assert kind == "entity"
    assert (entity.name, entity.description, entity.entity_type) == ("Ada", "Fräulein", None)
    assert entity.created_at == datetime(2024, 2, 29, 12, 30, 15, 123000, tzinfo=UTC)
    written = {"$cogx": "datetime", "value": "2026-11-21T03:46:08.021823Z"}
    assert entity.attributes == {
        "version": 2,
        "weights": [0.5, {"deep": None}],
        "nothing": None,
        "metadata": {"index_fields": ["name"]},
        "graph_created_at": written,
        "graph_updated_at": written,
    }


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2024-02-29T17:30:15+05:00", datetime(2024, 2, 29, 12, 30, 15, tzinfo=UTC)),
        ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)),
        (1709209815.5, datetime(2024, 2, 29, 12, 30, 15, 500000, tzinfo=UTC)),
        (1709209815, datetime(2024, 2, 29, 12, 30, 15, tzinfo=UTC)),
        ("last tuesday", None),
        (True, None),
        (None, None),
    ],
)
def test_an_odd_time_of_an_entity_stays_beside_its_instant(
    made: Handmade, graph: Path, value: Any, instant: datetime | None
) -> None:
    make_graph(graph, [(A, "Ada", "Entity", {"created_at": value})])
    _, entity = record_of(*nodes_of(made))
    assert entity.created_at == instant
    assert entity.attributes["created_at"] == value


def test_what_does_not_fit_an_entitys_field_is_an_attribute(made: Handmade, graph: Path) -> None:
    odd = {"description": ["no", "text"], "aliases": "Countess"}
    make_graph(graph, [(A, "Ada", "Entity", odd)])
    _, entity = record_of(*nodes_of(made))
    assert entity.description is None
    assert odd.items() <= entity.attributes.items()


@pytest.mark.parametrize(
    ("name", "kind"), [("", "Entity"), (None, "Entity"), ("Ada", "Person"), ("Ada", None)]
)
def test_other_nodes_are_raw_and_their_values_untouched(
    made: Handmade, graph: Path, name: str | None, kind: str | None
) -> None:
    properties = {"created_at": 1709209815123, "serial": 2**60, "big": 2**70, "none": None}
    make_graph(graph, [(A, name, kind, properties)])
    found, raw = record_of(*nodes_of(made))
    assert found == "raw_node"
    assert ({"id": A, "name": name, "type": kind} | properties).items() <= raw.properties.items()


def test_numbers_that_json_lacks_are_kept(made: Handmade, graph: Path) -> None:
    text = '{"a": NaN, "b": [Infinity, -Infinity], "c": 1.0}'
    make_graph(graph, [(A, "Gauge", "Instrument", text)])
    (node,) = nodes_of(made)
    assert math.isnan(node.properties["a"])
    assert node.properties["b"] == [math.inf, -math.inf]
    assert type(node.properties["c"]) is float


def test_half_a_character_is_replaced_and_its_text_kept(made: Handmade, graph: Path) -> None:
    text = '{"a": "\\ud800 x", "b": NaN, "\\udc00": 1, "c": "\\ud83d\\ude80"}'
    make_graph(graph, [(A, "Ada", "Entity", text)], [(A, A, "is", text)])
    for found in (*nodes_of(made), *edges_of(made)):
        properties = found.properties
        assert (properties["a"], properties["\ufffd"], properties["c"]) == ("\ufffd x", 1, "🚀")
        assert math.isnan(properties["b"])
        assert properties["graph_properties"] == text


@pytest.mark.parametrize("text", ["{broken", "[1]", '"text"'])
def test_a_column_that_holds_no_object_is_kept_as_a_property(
    made: Handmade, graph: Path, text: str
) -> None:
    make_graph(graph, [(A, "Ada", "Person", text)])
    (node,) = nodes_of(made)
    assert "properties" in node.properties


def test_a_property_wins_over_its_column_as_in_cognee(made: Handmade, graph: Path) -> None:
    stored = {"type": "Planet", "id": "else", "name": "Ada", "graph_created_at": 1}
    make_graph(graph, [(A, "Eve", "Person", stored)])
    (node,) = nodes_of(made)
    assert (node.id, node.type, node.properties["name"]) == (A, "Planet", "Ada")
    assert node.properties["graph_type"] == "Person"
    assert node.properties["properties_id"] == "else"
    assert node.properties["graph_graph_created_at"] == WHEN


def test_a_graph_of_an_older_cognee_has_fewer_columns(made: Handmade, graph: Path) -> None:
    make_graph(graph, [(A, "Ada", "Entity", {}), (B, "Bo", "Entity", {})], [(A, B, "knows", {})],
               sources=False)  # fmt: skip
    assert [node.id for node in nodes_of(made)] == [A, B]
    assert [edge.id for edge in edges_of(made)] == [f"{A}:knows:{B}"]


def test_columns_that_cognee_hides_are_kept(made: Handmade, graph: Path) -> None:
    make_graph(graph, [(A, "Ada", "Entity", {})])
    run_cypher(graph, "MATCH (n:Node) SET n.source_ref_keys = '|ref|'")
    (node,) = nodes_of(made)
    assert node.properties["source_ref_keys"] == "|ref|"


def test_an_edge_keeps_every_property(made: Handmade, graph: Path) -> None:
    stored = {
        "edge_text": "Ada knows Bo",
        "valid_at": "2024-02-29T17:30:15+05:00",
        "invalid_at": "last tuesday",
        "weight": 0.25,
        "confidence": 0.5,
        "updated_at": "2026-11-21 03:46:07",
        "relationship_name": "knows",
        "provenance": "a text",
    }
    make_graph(graph, [(A, "", "T", {}), (B, "", "T", {})], [(A, B, "knows", stored)])
    fact = fact_of(*edges_of(made), "cognee")
    assert (fact.external_id, fact.predicate) == (f"{A}:knows:{B}", "knows")
    assert (fact.subject_ref, fact.object_ref) == (A, B)
    assert (fact.fact_text, fact.confidence, fact.provenance) == ("Ada knows Bo", 0.5, [])
    assert fact.valid_at == datetime(2024, 2, 29, 12, 30, 15, tzinfo=UTC)
    assert fact.invalid_at is None
    assert fact.created_at == fact.updated_at == WHEN
    told = {"edge_text", "confidence"}
    assert fact.metadata == {key: value for key, value in stored.items() if key not in told}


def test_a_validity_that_its_field_says_whole_is_not_told_twice(
    made: Handmade, graph: Path
) -> None:
    stored = {"valid_at": "2024-02-29T12:30:15.123456+00:00", "invalid_at": "2025-01-01T00:00:00Z"}
    make_graph(graph, [(A, "", "T", {})], [(A, A, "is", stored)])
    assert fact_of(*edges_of(made), "cognee").metadata == {}


@pytest.mark.parametrize("name", ["", None])
def test_an_edge_without_a_name_gets_one(made: Handmade, graph: Path, name: str | None) -> None:
    make_graph(graph, [(A, "", "T", {})], [(A, A, name, {})])
    fact = fact_of(*edges_of(made), "cognee")
    assert (fact.external_id, fact.predicate) == (f"{A}:related_to:{A}", "related_to")
    assert fact.metadata == {"relationship_name": name}


def test_edges_come_in_the_order_of_their_ids(made: Handmade, graph: Path) -> None:
    nodes: list[tuple[str, str | None, str | None, Any]]
    nodes = [(one, "", "T", {}) for one in (C, A, B)]
    pairs = [(A, B, "z"), (A, C, "a"), (B, A, "m"), (A, B, "é"), (A, A, "SELF"), (A, B, "Z")]
    make_graph(graph, nodes, [(*pair, {}) for pair in pairs])
    ids = [edge.id for edge in edges_of(made)]
    assert ids == sorted(f"{source}:{name}:{target}" for source, target, name in pairs)
    assert [node.id for node in nodes_of(made)] == [A, B, C]


def test_edges_of_a_damaged_store_are_told_apart(made: Handmade, graph: Path) -> None:
    twins: list[tuple[str, str, str | None, Any]]
    twins = [(A, B, "knows", {"n": n}) for n in (1, 2, 2)] + [(A, C, "knows", {})]
    make_graph(graph, [(one, "", "T", {}) for one in (A, B, C)], twins)
    edges = edges_of(made)
    ids = [edge.id for edge in edges]
    assert len(set(ids)) == 4 and ids == sorted(ids)
    assert sum(one.startswith(f"{A}:knows:{B}") for one in ids) == 3
    assert sorted(edge.properties.get("n", 0) for edge in edges) == [0, 1, 2, 2]


def test_a_dataset_without_nodes(made: Handmade, graph: Path) -> None:
    assert (nodes_of(made), edges_of(made)) == ([], [])


def test_reading_twice_gives_the_same(made: Handmade, graph: Path) -> None:
    make_graph(graph, [(A, "Ada", "Entity", {"a": 1})], [(A, A, "is", {"b": 2})])
    made.document(uuid_of("default_user@example.com:sample"), "paper", b"words")
    store = opened(made)
    assert holdings_of(store).sums == holdings_of(store).sums
    store.close()
    store.close()


def test_no_byte_changes_and_nothing_is_left(made: Handmade, graph: Path) -> None:
    make_graph(graph, [(A, "Ada", "Entity", {})], [(A, A, "is", {})])
    set_wal(made)
    before = hashes(made.root.parent)
    assert len(nodes_of(made)) == len(edges_of(made)) == 1
    assert hashes(made.root.parent) == before


def test_what_a_running_cognee_has_in_its_logs_is_read(made: Handmade, graph: Path) -> None:
    set_wal(made)
    writer = made.connect()
    writer.execute("UPDATE datasets SET name = 'renamed'")
    writer.commit()
    leave_in_log(graph, f"CREATE (:Node {{id: '{B}', name: 'Bo', type: 'Entity'}})")
    before = hashes(made.root.parent)
    assert any(name.endswith("-wal") for name in before)
    assert any(name.endswith(".wal") for name in before)
    store = opened(made, "renamed")
    assert [node.id for node in store.iter_nodes()] == [B]
    store.close()
    assert hashes(made.root.parent) == before
    writer.close()


def test_a_write_while_reading_is_told(made: Handmade, graph: Path) -> None:
    make_graph(graph, [(A, "Ada", "Entity", {})])
    store = opened(made)
    nodes: Iterator[Node] = store.iter_nodes()
    next(nodes)
    os.utime(graph, ns=(1, 1))
    with pytest.raises(StoreUnavailable, match="while it was read"):
        list(nodes)
    store.close()


def test_a_held_file_is_told_after_some_tries(
    made: Handmade, graph: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cogx.stores.cognee import opening, snapshot

    tries = []

    def held(*_: object, **__: object) -> None:
        tries.append(1)
        raise StoreUnavailable("Could not set lock")

    monkeypatch.setattr(opening, "Database", held)
    monkeypatch.setattr(snapshot, "_PAUSE_S", 0)
    with pytest.raises(StoreUnavailable, match="running cognee holds"):
        opened(made)
    assert len(tries) > 2


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "is missing"), (b"KUZU....", "not a Ladybug"), (b"", "not a Ladybug")],
)
def test_a_file_that_is_no_graph_is_refused(
    made: Handmade, graph: Path, content: bytes | None, said: str
) -> None:
    graph.unlink()
    if content is not None:
        graph.write_bytes(content)
    with pytest.raises(StoreRefused, match=said):
        opened(made)


def test_a_ladybug_file_of_somebody_else_is_refused(made: Handmade, graph: Path) -> None:
    run_cypher(graph, "DROP TABLE EDGE", "DROP TABLE Node")
    with pytest.raises(StoreRefused, match="no graph of cognee"):
        opened(made)


def test_writing_is_refused() -> None:
    with pytest.raises(StoreRefused, match="can only be read"):
        cognee.is_vacant("sample", root="anywhere")


def run_cypher(graph: Path, *queries: str) -> None:
    import ladybug

    database = ladybug.Database(str(graph))
    connection = ladybug.Connection(database)
    for query in queries:
        connection.execute(query)
    connection.close()
    database.close()


def leave_in_log(graph: Path, query: str) -> None:
    """Write as a process that is killed at once: the change stays in the log beside the file."""
    script = (
        "import os, sys, ladybug\n"
        "database = ladybug.Database(sys.argv[1])\n"
        "ladybug.Connection(database).execute(sys.argv[2])\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(graph), query], check=True)


def set_wal(made: Handmade) -> None:
    """Bring the SQLite file into the mode that cognee uses."""
    connection = made.connect()
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
