"""Knows what a row of cognee's node table means as a node; opens nothing.

A row has columns and a JSON object with all other properties. cognee itself sees ``name``,
``type`` and the object, which wins where both have a name; the other columns (when the row was
written, which documents and runs it came from) are kept beside them.
"""

from __future__ import annotations

from typing import Any, Final

from cogx.codec.typed import to_json
from cogx.ports import Node
from cogx.stores.cognee.values import read_instant, read_json, set_free, utc

_ENTITY: Final = "Entity"
_UNTYPED: Final = "Node"
_TIMES: Final = ("created_at", "updated_at")


def node_of(row: Node) -> Node:
    """Return the node of a row: an entity if it is one and has a name, else a raw node.

    Raw nodes hold the very values cognee's own export writes, epoch milliseconds included. The
    times of an entity become its record's; where that would lose what the value said, as for
    any value that does not fit its field, the value itself stands among the attributes.
    """
    columns = row.properties
    text = columns.pop("properties", None)
    stored, whole = read_json(text)
    properties: dict[str, Any] = {"name": columns.pop("name", None), "type": row.type}
    if isinstance(stored, dict):
        properties.update(stored)
        if "id" in properties and properties.pop("id") != row.id:
            set_free(properties, "properties_id", stored["id"], "properties_")
        if properties["type"] != row.type and row.type is not None:
            set_free(properties, "type", row.type)
    elif stored is not None:
        properties["properties"] = stored
    if not whole:
        set_free(properties, "graph_properties", text)
    for name, value in columns.items():
        set_free(properties, name if name not in _TIMES else f"graph_{name}", utc(value))
    node_type = properties.pop("type")
    name = properties["name"]
    if node_type == _ENTITY and isinstance(name, str) and name:
        return Node(row.id, _ENTITY, properties, _entity_rest(properties))
    rest: dict[str, Any] = {"kind": "raw_node"}
    if not isinstance(node_type, str) or not node_type:
        rest["type"] = to_json(node_type)
        node_type = _UNTYPED
    return Node(row.id, node_type, properties, rest)


def _entity_rest(properties: dict[str, Any]) -> dict[str, Any]:
    """Take out what does not fit the entity's fields; return it with what else belongs there.

    ``entity_type`` stays null as in cognee's own archives: the type travels as an ``is_a``
    fact, and an importer would make a second one of it.
    """
    unfit: dict[str, Any] = {}
    for name in _TIMES:
        if name in properties:
            moment, whole = read_instant(properties[name])
            if not whole:
                unfit[name] = to_json(properties[name])
            if moment is None:
                del properties[name]
            else:
                properties[name] = moment
    if "description" in properties and not isinstance(properties["description"], str):
        unfit["description"] = to_json(properties.pop("description"))
    if "aliases" in properties and not is_texts(properties["aliases"]):
        unfit["aliases"] = to_json(properties.pop("aliases"))
    rest: dict[str, Any] = {"entity_type": None}
    return rest | ({"attributes": unfit} if unfit else {})


def is_texts(value: Any) -> bool:
    """Tell whether a value is a list of texts that is not empty."""
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)
