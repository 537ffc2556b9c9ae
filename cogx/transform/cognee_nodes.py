"""Knows how an entity or a raw node becomes a raw node that a real cognee keeps whole.

What cognee would drop, change or stumble over stands in one JSON text, the property ``cogx``.
Looks nothing up; :mod:`cogx.transform.cognee_return` is the way back.
Source: spec/format.md#profile-cognee, which lists what stands there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cogx.codec import canonical
from cogx.codec.lines import RawLine
from cogx.codec.typed import TAG
from cogx.format.timestamps import format_timestamp
from cogx.transform.cognee_fields import (
    CLASSES_WITH_RELATIONS,
    COLUMNS,
    OWN_CLASSES,
    REST,
    fits,
    fits_metadata,
    is_added_by_cognee,
    is_cognees_own,
    is_plain_entity,
    is_safe,
)
from cogx.transform.cognee_values import from_milliseconds, is_typed, plain, to_milliseconds

ENTITY: Final = "Entity"
ENTITY_TYPE: Final = "EntityType"
STUB: Final = "Stub"
SYSTEM: Final = "cognee"
_UNTYPED: Final = "Node"
_INDEXED: Final = {"index_fields": ["name"], "identity_fields": ["name"]}
FIELDS: Final = frozenset({"name", "description", "aliases", "created_at", "updated_at"})
TIMES: Final = ("created_at", "updated_at")

Rest = dict[str, Any]


def of_entity(
    entity: Any, identity: str, twins: Sequence[dict[str, Any]], counts: Counter[str]
) -> RawLine:
    """Return the raw node of an entity, under its new id.

    Args:
        twins: the properties of raw nodes with the entity's id: in cognee they are one node.
        counts: what is notable is counted here, by code.
    """
    rest: Rest = {}
    properties: dict[str, Any] = {"id": identity, "type": ENTITY, "name": entity.name}
    if entity.description is None:
        properties["description"] = entity.name
        rest["undescribed"] = True
    else:
        properties["description"] = entity.description
    if entity.aliases:
        properties["aliases"] = entity.aliases
    own = ["name", *_place_times(entity, properties, rest)]
    for name, value in (
        ("scope", entity.scope), ("metadata", entity.metadata), ("unknown", entity.model_extra),
    ):  # fmt: skip
        if value:
            rest[name] = value
    if entity.external_system != SYSTEM:
        rest["external_system"] = entity.external_system
    if entity.entity_type is not None:
        rest["entity_type"] = entity.entity_type
    if twins:
        rest["twins"] = list(twins)
    own += _place(entity.attributes, properties, rest, counts, taken=FIELDS)
    if entity.external_id != identity:
        rest["id"] = entity.external_id
    if not rest and is_cognees_own(properties) and is_plain_entity(properties):
        counts["cognee.columns"] += not COLUMNS.isdisjoint(properties)
        return RawLine(properties)
    return RawLine(_with_rest(properties, rest | {"kind": "entity"}, own))


def of_raw_node(given: Mapping[str, Any], identity: str, counts: Counter[str]) -> RawLine:
    """Return the raw node that cognee takes in place of one; arguments as :func:`of_entity`."""
    rest: Rest = {}
    node_type = given.get("type")
    if not isinstance(node_type, str) or not node_type or "\0" in node_type:
        rest.update({"type": node_type} if "type" in given else {"typeless": True})
        node_type = _UNTYPED
    properties: dict[str, Any] = {"id": identity, "type": node_type}
    others = {name: value for name, value in given.items() if name not in {"id", "type"}}
    own = _place(others, properties, rest, counts)
    if given["id"] != identity:
        rest["id"] = given["id"]
    is_entity = node_type == ENTITY and bool(properties.get("name"))
    if not rest and is_cognees_own(properties) and not is_entity:
        counts["cognee.columns"] += not COLUMNS.isdisjoint(properties)
        return RawLine(properties)
    counts["cognee.own-class"] += node_type in OWN_CLASSES
    return RawLine(_with_rest(properties, rest | {"kind": "raw_node"}, own))


def of_type(name: str, identity: str) -> RawLine:
    """Return the node that cognee has for a type of entities; it is left out on the way back."""
    properties = {"id": identity, "type": ENTITY_TYPE, "name": name, "description": name}
    return RawLine(_with_rest(properties, {"kind": "made"}, []))


def of_end(reference: str, identity: str, *, named: bool) -> RawLine:
    """Return the node that stands where a fact's end is none; it is left out on the way back.

    Args:
        named: whether the reference is a name, of which cognee would make an entity.
    """
    properties: dict[str, Any] = {"id": identity, "type": ENTITY if named else STUB}
    properties["name"] = reference
    if named:
        properties["description"] = reference
    return RawLine(_with_rest(properties, {"kind": "made", "id": reference}, []))


def _place_times(entity: Any, properties: dict[str, Any], rest: Rest) -> Iterator[str]:
    for name in TIMES:
        moment = getattr(entity, name)
        if moment is None:
            continue
        properties[name] = to_milliseconds(moment)
        if moment != from_milliseconds(properties[name]):
            rest[name] = format_timestamp(moment)
        yield name


def _place(
    given: Mapping[str, Any],
    properties: dict[str, Any],
    rest: Rest,
    counts: Counter[str],
    *,
    taken: frozenset[str] = frozenset(),
) -> list[str]:
    """Add what cognee keeps to the properties and the others to the rest.

    Returns the names among the added ones that cognee might add as well.
    """
    own = []
    for name, value in given.items():
        if name in COLUMNS:  # cognee writes them anew, so they need no form it would keep
            properties[name] = value
            own.append(name)
            continue
        told = plain(value)
        if name == "metadata":
            whole = {**given, **properties}
            fit = fits_metadata(told, whole, own=is_cognees_own(whole))
        else:
            fit = name not in taken and is_safe(name) and fits(name, told)
        if not fit:
            rest.setdefault("properties", {})[name] = value
            counts["cognee.sheltered"] += 1
            continue
        if told is not value:
            counts["cognee.typed-value"] += 1
            if is_typed(value):
                rest.setdefault("types", {})[name] = value[TAG]
            else:
                rest.setdefault("values", {})[name] = value
        properties[name] = told
        if is_added_by_cognee(name):
            own.append(name)
    return own


def _with_rest(properties: dict[str, Any], rest: Rest, own: Sequence[str]) -> dict[str, Any]:
    moved = [name for name in sorted(COLUMNS) if name in properties]
    if properties["type"] in CLASSES_WITH_RELATIONS and "relations" in properties:
        moved.append("relations")
    for name in moved:
        rest.setdefault("properties", {})[name] = properties.pop(name)
    if properties["type"] in CLASSES_WITH_RELATIONS:
        properties["relations"] = None
        properties.setdefault("metadata", _INDEXED)
    kept = sorted(set(own) - set(moved))
    if kept:
        rest["own"] = kept
    properties[REST] = canonical.encode(rest).decode()
    return properties
