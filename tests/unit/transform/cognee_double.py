"""A double of a real cognee: what 1.6.5 does to raw nodes and facts between import and reading.

Observed on the real one; tests/interop holds the double to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cogx.codec.from_values import line_struct
from cogx.codec.lines import RawLine
from cogx.codec.typed import to_json
from cogx.format.identity import is_canonical_uuid
from cogx.ports import RecordSource

MILLISECOND = timedelta(milliseconds=1)
NOW = datetime(2026, 1, 2, 3, 4, 5, 600_000, UTC)
ADDED = {
    "created_at": 1767323045600, "updated_at": 1767323045600, "ontology_valid": False,
    "ontology_uri": None, "version": 1, "topological_rank": 0, "belongs_to_set": None,
    "source_pipeline": None, "source_task": None, "source_node_set": None, "source_user": None,
    "source_content_hash": None, "feedback_weight": 0.5, "importance_weight": 0.5, "name": "",
}  # fmt: skip
COLUMNS = {
    "source_ref_keys": "|here|", "source_dataset_ids": "|d|", "source_run_ids": "|r|",
    "source_run_refs": "|s|",
}  # fmt: skip
ROW_TIMES = {"graph_created_at": to_json(NOW), "graph_updated_at": to_json(NOW)}
ENTITY_ONLY = {
    "is_a": None, "relations": [], "truth_alignment": None, "truth_subspace_signature": None,
    "truth_epoch": None, "conflicts_reviewed_at": None,
}  # fmt: skip


class CogneeDouble:
    """What the ``cognee:`` source reads after a real cognee imported ``source``."""

    def __init__(self, source: RecordSource) -> None:
        self.system = "cognee"
        self._source = source

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        for kind in kinds:
            if kind == "fact":
                yield kind, list(self._facts())
            elif kind in ("raw_node", "entity"):
                yield kind, [one for its_kind, one in self._nodes() if its_kind == kind]
            else:
                yield from self._source.iter_batches(kind)

    def _nodes(self) -> Iterator[tuple[str, Any]]:
        known: set[str] = set()
        for kind, records in self._source.iter_batches("entity", "raw_node"):
            assert kind == "raw_node", "the profile writes no entities"
            for record in records:
                properties = dict(record.properties)
                assert is_canonical_uuid(properties["id"]), "cognee refuses the whole archive"
                if properties["id"] not in known:
                    known.add(properties["id"])
                    yield _read(_stored(properties))

    def _facts(self) -> Iterator[Any]:
        known: set[tuple[str, str, str]] = set()
        for _, facts in self._source.iter_batches("fact"):
            for fact in facts:
                key = fact.subject_ref, fact.predicate, fact.object_ref
                if key not in known:
                    known.add(key)
                    yield _fact(fact, ":".join(key))


def _stored(given: dict[str, Any]) -> dict[str, Any]:
    stored = ADDED | {key: value for key, value in given.items() if key not in COLUMNS}
    for name, default in ADDED.items():
        value, fine = stored[name], type(stored[name]) is type(default)
        texts = name == "belongs_to_set" and isinstance(value, list)
        nullable = default is None or name in ("topological_rank", "importance_weight")
        assert (
            fine
            or texts
            or (nullable and value is None)
            or (default is None and isinstance(value, str))
        ), f"cognee refuses the whole archive: {name}"
    assert all(key[:1] != "_" and key[:6] != "model_" and key != "self" for key in stored)
    index_fields = (given.get("metadata") or {}).get("index_fields", [])
    if given["type"] in ("Entity", "EntityType") and given.get("relations", []) is not None:
        declared = stored.keys() & {"id", "type", "description", "metadata", *ADDED, *ENTITY_ONLY}
        stored = ENTITY_ONLY | {key: stored[key] for key in declared}
        index_fields = ["name"]
    return stored | {"metadata": {"index_fields": index_fields}} | COLUMNS | ROW_TIMES


def _read(stored: dict[str, Any]) -> tuple[str, Any]:
    if stored["type"] != "Entity" or not stored["name"]:
        return "raw_node", RawLine(stored)
    identity = stored.pop("id")
    del stored["type"]
    fields = {"name": stored.pop("name")}
    for name, kind in (("description", str), ("aliases", list)):
        if isinstance(stored.get(name), kind):
            fields[name] = stored.pop(name)
    for name in ("created_at", "updated_at"):
        fields[name] = datetime.fromtimestamp(0, UTC) + stored.pop(name) * MILLISECOND
    fixed = {"external_id": identity, "external_system": "cognee", "attributes": stored}
    return "entity", line_struct("entity", fields, fixed)


def _fact(fact: Any, key: str) -> Any:
    words = fact.predicate.strip().replace("_", " ") or "related to"
    text = fact.fact_text if (fact.fact_text or "").strip() else None
    metadata = {
        "relationship_name": fact.predicate, "source_system": fact.external_system,
        "source_external_id": fact.external_id, "edge_object_id": "e", "feedback_weight": 0.5,
    }  # fmt: skip
    fields = {
        "fact_text": text or f"{fact.subject_ref} {words} {fact.object_ref}.",
        "created_at": NOW, "updated_at": NOW,
    } | {
        name: getattr(fact, name)
        for name in ("valid_at", "invalid_at", "confidence")
        if getattr(fact, name) is not None
    }  # fmt: skip
    fixed = {
        "external_id": key, "external_system": "cognee", "predicate": fact.predicate,
        "subject_ref": fact.subject_ref, "object_ref": fact.object_ref,
        "metadata": metadata | COLUMNS,
    }  # fmt: skip
    return line_struct("fact", fields, fixed)
