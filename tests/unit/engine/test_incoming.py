from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given

from cogx.archive.reader import archive_in
from cogx.archive.validate import validate_container
from cogx.container import open_container
from cogx.engine.incoming import Incoming
from cogx.format.records import AnyRecord
from cogx.graph.mapping import is_stub
from cogx.limits import Limits
from cogx.ports import Edge, Node
from cogx.progress import SILENT
from cogx.testing.samples import assert_same
from cogx.testing.strategies import archives
from tests.property.sameness import written
from tests.unit.archive.made import archive, document, entity, fact

DUPLICATES = frozenset({"record.duplicate-id"})


@contextmanager
def incoming(members: Any, lenient: frozenset[str] = frozenset()) -> Iterator[Incoming]:
    with open_container(members, Limits()) as container:
        found = validate_container(container, lenient=lenient, limits=Limits(), progress=SILENT)
        found.raise_for_errors()
        opened = archive_in(container, lenient=lenient, limits=Limits())
        with Incoming(opened, found, "s") as graph:
            yield graph


def graph_of(*records: dict[str, Any], **how: Any) -> tuple[dict[str, Node], list[Edge]]:
    with incoming(archive(*records), **how) as graph:
        return {node.id: node for node in _nodes(graph)}, _edges(graph)


def _nodes(graph: Incoming) -> list[Node]:
    return [node for batch in graph.nodes() for node in batch]


def _edges(graph: Incoming) -> list[Edge]:
    return [edge for batch in graph.edges() for edge in batch]


def copies(row: Node | Edge) -> int:
    number: int = (row.rest or {}).get("copies", 1)
    return number


def test_records_become_nodes_and_facts_edges() -> None:
    nodes, edges = graph_of(
        entity("a"), {"id": "b", "type": "T"}, document("d"), fact("f", "a", "b")
    )
    assert {node.id: node.type for node in nodes.values()} == {
        "a": "Entity", "b": "T", "d": "Document",
    }  # fmt: skip
    assert [(edge.id, edge.source, edge.target) for edge in edges] == [("f", "a", "b")]


def test_a_record_that_stands_there_thrice_comes_once() -> None:
    nodes, _ = graph_of(entity("a"), entity("b"), entity("a"), entity("a"))
    assert {one: copies(node) for one, node in nodes.items()} == {"a": 3, "b": 1}


def test_a_fact_that_stands_there_twice_comes_once() -> None:
    facts = [fact("f", "a", "a"), fact("g", "a", "a"), fact("f", "a", "a")]
    _, edges = graph_of(entity("a"), *facts)
    assert {edge.id: copies(edge) for edge in edges} == {"f": 2, "g": 1}


def test_of_different_records_the_first_comes_and_its_equals_are_its_copies() -> None:
    nodes, _ = graph_of(
        entity("a", name="1"), entity("a", name="2"), entity("a", name="1"), lenient=DUPLICATES
    )
    assert (nodes["a"].properties["name"], copies(nodes["a"])) == ("1", 2)


def test_of_different_facts_the_first_comes() -> None:
    _, (edge,) = graph_of(
        entity("a"), fact("f", "a", "a", fact_text="1"), fact("f", "a", "a", fact_text="2"),
        lenient=DUPLICATES,
    )  # fmt: skip
    assert (edge.properties["fact_text"], copies(edge)) == ("1", 1)


def twins(node: Node) -> list[Any]:
    kept: list[Any] = (node.rest or {}).get("also", [])
    return kept


def test_a_record_of_another_kind_joins_the_node_of_its_id() -> None:
    nodes, _ = graph_of({"id": "a", "type": "Chunk"}, document("a", content="x"))
    assert nodes["a"].type == "Chunk"
    assert [one["properties"] for one in twins(nodes["a"])] == [{"content": "x"}]


def test_a_text_that_the_node_has_is_not_kept_again() -> None:
    nodes, _ = graph_of({"id": "a", "text": "x"}, document("a", content="x"))
    assert [one["properties"] for one in twins(nodes["a"])] == [{}]


