"""Knows the rules a graph schema's document must keep, and those it should; changes nothing.

It must be a JSON Schema, bear a name that can be a class's, and refer only to what is in it:
servers that are given one make classes of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cogx.graph_schema.naming import is_class_name, is_snake_case, pascal_case, snake_case
from cogx.graph_schema.references import (
    definitions,
    entity_schemas,
    iter_references,
    leads_somewhere,
    pointer,
    targets,
)

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_DIALECTS: Final = frozenset(
    {DIALECT, "https://json-schema.org/draft/2019-09/schema"}
    | {f"http://json-schema.org/draft-0{number}/schema" for number in (6, 7)}
)
MOST_DEPTH: Final = 64
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a document: where (a JSON pointer), what, and what to do about it.

    ``is_error`` is False for what a reader bears, though the document would be better without.
    """

    pointer: str
    message: str
    remedy: str
    is_error: bool = True

    def __str__(self) -> str:
        return f"{self.pointer or '(root)'}: {self.message}. {self.remedy}"


def check_graph_schema(document: object) -> list[Fault]:
    """Return everything that is wrong in a document; advice only if there is no error.

    Cost: some passes over the document; the library for JSON Schema is imported.
    """
    if not isinstance(document, Mapping):
        return [Fault("", "is not a JSON object", "Write one with title, type and $defs.")]
    if _is_too_deep(document):
        remedy = "Move what is nested into $defs."
        return [Fault("", f"is nested deeper than {MOST_DEPTH} levels", remedy)]
    for rules in (_dialect, _meta_schema, _root, _references, _advice):
        faults = list(rules(document))
        if any(fault.is_error for fault in faults) or rules is _advice:
            return faults
    return []


def _is_too_deep(document: object) -> bool:
    level = [document]
    for _ in range(MOST_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
    return bool(level)


def _inside(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _dialect(document: Mapping[str, Any]) -> Iterator[Fault]:
    told = document.get("$schema", DIALECT)
    if not isinstance(told, str) or told.rstrip("#") not in _DIALECTS:
        remedy = f'Write "$schema": "{DIALECT}", or leave it out.'
        yield Fault("/$schema", f"{str(told)[:_SHOWN]!r} is no dialect that is read here", remedy)


def _meta_schema(document: Mapping[str, Any]) -> Iterator[Fault]:
    from jsonschema.validators import (  # noqa: PLC0415 - loaded when it is needed
        Draft202012Validator,
        validator_for,
    )

    kind = validator_for(document, default=Draft202012Validator)
    for error in kind(kind.META_SCHEMA).iter_errors(document):
        where = pointer(*error.absolute_path)
        message = f"is no JSON Schema: {error.message[:_SHOWN]}"
        yield Fault(where, message, "Correct it as the JSON Schema specification says.")


def _root(document: Mapping[str, Any]) -> Iterator[Fault]:
    title = document.get("title")
    if not isinstance(title, str) or not title:
        yield Fault("", "has no title", 'Add one, such as "title": "TeamGraph".')
    elif not is_class_name(title):
        hint = f"Write {pascal_case(title)}."
        yield Fault("/title", f"{title[:_SHOWN]!r} cannot be the name of a class", hint)
    if document.get("type") != "object":
        yield Fault("", "is not of the type object", 'Add "type": "object".')


def _references(document: Mapping[str, Any]) -> Iterator[Fault]:
    known = ", ".join(f"#/$defs/{name}" for name in definitions(document)) or "none"
    for where, reference in iter_references(document):
        shown = repr(reference[:_SHOWN])
        if not reference.startswith("#"):
            remedy = "Copy what it means into $defs, and refer to that; nothing is fetched."
            yield Fault(where, f"{shown} leads out of the document", remedy)
        elif not leads_somewhere(document, reference):
            yield Fault(where, f"{shown} leads nowhere", f"Define it, or write one of: {known}.")


def _advice(document: Mapping[str, Any]) -> Iterator[Fault]:
    for name, schema in entity_schemas(document).items():
        path = () if schema is document else (_home(document, name), name)
        if not is_class_name(name):
            hint = f"Write {pascal_case(name)}."
            yield _should(pointer(*path), f"{name!r} cannot be the name of a class", hint)
        own = schema.get("properties", {})
        for wanted in ("name", "description"):
            if not _may_be_text(own.get(wanted)):
                hint = f'Add "{wanted}": {{"type": "string"}} to its properties.'
                yield _should(pointer(*path), f"{name} has no {wanted} in text", hint)
        if "name" not in schema.get("required", ()):
            yield _should(pointer(*path), f"{name} does not require name", "Add it to required.")
        for key, value in own.items():
            if not is_snake_case(key) and any(targets(document, value)):
                where = pointer(*path, "properties", key)
                yield _should(where, f"{key!r} is not snake_case", f"Write {snake_case(key)}.")


def _should(where: str, message: str, remedy: str) -> Fault:
    return Fault(where, message, remedy, is_error=False)


def _home(document: Mapping[str, Any], name: str) -> str:
    return "$defs" if name in document.get("$defs", {}) else "definitions"


def _may_be_text(schema: object) -> bool:
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    return kind == "string" or (isinstance(kind, list) and "string" in kind)
