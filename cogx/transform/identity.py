"""Knows which entities are one under an identity rule, and gives them one id; a RecordSource.

Must never merge what the rule does not: every merge is counted. Source: spec/format.md#identity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

import numpy as np

from cogx.codec.lines import canonical_line
from cogx.errors import UnknownName
from cogx.format.identity import (
    entity_id,
    folded_entity_id,
    folded_name,
    is_uuid,
    normalise_name,
)
from cogx.format.layout import KINDS
from cogx.hash_tables import Words, hash_ids
from cogx.ports import RecordSource
from cogx.transform.examples import Examples
from cogx.transform.hashes import among
from cogx.transform.id_map import IdChange
from cogx.transform.identity_ends import Ends, Gathered, Names
from cogx.transform.merging import decoded, merged

_NODE_KINDS: Final = tuple(kind for kind in KINDS if kind != "fact")


class Rule(NamedTuple):
    """How an identity rule names an entity, and by what key a name is looked for."""

    id_of: Callable[[Any], str]
    key_of: Callable[[str], str]


RULES: Final = {
    "cognee": Rule(lambda entity: str(entity_id(entity.name)), normalise_name),
    "folded": Rule(
        lambda entity: str(folded_entity_id(entity.name, entity.entity_type)), folded_name
    ),
}
"""The rules that change ids, by name; ``id``, which leaves every id as it is, needs no change."""


class Identified:
    """A source whose entities have the ids that a rule gives them; entities of one id are one.

    An archive of system ``cognee`` keeps ids that are UUIDs under every rule, in canonical
    form: they are cognee's own. Merged entities keep the first name, type and system; other
    names become aliases, descriptions are joined; attributes, metadata and scope are united and
    the first of two different values stays. What refers to a renamed entity, by id or by name,
    refers to its new id; every other reference stays as it is written. Facts are never merged.

    After a pass over entities or facts, ``changes`` says what it changed, by code:
    ``identity.renamed`` entities with another id, ``identity.merged`` entities that are part of
    another now, ``identity.conflict`` values that gave way to another, ``identity.dangling``
    ends that look like a UUID and are in no record, ``identity.stub`` ends that are a name and
    no entity's, ``identity.ambiguous`` ends whose name several entities bear (the first is
    taken). If no id changes and nothing merges, records pass through and nothing is counted.

    Cost: two more passes over what is not a fact; 16 bytes of memory for each record that is not
    a fact; the records of one merged entity at once; renamed ids on temporary disk.
    """

    def __init__(self, source: RecordSource, rule: str) -> None:
        """Take a source and the name of a rule.

        Raises:
            UnknownName: the rule is none of :data:`RULES`.
        """
        if rule not in RULES:
            raise UnknownName("identity rule", rule, RULES)
        self.system = source.system
        self.examples = Examples()
        self._source = source
        self._rule = RULES[rule]
        self._keeps_uuids = source.system == "cognee"
        self._stack = ExitStack()
        self._gathered: Gathered | None = None
        self._names: Names | None = None
        self._of_entities: Counter[str] = Counter()
        self._of_facts: Counter[str] = Counter()

    @property
    def merged(self) -> int:
        """Return how many entities became part of another one in the last pass over entities."""
        return self._of_entities["identity.merged"]

    @property
    def changes(self) -> Counter[str]:
        """Return what the last pass over entities, and the last over facts, changed, by code."""
        return self._of_entities + self._of_facts

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield (kind, records); as :meth:`cogx.ports.RecordSource.iter_batches`."""
        found = self._gather()
        for kind in kinds or KINDS:
            if not found.changed or kind not in ("entity", "fact"):
                yield from self._source.iter_batches(kind)
            elif kind == "entity":
                yield from self._entities(found)
            else:
                yield from self._facts(found)

    def iter_id_changes(self) -> Iterator[IdChange]:
        """Yield what each id of an entity becomes, in the order of the source; for the id map.

        Ids that stay are among them where another entity may get the same.
        """
        shared = self._gather().shared
        for _, entities in self._source.iter_batches("entity"):
            ids = [self._id_of(entity) for entity in entities]
            merging = among(shared, hash_ids(ids)).tolist()
            for entity, identity, merges in zip(entities, ids, merging, strict=True):
                if merges or identity != entity.external_id:
                    yield IdChange("entity", entity.external_id, identity)

    def close(self) -> None:
        """Give the temporary disk back; the source stays open. May be called twice."""
        self._stack.close()
        self._gathered = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _id_of(self, entity: Any) -> str:
        if self._keeps_uuids and is_uuid(entity.external_id):
            return str(UUID(entity.external_id))
        return self._rule.id_of(entity)

    def _gather(self) -> Gathered:
        """Find out what changes, once."""
        if self._gathered is None:
            hashes, renamed = self._hashes()
            shared = _doubled(hashes)
            found = Gathered(changed=renamed or len(shared) > 0, shared=shared)
            self._names = Names(self._source, self._id_of, self._rule.key_of, found)
            self._stack.callback(found.close)
            self._stack.callback(self._names.close)
            if found.changed:
                self._gather_changed(found)
            self._gathered = found
        return self._gathered

    def _hashes(self) -> tuple[Words, bool]:
        parts, renamed = [], False
        for _, entities in self._source.iter_batches("entity"):
            ids = list(map(self._id_of, entities))
            renamed = renamed or ids != [entity.external_id for entity in entities]
            parts.append(hash_ids(ids))
        return (np.concatenate(parts) if parts else hash_ids([])), renamed

    def _gather_changed(self, found: Gathered) -> None:
        for kind in _NODE_KINDS:
            for _, records in self._source.iter_batches(kind):
                if kind == "entity":
                    self._gather_entities(found, records)
                else:
                    found.ids.add(hash_ids([record.external_id for record in records]))

    def _gather_entities(self, found: Gathered, entities: Sequence[Any]) -> None:
        ids = [self._id_of(entity) for entity in entities]
        olds = [entity.external_id for entity in entities]
        found.ids.add(hash_ids(olds))
        found.renamed.add((old, new) for old, new in zip(olds, ids, strict=True) if old != new)
        for index in among(found.shared, hash_ids(ids)).nonzero()[0]:
            key, entity = ids[index], entities[int(index)]
            if found.leaders.first(key) is None:
                found.leaders.add([(key, str(found.members))])
            found.lines.add([(key, canonical_line(entity).decode())])
            found.members += 1

    def _entities(self, found: Gathered) -> Iterator[tuple[str, Sequence[Any]]]:
        self._of_entities = counts = Counter[str]()
        member = 0
        for _, entities in self._source.iter_batches("entity"):
            kept: list[Any] = []
            ids = [self._id_of(entity) for entity in entities]
            shared = among(found.shared, hash_ids(ids))
            for index, (entity, identity) in enumerate(zip(entities, ids, strict=True)):
                counts["identity.renamed"] += entity.external_id != identity
                if not shared[index]:
                    entity.external_id = identity
                    kept.append(entity)
                    continue
                if found.leaders.first(identity) == str(member):
                    kept.append(self._merged(found, identity, counts))
                else:
                    counts["identity.merged"] += 1
                    self.examples.note("identity.merged", f"{entity.external_id} -> {identity}")
                member += 1
            if kept:
                yield "entity", kept
        counts += Counter()  # codes that did not occur go

    def _merged(self, found: Gathered, identity: str, counts: Counter[str]) -> Any:
        def conflict(name: str) -> None:
            counts["identity.conflict"] += 1
            self.examples.note("identity.conflict", f"{identity}: {name}")

        members = [decoded("entity", line.encode()) for line in found.lines.get(identity)]
        return merged(members, identity, conflict)

    def _facts(self, found: Gathered) -> Iterator[tuple[str, Sequence[Any]]]:
        self._of_facts = counts = Counter[str]()
        key_of = self._rule.key_of
        assert self._names is not None, "names were gathered with the rest"
        ends = Ends(found, self._names, key_of, counts, self.examples)
        try:
            for _, facts in self._source.iter_batches("fact"):
                for fact in facts:
                    ends.change(fact)
                yield "fact", facts
        finally:
            ends.close()


def _doubled(hashes: Words) -> Words:
    ordered = np.sort(hashes)
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
