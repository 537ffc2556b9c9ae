from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from cogx.format.records import Entity, Episode, Fact, MemoryBlock


def test_unknown_fields_are_kept() -> None:
    assert Entity(external_id="a", name="a", later=[1]).model_extra == {"later": [1]}  # type: ignore[call-arg]


def test_nulls_in_a_scope_are_nothing() -> None:
    assert Entity(external_id="a", name="a", scope={"user_id": None, "x": 1}).scope == {"x": 1}


@pytest.mark.parametrize("name", ["scope", "metadata", "attributes", "aliases"])
def test_a_null_container_is_empty(name: str) -> None:
    assert not getattr(Entity.model_validate({"external_id": "a", "name": "a", name: None}), name)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"external_id": ""},
        {"name": 5},
        {"aliases": "a"},
        {"attributes": []},
        {"scope": {"user_id": 5}},
        {"created_at": True},
        {"created_at": "soon"},
        {"created_at": float("inf")},
    ],
    ids=str,
)
def test_nothing_is_coerced(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Entity.model_validate({"external_id": "a", "name": "a"} | fields)


def test_a_limit_is_whole() -> None:
    with pytest.raises(ValidationError):
        MemoryBlock(external_id="a", label="", value="", limit=1.0)  # type: ignore[arg-type]


def test_an_integer_is_taken_for_a_float() -> None:
    fact = Fact(external_id="f", subject_ref="a", predicate="p", object_ref="b", confidence=1)
    assert type(fact.confidence) is float


def test_times_become_utc() -> None:
    made = Episode.model_validate(
        {"external_id": "e", "turns": [{"role": "", "content": "", "occurred_at": "2026-01-02"}]}
    )
    assert made.turns[0].occurred_at == datetime(2026, 1, 2, tzinfo=UTC)
