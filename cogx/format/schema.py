"""Knows the JSON Schema of every record line and of the manifest; reads no file.

Made from the models, so that a field is declared once. A schema says what one line can say:
ids that occur twice, counts and references are for validation. Source: spec/format.md#schemas.
"""

from __future__ import annotations

import inspect
from typing import Any, Final

from pydantic import BaseModel, BeforeValidator

from cogx.errors import UnknownName
from cogx.format.layout import KINDS, MANIFEST, MEMBER_OF_KIND
from cogx.format.manifest import Manifest
from cogx.format.records import MODEL_OF_KIND, RawNode
from cogx.format.version import WRITTEN

SCHEMA_KINDS: Final = ("manifest", *KINDS)
"""Everything that has a schema, by the name it is asked for."""

TIMESTAMP_TYPES: Final = ["string", "number", "null"]
"""The JSON types of a timestamp, and of nothing else."""

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_VERSION_PATTERN: Final = "^0\\.[1-9][0-9]{0,8}$"
_TIME: Final = "Written as 2026-01-02T03:04:05Z; spec/format.md#timestamps says what else is read."
_FIRST_KEYS: Final = ("description", "type", "const", "enum", "anyOf")


def schema_of(kind: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a line of a kind, or of the manifest.

    What it refuses is an error of validation too; what validation only warns of, it accepts.

    Args:
        kind: a record kind, or ``manifest``.

    Returns:
        A new plain object; equal for equal versions of COGX.

    Raises:
        UnknownName: there is no such kind.
    """
    if kind == "manifest":
        schema = _of_model(Manifest, f"{MANIFEST} of a COGX {WRITTEN} archive")
        schema["properties"]["cogx_version"]["pattern"] = _VERSION_PATTERN
    elif kind == "raw_node":
        schema = _raw_node()
    elif kind in MODEL_OF_KIND:
        schema = _of_model(MODEL_OF_KIND[kind], _title(kind))
    else:
        raise UnknownName("kind", kind, SCHEMA_KINDS)
    identity = {"$schema": _DIALECT, "$id": f"urn:cogx:schema:{WRITTEN}:{kind}"}
    return identity | schema


def _title(kind: str) -> str:
    return f"{kind}: a line of {MEMBER_OF_KIND[kind]} in a COGX {WRITTEN} archive"


def _raw_node() -> dict[str, Any]:
    return {
        "title": _title("raw_node"),
        "description": f"{inspect.getdoc(RawNode)} There is no envelope and no kind.",
        "type": "object",
        "properties": {
            "id": {"type": "string", "minLength": 1, "description": "Unique among raw nodes."},
            "type": {"description": "What sort of node it is: text by custom."},
        },
        "required": ["id"],
        "additionalProperties": True,
    }


def _of_model(model: type[BaseModel], title: str) -> dict[str, Any]:
    raw = model.model_json_schema()
    schema = _object(raw, model)
    definitions = {
        name: _object(part, _model(name, model)) for name, part in raw.get("$defs", {}).items()
    }
    return {"title": title} | schema | ({"$defs": definitions} if definitions else {})


def _model(name: str, root: type[BaseModel]) -> type[BaseModel]:
    """Return the model behind a definition: it stands in the module of the one that uses it."""
    found: type[BaseModel] = getattr(inspect.getmodule(root), name)
    return found


def _object(raw: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    properties = {name: _property(raw["properties"][name], name, model) for name in _ordered(model)}
    schema: dict[str, Any] = {
        "description": raw["description"].replace("``", "`"),
        "type": "object",
        "properties": properties,
    }
    if "required" in raw:
        schema["required"] = raw["required"]
    return schema | {"additionalProperties": True}


def _ordered(model: type[BaseModel]) -> list[str]:
    """Return the names of the fields, the kind first."""
    return sorted(model.model_fields, key=lambda name: name != "kind")


def _property(raw: dict[str, Any], name: str, model: type[BaseModel]) -> dict[str, Any]:
    """Return one property: no generated titles, null among the types where it is read."""
    plain = {key: value for key, value in raw.items() if key not in ("title", "anyOf")}
    for choice in raw.get("anyOf", ()):
        plain = _with_choice(plain, choice)
    field = model.model_fields[name]
    if plain.get("type") == TIMESTAMP_TYPES:
        plain["description"] = f"{field.description} {_TIME}"
    if name == "kind" and "const" in plain:
        plain["description"] = "Given by the member if it is missing."
    if field.default_factory is not None:
        plain["default"] = field.get_default(call_default_factory=True, validated_data={})
        if any(isinstance(rule, BeforeValidator) for rule in field.metadata):
            plain["type"] = [plain["type"], "null"]
    return {key: plain[key] for key in _FIRST_KEYS if key in plain} | plain


def _with_choice(plain: dict[str, Any], choice: dict[str, Any]) -> dict[str, Any]:
    """Take one branch of a choice between a type and null into the property itself."""
    if "$ref" in choice:
        return plain | {"anyOf": [choice, {"type": "null"}]}
    if choice.get("type") == "null" and "anyOf" in plain:
        return plain
    given = choice["type"] if isinstance(choice["type"], list) else [choice["type"]]
    rest = {key: value for key, value in choice.items() if key not in ("type", "description")}
    return plain | rest | {"type": [*plain.get("type", []), *given]}
