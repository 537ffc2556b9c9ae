"""Knows how an entity or a raw node becomes a raw node that a real cognee keeps whole, and back.

What cognee would drop, change or stumble over stands in one JSON text, the property ``cogx``.
Looks nothing up. Source: spec/format.md#profile-cognee, which lists what stands there.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cogx.codec import canonical
from cogx.codec.from_values import line_struct
from cogx.codec.lines import RawLine
from cogx.codec.typed import TAG, TAGS, UnreadableValue, read_tagged
from cogx.format.timestamps import UnreadableTimestamp, format_timestamp, parse_timestamp
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

ENTITY: Final = "Entity"
ENTITY_TYPE: Final = "EntityType"
STUB: Final = "Stub"
SYSTEM: Final = "cognee"
_UNTYPED: Final = "Node"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_INDEXED: Final = {"index_fields": ["name"], "identity_fields": ["name"]}
_FIELDS: Final = frozenset({"name", "description", "aliases", "created_at", "updated_at"})
_TIMES: Final = ("created_at", "updated_at")

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
    own += _place(entity.attributes, properties, rest, counts, taken=_FIELDS)
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


def rest_of(properties: Mapping[str, Any]) -> Rest | None:
    """Return what stands in a node's property ``cogx``, None if that is not ours."""
    text = properties.get(REST)
    if not isinstance(text, str):
        return None
    try:
        rest = json.loads(text)
    except (ValueError, RecursionError):
        return None
    kinds = ("entity", "raw_node", "made")
    return rest if isinstance(rest, dict) and rest.get("kind") in kinds else None


def properties_of(entity: Any) -> dict[str, Any]:
    """Return the properties of a cognee node that was read as an entity."""
    properties = {"id": entity.external_id, "type": ENTITY, "name": entity.name}
    if entity.description is not None:
        properties["description"] = entity.description
    if entity.aliases:
        properties["aliases"] = entity.aliases
    for name in _TIMES:
        moment = getattr(entity, name)
        if moment is not None:
            properties[name] = _milliseconds(moment)
    properties.update(entity.attributes)
    return properties


def records_of(properties: dict[str, Any], rest: Rest) -> Iterator[tuple[str, Any]]:
    """Yield (kind, record) for what a node with a rest was made of, the node itself first."""
    if rest["kind"] == "made":
        return
    values = _values(properties, rest)
    if rest["kind"] == "entity":
        entity = _entity(properties, values, rest)
        if entity is not None:
            yield "entity", entity
        else:  # a person took away what an entity requires
            yield "raw_node", RawLine({"id": _id(properties, rest), "type": ENTITY} | values)
    else:
        yield "raw_node", RawLine(_raw(properties, values, rest))
    for twin in rest.get("twins", ()):
        if isinstance(twin, dict) and isinstance(twin.get("id"), str) and twin["id"]:
            yield "raw_node", RawLine(twin)


def plain_entity(properties: dict[str, Any]) -> Any | None:
    """Return the entity that a raw node of cognee's own is, None if it is none."""
    name = properties.get("name")
    if properties.get("type") != ENTITY or not isinstance(name, str) or not name:
        return None
    values = {key: value for key, value in properties.items() if key not in {"id", "type"}}
    times = {name: _moment(values.pop(name)) for name in _TIMES if type(values.get(name)) is int}
    fields = {"name": values.pop("name")} | {k: v for k, v in times.items() if v is not None}
    if isinstance(values.get("description"), str):
        fields["description"] = values.pop("description")
    fixed = {"external_id": properties["id"], "external_system": SYSTEM, "attributes": values}
    return line_struct("entity", fields, fixed)


def _place_times(entity: Any, properties: dict[str, Any], rest: Rest) -> Iterator[str]:
    for name in _TIMES:
        moment = getattr(entity, name)
        if moment is None:
            continue
        properties[name] = _milliseconds(moment)
        if moment != _moment(properties[name]):
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
        plain = _plain(value)
        if name == "metadata":
            whole = {**given, **properties}
            fit = fits_metadata(plain, whole, own=is_cognees_own(whole))
        else:
            fit = name not in taken and is_safe(name) and fits(name, plain)
        if not fit:
            rest.setdefault("properties", {})[name] = value
            counts["cognee.sheltered"] += 1
            continue
        if plain is not value:
            counts["cognee.typed-value"] += 1
            if _is_typed(value):
                rest.setdefault("types", {})[name] = value[TAG]
            else:
                rest.setdefault("values", {})[name] = value
        properties[name] = plain
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


