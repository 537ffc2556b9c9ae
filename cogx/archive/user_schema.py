"""Knows how nodes are checked against a user's own JSON Schemas; knows no rule of COGX itself.

A schema file is a JSON object with a schema for each node type, ``{"Person": {...}}``, or a
JSON Schema whose ``$defs`` are named after the types. Nothing is ever fetched: a ``$ref``
leads inside the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cogx.archive.reading import Block, RecordReader
from cogx.archive.validate import Findings
from cogx.archive.value_types import ValueTypes, type_of
from cogx.codec.typed import TAG
from cogx.container import Container
from cogx.errors import ArchiveError, BadSetting
from cogx.format.layout import KIND_OF_MEMBER
from cogx.limits import Limits
from cogx.problems import Problem
from cogx.progress import SILENT, Progress

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_NODE_KINDS: Final = frozenset({"raw_node", "entity"})
_SHOWN_CHARACTERS: Final = 200
_NOT_FINITE: Final = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}


class UserSchema:
    """The validators of a schema file, one for each node type it names."""

    def __init__(self, document: Any, name: str = "the schema") -> None:
        self._validators = dict(_validators(document, name))
        self._name = name

    @classmethod
    def load(cls, path: str) -> UserSchema:
        """Read a schema file.

        Raises:
            BadSetting: it cannot be read, is not JSON, or a schema in it is none.
        """
        try:
            document = json.loads(Path(path).read_bytes())
        except OSError as error:
            raise BadSetting(f"{path}: cannot be read: {error.strerror}.") from error
        except (ValueError, RecursionError) as error:
            raise BadSetting(f"{path}: is not JSON: {error}.") from error
        return cls(document, path)

    @property
    def types(self) -> list[str]:
        """Return the node types that have a schema."""
        return list(self._validators)

    def check(
        self,
        container: Container,
        findings: Findings,
        *,
        limits: Limits | None = None,
        progress: Progress = SILENT,
    ) -> None:
        """Add a ``schema.mismatch`` to the findings for every value that breaks its schema.

        Nodes of types without a schema pass. Lines that cannot be read, and damage, are in
        the findings already and are passed over here.

        Raises:
            BadSetting: a ``$ref`` leads nowhere.
        Cost: one more pass over the archive, some 50 microseconds for each node checked.
        """
        extension = findings.manifest.cogx if findings.manifest else None
        reader = RecordReader(
            _ignore,
            ValueTypes(extension.value_types if extension else ()),
            typed=extension is not None,
            lenient=findings.lenient,
            limits=limits or Limits(),
        )
        progress.begin("check schemas", total=container.size, unit="bytes")
        place = 0
        try:
            for member in container.members(_ignore):
                kind = KIND_OF_MEMBER.get(member.name, "")
                if kind not in _NODE_KINDS:
                    continue
                for block in reader.iter_blocks(kind, member.name, member.chunks()):
                    for problem in self._problems(block):
                        findings.log.add(problem)
                    progress.advance(container.position() - place)
                    place = container.position()
        except ArchiveError:
            return
        finally:
            progress.end()

    def _problems(self, block: Block) -> Iterator[Problem]:
        from referencing.exceptions import Unresolvable  # noqa: PLC0415 - few need schemas

        for record, number in zip(block.records, block.numbers, strict=True):
            node_type = type_of(block.kind, record)
            validator = self._validators.get(node_type)
            if validator is None:
                continue
            instance = node_properties(block.kind, record, tagged=block.tagged)
            try:
                for error in validator.iter_errors(instance):
                    place = ".".join(map(str, error.absolute_path)) or None
                    message = f"{node_type}: {error.message}"[:_SHOWN_CHARACTERS]
                    yield Problem("schema.mismatch", message, block.member, number, place)
            except Unresolvable as error:
                raise BadSetting(f"{self._name}: {node_type}: {error}.") from error


def node_properties(kind: str, record: Any, *, tagged: bool) -> dict[str, Any]:
    """Return what a schema is asked about: the properties that a query of the graph sees.

    A typed value stands as its text, as in JSON that people write.
    """
    if kind == "raw_node":
        properties = dict(record.properties)
    else:
        properties = dict(record.attributes)
        for name in ("name", "description", "aliases"):
            if getattr(record, name):
                properties[name] = getattr(record, name)
        properties["id"] = record.external_id
        properties["type"] = record.entity_type or ""
    return {key: _bare(value) for key, value in properties.items()} if tagged else properties


def _bare(value: Any) -> Any:
    if isinstance(value, list):
        return [_bare(item) for item in value]
    if not isinstance(value, dict):
        return value
    if TAG in value and "value" in value:
        inside = value["value"]
        if value[TAG] == "object" and isinstance(inside, dict):  # it has the key of tags itself
            return {key: _bare(item) for key, item in inside.items()}
        if value[TAG] == "float" and inside in _NOT_FINITE:
            return float(_NOT_FINITE[inside])
        return _bare(inside)
    return {key: _bare(item) for key, item in value.items()}


def _ignore(problem: Problem) -> None:
    """Hear what validation has told already."""


def _validators(document: Any, name: str) -> Iterator[tuple[str, Validator]]:
    """Yield (node type, validator); imports the schema library only now."""
    from jsonschema.exceptions import SchemaError  # noqa: PLC0415
    from jsonschema.validators import Draft202012Validator, validator_for  # noqa: PLC0415
    from referencing import Registry  # noqa: PLC0415

    if not isinstance(document, dict):
        raise BadSetting(f"{name}: is not a JSON object with a schema for each node type.")
    shared = document.get("$defs")
    types = shared if isinstance(shared, dict) else document
    for node_type, schema in types.items():
        if node_type.startswith("$"):
            continue
        whole = document | {"$ref": f"#/$defs/{_pointer(node_type)}"} if shared else schema
        if not isinstance(schema, dict | bool):
            raise BadSetting(f"{name}: {node_type}: is not a JSON Schema.")
        kind = validator_for(whole, default=Draft202012Validator)
        try:
            kind.check_schema(schema)
        except SchemaError as error:
            raise BadSetting(
                f"{name}: {node_type}: is not a JSON Schema: {error.message}."
            ) from error
        # An empty registry: no reference is ever looked up on the network.
        yield node_type, kind(whole, registry=Registry())


def _pointer(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
