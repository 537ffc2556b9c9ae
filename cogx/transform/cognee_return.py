"""Knows what a node of the ``cognee`` profile was made of; looks nothing up.

The way back of :mod:`cogx.transform.cognee_nodes`. What people changed in cognee meanwhile wins.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cogx.codec.from_values import line_struct
from cogx.codec.lines import RawLine
from cogx.transform.cognee_fields import REST, is_added_by_cognee
from cogx.transform.cognee_nodes import ENTITY, FIELDS, SYSTEM, TIMES, Rest
from cogx.transform.cognee_values import (
    exact_moment,
    from_milliseconds,
    plain,
    retyped,
    to_milliseconds,
)


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
    for name in TIMES:
        moment = getattr(entity, name)
        if moment is not None:
            properties[name] = to_milliseconds(moment)
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
    times = {
        name: from_milliseconds(values.pop(name)) for name in TIMES if type(values.get(name)) is int
    }
    fields = {"name": values.pop("name")} | {k: v for k, v in times.items() if v is not None}
    if isinstance(values.get("description"), str):
        fields["description"] = values.pop("description")
    fixed = {"external_id": properties["id"], "external_system": SYSTEM, "attributes": values}
    return line_struct("entity", fields, fixed)


def _values(properties: Mapping[str, Any], rest: Rest) -> dict[str, Any]:
    """Return the node's own properties with their types, those of the rest among them."""
    own = _texts(rest.get("own"))
    types, originals = _object(rest, "types"), _object(rest, "values")
    values: dict[str, Any] = {}
    for name, value in properties.items():
        if name in {"id", "type", REST} or (is_added_by_cognee(name) and name not in own):
            continue
        if name in types:
            value = retyped(types[name], value)
        elif name in originals and plain(originals[name]) == value:
            value = originals[name]
        values[name] = value
    return values


def _entity(properties: Mapping[str, Any], values: dict[str, Any], rest: Rest) -> Any | None:
    fields = {name: values.pop(name) for name in FIELDS & values.keys()}
    if rest.get("undescribed") and fields.get("description") == fields.get("name"):
        fields.pop("description", None)
    for name in TIMES:
        if type(fields.get(name)) is int:
            fields[name] = exact_moment(rest.get(name), fields[name])
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


def _texts(value: Any) -> frozenset[str]:
    return (
        frozenset(v for v in value if isinstance(v, str))
        if isinstance(value, list)
        else frozenset()
    )


def _object(rest: Rest, name: str) -> dict[str, Any]:
    value = rest.get(name)
    return value if isinstance(value, dict) else {}
