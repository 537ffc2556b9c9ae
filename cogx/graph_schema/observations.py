"""Knows what was seen of types, properties and relations, counted; not where, nor what follows.

Two spellings of a name count as one (:mod:`cogx.graph_schema.naming`). Nothing depends on the
order in which things are seen.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cogx.graph_schema.naming import name_key

MOST_TYPES: Final = 2_000
MOST_PROPERTIES: Final = 500
MOST_RELATIONS: Final = 20_000
_EXAMPLES: Final = 3
_EXAMPLE_CHARACTERS: Final = 60
_EXAMPLE_NUMBER: Final = 2**53

RelationKey = tuple[str, str, str]


@dataclass(slots=True)
class SeenValues:
    """What one property of one type held."""

    count: int = 0
    nulls: int = 0
    types: set[str] = field(default_factory=set)
    items: set[str] = field(default_factory=set)
    formats: set[str] = field(default_factory=set)
    examples: list[str | int | float] = field(default_factory=list)

    def add(self, value: Any, value_format: str | None) -> None:
        """Count a value; its format is that of a typed value, which stands as text."""
        self.count += 1
        if value is None:
            self.nulls += 1
            return
        self.types.add(json_type(value))
        if isinstance(value, list):
            self.items.update(map(json_type, value))
        else:
            self.formats.add(value_format or "")
            _keep_example(self.examples, value)


@dataclass(slots=True)
class SeenType:
    """What nodes of one type held. ``names`` are the spellings of the type.

    ``is_sample`` if some of them were found in texts, which need not say all there is.
    """

    names: Counter[str] = field(default_factory=Counter)
    called: list[str | int | float] = field(default_factory=list)
    properties: dict[str, SeenValues] = field(default_factory=dict)
    is_sample: bool = False

    @property
    def count(self) -> int:
        """How many nodes there are of it."""
        return self.names.total()

    @property
    def name(self) -> str:
        """The most frequent spelling, of equals the first in order."""
        return min(self.names, key=lambda name: (-self.names[name], name))


@dataclass(slots=True)
class SeenRelation:
    """The facts of one predicate between two types. ``many`` if a source has several."""

    predicates: Counter[str] = field(default_factory=Counter)
    many: bool = False

    @property
    def count(self) -> int:
        """How many facts there are of it."""
        return self.predicates.total()

    @property
    def predicate(self) -> str:
        """The most frequent spelling, of equals the first in order."""
        return min(self.predicates, key=lambda name: (-self.predicates[name], name))


class Observations:
    """The types and relations seen so far.

    Memory grows with types times properties and with types times predicates times types, which
    are bounded: what passes :data:`MOST_TYPES`, :data:`MOST_PROPERTIES` of a type or
    :data:`MOST_RELATIONS` is counted in ``left_out`` only.
    """

    def __init__(self) -> None:
        self.types: dict[str, SeenType] = {}
        self.relations: dict[RelationKey, SeenRelation] = {}
        self.left_out: Counter[str] = Counter()

    def add_node(
        self,
        type_name: str,
        properties: Mapping[str, Any],
        formats: Mapping[str, str] | None = None,
        *,
        is_sample: bool = False,
    ) -> None:
        """Count a node: plain JSON properties, and which of their texts have a format."""
        seen = self._type(type_name)
        if seen is None:
            return
        seen.is_sample = seen.is_sample or is_sample
        name = properties.get("name")
        if isinstance(name, str) and name:
            _keep_example(seen.called, name)
        for key, value in properties.items():
            values = seen.properties.get(key)
            if values is None:
                if len(seen.properties) >= MOST_PROPERTIES:
                    self.left_out["properties"] += 1
                    continue
                values = seen.properties[key] = SeenValues()
            values.add(value, formats.get(key) if formats else None)

    def add_relation(
        self, source: str, predicate: str, target: str, *, many: bool = False
    ) -> RelationKey | None:
        """Count a fact between nodes of two types; return what it is counted under.

        None if a type is not among those counted, or there are too many relations.
        """
        key = (name_key(source), name_key(predicate), name_key(target))
        seen = self.relations.get(key)
        if seen is None:
            if key[0] not in self.types or key[2] not in self.types:
                return None
            if len(self.relations) >= MOST_RELATIONS:
                self.left_out["relations"] += 1
                return None
            seen = self.relations[key] = SeenRelation()
        seen.predicates[predicate] += 1
        seen.many = seen.many or many
        return key

    def _type(self, name: str) -> SeenType | None:
        key = name_key(name)
        seen = self.types.get(key)
        if seen is None:
            if len(self.types) >= MOST_TYPES:
                self.left_out["types"] += 1
                return None
            seen = self.types[key] = SeenType()
        seen.names[name] += 1
        return seen


def json_type(value: Any) -> str:
    """Return the JSON type of a value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    if value is None:
        return "null"
    return "array" if isinstance(value, list | tuple) else "object"


def merged_types(types: Iterable[str]) -> list[str]:
    """Return JSON types in order; an integer is a number where there are both."""
    found = set(types)
    return sorted(found - {"integer"} if "number" in found else found)


def _keep_example(kept: list[str | int | float], value: Any) -> None:
    """Keep the first few of all values in order, so that it does not matter which comes first."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return
    if isinstance(value, str):
        fits = 0 < len(value) <= _EXAMPLE_CHARACTERS
    else:
        fits = abs(value) <= _EXAMPLE_NUMBER  # NaN is not, either
    if not fits or value in kept:
        return
    if len(kept) < _EXAMPLES or _order(value) < _order(kept[-1]):
        insort(kept, value, key=_order)
        del kept[_EXAMPLES:]


def _order(value: str | int | float) -> tuple[bool, float, str]:
    return (True, 0.0, value) if isinstance(value, str) else (False, float(value), "")
