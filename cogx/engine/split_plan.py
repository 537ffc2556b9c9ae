"""Knows which record of an archive goes into which part; writes no part.

Facts are laid out subject by subject, so that few ends stand in several parts. What the graph
kinds say of an end is repeated in every part that has a fact of it, for a server resolves ends
within one archive only; raw content is never repeated, for a server would pay for it twice. There
is one exception: content whose id an entity bears as its name goes along, or else the end would
mean that entity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Final

from cogx.engine.split_index import CONTENT, End, Fact, Record, SplitIndex
from cogx.errors import BadSetting
from cogx.format.layout import KINDS, MEMBER_OF_KIND

_REMEMBERED: Final = 100_000
"""Things known to be in the current part; the others are looked up."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most bytes that a part may hold, unpacked: in one member, and in all of them."""

    member: int
    total: int


@dataclass(slots=True)
class _Part:
    """How full a part is."""

    members: list[int] = field(default_factory=lambda: [0] * len(KINDS))
    total: int = 0

    def has_room(self, records: list[Record], bounds: Bounds) -> bool:
        sizes = [0] * len(KINDS)
        for record in records:
            sizes[record.kind] += record.size
        return self.total + sum(sizes) <= bounds.total and all(
            not size or self.members[kind] + size <= bounds.member
            for kind, size in enumerate(sizes)
        )

    def add(self, record: Record) -> None:
        self.members[record.kind] += record.size
        self.total += record.size


class Plan:
    """Which parts each record goes into. The index must stay open."""

    def __init__(self, index: SplitIndex, bounds: Bounds) -> None:
        self._index = index
        self._bounds = bounds
        self._parts: list[_Part] = []
        self._here: set[End] = set()
        self._links = index.has_links()
        index.table.execute(
            "CREATE TABLE placed (record INTEGER, part INTEGER, PRIMARY KEY (record, part)) "
            "WITHOUT ROWID"
        )
        self._place_facts()
        self._place_rest()
        self.parts = max(1, len(self._parts))

    def placements(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield (record, part) for the parts from ``first`` to ``last``, ordered by record."""
        yield from self._index.table.execute(
            "SELECT record, part FROM placed WHERE part BETWEEN ? AND ? ORDER BY record, part",
            (first, last),
        )

    def _place_facts(self) -> None:
        for fact in self._index.facts():
            if not self._links:
                self._place_unit([fact])
            elif not self._is_placed(fact.record):
                self._place_unit(self._with_linked(fact))

    def _with_linked(self, fact: Fact) -> list[Fact]:
        """Return a fact with all those that must be in its part."""
        found = {fact.record.number: fact}
        waiting = [fact]
        while waiting:
            for other in self._index.linked_facts(waiting.pop().record.number):
                if other.record.number not in found:
                    found[other.record.number] = other
                    waiting.append(other)
        return list(found.values())

    def _place_unit(self, facts: list[Fact]) -> None:
        """Put facts and their ends into the current part, or the next one if it is full.

        Content that comes along only for company stays out where it would not fit even then.
        """
        for company in (True, False):
            for part in (len(self._parts) - 1, len(self._parts)):
                if part < 0:
                    continue
                records = self._lacking(facts, part, company=company)
                if self._room(part).has_room(records, self._bounds):
                    self._put(records, part)
                    self._remember(facts)
                    return
        raise self._too_large(self._lacking(facts, len(self._parts), company=False))

    def _lacking(self, facts: list[Fact], part: int, *, company: bool) -> list[Record]:
        """Return what a part lacks of facts and what they need."""
        current = part == len(self._parts) - 1
        lacking = {fact.record for fact in facts if not self._links or self._not_in(fact, part)}
        for end in {end for fact in facts for end in fact.ends}:
            if not (current and end in self._here):
                lacking.update(self._lacking_of(end, part, company=company))
        return sorted(lacking)

    def _not_in(self, fact: Fact, part: int) -> bool:
        return not self._is_placed(fact.record, part)

    def _lacking_of(self, end: End, part: int, *, company: bool) -> Iterator[Record]:
        records = self._index.records_of(end.thing)
        in_graph = any(record.kind not in CONTENT for record in records)
        for record in records:
            if record.kind not in CONTENT or (end.named and not in_graph):
                if not self._is_placed(record, part):
                    yield record
            elif company and not self._is_placed(record):
                yield record

    def _place_rest(self) -> None:
        """Put things that no fact needs wherever there is room, from the first part on."""
        rows = self._index.table.execute(
            "SELECT thing, number, kind, size FROM record WHERE NOT EXISTS "
            "(SELECT 1 FROM placed WHERE placed.record = record.number) ORDER BY thing, number"
        )
        part = dict.fromkeys(range(len(KINDS)), 0)
        for _, group in groupby(rows, itemgetter(0)):
            records = [Record(*row[1:]) for row in group]
            kind = records[0].kind
            while not self._room(part[kind]).has_room(records, self._bounds):
                if part[kind] >= len(self._parts):
                    raise self._too_large(records)
                part[kind] += 1
            self._put(records, part[kind])

    def _room(self, part: int) -> _Part:
        return self._parts[part] if part < len(self._parts) else _Part()

    def _put(self, records: list[Record], part: int) -> None:
        if part == len(self._parts):
            self._parts.append(_Part())
            self._here.clear()
        for record in records:
            self._parts[part].add(record)
        self._index.table.executemany(
            "INSERT INTO placed VALUES (?, ?)", [(record.number, part) for record in records]
        )

    def _remember(self, facts: list[Fact]) -> None:
        if len(self._here) > _REMEMBERED:
            self._here.clear()
        self._here.update(end for fact in facts for end in fact.ends)

    def _is_placed(self, record: Record, part: int | None = None) -> bool:
        found = self._index.table.execute(
            "SELECT 1 FROM placed WHERE record = ?1 AND (?2 IS NULL OR part = ?2) LIMIT 1",
            (record.number, part),
        )
        return found.fetchone() is not None

    def _too_large(self, records: list[Record]) -> BadSetting:
        total = sum(record.size for record in records)
        kinds = sorted({MEMBER_OF_KIND[KINDS[record.kind]] for record in records})
        return BadSetting(
            f"{', '.join(kinds)}: {len(records):,} records that must stand in one part are "
            f"{total:,} bytes, and a part may hold {self._bounds.member:,} in a member and "
            f"{self._bounds.total:,} in all besides its manifest. Allow larger parts."
        )
