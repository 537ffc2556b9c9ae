"""Knows what a real cognee keeps of facts and content, and what it adds to an edge.

Changes nothing. Source: reference behaviour of cognee-1.6.5, modules/migration/loader.py
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from cogx.transform.cognee_fields import PROVENANCE

IS_A: Final = "is_a"
"""The predicate that joins an entity and its type in a cognee."""
MADE: Final = "cogx:cognee-profile"
"""The system of facts that the profile made, so that they are left out on the way back."""

_SOURCE_ID: Final = "source_external_id"
_SOURCE_SYSTEM: Final = "source_system"
_ADDED: Final = PROVENANCE | {
    _SOURCE_ID, _SOURCE_SYSTEM, "relationship_name", "relationship_type", "edge_text",
    "feedback_weight", "source_node_id", "target_node_id", "edge_object_id", "created_at",
    "updated_at",
}  # fmt: skip
"""What cognee, and the source that reads it, tell of every edge that was imported."""

CHANGES: Final = {
    "cognee.id": "nodes with another id, for theirs is no UUID",
    "cognee.type": "nodes that were made for types of entities",
    "cognee.typed-value": "values that JSON lacks, now the text of them",
    "cognee.sheltered": "properties that cognee cannot declare, now in the text cogx alone",
    "cognee.named-end": "ends of facts given by name, now the id of the entity",
    "cognee.stub": "ends that nothing answers, now an entity of that name, as cognee makes them",
    "cognee.dangling": "ends that are a UUID and no node, now a Stub: cognee would drop the fact",
    "cognee.content-end": "ends that are a document or the like, now a Stub: there it is no node",
}
"""What the profile changes so that a real cognee keeps it, by code; ``Portable`` undoes it."""

DECLARED: Final = {
    "cognee.columns": "nodes whose origin and row times in another cognee are written anew",
    "cognee.own-class": "nodes of a class that cognee has itself: what it does not declare is lost",
    "cognee.fact-text": "facts whose text is blank: cognee makes one of the ends",
    "cognee.fact-scope": "facts whose scope is lost",
    "cognee.fact-metadata": "facts whose metadata or unknown fields are lost",
    "cognee.fact-provenance": "facts whose provenance is lost",
    "cognee.fact-times": "facts whose creation and change times are lost",
    "cognee.parallel-fact": "facts lost since another has the same ends and predicate",
    "cognee.self-loop": "facts named SELF from a node to itself, which cognee does not export",
    "cognee.content-fields": "content whose media type, limit or unknown fields are lost",
}
"""What a real cognee changes or loses of an archive of this profile, by code."""


def count_losses(kind: str, records: Sequence[Any], counts: Counter[str]) -> None:
    """Count what a real cognee will not keep of facts or content records."""
    if kind != "fact":
        counts["cognee.content-fields"] += sum(map(_loses_fields, records))
        return
    for fact in records:
        text = fact.fact_text
        counts["cognee.fact-text"] += text is not None and not text.strip()
        counts["cognee.fact-scope"] += bool(fact.scope)
        counts["cognee.fact-metadata"] += bool(fact.metadata or fact.model_extra)
        counts["cognee.fact-provenance"] += bool(fact.provenance)
        counts["cognee.fact-times"] += bool(fact.created_at or fact.updated_at)
        loop = fact.predicate == "SELF" and fact.subject_ref == fact.object_ref
        counts["cognee.self-loop"] += loop


def _loses_fields(record: Any) -> bool:
    lost = getattr(record, "mime_type", None) or getattr(record, "limit", None) is not None
    return bool(lost or record.model_extra)


def says_its_origin(fact: Any) -> bool:
    """Tell whether a fact says under which id and system a real cognee imported it."""
    identity, system = fact.metadata.get(_SOURCE_ID), fact.metadata.get(_SOURCE_SYSTEM)
    return isinstance(identity, str) and identity != "" and isinstance(system, str)


def as_it_was(fact: Any) -> None:
    """Give a fact that was read from a real cognee its id and system back, and drop additions."""
    if not says_its_origin(fact):
        return
    fact.external_id = fact.metadata[_SOURCE_ID]
    fact.external_system = fact.metadata[_SOURCE_SYSTEM]
    fact.metadata = {k: value for k, value in fact.metadata.items() if k not in _ADDED}
    fact.created_at = fact.updated_at = None
    words = fact.predicate.strip().replace("_", " ") or "related to"
    if fact.fact_text == f"{fact.subject_ref} {words} {fact.object_ref}.":
        fact.fact_text = None  # what cognee writes where there is no text
