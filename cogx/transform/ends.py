"""Knows which records the ends of facts mean, by id or by name; not which records are wanted.

An end means the record with that id: a node before a fact. Else it means the first entity
whose normalised name equals its own. Source: spec/format.md#references.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple

import numpy as np

from cogx.format.identity import normalise_name
from cogx.format.layout import KINDS
from cogx.hash_tables import Words, hash_ids
from cogx.ports import RecordSource
from cogx.transform.hashes import NO_WORDS, HashSet, Mask, find

NODE_KINDS: Final = tuple(kind for kind in KINDS if kind != "fact")
_FIELDS: Final = ("subject_ref", "object_ref")


class Ends(NamedTuple):
    """What the ends of some facts mean, as hashes of ids.

    ``targets`` are all that is meant, dangling references among them (they mean themselves);
    ``facts`` are those of them that only a fact's id answers. ``dangling_names`` are hashes of
    the normalised references that nothing answers.
    """

    named: Words = NO_WORDS
    bearers: Words = NO_WORDS
    targets: Words = NO_WORDS
    facts: Words = NO_WORDS
    dangling_names: Words = NO_WORDS

    def of(self, facts: Sequence[Any]) -> tuple[Words, Words]:
        """Return the hashes of the ids that the subjects and objects mean."""
        subjects, objects = (self._meant(hash_ids(references)) for references in _ends(facts))
        return subjects, objects

    def _meant(self, references: Words) -> Words:
        if not len(self.named):
            return references
        at = find(self.named, references)
        return np.where(at >= 0, self.bearers[at], references)


def learn_ends(source: RecordSource, asked: Callable[[Sequence[Any]], Mask]) -> Ends:
    """Return what the ends of those facts mean that ``asked`` tells.

    Cost: a pass over the facts and one over the rest; where an end is no id of a node, one more
    over the facts, and over the entities. Memory: 8 bytes for each distinct end, 24 where
    it is no id of a node.
    """
    references = _references(source, asked)
    loose = _without_nodes(source, references)
    if not len(loose):
        return Ends(targets=references)
    names, in_facts = _folded(source, loose)
    free, names = loose[~in_facts], names[~in_facts]
    known = np.unique(names)
    bearers, borne = _first_bearers(source, known)
    at = find(known, names)
    answered = borne[at]
    named, bearers = free[answered], bearers[at][answered]
    return Ends(
        named,
        bearers,
        np.unique(np.concatenate([np.setdiff1d(references, named), bearers])),
        loose[in_facts],
        np.unique(names[~answered]),
    )


def ids_of(records: Sequence[Any]) -> Words:
    """Return the hashes of the records' ids."""
    return hash_ids(list(map(attrgetter("external_id"), records)))


def _ends(facts: Sequence[Any]) -> Iterator[list[str]]:
    for field in _FIELDS:
        yield list(map(attrgetter(field), facts))


def _references(source: RecordSource, asked: Callable[[Sequence[Any]], Mask]) -> Words:
    found = HashSet()
    for _, facts in source.iter_batches("fact"):
        mask = asked(facts)
        for references in _ends(facts):
            found.add(np.unique(hash_ids(references)[mask]))
    return found.known()


def _without_nodes(source: RecordSource, references: Words) -> Words:
    """Return the references that are no id of a record other than a fact."""
    loose = np.ones(len(references), np.bool_)
    if len(references):
        for _, records in source.iter_batches(*NODE_KINDS):
            at = find(references, ids_of(records))
            loose[at[at >= 0]] = False
    return references[loose]


def _folded(source: RecordSource, loose: Words) -> tuple[Words, Mask]:
    """Return the hash of each loose reference's normal form, and whether it is a fact's id."""
    names = np.zeros(len(loose), np.uint64)
    in_facts = np.zeros(len(loose), np.bool_)
    for _, facts in source.iter_batches("fact"):
        at = find(loose, ids_of(facts))
        in_facts[at[at >= 0]] = True
        for references in _ends(facts):
            at = find(loose, hash_ids(references))
            hit = np.flatnonzero((at >= 0) & (names[at] == 0))
            names[at[hit]] = hash_ids([normalise_name(references[index]) for index in hit])
    return names, in_facts


def _first_bearers(source: RecordSource, known: Words) -> tuple[Words, Mask]:
    """Return, for each name, the hash of the id of the first entity that has it, if one does."""
    bearers = np.zeros(len(known), np.uint64)
    borne = np.zeros(len(known), np.bool_)
    if not len(known):
        return bearers, borne
    for _, entities in source.iter_batches("entity"):
        at = find(known, hash_ids([normalise_name(entity.name) for entity in entities]))
        places, first = np.unique(at, return_index=True)
        new = (places >= 0) & ~borne[places]
        places, first = places[new], first[new]
        bearers[places] = ids_of([entities[index] for index in first])
        borne[places] = True
    return bearers, borne
