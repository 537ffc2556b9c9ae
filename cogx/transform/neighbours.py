"""Knows which records criteria choose, and which ends of chosen facts need a stub; makes none.

Everything is learnt before the first record is given out, in passes over the source, and held
as hashes of ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from cogx.format.layout import KINDS
from cogx.hash_tables import Words, hash_ids
from cogx.ports import RecordSource
from cogx.transform.criteria import Criteria
from cogx.transform.ends import NODE_KINDS, Ends, ids_of, learn_ends
from cogx.transform.hashes import NO_WORDS, HashSet, Mask, among, find
from cogx.transform.matching import Matching

_FACT: Final = KINDS.index("fact")
_ENTITY: Final = KINDS.index("entity")
_NOWHERE: Final = len(KINDS)


class Choice(NamedTuple):
    """Which records of a batch are chosen, and which are not for want of a time alone."""

    chosen: Mask
    timeless: Mask


class Neighbours:
    """Chooses records of a source by criteria; ``stubs`` says whose place must be held.

    ``stubs`` are the sorted hashes of the ids of things that chosen facts end in and that are not
    chosen, ``stub_kinds`` the kind of each: the first that has the id, as index into KINDS.

    Cost: before the first record, up to four passes over the facts and four over the rest
    (``types`` with ends given by name; ``as_of`` alone takes one and one). Memory: 8 bytes for each
    node of a type that is asked for, about 30 for each distinct end of the facts that can be
    chosen, 24 more where it is a name.
    """

    def __init__(self, source: RecordSource, criteria: Criteria) -> None:
        self._source = source
        self._criteria = criteria
        self.matching = Matching(criteria, source.system)
        self.ends = Ends()
        self._listed = np.unique(hash_ids(list(criteria.ids)))
        self._listed_met = np.zeros(len(self._listed), np.bool_)
        self._of_type = NO_WORDS
        self._joined = NO_WORDS
        self.stubs = NO_WORDS
        self.stub_kinds: npt.NDArray[np.int8] = np.empty(0, np.int8)
        # Facts that are left out themselves matter if what they join is asked for.
        if criteria.wants("fact") or criteria.predicates:
            self._learn()

    def choose(self, kind: str, records: Sequence[Any]) -> Choice:
        """Tell, for each record of a batch, whether it is chosen."""
        if not self._criteria.wants(kind):
            none = np.zeros(len(records), np.bool_)
            return Choice(none, none)
        if kind == "fact":
            return self._matching_facts(records)
        choice = self._timed(kind, records, self.matching.alone(kind, records))
        if not self._criteria.predicates:
            return choice
        joined = among(self._joined, ids_of(records))
        return Choice(choice.chosen & joined, choice.timeless & joined)

    def stub_places(self, kind: str, records: Sequence[Any]) -> npt.NDArray[np.int64]:
        """Return, for each record, where among ``stubs`` it stands if it makes one, else -1."""
        at = find(self.stubs, ids_of(records))
        if len(self.stubs):
            at[self.stub_kinds[at] != KINDS.index(kind)] = -1
        return at

    def foreign_stub_kinds(self) -> list[str]:
        """Return the kinds that make stubs of another kind: entities."""
        kinds = [KINDS[index] for index in np.unique(self.stub_kinds)]
        return [kind for kind in kinds if kind not in {"raw_node", "entity"}]

    def unused(self) -> Iterator[str]:
        """Yield the terms that no record met so far, as KEY=VALUE; kinds are not among them."""
        seen = self._listed[self._listed_met]
        for key, value in self._criteria.terms():
            if key == "kind" or (key, value) in self.matching.met:
                continue
            if key != "ids" or not among(seen, hash_ids([value]))[0]:
                yield f"{key}={value}"

    def _learn(self) -> None:
        self.ends = learn_ends(self._source, lambda facts: self._own(facts).chosen)
        if self._criteria.types:
            self._of_type = self._ids_of_types()
        self._joined = self.ends.targets
        if self._criteria.types or self._criteria.ids:
            self._joined = self._joined_by_matching()
        if self._criteria.wants("fact"):
            self._find_stubs()

    def _own(self, facts: Sequence[Any]) -> Choice:
        return self._timed("fact", facts, self.matching.alone("fact", facts))

    def _matching_facts(self, facts: Sequence[Any]) -> Choice:
        """Choose facts that meet every key but kinds."""
        choice = self._own(facts)
        asked = self._criteria
        if not asked.types and not asked.ids:
            return choice
        subjects, objects = self.ends.of(facts)
        met = np.ones(len(facts), np.bool_)
        if asked.types:
            met &= among(self._of_type, subjects) | among(self._of_type, objects)
        if asked.ids:
            met &= (
                self._is_listed(subjects)
                | self._is_listed(objects)
                | self._is_listed(ids_of(facts))
            )
        return Choice(choice.chosen & met, choice.timeless & met)

    def _is_listed(self, ids: Words) -> Mask:
        at = find(self._listed, ids)
        self._listed_met[at[at >= 0]] = True
        return at >= 0

    def _timed(self, kind: str, records: Sequence[Any], met: Mask) -> Choice:
        timely = self.matching.timely(kind, records)
        if timely is None:
            return Choice(met, np.zeros(len(records), np.bool_))
        in_time, timeless = timely
        return Choice(met & in_time, met & timeless)

    def _ids_of_types(self) -> Words:
        found = HashSet()
        for kind, records in self._source.iter_batches("raw_node", "entity"):
            met = self.matching.typed(kind, records)
            found.add(ids_of(records)[met])
        return found.known()

    def _joined_by_matching(self) -> Words:
        found = HashSet()
        for _, facts in self._source.iter_batches("fact"):
            chosen = self._matching_facts(facts).chosen
            for targets in self.ends.of(facts):
                found.add(np.unique(targets[chosen]))
        return found.known()

    def _find_stubs(self) -> None:
        """Learn which ends have a record in the source, and none that is chosen."""
        targets = self._joined
        nodes: tuple[str, ...] = NODE_KINDS
        if not self._criteria.asks_nodes():
            targets, nodes = self.ends.facts, ()  # every other end is chosen
        if not len(targets):
            return
        owners = np.full(len(targets), _NOWHERE, np.int8)
        kept = np.zeros(len(targets), np.bool_)
        asked = (*nodes, "fact") if len(self.ends.facts) else nodes
        by_name = among(np.unique(self.ends.bearers), targets)
        for kind, records in self._source.iter_batches(*asked):
            at = find(targets, ids_of(records))
            number = KINDS.index(kind)
            if number == _FACT:  # where a node has the id, it is the node that is meant
                at[owners[at] < _FACT] = -1
            elif number != _ENTITY:  # only an entity answers to a name
                at[by_name[at]] = -1
            hit = np.flatnonzero(at >= 0)
            if len(hit):
                at = at[hit]
                owners[at] = np.minimum(owners[at], number)
                kept[at[self.choose(kind, records).chosen[hit]]] = True
        held = (owners < _NOWHERE) & ~kept
        self.stubs, self.stub_kinds = targets[held], owners[held]
