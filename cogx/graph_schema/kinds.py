"""Knows how to say in words what values a JSON Schema takes; never whether a value is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cogx.graph_schema.references import definitions, is_entity_type

_FORMATS: Final = {"date": "date", "date-time": "date and time", "time": "time", "uri": "URL"}
_MOST_CHOICES: Final = 20
_DEEPEST: Final = 4


def kind_of(document: Mapping[str, Any], schema: object, depth: int = 0) -> str:
    """Return what a property holds: ``text``, ``list of integer``, ``one of red, green``."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return "anything"
    reference = schema.get("$ref")
    if isinstance(reference, str):
        last = reference.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        inner = definitions(document).get(last)
        return last if not inner or is_entity_type(inner) else kind_of(document, inner, depth + 1)
    choices = schema["enum"] if "enum" in schema else [schema["const"]] if "const" in schema else []
    if choices:
        more = ", ..." if len(choices) > _MOST_CHOICES else ""
        return f"one of {', '.join(str(one) for one in choices[:_MOST_CHOICES])}{more}"
    for keyword in ("anyOf", "oneOf", "allOf"):
        if schema.get(keyword):
            return _joined(kind_of(document, one, depth + 1) for one in schema[keyword])
    given = schema.get("type", "anything")
    types = given if isinstance(given, list) else [given]
    return _joined(_kind(document, schema, one, depth) for one in types)


def _kind(document: Mapping[str, Any], schema: Mapping[str, Any], name: str, depth: int) -> str:
    if name == "array":
        items = schema.get("items")
        return f"list of {kind_of(document, items, depth + 1)}" if items else "list"
    if name == "string":
        return _FORMATS.get(str(schema.get("format")), "text")
    return name


def _joined(kinds: Any) -> str:
    distinct = [kind for kind in dict.fromkeys(kinds) if kind != "null"]
    return " or ".join(distinct) or "null"