def test_a_twin_that_stands_there_twice_joins_twice() -> None:
    nodes, _ = graph_of({"id": "a"}, document("a"), document("a"))
    assert len(twins(nodes["a"])) == 2


def test_of_different_twins_of_a_kind_the_first_joins() -> None:
    nodes, _ = graph_of(
        {"id": "a"}, document("a", content="1"), document("a", content="2"),
        document("a", content="1"), entity("a"), lenient=DUPLICATES,
    )  # fmt: skip
    assert [one["properties"] for one in twins(nodes["a"])] == [
        {"name": "a"}, {"content": "1"}, {"content": "1"},
    ]  # fmt: skip


def test_an_end_that_is_nowhere_is_held_by_one_stub() -> None:
    nodes, edges = graph_of(entity("a"), fact("f", "a", "x"), fact("g", "x", "y"))
    assert [one for one, node in nodes.items() if is_stub(node)] == ["x", "y"]
    assert [(edge.source, edge.target) for edge in edges] == [("a", "x"), ("x", "y")]


def test_stubs_come_last_and_in_batches() -> None:
    facts = [fact(f"f{number}", "a", f"x{number:04}") for number in range(2100)]
    with incoming(archive(entity("a"), *facts)) as graph:
        batches = [[node.id for node in batch] for batch in graph.nodes()]
    assert list(map(len, batches)) == [1, 1000, 1000, 100]
    assert batches[1][0] == "x0000"


def test_a_fact_is_no_end_for_an_edge() -> None:
    nodes, _ = graph_of(entity("a"), fact("f", "a", "a"), fact("g", "a", "f"))
    assert is_stub(nodes["f"])


def test_an_end_given_by_name_is_the_entity_of_that_name() -> None:
    nodes, (edge,) = graph_of(
        entity("a", name="Ann O'Lee"), entity("b"), fact("f", "ANN OLEE", "b")
    )
    assert (edge.source, edge.target, edge.rest) == ("a", "b", {"subject_ref": "ANN OLEE"})
    assert not any(map(is_stub, nodes.values()))


def test_of_two_entities_of_one_name_the_first_is_meant() -> None:
    _, (edge,) = graph_of(entity("b", name="Ann"), entity("a", name="Ann"), fact("f", "Ann", "ann"))
    assert (edge.source, edge.target) == ("b", "b")


def test_an_id_goes_before_a_name() -> None:
    _, (edge,) = graph_of(entity("a", name="b"), entity("b", name="c"), fact("f", "b", "b"))
    assert (edge.source, edge.target) == ("b", "b")


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_records_decides_nothing_but_order(order: int) -> None:
    records = [
        entity("a", name="Ann"), {"id": "d"}, document("d"), entity("a", name="Ann"),
        fact("f", "Ann", "x"), fact("g", "a", "d"), fact("f", "Ann", "x"),
    ]  # fmt: skip
    nodes, edges = graph_of(*records[::order])
    straight, straight_edges = graph_of(*records)
    assert nodes == straight
    assert sorted(edges, key=lambda edge: edge.id) == straight_edges


@given(archives())
def test_going_through_again_gives_the_same(records: list[AnyRecord]) -> None:
    with incoming(written(records)) as graph:
        nodes, edges = _nodes(graph), _edges(graph)
        assert_same(sorted(_nodes(graph), key=lambda node: node.id), nodes)
        assert_same(sorted(_edges(graph), key=lambda edge: edge.id), edges)


@given(archives())
def test_ids_are_unique_and_edges_end_in_nodes(records: list[AnyRecord]) -> None:
    with incoming(written(records)) as graph:
        ids = [node.id for node in _nodes(graph)]
        edges = _edges(graph)
    assert len(ids) == len(set(ids))
    assert len(edges) == len({edge.id for edge in edges})
    assert {end for edge in edges for end in (edge.source, edge.target)} <= set(ids)
