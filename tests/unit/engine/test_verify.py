from __future__ import annotations

from typing import Any

import pytest

from cogx.engine.import_ import import_archive
from cogx.engine.verify import Comparison, differing, verify
from cogx.errors import InvalidArchive
from cogx.testing.memory_graph import MemoryGraph
from tests.unit.archive.made import archive, document, entity, fact

WHOLE = archive(
    {"id": "n", "type": "T", "p": 1},
    entity("a", attributes={"deep": {"x": [1, 2]}}),
    document("d", metadata={"m": 1}),
    fact("f", "a", "n", metadata={"since": 2020}),
)


@pytest.fixture
def graph() -> MemoryGraph:
    made = MemoryGraph()
    import_archive(WHOLE, made)
    return made


def named(comparison: Comparison) -> list[tuple[str, str, str, dict[str, Any]]]:
    assert not comparison.equal
    return [(d.what, d.kind, d.id, d.fields) for d in comparison.differences]


def test_an_import_is_equal(graph: MemoryGraph) -> None:
    comparison = verify(WHOLE, graph)
    assert comparison.equal
    assert comparison.differences == []


@pytest.mark.parametrize(
    ("node", "change", "kind", "fields"),
    [
        ("n", {"p": 2}, "raw_node", {"p": (1, 2)}),
        ("n", {"p": 1.0}, "raw_node", {"p": (1, 1.0)}),
        ("n", {"p": True}, "raw_node", {"p": (1, True)}),
        ("n", {"q": None}, "raw_node", {"q": (None, None)}),
        ("a", {"name": "b"}, "entity", {"name": ("a", "b")}),
        ("a", {"deep": {"x": [1, 2.0]}}, "entity", {"attributes.deep.x": ([1, 2], [1, 2.0])}),
        ("a", {"deep": {}}, "entity", {"attributes.deep.x": ([1, 2], None)}),
        ("d", {"content": "x"}, "document", {"content": ("", "x")}),
    ],
    ids=str,
)
def test_one_changed_property_is_named(
    graph: MemoryGraph, node: str, change: dict[str, Any], kind: str, fields: dict[str, Any]
) -> None:
    graph.nodes[node].properties |= change
    assert named(verify(WHOLE, graph)) == [("changed", kind, node, fields)]


def test_a_changed_edge_is_named(graph: MemoryGraph) -> None:
    graph.edges[0].properties["since"] = 2021
    assert named(verify(WHOLE, graph)) == [
        ("changed", "fact", "f", {"metadata.since": (2020, 2021)})
    ]


def test_a_changed_end_is_named(graph: MemoryGraph) -> None:
    graph.edges[0].target = "a"
    assert named(verify(WHOLE, graph)) == [("changed", "fact", "f", {"object_ref": ("n", "a")})]


def test_a_missing_record_is_named(graph: MemoryGraph) -> None:
    graph.edges.clear()
    assert named(verify(WHOLE, graph)) == [("only in archive", "fact", "f", {})]


def test_a_new_record_is_named(graph: MemoryGraph) -> None:
    graph.nodes["new"] = _copy(graph, "n", "new")
    assert named(verify(WHOLE, graph)) == [("only in store", "raw_node", "new", {})]


def _copy(graph: MemoryGraph, old: str, new: str) -> Any:
    node = next(one for one in graph.iter_nodes() if one.id == old)
    node.id = new
    return node


def test_a_repeat_that_is_missing_is_named() -> None:
    graph = MemoryGraph()
    import_archive(archive(entity("a")), graph)
    assert named(verify(archive(entity("a"), entity("a")), graph)) == [
        ("only in archive", "entity", "a", {})
    ]


def test_differences_are_counted_beyond_those_that_are_named() -> None:
    graph = MemoryGraph()
    import_archive(archive({"id": "other"}), graph)
    comparison = verify(archive(*({"id": f"n{i:03}"} for i in range(150))), graph)
    assert comparison.counts == {"in archive": 150, "in store": 1}
    assert len(comparison.differences) == 101


def test_an_archive_with_errors_proves_nothing(graph: MemoryGraph) -> None:
    with pytest.raises(InvalidArchive):
        verify(archive({"id": 5}), graph)


def test_an_outcome_is_plain_json(graph: MemoryGraph) -> None:
    graph.nodes["n"].properties["p"] = 2
    plain = verify(WHOLE, graph).to_json()
    assert (plain["equal"], plain["counts"]) == (False, {"in store": 1, "in archive": 1})


@pytest.mark.parametrize(
    ("old", "new", "paths"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": [1]}, {"a": [1.0]}, ["a"]),
        ({"a": [True]}, {"a": [1]}, ["a"]),
        ({"a": 0.0}, {"a": -0.0}, ["a"]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, ["a.c"]),
        ({"a": None}, {}, ["a"]),
        ({"a": {}}, {"a": []}, ["a"]),
    ],
    ids=str,
)
def test_values_differ_by_type_and_sign_too(old: Any, new: Any, paths: list[str]) -> None:
    assert [path for path, _ in differing(old, new)] == paths
