"""Knows which entities of a source may be one; decides nothing and changes nothing.

Entities of different types, and names with different numbers, are never proposed. Entities of one
folded name and type come first: they are what ``--identity folded`` would merge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from msgspec import Struct

from cogx.errors import BadSetting
from cogx.format.identity import folded_name
from cogx.format.layout import KINDS
from cogx.hash_tables import Words as Hashes
from cogx.hash_tables import hash_ids
from cogx.ports import RecordSource
from cogx.progress import SILENT, Progress
from cogx.transform.hashes import HashSet, among
from cogx.transform.resolution.blocks import Pairs, near_pairs, sure_pairs
from cogx.transform.resolution.likeness import SAME, Comparison, Likeness
from cogx.transform.resolution.review import Line
from cogx.transform.resolution.ties import Ties
from cogx.transform.resolution.words import Words, words_of

AT_LEAST: Final = 80.0
_BY_ALIAS: Final = 5.0
"""What a likeness is worth less for each side whose alias it is that is alike."""
_QUICK_LOOK: Final = 15.0
_AT_ONCE: Final = 1 << 15
_OTHERS: Final = tuple(kind for kind in KINDS if kind not in {"entity", "fact"})


class _Known(Struct, frozen=True, gc=False):
    id: str
    name: str
    entity_type: str | None
    aliases: tuple[str, ...]


class _Bearer(Struct, frozen=True, order=True, gc=False):
    """An entity that bears a name; those whose own name it is go before those of an alias."""

    is_alias: bool
    id: str
    place: int


def propose(
    source: RecordSource, *, at_least: float = AT_LEAST, progress: Progress = SILENT
) -> list[Line]:
    """Return pairs of entities that may be one, the likeliest first; all decisions are open.

    On the left stands the entity with more facts. The order of the source does not matter.

    Raises:
        MissingExtra: rapidfuzz is not installed.
        BadSetting: ``at_least`` is no score from 50 to 100.
    Cost: one pass over everything but facts, one over entities, one over facts; about 2.5 KB of
    memory for each name of the largest type, and 0.1 ms of one core.
    """
    if not 50 <= at_least <= 100:
        raise BadSetting(f"A least score of {at_least:g} is not between 50 and 100.")
    comparison = Comparison()
    found: dict[tuple[str, str], Likeness] = {}
    known: dict[str, _Known] = {}
    for entities in _by_type(source, _taken_ids(source)):
        pairs = _Pairs(entities, found)
        pairs.compare(comparison, at_least)
        progress.advance(len(entities))
        ids = {identity for pair in pairs.new for identity in pair}
        known.update((one.id, one) for one in entities if one.id in ids)
    ties = Ties(source, list(known))
    lines = [_line(known, ties, pair, likeness) for pair, likeness in found.items()]
    return sorted(lines, key=_likeliest_first)


def _likeliest_first(line: Line) -> tuple[float, str, str, str]:
    return -(line.score or 0), line.left_name or "", line.left_id, line.right_id


def _taken_ids(source: RecordSource) -> Hashes:
    """Return the ids of everything else: an entity that shares one stands for two records."""
    taken = HashSet()
    for _, records in source.iter_batches(*_OTHERS):
        taken.add(hash_ids([record.external_id for record in records]))
    return taken.known()


def _by_type(source: RecordSource, taken: Hashes) -> Iterator[list[_Known]]:
    """Yield the entities of one type after the other, in an order that is not the source's."""
    types: defaultdict[str, list[_Known]] = defaultdict(list)
    for _, entities in source.iter_batches("entity"):
        shared = among(taken, hash_ids([entity.external_id for entity in entities])).tolist()
        for entity in (one for one, is_taken in zip(entities, shared, strict=True) if not is_taken):
            named = _Known(
                entity.external_id, entity.name, entity.entity_type, tuple(entity.aliases)
            )
            types[_folded_type(entity.entity_type)].append(named)
    for folded in sorted(types):
        entities = types.pop(folded)
        yield sorted(entities, key=lambda one: (one.id, one.name))


def _folded_type(entity_type: str | None) -> str:
    bare = (entity_type or "").strip()
    return folded_name(bare) if bare else ""


class _Pairs:
    """The entities of one type, and the pairs that are found among them."""

    def __init__(self, entities: Sequence[_Known], found: dict[tuple[str, str], Likeness]) -> None:
        self._entities = entities
        self._found = found
        self.new: list[tuple[str, str]] = []
        bearers: defaultdict[str, set[_Bearer]] = defaultdict(set)
        words: dict[str, Words] = {}
        for place, entity in enumerate(entities):
            for is_alias, name in ((False, entity.name), *((True, n) for n in entity.aliases)):
                read = words_of(name)
                if read is not None:
                    words.setdefault(read.folded, read)
                    bearers[read.folded].add(_Bearer(is_alias, entity.id, place))
        self._names = [words[folded] for folded in sorted(words)]
        self._bearers = [sorted(bearers[name.folded]) for name in self._names]

    def compare(self, comparison: Comparison, at_least: float) -> None:
        """Find all pairs of at least a score."""
        for bearers in self._bearers:
            for bearer in bearers[1:]:
                self._note(bearers[0], bearer, Likeness(SAME, "same name"), at_least)
        for one, other in self._candidates(comparison, at_least):
            likeness = comparison.of(self._names[one], self._names[other])
            if likeness is not None:
                self._note(self._bearers[one][0], self._bearers[other][0], likeness, at_least)

    def _candidates(self, comparison: Comparison, at_least: float) -> Iterator[tuple[int, int]]:
        yield from sure_pairs(self._names).tolist()
        texts = np.array([" ".join(name.core) for name in self._names], object)
        pairs = near_pairs(self._names)
        for start in range(0, len(pairs), _AT_ONCE):
            some: Pairs = pairs[start : start + _AT_ONCE]
            sides = texts[some[:, 0]].tolist(), texts[some[:, 1]].tolist()
            near = comparison.are_near(*sides, at_least - _QUICK_LOOK)
            yield from some[near].tolist()

    def _note(self, one: _Bearer, other: _Bearer, likeness: Likeness, at_least: float) -> None:
        if one.id == other.id:
            return
        aliases = one.is_alias + other.is_alias
        if aliases:
            likeness = Likeness(
                likeness.score - aliases * _BY_ALIAS,
                f"{likeness.reason}, {'as aliases of both' if aliases > 1 else 'as an alias'}",
            )
        pair = (one.id, other.id) if one.id < other.id else (other.id, one.id)
        if likeness.score >= at_least and likeness > self._found.get(pair, (0.0, "")):
            if pair not in self._found:
                self.new.append(pair)
            self._found[pair] = likeness


def _line(known: dict[str, Any], ties: Ties, pair: tuple[str, str], likeness: Likeness) -> Line:
    tie = ties.between(*pair)
    left, right = sorted(pair, key=lambda identity: (-ties.facts(identity), identity))
    return Line(
        score=likeness.score,
        reason=f"{likeness.reason}; a fact joins them" if tie.direct else likeness.reason,
        left_id=left,
        left_name=known[left].name,
        left_type=known[left].entity_type,
        right_id=right,
        right_name=known[right].name,
        right_type=known[right].entity_type,
        shared_neighbours=tie.shared,
    )
