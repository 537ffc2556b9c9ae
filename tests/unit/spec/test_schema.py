"""The schemas refuse what validation refuses in one line, and accept the rest."""

from __future__ import annotations

import json
import tarfile
from typing import Any

import jsonschema
import pytest

from cogx.archive.manifest_file import read_manifest
from cogx.archive.validate import validate
from cogx.errors import UnknownName
from cogx.format.layout import KIND_OF_MEMBER, KINDS, MEMBER_OF_KIND
from cogx.format.schema import SCHEMA_KINDS, schema_of
from cogx.problems import CODES, Severity
from tests.unit.spec.pages import ROOT, SPEC

MINIMAL: dict[str, dict[str, Any]] = {
    "document": {"external_id": "1", "content": ""},
    "episode": {"external_id": "1"},
    "entity": {"external_id": "1", "name": "Ann"},
    "fact": {"external_id": "1", "subject_ref": "a", "predicate": "p", "object_ref": "b"},
    "memory": {"external_id": "1", "content": ""},
    "memory_block": {"external_id": "1", "label": "", "value": ""},
    "raw_node": {"id": "1"},
}

CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("document", {}),
    ("document", {"unheard": {"of": None}}),
    ("document", {"kind": "document", "title": None, "mime_type": "text/plain"}),
    ("document", {"kind": "memory"}),
    ("document", {"kind": None}),
    ("document", {"content": None}),
    ("document", {"content": 5}),
    ("document", {"title": ["x"]}),
    ("document", {"external_id": ""}),
    ("document", {"external_id": 7}),
    ("document", {"external_system": None}),
    ("document", {"external_system": ""}),
    ("document", {"scope": None, "metadata": None}),
    ("document", {"scope": {"user_id": None, "run_id": "r", "other": [1]}}),
    ("document", {"scope": {"user_id": 5}}),
    ("document", {"scope": []}),
    ("document", {"metadata": []}),
    ("document", {"metadata": {"a": {"b": [None, 1.5]}}}),
    ("document", {"created_at": None, "updated_at": "2026-01-02T03:04:05Z"}),
    ("document", {"created_at": 1546398245.5}),
    ("document", {"created_at": True}),
    ("document", {"created_at": {}}),
    ("episode", {"turns": None}),
    ("episode", {"turns": [{"role": "user", "content": "hi", "occurred_at": "2026-01-02"}]}),
    ("episode", {"turns": [{"role": "user"}]}),
    ("episode", {"turns": [{"role": "user", "content": None}]}),
    ("episode", {"turns": ["hi"]}),
    ("episode", {"turns": {}}),
    ("entity", {"name": ""}),
    ("entity", {"entity_type": "", "description": ""}),
    ("entity", {"aliases": None, "attributes": None}),
    ("entity", {"aliases": [None]}),
    ("entity", {"aliases": "Annie"}),
    ("entity", {"attributes": {"a": None}}),
    ("entity", {"attributes": "x"}),
    ("fact", {"predicate": ""}),
    ("fact", {"subject_ref": None}),
    ("fact", {"object_ref": ""}),
    ("fact", {"confidence": 1, "provenance": ["x"], "valid_at": "2026-01-02"}),
    ("fact", {"confidence": 1.5}),
    ("fact", {"confidence": "0.5"}),
    ("fact", {"confidence": True}),
    ("fact", {"provenance": [1]}),
    ("memory", {"categories": ["a", ""]}),
    ("memory", {"categories": {"a": 1}}),
    ("memory_block", {"limit": 5}),
    ("memory_block", {"limit": None}),
    ("memory_block", {"limit": 5.5}),
    ("memory_block", {"limit": "5"}),
    ("memory_block", {"limit": True}),
    ("raw_node", {"id": ""}),
    ("raw_node", {"id": 5}),
    ("raw_node", {"id": None}),
    ("raw_node", {"type": 5, "kind": "entity", "created_at": {}, "x": None}),
]

