from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cogx.format.records import MODEL_OF_KIND, RawNode
from cogx.format.rules import iter_notices

LATER = datetime.now(UTC) + timedelta(days=2)


def notices(kind: str, **fields: Any) -> list[tuple[str, str]]:
    required = {
        name: "x" for name, f in MODEL_OF_KIND[kind].model_fields.items() if f.is_required()
    }
    record = MODEL_OF_KIND[kind](**required | fields)
    return [(code, field) for _, code, _, field in iter_notices(kind, [record], ["x"])]


@pytest.mark.parametrize(
    ("kind", "fields", "found"),
    [
        ("entity", {}, []),
        ("entity", {"created_at": LATER}, [("time.future", "created_at")]),
        ("entity", {"updated_at": LATER}, [("time.future", "updated_at")]),
        ("fact", {"valid_at": LATER}, []),
        ("fact", {"confidence": 1.5}, [("fact.confidence", "confidence")]),
        ("fact", {"confidence": 0.0}, []),
        (
            "fact",
            {"valid_at": LATER, "invalid_at": LATER - timedelta(1)},
            [("time.order", "invalid_at")],
        ),
        ("memory_block", {"value": "abc", "limit": 2}, [("memory_block.limit", "value")]),
        ("memory_block", {"value": "\U0001f600", "limit": 1}, []),
    ],
)
def test_odd_values_are_noticed(
    kind: str, fields: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    assert notices(kind, **fields) == found


@pytest.mark.parametrize(("kind", "field"), [("raw_node", "id"), ("entity", "external_id")])
def test_spaces_around_an_id_are_found_in_its_field(kind: str, field: str) -> None:
    record = RawNode(properties={"id": " a"}) if kind == "raw_node" else _entity(" a")
    assert [(code, place) for _, code, _, place in iter_notices(kind, [record], [" a"])] == [
        ("record.id-form", field)
    ]


def _entity(identity: str) -> Any:
    return MODEL_OF_KIND["entity"](external_id=identity, name="x")  # type: ignore[call-arg]
