"""Knows every id rule: cognee's name-derived UUIDs and the ids of facts; stores nothing.

Source: spec/format.md#identity, which holds test vectors.
"""

from __future__ import annotations

import hashlib
from typing import Final
from uuid import NAMESPACE_OID, UUID, uuid5

FACT_SUFFIX: Final = "#"


def normalise_name(name: str) -> str:
    """Return cognee's form of a name: lower case, each space an underscore, no apostrophes.

    Nothing else changes: no trimming, no folding of white space, no Unicode normalisation.
    """
    return name.lower().replace(" ", "_").replace("'", "")


def entity_id(name: str) -> UUID:
    """Return the id cognee gives an entity that is known by name only."""
    return uuid5(NAMESPACE_OID, f"Entity:{normalise_name(name)}")


def entity_type_id(name: str) -> UUID:
    """Return the id of the node that stands for an entity type."""
    return uuid5(NAMESPACE_OID, f"EntityType:{normalise_name(name)}")


def data_id(external_system: str, external_id: str) -> UUID:
    """Return the id cognee gives a content record; it does not know the dataset."""
    return uuid5(NAMESPACE_OID, f"cogx:{external_system}:{external_id}")


def fact_id(source: str, predicate: str, target: str, content: bytes | None = None) -> str:
    """Return an id for an edge that has none: ``source:predicate:target``.

    Parallel edges share that text, so the second and later ones pass their canonical
    ``content`` and get the first 16 hex digits of its SHA-256 behind ``#``.
    """
    text = f"{source}:{predicate}:{target}"
    if content is None:
        return text
    return f"{text}{FACT_SUFFIX}{hashlib.sha256(content).hexdigest()[:16]}"


def is_uuid(text: str) -> bool:
    """Tell whether cognee takes the text as a UUID: with braces, ``urn:uuid:`` or no dashes too."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True
