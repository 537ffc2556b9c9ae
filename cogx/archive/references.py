"""Knows which ids an archive holds and which it refers to, in memory that does not grow.

Ids are held as hashes (:mod:`cogx.hash_tables`) with their places: a kind or field in
the upper bits, a line number below.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any, Final, NamedTuple
from unicodedata import is_normalized, normalize

import numpy as np
import numpy.typing as npt

from cogx.format.identity import normalise_name
from cogx.format.layout import KINDS
from cogx.hash_tables import (
    HashTable,
    Words,
    are_absent,
    hash_ids,
    is_in,
    side_by_side,
)

_KIND_SHIFT: Final = np.uint64(56)
_PROVENANCE: Final = 2
_FACT: Final = np.uint64(KINDS.index("fact"))

END_FIELDS: Final = ("subject_ref", "object_ref", "provenance")


class Repeat(NamedTuple):
    """Two records of one kind with one id; ``same`` if their content is equal too."""

    kind: str
    line: int
    first_line: int
    same: bool


class LooseEnds(NamedTuple):
    """Places of references that are no id: 8 bytes for each.

    ``by_name`` are answered by an entity's name, ``dangling`` by nothing. ``facts`` are
    subjects and objects that only the id of a fact answers: fine in an archive, but in a graph
    no edge can end there.
    """

    by_name: Words
    dangling: Words
    facts: Words

    @staticmethod
    def read(places: Words) -> Iterator[tuple[int, str]]:
        """Yield (line of facts.jsonl, field) for each place."""
        for place in places:
            yield _line(place), END_FIELDS[int(place >> _KIND_SHIFT)]

    def between(self, first: int, last: int) -> tuple[set[tuple[int, str]], set[tuple[int, str]]]:
        """Return the subjects and objects on lines ``first`` to ``last`` that are no node's id.

        First those that a name answers, then those for which a graph needs a stub.
        """
        stubs = _slice(self.dangling, first, last) | _slice(self.facts, first, last)
        return _slice(self.by_name, first, last), stubs


class Joins(NamedTuple):
    """Ids that more than one record bears, as sorted hashes: 9 bytes for each such id.

    ``twins`` stand in several kinds, and ``owners`` says which kind (index into KINDS) makes
    the node; ``repeated`` occur more than once in one kind, ``repeated_facts`` among facts,
    which have ids of their own.
    """

    twins: Words
    owners: Words
    repeated: Words
    repeated_facts: Words

    def owner_of(self, ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return, for each id, the index of the kind that owns it, -1 for ids without twins."""
        found = np.full(len(ids), -1, np.int64)
        if len(self.twins) and len(ids):
            hashes = hash_ids(ids)
            at = np.minimum(np.searchsorted(self.twins, hashes), len(self.twins) - 1)
            hit = self.twins[at] == hashes
            found[hit] = self.owners[at[hit]]
        return found

    def is_repeated(self, kind: str, ids: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Tell, for each id, whether a kind (of facts: facts) has it more than once."""
        among = self.repeated_facts if kind == "fact" else self.repeated
        if not len(among):
            return np.zeros(len(ids), np.bool_)
        return is_in(hash_ids(ids), among)


class References:
    """Collects ids and references while an archive streams by; judges them at the end."""

    def __init__(self) -> None:
        self._ids = HashTable(3)
        self._refs = HashTable(2)
        self._by_name = HashTable(2)
        self._names = HashTable(1)
        self._folded = HashTable(3)

    def add(
        self, kind: str, ids: Sequence[str], digests: Sequence[bytes], lines: Sequence[int]
    ) -> None:
        """Take the ids of records, their 32-byte digests and their line numbers."""
        hashes = hash_ids(ids)
        place = _numbers(lines) | np.uint64(KINDS.index(kind)) << _KIND_SHIFT
        content = np.frombuffer(b"".join(digests), np.uint64).reshape(-1, 4)[:, 0]
        self._ids.add(hashes, content, place)
        if "".join(ids).isascii():
            return
        odd = [i for i, text in enumerate(ids) if not is_normalized("NFC", text)]
        if odd:
            folded = hash_ids([normalize("NFC", ids[i]) for i in odd])
            self._folded.add(folded, hashes[odd], place[odd])

    def add_names(self, names: Sequence[str]) -> None:
        """Take the names of entities: a fact may refer to one by it."""
        self._names.add(hash_ids([normalise_name(name) for name in names]))

    def add_ends(self, facts: Sequence[Any], lines: Sequence[int]) -> None:
        """Take what facts refer to."""
        numbers = _numbers(lines)
        for field in (0, 1):
            self._add_refs(list(map(attrgetter(END_FIELDS[field]), facts)), numbers, field)
        if not any(map(attrgetter("provenance"), facts)):
            return
        sources = [
            (ref, n) for fact, n in zip(facts, lines, strict=True) for ref in fact.provenance
        ]
        if sources:
            self._add_refs(
                [ref for ref, _ in sources], np.asarray([n for _, n in sources], np.uint64), 2
            )

    def _add_refs(self, refs: list[str], numbers: Words, field: int) -> None:
        place = numbers | np.uint64(field) << _KIND_SHIFT
        self._refs.add(hash_ids(refs), place)
        if field == _PROVENANCE or _is_normal("".join(refs)):
            return  # provenance goes by id alone; a normal reference is its own normal form
        folded = [(normalise_name(ref), where) for ref, where in zip(refs, place, strict=True)]
        self._by_name.add(
            hash_ids([ref for ref, _ in folded]), np.asarray([w for _, w in folded], np.uint64)
        )

    def joins(self) -> Joins:
        """Return what a loader must know to join records: see :class:`Joins`."""
        # Facts have ids of their own; they name no node.
        in_facts = self._shared[:, 2] >> _KIND_SHIFT == _FACT
        facts, rows = self._shared[in_facts, 0], self._shared[~in_facts]
        hashes, kinds = rows[:, 0], rows[:, 2] >> _KIND_SHIFT
        same = hashes[1:] == hashes[:-1]
        other = same & (kinds[1:] != kinds[:-1])
        first = np.maximum.accumulate(np.where(same, 0, np.arange(1, len(rows))))
        twins, at = np.unique(hashes[1:][other], return_index=True)
        return Joins(
            twins,
            kinds[first[other]][at],
            np.unique(hashes[1:][same & ~other]),
            np.unique(facts[1:][facts[1:] == facts[:-1]]),
        )

    def repeats(self) -> Iterator[Repeat]:
        """Yield every second and later record of one kind and id."""
        rows = self._shared
        kinds = rows[:, 2] >> _KIND_SHIFT
        again = (rows[1:, 0] == rows[:-1, 0]) & (kinds[1:] == kinds[:-1])
        group = np.maximum.accumulate(np.where(again, 0, np.arange(1, len(rows))))
        for before in np.flatnonzero(again):
            first, index = group[before], before + 1
            yield Repeat(
                KINDS[int(kinds[index])],
                _line(rows[index, 2]),
                _line(rows[first, 2]),
                bool(rows[index, 1] == rows[first, 1]),
            )

    @cached_property
    def _shared(self) -> Words:
        """The rows of ids that occur more than once, by hash, kind and line: usually none."""
        found = []
        for rows in self._ids.ranges():
            ordered = np.sort(rows[:, 0])
            doubled = ordered[1:][ordered[1:] == ordered[:-1]]
            if len(doubled):
                shared = rows[is_in(rows[:, 0], doubled)]
                # A place is kind, then line, so one more key puts both in order.
                found.append(shared[np.lexsort((shared[:, 2], shared[:, 0]))])
        return np.concatenate(found) if found else np.empty((0, 3), np.uint64)

    def folded_repeats(self) -> Iterator[tuple[str, int]]:
        """Yield (kind, line) of ids that equal another one after Unicode normalisation."""
        for known, folded in side_by_side(self._ids, self._folded):
            folded = folded[np.lexsort((folded[:, 1], folded[:, 0]))]
            twice = np.zeros(len(folded), np.bool_)
            same = folded[1:, 0] == folded[:-1, 0]
            twice[1:] = same & (folded[1:, 1] != folded[:-1, 1])
            for row in folded[twice | is_in(folded[:, 0], known[:, 0])]:
                yield KINDS[int(row[2] >> _KIND_SHIFT)], _line(row[2])

    def loose_ends(self) -> LooseEnds:
        """Return the references of facts that no id answers, apart by what a name says."""
        unnamed, unended = [], []
        for known, refs in side_by_side(self._ids, self._refs):
            nodes = known[known[:, 2] >> _KIND_SHIFT != _FACT, 0]
            off = refs[are_absent(nodes, refs[:, 0])]
            in_facts = is_in(off[:, 0], known[:, 0])
            unnamed.append(off[~in_facts, 1])
            unended.append(off[in_facts, 1])
        loose = np.unique(np.concatenate(unnamed))
        facts = np.unique(np.concatenate(unended))
        facts = facts[facts >> _KIND_SHIFT != _PROVENANCE]
        if not len(loose):
            return LooseEnds(loose, loose, facts)
        named = [
            rows[is_in(rows[:, 0], names[:, 0])][:, 1]
            for table in (self._by_name, self._refs)
            for names, rows in side_by_side(self._names, table)
        ]
        ends = np.concatenate(named)
        ends = ends[ends >> _KIND_SHIFT != _PROVENANCE]
        by_name = np.intersect1d(loose, ends)
        return LooseEnds(by_name, np.setdiff1d(loose, by_name), facts)

    def close(self) -> None:
        """Give the disk back; nothing can be judged any more. May be called twice."""
        for rows in (self._ids, self._refs, self._by_name, self._names, self._folded):
            rows.close()


def _numbers(lines: Sequence[int]) -> Words:
    """Return line numbers as an array; most are a range, which numpy can make itself."""
    if isinstance(lines, range):
        return np.arange(lines.start, lines.stop, dtype=np.uint64)
    return np.asarray(lines, np.uint64)


def _slice(places: Words, first: int, last: int) -> set[tuple[int, str]]:
    found: set[tuple[int, str]] = set()
    for field in (0, 1):
        base = np.uint64(field) << _KIND_SHIFT
        low = np.searchsorted(places, base | np.uint64(first))
        high = np.searchsorted(places, base | np.uint64(last), side="right")
        found.update((_line(place), END_FIELDS[field]) for place in places[low:high])
    return found


def _is_normal(text: str) -> bool:
    return normalise_name(text) == text


def _line(place: np.uint64) -> int:
    return int(place & np.uint64((1 << 56) - 1))
