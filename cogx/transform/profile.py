"""Knows the two ways a graph is told in records, and turns one into the other: RecordSources.

Must never know an archive or a store. Source: spec/format.md#profiles.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from cogx.codec.from_values import line_type
from cogx.codec.lines import canonical_line
from cogx.disk_index import DiskIndex
from cogx.errors import UnknownMode
from cogx.format.identity import data_id, entity_type_id, fact_id, node_id
from cogx.format.layout import CONTENT_KINDS, KINDS
from cogx.hash_tables import hash_ids
from cogx.ports import RecordSource
from cogx.transform import cognee_nodes
from cogx.transform.cognee_ends import CogneeEnds
from cogx.transform.cognee_facts import CHANGES, DECLARED, MADE, count_losses
from cogx.transform.examples import Examples
from cogx.transform.hashes import HashSet, among
from cogx.transform.id_map import NODE_KINDS, IdChange
from cogx.transform.merging import decoded

MODES: Final = ("preserve", "hybrid", "re-derive")
IS_A: Final = "is_a"


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
        self._gathered: _Gathered | None = None
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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _counted(self, codes: Collection[str]) -> Counter[str]:
        found = sum(self._counts.values(), Counter[str]())
        return Counter({code: number for code, number in found.items() if code in codes})

    def _gather(self) -> _Gathered:
        if self._gathered is None:
            found = _Gathered()
            for kind in NODE_KINDS:
                into = found.of_kind.get(kind, found.content)
                for _, records in self._source.iter_batches(kind):
                    into.add(hash_ids([record.external_id for record in records]))
                    if kind == "entity":
                        found.typed = found.typed or any(one.entity_type for one in records)
            self._gather_twins(found)
            self._gather_ends(found)
            self._gathered = found
        return self._gathered

    def _gather_twins(self, found: _Gathered) -> None:
        entities, raw_nodes = (found.of_kind[kind].known() for kind in ("entity", "raw_node"))
        shared = np.intersect1d(entities, raw_nodes)
        if not len(shared):
            return
        for _, records in self._source.iter_batches("entity"):
            for record in _among(shared, records):
                found.entities.add([(record.external_id, "")])
        for _, records in self._source.iter_batches("raw_node"):
            found.twins.add(
                (record.external_id, canonical_line(record).decode())
                for record in _among(shared, records)
                if found.entities.first(record.external_id) is not None
            )
        found.shared = shared

    def _gather_ends(self, found: _Gathered) -> None:
        found.ends = CogneeEnds(self._source, found.are_nodes, found.are_content)
        for _, facts in self._source.iter_batches("fact"):
            for identity, code, reference in found.ends.iter_made(facts):
                if found.made.first(identity) is None:
                    found.made.add([(identity, f"{code}\n{reference}")])

    def _raw_nodes(
        self, found: _Gathered, counts: Counter[str]
    ) -> Iterator[tuple[str, Sequence[Any]]]:
        system = self._source.system
        for _, records in self._source.iter_batches("raw_node"):
            twins = {id(record) for record in _among(found.shared, records)}
            made = []
            for record in records:
                old = record.external_id
                if id(record) not in twins or found.entities.first(old) is None:
                    new = node_id(system, old)
                    counts["cognee.id"] += new != old
                    made.append(cognee_nodes.of_raw_node(record.properties, new, counts))
            if made:
                yield "raw_node", made
        with DiskIndex() as types:
            for _, records in self._source.iter_batches("entity"):
                made = []
                for record in records:
                    lines = found.twins.get(record.external_id) if len(found.shared) else []
                    twins_of = [decoded("raw_node", line.encode()).properties for line in lines]
                    identity = node_id(system, record.external_id)
                    counts["cognee.id"] += identity != record.external_id
                    made.append(cognee_nodes.of_entity(record, identity, twins_of, counts))
                    of_type = self._type_of(record, found, types)
                    counts["cognee.type"] += len(of_type)
                    made += of_type
                yield "raw_node", made
            yield from self._made_ends(found, types)

    def _made_ends(self, found: _Gathered, types: DiskIndex) -> Iterator[tuple[str, Sequence[Any]]]:
        for identity in found.made.keys():  # noqa: SIM118 - a table, not a dict
            if types.first(identity) is None:
                code, _, reference = (found.made.first(identity) or "").partition("\n")
                named = code == "cognee.stub"
                yield "raw_node", [cognee_nodes.of_end(reference, identity, named=named)]

    def _type_of(self, entity: Any, found: _Gathered, types: DiskIndex) -> list[Any]:
        """Return the node of an entity's type, if it is the first of it: no node is made twice."""
        if not entity.entity_type:
            return []
        identity = str(entity_type_id(entity.entity_type))
        if types.first(identity) is not None or found.are_nodes([identity])[0]:
            return []
        types.add([(identity, "")])
        return [cognee_nodes.of_type(entity.entity_type, identity)]

    def _facts(self, found: _Gathered, counts: Counter[str]) -> Iterator[tuple[str, Sequence[Any]]]:
        keys, total = HashSet(), 0
        assert found.ends is not None, "ends were gathered with the rest"
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


class _Gathered:
    """What a first look at a source found: hashes of ids, and nodes that two kinds share."""

    def __init__(self) -> None:
        self.of_kind = {"entity": HashSet(), "raw_node": HashSet()}
        self.content = HashSet()
        self.typed = False
        self.shared = np.empty(0, np.uint64)
        self.entities = DiskIndex()
        self.twins = DiskIndex()
        self.made = DiskIndex()
        self.ends: CogneeEnds | None = None

    def are_nodes(self, ids: Sequence[str]) -> list[bool]:
        """Tell, for each id, whether an entity or a raw node has it."""
        words = hash_ids(ids)
        entities, raw_nodes = (among(known.known(), words) for known in self.of_kind.values())
        found: list[bool] = (entities | raw_nodes).tolist()
        return found

    def are_content(self, ids: Sequence[str]) -> list[bool]:
        """Tell, for each id, whether a content record has it."""
        found: list[bool] = among(self.content.known(), hash_ids(ids)).tolist()
        return found

    def close(self) -> None:
        """Give the disk back."""
        for index in (self.entities, self.twins, self.made, self.ends):
            if index is not None:
                index.close()


def _among(shared: Any, records: Sequence[Any]) -> list[Any]:
    if not len(shared):
        return []
    hit = among(shared, hash_ids([record.external_id for record in records]))
    return [records[int(index)] for index in hit.nonzero()[0]]


def _ends(fact: Any) -> str:
    return f"{fact.subject_ref}\n{fact.object_ref}"


def _key(fact: Any) -> str:
    return f"{_ends(fact)}\n{fact.predicate}"
