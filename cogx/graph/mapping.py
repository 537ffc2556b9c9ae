"""Knows how records become nodes and edges and come back, nothing lost; touches no store.

The `portable` profile. Whatever a person would query stands among the properties of a node
or edge; whatever else its record holds stands in ``rest``, under the names below. A node with
no ``rest`` is an entity if it has a name, else a raw node.

Source: spec/format.md#profiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cogx.codec.from_values import line_struct
from cogx.codec.lines import RawLine
from cogx.codec.typed import from_json, to_json
from cogx.errors import StoreRefused
from cogx.format.records import MODEL_OF_KIND
from cogx.ports import Edge, Node

TYPE_OF_KIND: Final = {
    "entity": "Entity",
    "raw_node": "Node",
    "document": "Document",
    "episode": "Episode",
    "memory": "Memory",
    "memory_block": "MemoryBlock",
}
"""The type of a node whose record names none."""

STUB_TYPE: Final = "Stub"
_FREE: Final = {"entity": "attributes", "fact": "metadata"}
"""The field of a kind whose items become properties of their own."""

_APART: Final = frozenset(
    {"kind", "external_id", "external_system", "scope", "metadata", "attributes", "entity_type"}
    | {"subject_ref", "predicate", "object_ref"}
)
_FIELDS: Final = {
    kind: tuple(name for name in model.model_fields if name not in _APART)
    for kind, model in MODEL_OF_KIND.items()
}
"""Per kind: the fields that become properties under their own names."""
_FIELD_SETS: Final = {kind: frozenset(names) for kind, names in _FIELDS.items()}
_NODE_KEYS: Final = frozenset({"id", "type"})
_NOTHING: Final[dict[str, Any]] = {}
_PLAIN: Final = frozenset({str, int, bool, type(None)})


def node_of(kind: str, record: Any, system: str, *, tagged: bool) -> Node:
    """Return the node that stands for a record of any kind but fact.

    Args:
        system: the external_system that goes without saying (the archive's source_system).
        tagged: whether typed values may stand in the record, tagged inline.
    """
    if kind == "raw_node":
        return _raw_node(record.properties, tagged=tagged)
    rest = _rest(kind, record, system)
    if kind == "entity":
        node_type = record.entity_type
        if not node_type:
            rest["entity_type"] = node_type
    else:
        node_type = None
        rest["kind"] = kind
        if record.metadata:
            rest["metadata"] = record.metadata
    properties = _properties(kind, record, rest, tagged=tagged)
    return Node(record.external_id, node_type or TYPE_OF_KIND[kind], properties, rest or None)


def edge_of(fact: Any, source: str, target: str, system: str, *, tagged: bool) -> Edge:
    """Return the edge of a fact between the nodes its references were found to mean."""
    rest = _rest("fact", fact, system)
    if fact.subject_ref != source:
        rest["subject_ref"] = fact.subject_ref
    if fact.object_ref != target:
        rest["object_ref"] = fact.object_ref
    properties = _properties("fact", fact, rest, tagged=tagged)
    return Edge(fact.external_id, source, target, fact.predicate, properties, rest or None)


def stub(reference: str) -> Node:
    """Return the marked node that stands where a fact's end is not in the archive."""
    return Node(reference, STUB_TYPE, {}, {"stub": True})


def is_stub(node: Node) -> bool:
    """Tell whether a node only holds the place of one that is elsewhere."""
    return bool(node.rest and node.rest.get("stub"))


def records_of(node: Node, system: str) -> Iterator[tuple[str, Any]]:
    """Yield (kind, record) for every record a node stands for; none for a stub.

    The records are hot-path ones, typed values tagged inline.
    """
    rest = node.rest or {}
    if rest.get("stub"):
        return
    if node.labels:
        node = _labelled(node)
    kind = _kind_of(node, rest)
    record = _record(kind, node, rest, system)
    if record is None:  # a person took away what its kind requires
        kind, record = "raw_node", RawLine(_raw_properties(node, {}))
    for _ in range(rest.get("copies", 1)):
        yield kind, record
    for other in rest.get("also", ()):
        kind, record = _twin(other, node, system)
        if record is not None:
            yield kind, record


def kinds_of(node: Node) -> Iterator[tuple[str, int]]:
    """Yield (kind, number) of the records a node stands for, without making them; as records_of."""
    rest = node.rest or _NOTHING
    if rest.get("stub"):
        return
    yield _kind_of(node, rest), rest.get("copies", 1)
    for other in rest.get("also", ()):
        yield (other.get("rest") or _NOTHING).get("kind", "entity"), 1


def facts_of(edge: Edge, system: str) -> Iterator[Any]:
    """Yield the fact that an edge stands for, as often as the edge says."""
    fact = fact_of(edge, system)
    for _ in range((edge.rest or _NOTHING).get("copies", 1)):
        yield fact


def fact_of(edge: Edge, system: str) -> Any:
    """Return the fact that an edge stands for."""
    rest = edge.rest or _NOTHING
    fixed = {
        "external_id": edge.id,
        "subject_ref": rest.get("subject_ref", edge.source),
        "predicate": edge.predicate,
        "object_ref": rest.get("object_ref", edge.target),
    }
    fact = _typed("fact", edge.properties, rest, system, fixed) if all(fixed.values()) else None
    if fact is None:
        raise StoreRefused(
            f"The edge {edge.id!r} from {edge.source!r} to {edge.target!r} has no id, predicate "
            "or ends in text, so it cannot be a fact."
        )
    return fact


def _labelled(node: Node) -> Node:
    """Return a node whose further labels are a property: COGX has one type for a node."""
    key = _free_key("labels", node.properties)
    properties = node.properties | {key: list(node.labels)}
    return Node(node.id, node.type, properties, node.rest)


def with_labels(node: Node, like: Node) -> Node:
    """Return a node that was made of records, with the labels that one before it had.

    They are among its records as a property; if that says the same still, they are labels again.
    """
    key = _free_key("labels", like.properties)
    rest = {name: value for name, value in node.properties.items() if name != key}
    same = node.properties.get(key) == list(like.labels) and key == _free_key("labels", rest)
    return Node(node.id, node.type, rest, node.rest, like.labels) if like.labels and same else node


def attach_twin(node: Node, kind: str, record: Any, system: str) -> None:
    """Let a node stand for one more record with its id: cognee writes chunks twice by design.

    A text that the node has already is not kept a second time.
    """
    twin = node_of(kind, record, system, tagged=True)
    kept = {key: to_json(value) for key, value in twin.properties.items()}
    if "content" in kept and kept["content"] == node.properties.get("text"):
        del kept["content"]
        kept_as = {"content_is": "text"}
    else:
        kept_as = {}
    node.rest = node.rest or {}
    kept_type = {"type": twin.type} if kind in {"entity", "raw_node"} else {}
    also = {"properties": kept, "rest": twin.rest, **kept_type, **kept_as}
    node.rest.setdefault("also", []).append(also)


def _twin(kept: Mapping[str, Any], node: Node, system: str) -> tuple[str, Any]:
    properties = {key: from_json(value) for key, value in kept["properties"].items()}
    if kept.get("content_is") == "text":
        properties["content"] = node.properties.get("text")
    rest = kept.get("rest") or {}
    twin = Node(node.id, kept.get("type", ""), properties, rest)
    kind = rest.get("kind", "entity")
    return kind, _record(kind, twin, rest, system)


def _rest(kind: str, record: Any, system: str) -> dict[str, Any]:
    rest: dict[str, Any] = {}
    if record.external_system != system:
        rest["external_system"] = record.external_system
    if record.scope:
        rest["scope"] = record.scope
    if kind == "entity" and record.metadata:
        rest["metadata"] = record.metadata
    if record.model_extra:
        rest["unknown"] = record.model_extra
    return rest


def _properties(kind: str, record: Any, rest: dict[str, Any], *, tagged: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for name in _FIELDS[kind]:
        value = getattr(record, name)
        if value is not None and value != []:
            properties[name] = value
    if kind == "episode":
        properties["turns"] = [_turn(turn) for turn in record.turns]
    free = _FREE.get(kind)
    if free is not None:
        for key, value in getattr(record, free).items():
            if key in _FIELD_SETS[kind]:
                rest.setdefault(free, {})[key] = value
            else:
                properties[key] = from_json(value) if tagged else value
    return properties


def _turn(turn: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {"role": turn.role, "content": turn.content}
    if turn.occurred_at is not None:
        plain["occurred_at"] = turn.occurred_at
    return plain | (turn.model_extra or {})


def _raw_node(properties: dict[str, Any], *, tagged: bool) -> Node:
    rest: dict[str, Any] = {"kind": "raw_node"}
    kept = {k: v for k, v in properties.items() if k not in {"id", "type"}}
    if tagged:
        kept = {key: from_json(value) for key, value in kept.items()}
    node_type = properties.get("type")
    if not isinstance(node_type, str) or not node_type:
        if "type" in properties:
            rest["type"] = node_type
        else:
            rest["typeless"] = True
        node_type = TYPE_OF_KIND["raw_node"]
    return Node(properties["id"], node_type, kept, rest)


def _raw_properties(node: Node, rest: Mapping[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {"id": node.id}
    if "type" in rest:
        properties["type"] = rest["type"]
    elif not rest.get("typeless"):
        properties["type"] = node.type
    for key, value in node.properties.items():
        # A foreign node may have a property of its own that is called id or type.
        free = key if key not in _NODE_KEYS else _free_key(key, node.properties)
        properties[free] = value if type(value) in _PLAIN else to_json(value)
    return properties


def _free_key(key: str, taken: Mapping[str, Any]) -> str:
    """Return a key that no property has: the node's own id and type keep their names."""
    while key in taken:
        key += "_"
    return key


def _record(kind: str, node: Node, rest: Mapping[str, Any], system: str) -> Any:
    if kind == "raw_node" or kind not in MODEL_OF_KIND:
        return RawLine(_raw_properties(node, rest))
    fixed = {"external_id": node.id}
    if kind == "entity":
        fixed["entity_type"] = rest.get("entity_type", node.type)
    return _typed(kind, node.properties, rest, system, fixed)


def _typed(
    kind: str,
    properties: dict[str, Any],
    rest: Mapping[str, Any],
    system: str,
    fixed: dict[str, Any],
) -> Any:
    """Sort properties back into the fields and the free-form field of a kind."""
    fixed["external_system"] = system
    named = _FIELD_SETS[kind]
    if not rest and properties.keys() <= named:
        return line_struct(kind, properties, fixed)
    free_field = _FREE.get(kind, "metadata")
    free: dict[str, Any] = dict(rest.get(free_field, ()))
    fields: dict[str, Any] = {}
    for key, value in properties.items():
        if key in named:
            fields[key] = value
        else:
            free[key] = value if type(value) in _PLAIN else to_json(value)
    for name in ("external_system", "scope", "metadata"):
        if name in rest:
            fixed[name] = rest[name]
    if free:
        fixed[free_field] = free
    return line_struct(kind, dict(rest.get("unknown", ())) | fields, fixed)


def _kind_of(node: Node, rest: Mapping[str, Any]) -> str:
    named = "entity" if _is_name(node.properties.get("name")) else "raw_node"
    return str(rest.get("kind") or named)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value != ""
