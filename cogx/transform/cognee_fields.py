"""Knows which properties a node of a real cognee can have, as cognee 1.6.5 reads raw nodes.

cognee makes an object of a raw node, with a class that declares every property; what breaks
that class breaks the whole import. What a class does not declare is dropped. Changes nothing.

Source: cognee-1.6.5, modules/migration/snapshot.py and infrastructure/engine/models/DataPoint.py
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

REST: Final = "cogx"
"""The property that holds, as one JSON text, what a node says beyond its other properties."""

PROVENANCE: Final = frozenset(
    {"source_ref_keys", "source_dataset_ids", "source_run_ids", "source_run_refs"}
)
"""Names that cognee takes out of every node, for it keeps columns of its own under them."""

COLUMNS: Final = PROVENANCE | {"graph_created_at", "graph_updated_at"}
"""What the ``cognee:`` source tells of a node's row; cognee writes it anew at every import."""


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _or_none(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or check(value)


def _is(*types: type) -> Callable[[Any], bool]:
    return lambda value: type(value) in types


_is_text = _is(str)
_BASE: Final[dict[str, Callable[[Any], bool]]] = {
    "created_at": _is(int),
    "updated_at": _is(int),
    "ontology_valid": _is(bool),
    "ontology_uri": _or_none(_is_text),
    "version": _is(int),
    "topological_rank": _or_none(_is(int)),
    "belongs_to_set": _or_none(_is_texts),
    "source_pipeline": _or_none(_is_text),
    "source_task": _or_none(_is_text),
    "source_node_set": _or_none(_is_text),
    "source_user": _or_none(_is_text),
    "source_content_hash": _or_none(_is_text),
    "feedback_weight": _is(float),
    "importance_weight": _or_none(_is(float)),
    "name": _is_text,
}
"""What every class declares (name: a column), and the values that come through unchanged."""

_ENTITY: Final[dict[str, Callable[[Any], bool]]] = {
    "description": _is_text,
    "is_a": lambda value: value is None,
    "relations": lambda value: isinstance(value, list) and all(type(v) is list for v in value),
    "truth_alignment": _or_none(
        lambda value: isinstance(value, list) and all(type(item) is float for item in value)
    ),
    "truth_subspace_signature": _or_none(_is_text),
    "truth_epoch": _or_none(_is(int)),
    "conflicts_reviewed_at": _or_none(_is_text),
}
"""What an Entity declares besides; of these an EntityType has description and relations."""

_COMPLETE: Final = frozenset({*_BASE, "metadata"})
_ADDED: Final = frozenset({*_BASE, *_ENTITY, *COLUMNS, "metadata"} - {"description"})

CLASSES_WITH_RELATIONS: Final = frozenset({"Entity", "EntityType"})
"""Their ``relations`` cannot be null. With null there cognee falls back to a class of the same
name that declares whatever the node has; so nothing is dropped. cognee itself leaves
``relations`` out when it writes such nodes again."""

OWN_CLASSES: Final = frozenset(
    {"AudioDocument", "ChunkSummary", "CodeFile", "CodePart", "CodeRepository", "CodeSummary"}
    | {"ColumnValue", "CsvDocument", "DltRow", "Document", "DocumentChunk", "EdgeType", "Event"}
    | {"FactConflict", "FunctionDefinition", "ImageDocument", "ImportStatement", "NodeSet"}
    | {"PdfDocument", "Repository", "Rule", "RuleSet", "SchemaTable", "SessionQAVector", "Skill"}
    | {"SkillRun", "TableRow", "TableType", "TextDocument", "TextSummary", "Timestamp", "Tool"}
    | {"ToolCall", "TranslatedContent", "Triplet", "UnstructuredDocument", "UserPreference"}
)
"""Types of which cognee may have a class that drops what it does not declare."""

_NAMES: Final = frozenset(
    {"self", "id", "type", "construct", "copy", "dict", "from_dict", "from_json", "from_orm"}
    | {"get_embeddable_data", "get_embeddable_properties", "get_embeddable_property_names"}
    | {"id_for", "json", "parse_file", "parse_obj", "parse_raw", "schema", "schema_json"}
    | {"to_dict", "to_json", "update_forward_refs", "update_version", "validate"}
    | {"vector_collection"}
)
"""Methods of cognee's classes, which a property of that name would break."""

_UNSAFE: Final = re.compile(r"_|model_")


def is_safe(name: str) -> bool:
    """Tell whether a class of cognee can declare a property of this name beside its own parts."""
    return name not in _NAMES and name != REST and not _UNSAFE.match(name) and "\0" not in name


def fits(name: str, value: Any) -> bool:
    """Tell whether a value comes through under a name: cognee's own fields have types."""
    check = _BASE.get(name)
    return check is None or check(value)


def fits_metadata(value: Any, properties: Mapping[str, Any], *, own: bool) -> bool:
    """Tell whether a value can be a node's ``metadata``, which says what cognee embeds.

    Args:
        properties: the node's; what is embedded must be text among them.
        own: whether the node is cognee's own, so that this was looked after.
    """
    if not isinstance(value, dict) or not _is_texts(value.get("index_fields")):
        return False
    return own or all(
        type(properties.get(name)) is str and is_safe(name) for name in value["index_fields"]
    )


def is_cognees_own(properties: Mapping[str, Any]) -> bool:
    """Tell whether a node has all that cognee adds to one, so that it came from there."""
    return properties.keys() >= _COMPLETE


def is_added_by_cognee(name: str) -> bool:
    """Tell whether cognee, or its source, may have added a property of this name."""
    return name in _ADDED


def is_plain_entity(properties: Mapping[str, Any]) -> bool:
    """Tell whether cognee's Entity class takes these properties and drops none but its columns."""
    for name, value in properties.items():
        check = _ENTITY.get(name)
        if check is not None and not check(value):
            return False
        declared = name in _BASE or check is not None or name in {"id", "type", "metadata"}
        if not declared and name not in COLUMNS:
            return False
    return "description" in properties
