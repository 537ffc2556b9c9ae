"""Knows which properties a schema lets an entity have, and makes values of a model's words.

A value is what stands in the text: as a text, or as the number that it is, alone or in a list,
whichever the schema takes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from cogx.graph_schema.model import EntityType, GraphSchema

_OF_EVERY_ENTITY: Final = frozenset({"name", "description"})
"""These have fields of their own."""


def own_properties(kind: EntityType) -> tuple[str, ...]:
    """Return the properties of a type that are neither relations nor in every entity."""
    return tuple(one.name for one in kind.properties if one.name not in _OF_EVERY_ENTITY)


class Properties:
    """What a schema says about the properties of its types."""

    def __init__(self, schema: GraphSchema) -> None:
        self._schema = schema

    def add(
        self, attributes: dict[str, Any], entity_type: str | None, name: str, words: str
    ) -> bool:
        """Put a value among the attributes of an entity, if its type has room for it.

        A list takes one after the other, anything else the first.
        """
        kind = self._schema.type_named(entity_type)
        if kind is None or name not in own_properties(kind):
            return False
        before = attributes.get(name)
        for value in _readings(words, before):
            if value == before or _takes(kind.node_schema, name, value):
                attributes[name] = value
                return True
        return False


def _readings(words: str, before: Any) -> Iterator[Any]:
    """Yield what words may be; with a list of earlier ones, that with one more of them."""
    plain: list[Any] = [words]
    try:
        number = orjson.loads(words)
    except ValueError:
        number = None
    if isinstance(number, int | float) and not isinstance(number, bool):
        plain.append(number)
    if isinstance(before, list):
        yield from (before if one in before else [*before, one] for one in plain)
    elif before is None:
        yield from (*plain, *([one] for one in plain))
    elif before in plain:
        yield before


def _takes(node_schema: Mapping[str, Any], name: str, value: Any) -> bool:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - not light

    alone = {**node_schema, "required": []}
    validator = Draft202012Validator(alone)
    return not any(
        error.absolute_path and error.absolute_path[0] == name
        for error in validator.iter_errors({name: value})
    )
