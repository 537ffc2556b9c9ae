"""Knows what a real cognee keeps of facts and content, and what it adds to an edge.

Changes nothing. Source: reference behaviour of cognee-1.6.5, modules/migration/loader.py
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

MADE: Final = "cogx:cognee-profile"
"""The system of facts that the profile made, so that they are left out on the way back."""

_ADDED: Final = frozenset(
    {"source_system", "source_external_id", "relationship_name", "edge_text", "feedback_weight"}
    | {"source_node_id", "target_node_id", "edge_object_id", "created_at", "updated_at"}
)
"""What cognee, and the source that reads it, tell of every edge that was imported."""

CHANGES: Final = {
    "cognee.id": "nodes with another id, for theirs is no UUID",
    "cognee.type": "nodes that were made for types of entities",
    "cognee.typed-value": "values that JSON lacks, now the text of them",
    "cognee.sheltered": "properties that cognee cannot declare, now in the text cogx alone",
    "cognee.named-end": "ends of facts given by name, now the id of the entity",
}
"""What the profile changes so that a real cognee keeps it, by code; ``Portable`` undoes it."""

DECLARED: Final = {
    "cognee.columns": "nodes whose origin and row times in another cognee are written anew",
    "cognee.fact-scope": "facts whose scope is lost",
    "cognee.fact-metadata": "facts whose metadata or unknown fields are lost",
    "cognee.fact-provenance": "facts whose provenance is lost",
    "cognee.fact-times": "facts whose creation and change times are lost",
    "cognee.parallel-fact": "facts lost since another has the same ends and predicate",
    "cognee.self-loop": "facts named SELF from a node to itself, which cognee does not export",
    "cognee.dangling": "ends that look like a UUID and are no node: cognee leaves the fact out",
    "cognee.content-end": "ends that are a document or the like: in cognee no node",
    "cognee.stub": "ends that nothing answers: cognee makes an entity of that name",
    "cognee.content-fields": "content whose media type, limit or unknown fields are lost",
}
"""What a real cognee changes or loses of an archive of this profile, by code."""


def count_losses(kind: str, records: Sequence[Any], counts: Counter[str]) -> None:
    """Count what a real cognee will not keep of facts or content records."""
    if kind != "fact":
        counts["cognee.content-fields"] += sum(map(_loses_fields, records))
        return
    for fact in records:
        counts["cognee.fact-scope"] += bool(fact.scope)
        counts["cognee.fact-metadata"] += bool(fact.metadata or fact.model_extra)
        counts["cognee.fact-provenance"] += bool(fact.provenance)
        counts["cognee.fact-times"] += bool(fact.created_at or fact.updated_at)
        loop = fact.predicate == "SELF" and fact.subject_ref == fact.object_ref
        counts["cognee.self-loop"] += loop


def _loses_fields(record: Any) -> bool:
    lost = getattr(record, "mime_type", None) or getattr(record, "limit", None) is not None
    return bool(lost or record.model_extra)


def as_it_was(fact: Any) -> None:
    """Give a fact that was read from a real cognee its id and system back, and drop additions."""
    metadata = fact.metadata
    identity, system = metadata.get("source_external_id"), metadata.get("source_system")
    if not isinstance(identity, str) or not identity or not isinstance(system, str):
        return
    fact.external_id, fact.external_system = identity, system
    fact.metadata = {key: value for key, value in metadata.items() if key not in _ADDED}
    fact.created_at = fact.updated_at = None
