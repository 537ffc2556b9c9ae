"""Knows what a graph schema says, once it is read; never how its document is written or checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cogx.graph_schema.naming import name_key


@dataclass(frozen=True, slots=True)
class Property:
    """What a type of entity may say of itself. ``kind`` is its JSON type, in words for people."""

    name: str
    kind: str
    required: bool
    description: str = ""


@dataclass(frozen=True, slots=True)
class EntityType:
    """A sort of thing. ``node_schema`` is the JSON Schema of its own properties, no relations."""

    name: str
    description: str
    properties: tuple[Property, ...]
    node_schema: Mapping[str, Any] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Relation:
    """A fact that may join two types; ``many`` if a source may have several of it."""

    source: str
    predicate: str
    target: str
    many: bool
    description: str = ""


@dataclass(frozen=True, eq=False)
class GraphSchema:
    """The entity types and relations that a graph may hold, and the JSON Schema that says so.

    Names are compared by :func:`cogx.graph_schema.naming.name_key`: neither case, spaces nor
    underscores count. Two schemas are equal if their documents are; ``digest`` is the SHA-256
    of the document's canonical JSON. ``notes`` say what an inference left out.
    """

    title: str
    entity_types: tuple[EntityType, ...]
    relations: tuple[Relation, ...]
    document: dict[str, Any] = field(repr=False)
    digest: str
    notes: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GraphSchema) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def type_named(self, name: str | None) -> EntityType | None:
        """Return the type that a name means, None if the schema has no such."""
        return self._types.get(name_key(name)) if name else None

    def allows_type(self, name: str | None) -> bool:
        """Tell whether there may be entities of a type; without one there may not."""
        return self.type_named(name) is not None

    def allows_fact(self, source_type: str | None, predicate: str, target_type: str | None) -> bool:
        """Tell whether a fact with this predicate may join two entities of these types."""
        if not source_type or not target_type:
            return False
        return tuple(map(name_key, (source_type, predicate, target_type))) in self._facts

    @cached_property
    def _types(self) -> dict[str, EntityType]:
        return {name_key(one.name): one for one in self.entity_types}

    @cached_property
    def _facts(self) -> frozenset[tuple[str, ...]]:
        return frozenset(
            (name_key(one.source), name_key(one.predicate), name_key(one.target))
            for one in self.relations
        )
