"""Knows which names have a label or a relationship type of their own in one store.

What it learns is kept in the store, in ``CogxMeta``, with the first batch that needs it.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field

from cogx.stores.bolt.dialect import EDGE, META, Dialect

SAVE = (
    f"MERGE (m:{META} {{name: 'graph'}}) SET m.labels = $labels, m.relationships = $relationships"
)


@dataclass(slots=True)
class Catalog:
    """Names by their use. ``labels_there`` and ``relationships_there`` are somebody else's too.

    Cost: the names themselves, of which a dialect allows a few hundred.
    """

    dialect: Dialect
    labels: set[str] = field(default_factory=set)
    relationships: set[str] = field(default_factory=set)
    labels_there: frozenset[str] = frozenset()
    relationships_there: frozenset[str] = frozenset()
    changed: bool = False

    def label_of(self, name: str) -> str | None:
        """Return the label for a type or a further label, None if it gets none."""
        return self._own(name, self.labels, self.relationships, self.relationships_there)

    def relationship_of(self, predicate: str) -> str | None:
        """Return the relationship type for a predicate, None if it gets none of its own."""
        return self._own(predicate, self.relationships, self.labels, self.labels_there)

    def all_relationships(self) -> list[str]:
        """Return every relationship type that an edge of the store may have."""
        known = {EDGE} | self.relationships | self.relationships_there
        return sorted(known)

    def kept(self) -> dict[str, list[str]]:
        """Return the parameters of SAVE."""
        return {"labels": sorted(self.labels), "relationships": sorted(self.relationships)}

    def _own(self, name: str, mine: set[str], *others: Container[str]) -> str | None:
        if name in mine:
            return name
        if len(mine) >= self.dialect.names or not self.dialect.allows(name):
            return None
        if self.dialect.one_space and any(name in taken for taken in others):
            return None
        mine.add(name)
        self.changed = True
        return name
