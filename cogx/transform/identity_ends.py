"""Knows what the ends of facts become when entities get other ids; renames no record.

A reference is looked for among the ids, then among the names; see spec/format.md#references.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

from cogx.disk_index import DiskIndex
from cogx.format.identity import is_uuid, normalise_name
from cogx.hash_tables import Words, hash_ids
from cogx.ports import RecordSource
from cogx.transform.examples import Examples
from cogx.transform.hashes import HashSet, among

_CACHED: Final = 1 << 16

Key = Callable[[str], str]


class Gathered:
    """What a first look at a source found.

    ``shared`` are the hashes of new ids that several records may bear. On temporary disk:
    ``renamed`` leads from old ids to new ones, ``leaders`` from a shared id to the number of
    its first record among those of shared ids, ``lines`` from a shared id to all its records.
    ``ids`` are the hashes of all old ids, whatever their kind.
    """

    def __init__(self, *, changed: bool, shared: Words) -> None:
        self.changed = changed
        self.shared = shared
        self.members = 0
        self.ids = HashSet()
        self.renamed = DiskIndex()
        self.leaders = DiskIndex()
        self.lines = DiskIndex()

    def close(self) -> None:
        """Give the disk back. May be called twice."""
        for index in (self.renamed, self.leaders, self.lines):
            index.close()


class Names:
    """Which entity a name means; looked up on disk that is filled when it is needed first."""

    def __init__(
        self, source: RecordSource, id_of: Callable[[Any], str], key_of: Key, found: Gathered
    ) -> None:
        self._source = source
        self._id_of = id_of
        self._key_of = key_of
        self._found = found
        self._bearers: DiskIndex | None = None

    def bearer(self, name: str) -> tuple[str | None, bool] | None:
        """Return the new id of the first entity of a name and whether others bear it too.

        The id is None if that entity keeps its id and nothing merges into it; without any
        such entity there is no answer.
        """
        bearers = self._filled()
        for key in self._keys(name):
            value = bearers.first(key)
            if value is not None:
                several = bearers.first(f"several\n{key}") is not None
                return (None if value[0] == "=" else value[1:]), several
        return None

    def close(self) -> None:
        """Give the disk back. May be called twice."""
        if self._bearers is not None:
            self._bearers.close()

    def _filled(self) -> DiskIndex:
        if self._bearers is None:
            self._bearers = DiskIndex()
            for _, entities in self._source.iter_batches("entity"):
                ids = list(map(self._id_of, entities))
                merging = among(self._found.shared, hash_ids(ids)).tolist()
                for entity, identity, merges in zip(entities, ids, merging, strict=True):
                    same = entity.external_id == identity and not merges
                    self._add(self._bearers, entity.name, f"{'=' if same else '>'}{identity}")
        return self._bearers

    def _add(self, bearers: DiskIndex, name: str, value: str) -> None:
        for key in self._keys(name):
            first = bearers.first(key)
            if first is None:
                bearers.add([(key, value)])
            elif first[1:] != value[1:]:
                bearers.add([(f"several\n{key}", "")])

    def _keys(self, name: str) -> Iterator[str]:
        """Yield the keys of a name: the rule's own, then the one that any reference has."""
        yield f"rule\n{self._key_of(name)}"
        if self._key_of is not normalise_name:
            yield f"name\n{normalise_name(name)}"


class Ends:
    """What the ends of facts become, in one pass over the facts; counted by code."""

    def __init__(
        self, found: Gathered, names: Names, key_of: Key, counts: Counter[str], examples: Examples
    ) -> None:
        self._found = found
        self._ids = found.ids.known()
        self._names = names
        self._key_of = key_of
        self._counts = counts
        self._examples = examples
        self._stubs = DiskIndex()
        self._found_before = lru_cache(_CACHED)(self._resolved)

    def change(self, fact: Any) -> None:
        """Let a fact refer to what its ends and its provenance have become."""
        fact.subject_ref = self._become(fact.subject_ref)
        fact.object_ref = self._become(fact.object_ref)
        if fact.provenance:
            renamed = self._found.renamed
            fact.provenance = [renamed.first(one) or one for one in fact.provenance]

    def close(self) -> None:
        """Give the disk back. May be called twice."""
        self._stubs.close()

    def _become(self, reference: str) -> str:
        become, code = self._found_before(reference)
        if code is not None:
            self._counts[code] += 1
            self._examples.note(code, reference)
        return become

    def _resolved(self, reference: str) -> tuple[str, str | None]:
        renamed = self._found.renamed.first(reference)
        if renamed is not None:
            return renamed, None
        if among(self._ids, hash_ids([reference]))[0]:
            return reference, None
        bearer = self._names.bearer(reference)
        if bearer is not None:
            identity, several = bearer
            return identity or reference, "identity.ambiguous" if several else None
        if is_uuid(reference):
            return reference, "identity.dangling"
        return self._stub(reference), "identity.stub"

    def _stub(self, reference: str) -> str:
        """Return the first spelling of a name that no entity bears: one stub stands for all."""
        key = self._key_of(reference)
        first = self._stubs.first(key)
        if first is None:
            self._stubs.add([(key, reference)])
            return reference
        return first
