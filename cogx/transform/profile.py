"""Knows the two ways a graph is told in records, and turns one into the other: RecordSources.

Must never know an archive or a store. Source: spec/format.md#profiles.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, Self

from cogx.codec.from_values import line_type
from cogx.disk_index import DiskIndex
from cogx.errors import UnknownMode
from cogx.format.identity import data_id, entity_type_id, fact_id, node_id
from cogx.format.layout import CONTENT_KINDS, KINDS
from cogx.hash_tables import hash_ids
from cogx.ports import RecordSource
from cogx.transform import cognee_nodes
from cogx.transform.cognee_ends import STUB
from cogx.transform.cognee_facts import CHANGES, DECLARED, IS_A, MADE, count_losses
from cogx.transform.cognee_gathering import Gathered
from cogx.transform.examples import Examples
from cogx.transform.hashes import HashSet
from cogx.transform.id_map import NODE_KINDS, IdChange

MODES: Final = ("preserve", "hybrid", "re-derive")


class CogneeProfile:
    """A source told for an import into a real cognee, so that it loses least.

    Entities become raw nodes; every node's id a UUID (:func:`cogx.format.identity.node_id`);
    what facts refer to follows. A type of entities becomes an EntityType node and an ``is_a``
    fact, as cognee makes them, unless the fact is there. What cognee cannot hold among a node's
    properties stands in its property ``cogx``, so that :class:`Portable` gives all of it back,
    through a real cognee too. Content and ids of facts stay as they are. For ``re-derive``,
    where cognee ignores raw nodes, everything passes through and ``profile`` is ``portable``.

    After a pass, ``changes`` says by code what was changed so that a real cognee keeps it, and
    ``declared`` what a real cognee will change or lose all the same (:mod:`~.cognee_facts` lists
    both); the archive itself keeps everything.

    An end of a fact that is no node becomes a node made for it, for cognee would leave the fact
    out or make one itself.

    Cost: one more pass over all records, two over nodes if an entity and a raw node share an id;
    16 bytes of memory for each record that is not a fact, 8 for each fact.
    """

    def __init__(self, source: RecordSource, *, mode: str = "preserve") -> None:
        """Take a source and the import mode that the archive is meant for.

        Raises:
            UnknownMode: the mode is none of the three.
        """
        if mode not in MODES:
            raise UnknownMode(f"Unknown mode {mode!r}. Known: {', '.join(MODES)}.")
        self._through = mode == "re-derive"
        self.profile = "portable" if self._through else "cognee"
        self.system = source.system if self._through else cognee_nodes.SYSTEM
        self.examples = Examples()
        self._source = source
        self._gathered: Gathered | None = None
        self._counts: dict[str, Counter[str]] = {}

    @property
    def changes(self) -> Counter[str]:
        """Return what the last pass over each kind changed, by code."""
        return self._counted(CHANGES)

    @property
    def declared(self) -> Counter[str]:
        """Return what a real cognee will not keep of the last pass over each kind, by code."""
        return self._counted(DECLARED)

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield (kind, records); as :meth:`cogx.ports.RecordSource.iter_batches`."""
        if self._through:
            yield from self._source.iter_batches(*kinds)
            return
        found = self._gather()
        for kind in kinds or KINDS:
            if kind == "entity":
                continue
            counts = self._counts[kind] = Counter()
            if kind == "raw_node":
                yield from self._raw_nodes(found, counts)
            elif kind == "fact":
                yield from self._facts(found, counts)
            else:
                for _, records in self._source.iter_batches(kind):
                    count_losses(kind, records, counts)
                    yield kind, records

    def iter_id_changes(self) -> Iterator[IdChange]:
        """Yield each id that is another one in cognee, content included; for the id map."""
        if self._through:
            return
        for kind in NODE_KINDS:
            for _, records in self._source.iter_batches(kind):
                for record in records:
                    old = record.external_id
                    if kind in CONTENT_KINDS:
                        new = str(data_id(record.external_system, old))
                    else:
                        new = node_id(self._source.system, old)
                    if new != old:
                        yield IdChange(kind, old, new)

    def close(self) -> None:
        """Give the temporary disk back; the source stays open. May be called twice."""
        if self._gathered is not None:
            self._gathered.close()
            self._gathered = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _counted(self, codes: Collection[str]) -> Counter[str]:
        found = sum(self._counts.values(), Counter[str]())
        return Counter({code: number for code, number in found.items() if code in codes})

    def _gather(self) -> Gathered:
        if self._gathered is None:
            self._gathered = Gathered(self._source)
        return self._gathered

    def _raw_nodes(
        self, found: Gathered, counts: Counter[str]
    ) -> Iterator[tuple[str, Sequence[Any]]]:
        for _, nodes in self._source.iter_batches("raw_node"):
            made = [
                cognee_nodes.of_raw_node(node.properties, self._new_id(node, counts), counts)
                for node in found.without_twins(nodes)
            ]
            if made:
                yield "raw_node", made
        with DiskIndex() as types:
            for _, entities in self._source.iter_batches("entity"):
                made = []
                for entity in entities:
                    identity, twins = self._new_id(entity, counts), found.twins_of(entity)
                    made.append(cognee_nodes.of_entity(entity, identity, twins, counts))
                    of_type = self._type_of(entity, found, types)
                    counts["cognee.type"] += len(of_type)
                    made += of_type
                yield "raw_node", made
            yield from self._made_ends(found, types)

    def _new_id(self, record: Any, counts: Counter[str]) -> str:
        identity = node_id(self._source.system, record.external_id)
        counts["cognee.id"] += identity != record.external_id
        return identity

    def _made_ends(self, found: Gathered, types: DiskIndex) -> Iterator[tuple[str, Sequence[Any]]]:
        for identity in found.made.keys():  # noqa: SIM118 - a table, not a dict
            if types.first(identity) is None:
                code, _, reference = (found.made.first(identity) or "").partition("\n")
                named = code == STUB
                yield "raw_node", [cognee_nodes.of_end(reference, identity, named=named)]

    def _type_of(self, entity: Any, found: Gathered, types: DiskIndex) -> list[Any]:
        """Return the node of an entity's type, if it is the first of it: no node is made twice."""
        if not entity.entity_type:
            return []
        identity = str(entity_type_id(entity.entity_type))
        if types.first(identity) is not None or found.are_nodes([identity])[0]:
            return []
        types.add([(identity, "")])
        return [cognee_nodes.of_type(entity.entity_type, identity)]

    def _facts(self, found: Gathered, counts: Counter[str]) -> Iterator[tuple[str, Sequence[Any]]]:
        keys, total = HashSet(), 0
        with DiskIndex() as typings:
            for _, facts in self._source.iter_batches("fact"):
                count_losses("fact", facts, counts)
                found.ends.change(facts, counts, self.examples)
                if found.typed:
                    typings.add((_ends(fact), "") for fact in facts if fact.predicate == IS_A)
                keys.add(hash_ids([_key(fact) for fact in facts]))
                total += len(facts)
                yield "fact", facts
            # Of facts with equal ends and predicate cognee keeps the first.
            counts["cognee.parallel-fact"] = total - len(keys.known())
            if found.typed:
                yield from self._typings(typings)

    def _typings(self, typings: DiskIndex) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield the facts that say which type an entity has, where none says it already."""
        make = line_type("fact")
        for _, entities in self._source.iter_batches("entity"):
            facts = []
            for entity in entities:
                if not entity.entity_type:
                    continue
                subject = node_id(self._source.system, entity.external_id)
                target = str(entity_type_id(entity.entity_type))
                if typings.first(f"{subject}\n{target}") is not None:
                    continue
                typings.add([(f"{subject}\n{target}", "")])
                ends = {"subject_ref": subject, "predicate": IS_A, "object_ref": target}
                identity = fact_id(subject, IS_A, target)
                facts.append(make(kind="fact", external_id=identity, external_system=MADE, **ends))
            if facts:
                yield "fact", facts


def _ends(fact: Any) -> str:
    return f"{fact.subject_ref}\n{fact.object_ref}"


def _key(fact: Any) -> str:
    return f"{_ends(fact)}\n{fact.predicate}"
