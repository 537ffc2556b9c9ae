"""Knows every id rule: UUIDs made of names and of ids, and the ids of facts; stores nothing.

Source: spec/format.md#identity, which holds test vectors.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final
from unicodedata import normalize
from uuid import NAMESPACE_OID, UUID, uuid5

FACT_SUFFIX: Final = "#"
_OID: Final = NAMESPACE_OID.bytes

_APOSTROPHES: Final = re.compile(
    "['`\u00b4\u02b9\u02bb\u02bc\u02bd\u02c8\u2018\u2019\u201b\u2032\u2035\uff07]"
)
_WHITE_SPACE: Final = re.compile(
    "[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"
)
"""The characters with the Unicode property White_Space; Python's own idea has four more."""
_CANONICAL_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


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


def folded_name(name: str) -> str:
    """Return the form in which names are compared that differ only as people write them.

    Letter case, compatibility forms (full width, ligatures), white space at the ends and its
    amount, and apostrophes of any sort do not count. A name of which nothing would be left is
    its own folded form. Accents, hyphens and the order of words count.
    """
    folded = normalize("NFD", _APOSTROPHES.sub("", name)).casefold()
    folded = normalize("NFC", normalize("NFKD", normalize("NFKD", folded).casefold()))
    folded = _WHITE_SPACE.sub(" ", _APOSTROPHES.sub("", folded)).strip(" ")
    return folded or name


def folded_entity_id(name: str, entity_type: str | None) -> UUID:
    """Return the id that all entities of one folded name and one folded type share.

    The type is part of it: an apple that is a fruit is not the company. No type, the empty one
    and white space are the same, and are a type of their own: they never match a named one.
    """
    folded_type = _WHITE_SPACE.sub(" ", entity_type or "").strip(" ")
    folded_type = folded_name(folded_type) if folded_type else ""
    return uuid5(NAMESPACE_OID, f"cogx-entity:{folded_type}\n{folded_name(name)}")


def node_id(source_system: str, external_id: str) -> str:
    """Return the UUID under which the ``cognee`` profile has a node: its own if it is one.

    Only the form with lower-case digits and dashes is a UUID here: so no two ids become one.
    The kind does not count: records of two kinds with one id are one node.
    """
    if is_canonical_uuid(external_id):
        return external_id
    return _uuid_text(f"cogx-node:{source_system}:{external_id}")


def _uuid_text(text: str) -> str:
    """Return the text of a version 5 UUID in the OID namespace.

    It is what uuid5 says, in a third of the time: every end of every fact asks for one.
    """
    digits = hashlib.sha1(_OID + text.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    last = f"{variant}{digits[17:20]}-{digits[20:32]}"
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{last}"


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


def is_canonical_uuid(text: str) -> bool:
    """Tell whether the text is a UUID as everybody writes it: lower case, four dashes."""
    return _CANONICAL_UUID.fullmatch(text) is not None
