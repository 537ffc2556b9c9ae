"""Knows how a graph schema is read from its document; refuses one that breaks a rule."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import msgspec

from cogx.codec.canonical import NotJson, encode
from cogx.errors import BadSetting
from cogx.graph_schema.kinds import kind_of
from cogx.graph_schema.model import EntityType, GraphSchema, Property, Relation
from cogx.graph_schema.references import entity_schemas, targets
from cogx.graph_schema.rules import check_graph_schema

MOST_BYTES: Final = 4 << 20
_SHOWN_FAULTS: Final = 10
_WRAPPERS: Final = ("graphSchema", "graph_schema", "graphModel", "graph_model")


def read_graph_schema(path: str) -> GraphSchema:
    """Read a graph schema from a file; as :func:`parse_graph_schema`."""
    return parse_graph_schema(schema_file(path), name=path)


def schema_file(path: str) -> bytes:
    """Return the bytes of a schema's file.

    Raises:
        BadSetting: it cannot be read, or is longer than a schema is.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadSetting(f"{path}: cannot be read: {error.strerror}.") from error
    if len(content) > MOST_BYTES:
        raise BadSetting(f"{path}: is longer than {MOST_BYTES:,} bytes. Name a schema's file.")
    return content


def decode_document(content: bytes, name: str) -> Any:
    """Return the JSON in a schema's file.

    Raises:
        BadSetting: it is no JSON.
    """
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadSetting(f"{name}: is not JSON: {error}.") from error


def parse_graph_schema(
    given: bytes | Mapping[str, Any], *, name: str = "the schema", notes: tuple[str, ...] = ()
) -> GraphSchema:
    """Return the graph schema that a JSON Schema is.

    Args:
        given: the document, as JSON or decoded. An object with the one key ``graphSchema``, as
            servers answer, is taken too.
        name: how messages call it.

    Raises:
        BadSetting: it breaks a rule of :func:`cogx.graph_schema.rules.check_graph_schema`; all
            are named, each with its place and remedy.
    """
    document = unwrapped(decode_document(given, name) if isinstance(given, bytes) else given)
    errors = [fault for fault in check_graph_schema(document) if fault.is_error]
    if errors:
        lines = [f"  {fault}" for fault in errors[:_SHOWN_FAULTS]]
        more = len(errors) - len(lines)
        lines += [f"  and {more:,} more"] if more else []
        raise BadSetting("\n".join([f"{name}: is no graph schema.", *lines]), faults=errors)
    try:
        digest = hashlib.sha256(encode(document)).hexdigest()
    except NotJson as error:
        raise BadSetting(f"{name}: is not JSON: {error}.") from error
    document = deepcopy(dict(document))  # what was given stays the caller's
    return GraphSchema(
        title=document["title"],
        entity_types=tuple(_entity_types(document)),
        relations=tuple(_relations(document)),
        document=document,
        digest=digest,
        notes=notes,
    )


def unwrapped(document: Any) -> Any:
    """Return the schema in the answer of a server, or what was given if it is none."""
    if isinstance(document, Mapping) and len(document) == 1:
        (key,) = document
        return document[key] if key in _WRAPPERS else document
    return document


def _entity_types(document: Mapping[str, Any]) -> Iterator[EntityType]:
    shared = {"$defs": document.get("$defs", {}), "definitions": document.get("definitions", {})}
    for name, schema in entity_schemas(document).items():
        own = {
            key: value
            for key, value in schema.get("properties", {}).items()
            if not _is_relation(document, value)
        }
        required = [key for key in schema.get("required", ()) if key in own]
        properties = tuple(
            Property(key, kind_of(document, value), key in required, _described(value))
            for key, value in own.items()
        )
        node_schema = {**schema, "properties": own, "required": required, **shared}
        yield EntityType(name, _described(schema), properties, node_schema)


def _relations(document: Mapping[str, Any]) -> Iterator[Relation]:
    for name, schema in entity_schemas(document).items():
        for key, value in schema.get("properties", {}).items():
            found: dict[str, bool] = {}
            for target, many in targets(document, value):
                found[target] = found.get(target, False) or many
            for target, many in found.items():
                yield Relation(name, key, target, many, _described(value))


def _is_relation(document: Mapping[str, Any], schema: object) -> bool:
    """Tell whether a property holds entities only; one that may hold a value too is both."""
    if not any(targets(document, schema)) or not isinstance(schema, Mapping):
        return False
    choices = [one for key in ("anyOf", "oneOf") for one in schema.get(key, ())]
    return all(any(targets(document, one)) or one == {"type": "null"} for one in choices)


def _described(schema: object) -> str:
    text = schema.get("description") if isinstance(schema, Mapping) else None
    return " ".join(text.split()) if isinstance(text, str) else ""