def _values(properties: Mapping[str, Any], rest: Rest) -> dict[str, Any]:
    """Return the node's own properties with their types, those of the rest among them."""
    own = _texts(rest.get("own"))
    types, originals = _object(rest, "types"), _object(rest, "values")
    values: dict[str, Any] = {}
    for name, value in properties.items():
        if name in {"id", "type", REST} or (is_added_by_cognee(name) and name not in own):
            continue
        if name in types:
            value = _typed(types[name], value)
        elif name in originals and _plain(originals[name]) == value:
            value = originals[name]
        values[name] = value
    return values


def _entity(properties: Mapping[str, Any], values: dict[str, Any], rest: Rest) -> Any | None:
    fields = {name: values.pop(name) for name in _FIELDS & values.keys()}
    if rest.get("undescribed") and fields.get("description") == fields.get("name"):
        fields.pop("description", None)
    for name in _TIMES:
        if type(fields.get(name)) is int:
            fields[name] = _exact(rest.get(name), fields[name])
    fixed: dict[str, Any] = {
        "external_id": _id(properties, rest),
        "external_system": rest.get("external_system", SYSTEM),
        "attributes": values | _object(rest, "properties"),
    }
    if "entity_type" in rest:
        fixed["entity_type"] = rest["entity_type"]
    for name in ("scope", "metadata"):
        if name in rest:
            fixed[name] = _object(rest, name)
    return line_struct("entity", _object(rest, "unknown") | fields, fixed)


def _raw(properties: Mapping[str, Any], values: dict[str, Any], rest: Rest) -> dict[str, Any]:
    node: dict[str, Any] = {"id": _id(properties, rest)}
    if "type" in rest:
        node["type"] = rest["type"]
    elif not rest.get("typeless"):
        node["type"] = properties.get("type")
    return node | values | _object(rest, "properties")


def _id(properties: Mapping[str, Any], rest: Rest) -> str:
    identity = rest.get("id")
    return identity if isinstance(identity, str) and identity else str(properties["id"])


def _plain(value: Any) -> Any:
    """Return a value with its typed parts as their texts; the same object if it has none."""
    if type(value) is dict:
        if _is_typed(value):
            return value["value"]
        if value.get(TAG) == "object" and type(value.get("value")) is dict:
            inside = _plain_items(value["value"])
            return value if inside is value["value"] else {TAG: "object", "value": inside}
        return _plain_items(value)
    if type(value) is list:
        parts = [_plain(item) for item in value]
        return value if all(a is b for a, b in zip(parts, value, strict=True)) else parts
    return value


def _plain_items(value: dict[str, Any]) -> dict[str, Any]:
    inside = {key: _plain(item) for key, item in value.items()}
    return value if all(inside[key] is value[key] for key in inside) else inside


def _is_typed(value: Any) -> bool:
    if type(value) is not dict or value.keys() != {TAG, "value"}:
        return False
    tag = value[TAG]
    return isinstance(tag, str) and tag in TAGS and tag != "object"


def _typed(tag: Any, value: Any) -> Any:
    """Return a text with its type again, as it is if it is not a text of that type any more."""
    try:
        read_tagged(tag, value)
    except (UnreadableValue, TypeError):
        return value
    return {TAG: tag, "value": value}


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND


def _moment(milliseconds: int) -> datetime | None:
    try:
        return _EPOCH + milliseconds * _MILLISECOND
    except OverflowError:
        return None


def _exact(text: Any, milliseconds: int) -> Any:
    """Return the time that the rest says, if the node still says the same, else the node's."""
    if isinstance(text, str):
        try:
            moment, _ = parse_timestamp(text)
        except UnreadableTimestamp:
            return _moment(milliseconds)
        if _milliseconds(moment) == milliseconds:
            return moment
    return _moment(milliseconds)


def _texts(value: Any) -> frozenset[str]:
    return (
        frozenset(v for v in value if isinstance(v, str))
        if isinstance(value, list)
        else frozenset()
    )


def _object(rest: Rest, name: str) -> dict[str, Any]:
    value = rest.get(name)
    return value if isinstance(value, dict) else {}
