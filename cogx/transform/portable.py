"""Knows how records of the ``cognee`` profile become portable again; a RecordSource.

From an archive of that profile, or from a cognee that imported one. Looks only at what the
records themselves say: for ids that cognee's own export lost there is the id map.
Source: spec/format.md#profile-cognee.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Self

from cogx.disk_index import DiskIndex
from cogx.format.layout import KINDS
from cogx.ports import RecordSource
from cogx.transform import cognee_return
from cogx.transform.cognee_ends import as_said_before, ends_said
from cogx.transform.cognee_facts import IS_A, MADE

_CACHED: Final = 1 << 16
_MADE_NODE: Final = "made\n"
"""Stands before the ids of nodes that the profile made, where old ids are looked up."""
_NODES: Final = ("raw_node", "entity")


class Portable:
    """A source whose nodes have their own ids, fields and properties again.

    Entities that are raw nodes become entity records, what stood in the property ``cogx`` goes
    back to where it came from, and what the profile made (types and their ``is_a`` facts) is
    left out. Of facts that a real cognee holds, the id and system come back, and what cognee
    added goes. Everything else passes through: a portable source stays what it is.

    Cost: two passes over nodes for each pass over entities or raw nodes, one more for facts;
    changed ids on temporary disk.
    """

    def __init__(self, source: RecordSource, *, system: str | None = None) -> None:
        """Take a source; ``system`` is what the result says it is, by default the source's."""
        self.profile = "portable"
        self.system = source.system if system is None else system
        self._source = source
        self._renamed: DiskIndex | None = None
        self._known: dict[str, str] = {}

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield (kind, records); as :meth:`cogx.ports.RecordSource.iter_batches`."""
        for kind in kinds or KINDS:
            if kind in _NODES:
                yield from self._nodes(kind)
            elif kind == "fact":
                yield from self._facts()
            else:
                yield from self._source.iter_batches(kind)

    def close(self) -> None:
        """Give the temporary disk back; the source stays open. May be called twice."""
        if self._renamed is not None:
            self._renamed.close()
            self._renamed = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _nodes(self, wanted: str) -> Iterator[tuple[str, Sequence[Any]]]:
        with DiskIndex() as seen:
            for kind, records in self._source.iter_batches(*_NODES):
                made = []
                for record in records:
                    found = [*_records_of(kind, record)]
                    # A node that stands there twice holds its twins twice.
                    if len(found) > 1 and _is_seen(seen, record.external_id):
                        del found[1:]
                    made += [one for its_kind, one in found if its_kind == wanted]
                if made:
                    yield wanted, made

    def _facts(self) -> Iterator[tuple[str, Sequence[Any]]]:
        renamed = self._ids()
        for _, facts in self._source.iter_batches("fact"):
            kept = []
            for fact in facts:
                said = dict(ends_said(fact))
                as_said_before(fact)
                if fact.external_system == MADE or self._joins_a_made_type(renamed, fact):
                    continue
                for field in ("subject_ref", "object_ref"):
                    old = said.get(field) or self._old(renamed, getattr(fact, field))
                    setattr(fact, field, old)
                if fact.provenance:
                    fact.provenance = [self._old(renamed, one) for one in fact.provenance]
                kept.append(fact)
            if kept:
                yield "fact", kept

    def _joins_a_made_type(self, renamed: DiskIndex, fact: Any) -> bool:
        """Tell whether a fact names a type that the profile made, though it does not say so.

        A server that gives no properties of edges does not give the mark of such facts either.
        """
        return fact.predicate == IS_A and renamed.first(_MADE_NODE + fact.object_ref) is not None

    def _old(self, renamed: DiskIndex, reference: str) -> str:
        old = self._known.get(reference)
        if old is None:
            old = renamed.first(reference) or reference
            if len(self._known) >= _CACHED:
                self._known.clear()
            self._known[reference] = old
        return old

    def _ids(self) -> DiskIndex:
        if self._renamed is None:
            self._renamed = DiskIndex()
            for kind, records in self._source.iter_batches(*_NODES):
                self._renamed.add(_old_ids(kind, records))
        return self._renamed


def _old_ids(kind: str, records: Sequence[Any]) -> Iterator[tuple[str, str]]:
    for record in records:
        properties = record.properties if kind == "raw_node" else record.attributes
        rest = cognee_return.rest_of(properties)
        if rest is not None and isinstance(rest.get("id"), str) and rest["id"]:
            yield record.external_id, rest["id"]
        elif rest is not None and not any(True for _ in _records_of(kind, record)):
            yield _MADE_NODE + record.external_id, ""


def _records_of(kind: str, record: Any) -> Iterator[tuple[str, Any]]:
    if kind == "raw_node":
        properties = record.properties
        rest = cognee_return.rest_of(properties)
        if rest is None:
            entity = cognee_return.plain_entity(properties)
            yield (kind, record) if entity is None else ("entity", entity)
            return
    else:
        rest = cognee_return.rest_of(record.attributes)
        if rest is None:
            yield kind, record
            return
        properties = cognee_return.properties_of(record)
    yield from cognee_return.records_of(properties, rest)


def _is_seen(seen: DiskIndex, identity: str) -> bool:
    if seen.first(identity) is not None:
        return True
    seen.add([(identity, "")])
    return False
