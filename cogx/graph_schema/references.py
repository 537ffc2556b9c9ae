"""Knows where the references of a JSON Schema lead, inside the document; fetches nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

ROOT: Final = "#"
_KEYWORDS: Final = ("$ref", "$dynamicRef", "$recursiveRef")
_NO_SCHEMAS: Final = frozenset({"enum", "const", "default", "examples"})
"""Keywords whose values are data, whatever they look like."""
_CHOICES: Final = ("anyOf", "oneOf", "allOf")
_NOTHING: Final = object()


def pointer(*path: str | int) -> str:
    """Return the JSON pointer of a path; empty for the whole document."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


def iter_references(node: object, *path: str | int) -> Iterator[tuple[str, str]]:
    """Yield (pointer, reference) for every reference at and under a node."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from iter_references(item, *path, index)
    elif isinstance(node, Mapping):
        for key, value in node.items():
            if key in _KEYWORDS and isinstance(value, str):
                yield pointer(*path, key), value
            elif key not in _NO_SCHEMAS:
                yield from iter_references(value, *path, key)


def leads_somewhere(document: Mapping[str, Any], reference: str) -> bool:
    """Tell whether a reference ``#/...`` names something in the document."""
    if reference == ROOT:
        return True
    if not reference.startswith("#/"):
        return False
    node: Any = document
    for part in reference[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and name.isdecimal():
            node = node[int(name)] if int(name) < len(node) else _NOTHING
        else:
            node = node.get(name, _NOTHING) if isinstance(node, Mapping) else _NOTHING
    return isinstance(node, Mapping | bool)


def definitions(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the document defines: ``$defs``, and ``definitions`` as it was called before."""
    found: dict[str, Any] = {}
    for key in ("definitions", "$defs"):
        found |= document.get(key) or {}
    return found


def is_entity_type(schema: object) -> bool:
    """Tell whether a definition is a sort of thing: an object; else it is a sort of value."""
    return isinstance(schema, Mapping) and (
        schema.get("type") == "object" or "properties" in schema
    )


def entity_schemas(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return (name, schema) of every entity type.

    Those are the definitions that are objects. The root is one too, under its title, unless it
    only holds the others: if its title ends with Graph, something is defined, and nothing refers
    to the root.
    """
    title = str(document.get("title", ""))
    found = {name: one for name, one in definitions(document).items() if is_entity_type(one)}
    refers = any(reference == ROOT for _, reference in iter_references(document))
    holds_only = title.endswith("Graph") and found and not refers
    return found if holds_only else {title: document, **found}


def targets(document: Mapping[str, Any], schema: object) -> Iterator[tuple[str, bool]]:
    """Yield (entity type, whether there may be many) for what a property refers to."""
    if not isinstance(schema, Mapping):
        return
    name = _target(document, schema.get("$ref"))
    if name is not None:
        yield name, False
    items = schema.get("items")
    for name, _ in targets(document, items):
        yield name, True
    for keyword in _CHOICES:
        for choice in schema.get(keyword, ()):
            yield from targets(document, choice)


def _target(document: Mapping[str, Any], reference: object) -> str | None:
    """Return the entity type that a reference means, None if it means a sort of value."""
    if reference == ROOT:
        return str(document["title"])
    if not isinstance(reference, str):
        return None
    place, _, last = reference.rpartition("/")
    if place not in {"#/$defs", "#/definitions"}:
        return None
    name = last.replace("~1", "/").replace("~0", "~")
    return name if is_entity_type(definitions(document).get(name)) else None
