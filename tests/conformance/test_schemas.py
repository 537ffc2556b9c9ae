"""The JSON Schemas of spec/schema say of every line of the corpus what the index says."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cogx.container import open_container
from cogx.format.layout import KIND_OF_MEMBER, MANIFEST
from tests.conformance.corpus import SCHEMAS, VECTORS, Vector, vectors_in


@cache
def _schema(name: str) -> Draft202012Validator:
    plain = json.loads((SCHEMAS / f"{name}.json").read_bytes())
    Draft202012Validator.check_schema(plain)
    return Draft202012Validator(plain)


def _objects(vector: Vector) -> list[tuple[str, int, Any]]:
    """Return (member, line, value) of the manifest and of every line that is JSON."""
    found = []
    with open_container(vector.source) as container:
        for member in container.members(lambda problem: None):
            data = b"".join(member.chunks())
            if member.name == MANIFEST:
                found.append((MANIFEST, 1, json.loads(data)))
            elif member.name in KIND_OF_MEMBER:
                for number, line in enumerate(data.split(b"\n"), 1):
                    if line.strip(b" \t\r"):
                        found.append((member.name, number, json.loads(line)))
    return found


def _faults(member: str, value: Any) -> list[str]:
    schema = _schema(KIND_OF_MEMBER.get(member, "manifest"))
    return [f"{error.json_path}: {error.validator}" for error in schema.iter_errors(value)]


@pytest.mark.parametrize("vector", vectors_in("good", "warn"), ids=lambda vector: vector.path)
def test_the_schemas_take_every_line_of_a_valid_archive(vector: Vector) -> None:
    for member, line, value in _objects(vector):
        assert _faults(member, value) == [], (member, line)


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if v.schema_refuses], ids=lambda vector: vector.path
)
def test_the_schemas_refuse_the_faults_that_a_schema_can_see(vector: Vector) -> None:
    objects = _objects(vector)
    for refused in vector.schema_refuses:
        assert any(_faults(member, value) for member, _, value in objects if member == refused)


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if v.schema_refuses], ids=lambda vector: vector.path
)
def test_the_schemas_refuse_nothing_beside_the_fault(vector: Vector) -> None:
    for member, _, value in _objects(vector):
        if member not in vector.schema_refuses:
            assert _faults(member, value) == []


def test_every_kind_and_the_manifest_are_checked_by_some_vector() -> None:
    seen = {
        KIND_OF_MEMBER.get(member, "manifest")
        for vector in vectors_in("good")
        if vector.source.is_dir()
        for member, _, _ in _objects(vector)
    }
    assert seen == {path.stem for path in SCHEMAS.glob("*.json")}
