from __future__ import annotations

from typing import Any

import pytest

from cogx.codec.from_values import line_type
from cogx.codec.lines import RawLine
from cogx.format.records import Document, Entity, RawNode
from cogx.graph.stubs import is_marked_stub


def entity(metadata: dict[str, Any]) -> Entity:
    return Entity(external_id="a", name="Ann", metadata=metadata)


def test_the_mark_makes_an_entity_a_stub() -> None:
    assert is_marked_stub("entity", entity({"cogx_stub": True}))


def test_the_mark_makes_a_hot_path_entity_a_stub() -> None:
    made = line_type("entity")(
        kind="entity",
        external_system="s",
        external_id="a",
        name="Ann",
        metadata={"cogx_stub": True},
    )
    assert is_marked_stub("entity", made)


@pytest.mark.parametrize("make", [RawLine, lambda properties: RawNode(properties=properties)])
def test_the_mark_makes_a_raw_node_a_stub(make: Any) -> None:
    assert is_marked_stub("raw_node", make({"id": "a", "cogx_stub": True}))


@pytest.mark.parametrize("metadata", [{}, {"cogx_stub": 1}, {"cogx_stub": "true"}, {"stub": True}])
def test_nothing_else_makes_an_entity_a_stub(metadata: dict[str, Any]) -> None:
    assert not is_marked_stub("entity", entity(metadata))


def test_a_raw_node_without_the_mark_is_none() -> None:
    assert not is_marked_stub("raw_node", RawLine({"id": "a", "cogx_stub": None}))


def test_a_content_record_is_never_a_stub() -> None:
    document = Document(external_id="a", content="", metadata={"cogx_stub": True})
    assert not is_marked_stub("document", document)
