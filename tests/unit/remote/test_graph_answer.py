"""A graph answer is read while it arrives, and ends in items or in one clear error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogx.errors import RemoteGarbled
from cogx.remote import graph_answer
from cogx.remote.graph_answer import GraphAnswer
from cogx.remote.graph_items import GraphEdge, GraphNode
from cogx.remote.half_pairs import HalfPairs
from tests.unit.memory import PEAK

NODE = {"id": "a", "label": "Ada", "type": "Entity", "properties": {"n": 1}}
EDGE = {"source": "a", "target": "b", "label": "knows"}


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def read(data: Any, size: int = 7) -> tuple[list[GraphNode], list[GraphEdge], GraphAnswer]:
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    answer = GraphAnswer("the answer")
    nodes: list[GraphNode] = []
    edges: list[GraphEdge] = []
    for batch in answer.iter_batches(pieces(text, size)):
        if batch[0] == "nodes":
            nodes += batch[1]
        else:
            edges += batch[1]
    return nodes, edges, answer


def refusal(data: Any) -> str:
    with pytest.raises(RemoteGarbled) as caught:
        read(data)
    return str(caught.value)


def test_nodes_and_edges_come_as_they_stand() -> None:
    nodes, edges, answer = read({"nodes": [NODE, NODE | {"id": "b"}], "edges": [EDGE]})
    assert nodes == [
        GraphNode("a", "Ada", "Entity", {"n": 1}),
        GraphNode("b", "Ada", "Entity", {"n": 1}),
    ]
    assert edges == [GraphEdge("a", "b", "knows", {})]
    assert (answer.nodes, answer.edges, answer.half_pairs) == (2, 1, 0)


def test_edges_may_come_first_and_other_keys_between() -> None:
    told = {"meta": {"a": [1, {"b": None}]}, "edges": [EDGE], "took": 3, "nodes": [NODE], "z": []}
    nodes, edges, _ = read(told)
    assert (len(nodes), len(edges)) == (1, 1)


def test_an_empty_graph_is_one() -> None:
    assert read({"nodes": [], "edges": []})[:2] == ([], [])


def test_what_a_newer_server_says_of_nodes_and_edges_is_kept() -> None:
    nodes, edges, _ = read(
        {
            "nodes": [NODE | {"createdAt": "2026", "n": 2}],
            "edges": [EDGE | {"properties": {"weight": 0.5}, "id": "e"}],
        }
    )
    assert nodes[0].properties == {"n": 1, "createdAt": "2026", "n_": 2}
    assert edges[0].properties == {"weight": 0.5, "id": "e"}


def test_null_for_a_text_is_an_empty_one() -> None:
    nodes, _, _ = read({"nodes": [{"id": "a", "label": None, "properties": None}], "edges": []})
    assert nodes == [GraphNode("a", "", "", {})]


def test_numbers_keep_every_digit() -> None:
    text = b'{"nodes":[{"id":"a","properties":{"v":[1, 2.50, 1e3, -0.0, 12345678901234567890123, '
    nodes, _, _ = read(text + b'1e400, 0.10000000000000000000001]}}],"edges":[]}')
    values = nodes[0].properties["v"]
    assert values == [
        1,
        2.5,
        1000.0,
        0.0,
        12345678901234567890123,
        Decimal("1e400"),
        Decimal("0.10000000000000000000001"),
    ]
    assert [type(value) for value in values[:5]] == [int, float, float, float, int]
    assert str(values[3]) == "-0.0"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "no object"),
        ("text", "no object"),
        ({"detail": "no"}, "no list 'nodes'"),
        ({"nodes": []}, "no list 'edges'"),
        ({"nodes": {}, "edges": []}, "'nodes' is no list"),
        ({"nodes": None, "edges": []}, "'nodes' is no list"),
        ({"nodes": [1], "edges": []}, "nodes[0] is no object"),
        ({"nodes": [NODE, [NODE]], "edges": []}, "nodes[1] is no object"),
        ({"nodes": [NODE | {"id": 5}], "edges": []}, "nodes[0].id is 5, no text"),
        ({"nodes": [{}], "edges": []}, "nodes[0].id is None"),
        ({"nodes": [NODE | {"id": ""}], "edges": []}, "nodes[0].id is ''"),
        ({"nodes": [NODE | {"label": {}}], "edges": []}, "nodes[0].label is {}"),
        ({"nodes": [NODE | {"properties": []}], "edges": []}, "properties is [], no object"),
        ({"nodes": [], "edges": [EDGE, EDGE | {"target": None}]}, "edges[1].target is None"),
        (b'{"nodes":[],"edges":[],"nodes":[]}', "'nodes' stands there twice"),
        (b'{"nodes":[{"id":"a","id":"b"}],"edges":[]}', "'id' stands twice"),
        (b"", "ends in the middle"),
        (b'{"nodes":[{"id":"a"', "ends in the middle"),
        (b'{"nodes":[],"edges":[]', "ends in the middle"),
        (b'{"nodes":[],"edges":[]} {}', "not JSON"),
        (b"<html>busy</html>", "not JSON"),
        (b'{"nodes":[{"id":"a","properties":{"v":NaN}}],"edges":[]}', "not JSON"),
        (b'{"nodes":[{"id":"\xff"}],"edges":[]}', "not JSON"),
        (b'{"nodes":[{"id":"\\udc00"}],"edges":[]}', "not JSON"),
    ],
)
def test_what_is_no_graph_is_refused_with_its_place(data: Any, said: str) -> None:
    assert said in refusal(data)


def test_a_refusal_says_how_far_the_answer_was_fine() -> None:
    text = refusal({"nodes": [NODE, NODE | {"id": 1}], "edges": []})
    assert text.startswith("the answer: ")
    assert "1 nodes and 0 edges" in text


def test_deep_nesting_is_refused() -> None:
    deep = b"[" * 70 + b"]" * 70
    assert "60 lists and objects" in refusal(
        b'{"nodes":[{"id":"a","properties":{"v":' + deep + b'}}],"edges":[]}'
    )
    assert "60 lists and objects" in refusal(b'{"other":' + b"[" * 100_000)


def test_one_endless_item_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_answer, "MOST_ITEM_BYTES", 1000)
    many = {"nodes": [NODE | {"id": str(number)} for number in range(100)], "edges": []}
    assert len(read(many)[0]) == 100
    assert "are one item" in refusal({"nodes": [NODE | {"label": "x" * 5000}], "edges": []})


def test_halves_of_pairs_are_counted() -> None:
    text = b'{"nodes":[{"id":"a","label":"\\ud83d\\ude00 \\ud800 x \\\\ud800"}],"edges":[]}'
    nodes, _, answer = read(text)
    assert nodes[0].label.startswith("\U0001f600 ?")
    assert answer.half_pairs == 1


_PARTS = st.sampled_from(
    [rb"\\", rb"\n", b"a", b"ud800", rb"\ud83d", rb"\ude00", rb"\uDC11", rb"\u0041", b"x" * 20]
)


@given(st.lists(_PARTS, max_size=12), st.integers(1, 9))
def test_halves_are_found_however_the_bytes_are_cut(parts: list[bytes], size: int) -> None:
    data = b"".join(parts)
    text = json.loads(b'"' + data + b'"')
    halves = sum(0xD800 <= ord(letter) < 0xE000 for letter in text)
    found = HalfPairs()
    for piece in pieces(data, size):
        found.look(piece)
    assert found.finish() == halves


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), _VALUES), st.booleans())
def test_properties_come_through_unchanged(properties: dict[str, Any], escaped: bool) -> None:
    told = {"nodes": [NODE | {"properties": properties}], "edges": []}
    nodes, _, _ = read(json.dumps(told, ensure_ascii=escaped).encode(), size=11)
    assert json.dumps(nodes[0].properties, sort_keys=True) == json.dumps(properties, sort_keys=True)


@given(st.integers(0, 200), st.binary(min_size=1, max_size=3))
def test_changed_bytes_end_in_items_or_one_error(at: int, other: bytes) -> None:
    data = json.dumps({"nodes": [NODE] * 3, "edges": [EDGE] * 2}).encode()
    try:
        read(data[:at] + other + data[at + len(other) :])
    except RemoteGarbled as error:
        assert "It was read for" in str(error)


_FLAT = """
from cogx.remote.graph_answer import GraphAnswer
item = b'{"id":"%d","label":"a","type":"Entity","properties":{"text":"' + b"x" * 20000 + b'"}}'
def chunks():
    yield b'{"nodes":['
    for number in range(15000):
        yield (b"," if number else b"") + item % number
    yield b'],"edges":[]}'
answer = GraphAnswer("x")
before, size = peak(), 0
for _, batch in answer.iter_batches(chunks()):
    size += len(batch)
print(size, (peak() - before) // 1024)
"""


def test_memory_does_not_grow_with_the_answer() -> None:
    """300 MB pass; what is held is one item."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK + _FLAT],
        capture_output=True,
        check=True,
        env=os.environ,
        text=True,
    )
    size, grown_mib = map(int, done.stdout.split())
    assert size == 15000
    assert grown_mib < 20