MANIFESTS: list[Any] = [
    {},
    {"cogx_version": "0.1", "source_system": "cognee", "counts": {"fact": 0}, "notes": ["x"]},
    {"cogx_version": "0.2", "exported_at": "2026-01-02T03:04:05Z", "more": 1},
    {"cogx_version": "1.0"},
    {"cogx_version": 0.1},
    {"cogx_version": None},
    {"source_system": None},
    {"counts": None, "notes": None, "cogx": None, "embedding_model": None},
    {"counts": {"fact": -1}},
    {"counts": {"fact": 1.5}},
    {"counts": {"fact": "1"}},
    {"counts": {"fact": True}},
    {"counts": []},
    {"notes": "x"},
    {"notes": [None]},
    {"exported_at": {}},
    {"migration_revision": 5},
    {"cogx": {"generator": "x"}},
    {"cogx": {}},
    {"cogx": []},
    {"cogx": {"generator": "x", "version": 2}},
    {"cogx": {"generator": "x", "profile": "other"}},
    {
        "cogx": {
            "generator": "x",
            "complete": False,
            "selection": "half",
            "dataset": None,
            "more": 1,
        }
    },
    {"cogx": {"generator": "x", "complete": 1}},
    {"cogx": {"generator": "x", "members": {"facts.jsonl": {"bytes": 0, "sha256": "0" * 64}}}},
    {"cogx": {"generator": "x", "members": {"facts.jsonl": {"bytes": 0, "sha256": "G" * 64}}}},
    {"cogx": {"generator": "x", "members": {"facts.jsonl": {"bytes": -1, "sha256": "0" * 64}}}},
    {"cogx": {"generator": "x", "members": None}},
    {"cogx": {"generator": "x", "fingerprint": {"graph": "0" * 64, "content": "0" * 64}}},
    {"cogx": {"generator": "x", "fingerprint": {"graph": "0" * 64}}},
    {"cogx": {"generator": "x", "value_types": None}},
    {"cogx": {"generator": "x", "value_types": [{"kind": "entity"}]}},
    {"cogx": {"generator": "x", "embedding": {"model": "m", "dimensions": 64, "metric": None}}},
    {"cogx": {"generator": "x", "embedding": {"dimensions": "64"}}},
]


@pytest.mark.parametrize("kind", SCHEMA_KINDS)
def test_schema_is_sound_and_published(kind: str) -> None:
    schema = schema_of(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:cogx:schema:0.1:{kind}"
    assert schema["title"] and schema["description"]
    assert json.loads((SPEC / "schema" / "0.1" / f"{kind}.json").read_text("utf-8")) == schema


def test_every_object_allows_unknown_fields() -> None:
    for kind in SCHEMA_KINDS:
        schema = schema_of(kind)
        for part in (schema, *schema.get("$defs", {}).values()):
            assert part["additionalProperties"] is True


def test_a_schema_is_new_every_time() -> None:
    schema_of("fact")["properties"].clear()
    assert schema_of("fact")["properties"]


def test_unknown_kind() -> None:
    with pytest.raises(UnknownName, match="Unknown kind 'facts'"):
        schema_of("facts")


def test_every_kind_has_a_minimal_line() -> None:
    assert set(MINIMAL) == set(KINDS)


@pytest.mark.parametrize(("kind", "change"), CHANGES, ids=lambda part: str(part)[:60])
def test_schema_agrees_with_validation(kind: str, change: dict[str, Any]) -> None:
    line = MINIMAL[kind] | change
    assert _fits(kind, line) == _is_read(kind, line)


@pytest.mark.parametrize("kind", KINDS)
def test_schema_agrees_on_missing_fields(kind: str) -> None:
    for name in MINIMAL[kind]:
        line = {key: value for key, value in MINIMAL[kind].items() if key != name}
        assert not _fits(kind, line)
        assert not _is_read(kind, line)


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: json.dumps(manifest)[:60])
def test_manifest_schema_agrees_with_validation(manifest: Any) -> None:
    _, problems = read_manifest(json.dumps(manifest).encode())
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    assert _fits("manifest", manifest) == (not errors)


def test_schemas_fit_what_a_real_cognee_wrote() -> None:
    with tarfile.open(ROOT / "fixtures" / "archives" / "real-small.cogx.tar.gz") as tar:
        for entry in tar:
            file = tar.extractfile(entry)
            assert file is not None
            text = file.read()
            if entry.name == "manifest.json":
                assert _fits("manifest", json.loads(text))
                continue
            kind = KIND_OF_MEMBER[entry.name]
            validator = jsonschema.Draft202012Validator(schema_of(kind))
            lines = [json.loads(line) for line in text.split(b"\n") if line]
            assert lines
            assert all(map(validator.is_valid, lines))


def _fits(kind: str, value: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(schema_of(kind)).is_valid(value))


def _is_read(kind: str, line: dict[str, Any]) -> bool:
    members = {"manifest.json": b"{}", MEMBER_OF_KIND[kind]: json.dumps(line).encode()}
    found = validate(members)
    assert all(code in CODES for code in found.log.totals)
    return found.valid and found.counts[kind] == 1
