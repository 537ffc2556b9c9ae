"""Knows which derived records a graph schema allows, and keeps out the others; derives nothing.

A schema says what may be stated: of which types entities are, and which relations join which
types. That a name stands in a text (``mentions``), or two in one sentence (``co_occurs_with``),
states nothing, so no schema has to name it: such a fact passes if every thing it joins is of a
type that the schema has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cogx.derive.around import Around
from cogx.derive.lexical import MENTIONS
from cogx.derive.vocabulary import CO_OCCURS
from cogx.format.identity import normalise_name
from cogx.graph.node_types import NodeTypes
from cogx.graph_schema.model import GraphSchema
from cogx.ports import Deriver, Passage, RecordSource

TYPES_REFUSED: Final = "schema_types_refused"
FACTS_REFUSED: Final = "schema_facts_refused"
_NO_TYPE: Final = "no type"
_SHOWN_DIGEST: Final = 16


class Constrained(Around):
    """A deriver around a deriver, which lets through what a schema allows.

    Types and predicates are compared whatever their case, spaces and underscores. An entity that
    names no type has that which the source knows it by. A fact passes if both ends are of types
    between which the schema has its predicate; an end that is neither known nor derived from the
    same passage has no type, so the fact does not pass.

    ``report`` counts ``schema_types_refused`` (entities) and ``schema_facts_refused`` beside what
    the deriver counts; ``examples`` names a few.

    Cost: as :class:`cogx.graph.node_types.NodeTypes`; some microseconds a record. Close it.
    """

    def __init__(self, deriver: Deriver, schema: GraphSchema) -> None:
        super().__init__(deriver)
        self._schema = schema
        self._types: NodeTypes | None = None

    @property
    def origin(self) -> Mapping[str, str]:
        """Where records come from, as the deriver says it, and the digest of the schema."""
        known = getattr(self._deriver, "origin", {})
        return {**known, "schema": self._schema.digest[:_SHOWN_DIGEST]}

    @property
    def cache_key(self) -> str | None:
        """What a result depends on: the deriver's own key, and the schema."""
        own = getattr(self._deriver, "cache_key", None)
        return None if own is None else f"{own} schema {self._schema.digest}"

    def prepare(self, known: RecordSource) -> None:
        """Let the deriver look at what is known, and learn the types of it."""
        super().prepare(known)
        self.close()
        self._types = NodeTypes(known)

    def close(self) -> None:
        """Release the temporary disk; the deriver stays open. May be called twice."""
        if self._types is not None:
            self._types.close()
            self._types = None

    def _changed(self, passage: Passage, records: Sequence[Any]) -> list[Any]:
        """Return those that the schema allows."""
        types: dict[str, str | None] = {}
        for one in records:
            if one.kind == "entity":
                own = one.entity_type or self._known_type(one.external_id)
                types[one.external_id] = own
                types.setdefault(normalise_name(one.name), own)
        return [
            one
            for one in records
            if (
                self._allows_entity(one, types[one.external_id])
                if one.kind == "entity"
                else one.kind != "fact" or self._allows_fact(passage, one, types)
            )
        ]

    def _allows_entity(self, entity: Any, own: str | None) -> bool:
        if self._schema.allows_type(own):
            return True
        self._refuse(TYPES_REFUSED, f"{entity.name} ({own or _NO_TYPE})")
        return False

    def _allows_fact(self, passage: Passage, fact: Any, types: Mapping[str, str | None]) -> bool:
        lexical = fact.predicate == CO_OCCURS or (
            fact.predicate == MENTIONS and fact.subject_ref == passage.record[1]
        )
        source, target = (self._type(end, types) for end in (fact.subject_ref, fact.object_ref))
        if lexical:
            ends = ((fact.subject_ref, source), (fact.object_ref, target))
            allowed = all(
                self._schema.allows_type(own) or self._is_text(end, passage) for end, own in ends
            )
        else:
            allowed = self._schema.allows_fact(source, fact.predicate, target)
        if not allowed:
            said = f"{source or _NO_TYPE} {fact.predicate} {target or _NO_TYPE}"
            self._refuse(FACTS_REFUSED, said)
        return allowed

    def _type(self, end: str, types: Mapping[str, str | None]) -> str | None:
        if end in types:
            return types[end]
        name = normalise_name(end)
        return types[name] if name in types else self._known_type(end)

    def _known_type(self, end: str) -> str | None:
        return self._types.type_of(end) if self._types is not None else None

    def _is_text(self, end: str, passage: Passage) -> bool:
        return end == passage.record[1] or (self._types is not None and self._types.is_content(end))

    def _refuse(self, what: str, example: str) -> None:
        self._counts[what] += 1
        self._examples.note(what, example)
