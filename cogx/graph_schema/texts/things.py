"""Knows things that were found in texts, and how they are tied together by name; reads no text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct, field

from cogx.graph_schema.naming import name_key, singular, snake_case
from cogx.graph_schema.observations import Observations

ANY_TYPE: Final = "Record"
"""The type of things that nothing gives a sort."""
NAME_KEYS: Final = ("name", "title", "label", "full_name")
TYPE_KEYS: Final = ("type", "kind", "category", "class")
MOST_THINGS: Final = 200_000
_MOST_WORDS_OF_A_TYPE: Final = 4
_DATE: Final = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])", re.ASCII)
_ID_ENDINGS: Final = ("_ids", "_id")


class Thing(Struct):
    """Something with properties; ``parts`` are (predicate, type, many) of things inside it."""

    type: str
    properties: dict[str, Any]
    parts: list[tuple[str, str, bool]] = field(default_factory=list)

    @property
    def name(self) -> str | None:
        """What it is called, None if nothing says so."""
        value = self.properties.get("name")
        return value if isinstance(value, str) else None


def thing(type_name: str, fields: dict[str, Any]) -> Thing:
    """Return a thing of named fields: what names it becomes its name, what sorts it its type."""
    properties = {snake_case(key): value for key, value in fields.items() if value is not None}
    for key in TYPE_KEYS:
        told = properties.get(key)
        if type_name == ANY_TYPE and isinstance(told, str) and is_short(told):
            type_name = told
            del properties[key]
            break
    for key in NAME_KEYS:
        if isinstance(properties.get(key), str):
            properties = {"name": properties.pop(key)} | properties
            break
    return Thing(type_name, properties)


def is_short(text: str) -> bool:
    """Tell whether a text may be the name of a sort."""
    return 0 < len(text.split()) <= _MOST_WORDS_OF_A_TYPE and len(text) <= 40 and "\n" not in text


def observe(things: list[Thing], seen: Observations) -> None:
    """Count things, their parts, and the relations that their properties are.

    A property is a relation if its values are names of things, or its own name is that of a type
    (``company``, ``company_id``).
    """
    owners = {one.name.casefold(): one.type for one in reversed(things) if one.name}
    types = {name_key(one.type): one.type for one in things}
    relations: list[tuple[str, str, str, bool]] = []
    for one in things:
        own: dict[str, Any] = {}
        for key, value in one.properties.items():
            found = [] if key == "name" else list(_targets(key, value, owners, types))
            if not found:
                own[key] = value
            for predicate, target in found:
                relations.append((one.type, predicate, target, isinstance(value, list)))
        formats = {key: "date" for key, value in own.items() if _is_date(value)}
        seen.add_node(one.type, own, formats, is_sample=True)
    for source, predicate, target, many in relations:
        seen.add_relation(source, predicate, target, many=many)
    for one in things:
        for predicate, target, many in one.parts:
            seen.add_relation(one.type, predicate, target, many=many)


def _is_date(value: Any) -> bool:
    return isinstance(value, str) and _DATE.fullmatch(value) is not None


def _targets(
    key: str, value: Any, owners: dict[str, str], types: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield (predicate, type) for each thing that a property names; nothing if it holds others."""
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(one, str | int) for one in values):
        return
    ending = next((end for end in _ID_ENDINGS if key.endswith(end) and key != end), "")
    stem = key.removesuffix(ending)
    named = types.get(name_key(singular(stem)))
    if named is not None and not any(isinstance(one, bool) for one in values):
        yield stem, named
        return
    found = [owners.get(one.casefold()) for one in values if isinstance(one, str)]
    if len(found) == len(values) and all(found):
        yield from ((key, str(target)) for target in dict.fromkeys(found))
