"""Knows declared value types: which bare texts of an archive are typed values.

A manifest may say once that every text under one property of one type is, say, a date; its
values then stand as bare text. Expanding writes them inline again, shortening is the reverse.
Source: spec/format.md#value-types.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from cogx.codec.typed import DECLARABLE, TAG
from cogx.format.manifest import MOST_DECLARATIONS, ValueType

FIELD_OF_KIND: Final = {"raw_node": "properties", "entity": "attributes", "fact": "metadata"}
"""Where the properties of a kind stand: only these can be declared."""

_Key = tuple[str, str, str]


_FIXED: Final = frozenset({("raw_node", "id"), ("raw_node", "type")})


def is_declarable(one: ValueType) -> bool:
    """Tell whether a declaration says something the format allows."""
    placed = FIELD_OF_KIND.get(one.kind) == one.field and (one.kind, one.key) not in _FIXED
    return placed and one.value_type in DECLARABLE


def type_of(kind: str, record: Any) -> str:
    """Return the type that a declaration names for a record: entity_type, type, predicate."""
    if kind == "raw_node":
        given = record.properties.get("type")
        return given if isinstance(given, str) else ""
    return (record.predicate if kind == "fact" else record.entity_type) or ""


class ValueTypes:
    """The declarations of one archive.

    Writing: the first value of a property decides whether it is declared, so that a stream
    needs no second look. Past :data:`MOST_DECLARATIONS` properties nothing more is declared.
    """

    def __init__(self, declared: Iterable[ValueType] = ()) -> None:
        self._tags: dict[_Key, str | None] = {}
        self._kinds: set[str] = set()
        self._plain: dict[tuple[str, str], set[str]] = {}
        for one in declared:
            if is_declarable(one):
                self._tags[one.kind, one.type, one.key] = one.value_type
                self._kinds.add(one.kind)

    def concern(self, kind: str) -> bool:
        """Tell whether any property of a kind is declared."""
        return kind in self._kinds

    def declared(self) -> list[ValueType]:
        """Return the declarations, ordered, for the manifest."""
        return [
            ValueType(kind=kind, type=kind_type, field=FIELD_OF_KIND[kind], key=key, value_type=tag)  # type: ignore[arg-type]
            for (kind, kind_type, key), tag in sorted(self._tags.items())
            if tag is not None
        ]

    def expand(self, kind: str, kind_type: str, properties: dict[str, Any]) -> dict[str, Any]:
        """Return the properties with declared bare texts tagged inline, tagged texts bare."""
        return {
            key: _expand(value, self._tags.get((kind, kind_type, key)))
            for key, value in properties.items()
        }

    def all_plain(self, kind: str, kind_type: str, properties: dict[str, Any]) -> bool:
        """Tell whether every property is known and none is declared: the common, quick case."""
        plain = self._plain.get((kind, kind_type))
        return plain is not None and properties.keys() <= plain

    def shorten(self, kind: str, kind_type: str, properties: dict[str, Any]) -> dict[str, Any]:
        """Return inline-tagged properties as they are written: declared ones as bare text."""
        return {
            key: self._shorten((kind, kind_type, key), value) for key, value in properties.items()
        }

    def _shorten(self, key: _Key, value: Any) -> Any:
        tag = _tag(value)
        if key[::2] in _FIXED:
            return value
        if key not in self._tags and value is not None and len(self._tags) < MOST_DECLARATIONS:
            self._tags[key] = tag
            if tag is None:
                self._plain.setdefault(key[:2], set()).add(key[2])
            else:
                self._kinds.add(key[0])
        declared = self._tags.get(key)
        if declared is None:
            return value
        if tag == declared:
            return value["value"]
        return {TAG: "string", "value": value} if isinstance(value, str) else value


def _tag(value: Any) -> str | None:
    """Return the tag of an inline value that a declaration could replace."""
    if type(value) is dict and len(value) == 2 and type(value.get(TAG)) is str:
        tag: str = value[TAG]
        if tag in DECLARABLE and isinstance(value.get("value"), str):
            return tag
    return None


def _expand(value: Any, declared: str | None) -> Any:
    if declared is None:
        return value
    if isinstance(value, str):
        return {TAG: declared, "value": value}
    if type(value) is dict and value.get(TAG) == "string" and len(value) == 2:
        return value["value"]
    return value
