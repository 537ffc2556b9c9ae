"""Knows how what was seen becomes the document of a graph schema; counts nothing itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from cogx.graph_schema.model import GraphSchema
from cogx.graph_schema.naming import pascal_case, plural, snake_case
from cogx.graph_schema.observations import (
    Observations,
    SeenRelation,
    SeenType,
    SeenValues,
    merged_types,
)
from cogx.graph_schema.parsing import parse_graph_schema
from cogx.graph_schema.rules import DIALECT

COUNT: Final = "x-cogx-count"
"""An annotation: how many nodes or facts of a sort were seen."""
_TEXT: Final = {"type": "string"}
_LEFT_OUT: Final = "{number:,} {what} are left out, for there are more kinds of them than fit."


def schema_of(
    seen: Observations, *, title: str, examples: bool = True, notes: tuple[str, ...] = ()
) -> GraphSchema:
    """Return the graph schema of what was seen.

    Everything that was seen keeps to it: a property is required if every node of the type has
    it, and has the JSON types that its values had; a relation is required of no node. Of a type
    that was found in texts only the name is required: another text may say less.

    Args:
        title: what the graph is called; the root's title is that as an identifier, and ends
            with Graph.
        examples: whether the names and values that were seen stand in it as examples.
    """
    names = {key: pascal_case(one.name) for key, one in seen.types.items()}
    order = sorted(names, key=lambda key: (names[key], key))
    relations: defaultdict[str, dict[str, dict[str, SeenRelation]]] = defaultdict(dict)
    for (source, predicate, target), one in sorted(seen.relations.items()):
        relations[source].setdefault(predicate, {})[target] = one
    root = root_title(title)
    document: dict[str, Any] = {
        "$schema": DIALECT,
        "title": root,
        "type": "object",
        "properties": {"name": dict(_TEXT)} | members(names, order),
        "required": ["name"],
        "$defs": {
            names[key]: _definition(seen.types[key], names, relations[key], examples=examples)
            for key in order
        },
    }
    left_out = [_LEFT_OUT.format(number=n, what=what) for what, n in sorted(seen.left_out.items())]
    return parse_graph_schema(document, name=root, notes=(*notes, *left_out))


def root_title(title: str) -> str:
    """Return the title of a root that only holds the types of a graph."""
    name = pascal_case(title)
    return name if name.endswith("Graph") else f"{name.rstrip('_')}Graph"


def members(names: Mapping[str, str], order: list[str]) -> dict[str, Any]:
    """Return the properties of the root: a list for each type, so that all can be reached."""
    members: dict[str, Any] = {}
    for key in order:
        name = plural(snake_case(names[key]))
        while name == "name" or name in members:
            name += "_"
        members[name] = {"type": "array", "items": reference(names[key])}
    return members


def _definition(
    seen: SeenType,
    names: Mapping[str, str],
    relations: Mapping[str, Mapping[str, SeenRelation]],
    *,
    examples: bool,
) -> dict[str, Any]:
    properties: dict[str, Any] = {"name": dict(_TEXT), "description": dict(_TEXT)}
    if examples and seen.called:
        properties["name"]["examples"] = list(seen.called)
    for key, values in sorted(seen.properties.items()):
        if key == "description":
            values.types.add("string")
        if key != "name" and values.types:
            properties[key] = _values(values, examples=examples and key != "description")
    for targets in relations.values():
        key = _relation_name(targets)
        own = properties.get(key)
        properties[key] = _relation(targets, names, own)
    return {
        "title": pascal_case(seen.name),
        "type": "object",
        "properties": properties,
        "required": ["name", *_required(seen)],
        COUNT: seen.count,
    }


def _required(seen: SeenType) -> list[str]:
    if seen.is_sample:
        return []
    return [
        key
        for key, values in sorted(seen.properties.items())
        if key != "name" and values.types and values.count - values.nulls == seen.count
    ]


def _relation_name(targets: Mapping[str, SeenRelation]) -> str:
    best = min(targets.values(), key=lambda one: (-one.count, one.predicate))
    name = snake_case(best.predicate)
    return f"{name}_" if name in {"name", "description"} else name


def _relation(
    targets: Mapping[str, SeenRelation], names: Mapping[str, str], own: Any
) -> dict[str, Any]:
    """Return the schema of a relation to one type or several; ``own`` if it is a value as well."""
    references = [reference(names[key]) for key in sorted(targets, key=names.__getitem__)]
    held: dict[str, Any] = references[0] if len(references) == 1 else {"anyOf": references}
    if any(one.many for one in targets.values()):
        held = {"type": "array", "items": held}
    if own is not None:
        held = {"anyOf": [own, held]}
    return held | {COUNT: sum(one.count for one in targets.values())}


def _values(seen: SeenValues, *, examples: bool) -> dict[str, Any]:
    types = merged_types(seen.types)
    if seen.nulls:
        types.append("null")
    schema: dict[str, Any] = {"type": types[0] if len(types) == 1 else types}
    items = merged_types(seen.items)
    if "array" in types and items:
        schema["items"] = {"type": items[0] if len(items) == 1 else items}
    if seen.types == {"string"} and len(seen.formats) == 1 and "" not in seen.formats:
        schema["format"] = next(iter(seen.formats))
    if examples and seen.examples:
        schema["examples"] = list(seen.examples)
    return schema


def reference(name: str) -> dict[str, Any]:
    """Return a reference to a type."""
    return {"$ref": f"#/$defs/{name}"}
