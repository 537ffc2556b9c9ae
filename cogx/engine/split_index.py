"""Knows which records of an archive belong together: ends, twins, repeats; cuts nothing.

Records are numbered from 0 in the order in which :meth:`cogx.archive.reader.Archive.iter_blocks`
yields them. Everything stands in an unlinked SQLite file, which memory need not hold. Ids are
looked up by Python's own 64-bit hash; two that collide only travel together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, Self

from cogx.archive.reading import Block
from cogx.format.identity import normalise_name
from cogx.format.layout import CONTENT_KINDS, KINDS

FACT: Final = KINDS.index("fact")
CONTENT: Final = frozenset(map(KINDS.index, CONTENT_KINDS))

_TABLES: Final = """
    PRAGMA cache_size = -16384;
    CREATE TABLE thing (id INTEGER PRIMARY KEY, number INTEGER);
    CREATE TABLE record (number INTEGER PRIMARY KEY, thing INTEGER, kind INTEGER, size INTEGER);
    CREATE TABLE named (name INTEGER PRIMARY KEY, thing INTEGER);
    CREATE TABLE fact (
        number INTEGER PRIMARY KEY, id INTEGER, size INTEGER,
        subject INTEGER, subject_name INTEGER, object INTEGER, object_name INTEGER
    );
    CREATE TABLE ends (
        number INTEGER PRIMARY KEY, size INTEGER,
        subject INTEGER, subject_named INTEGER, object INTEGER, object_named INTEGER
    );
    CREATE TABLE linked (fact INTEGER, other INTEGER);
"""
_MEANT: Final = """
    COALESCE({end}_thing.number, CASE
        WHEN EXISTS (SELECT 1 FROM fact AS other WHERE other.id = fact.{end}) THEN NULL
        ELSE {end}_named.thing
    END), {end}_named.thing IS NOT NULL
"""
_RESOLVE: Final = f"""
    CREATE INDEX record_thing ON record (thing);
    CREATE INDEX fact_id ON fact (id);
    INSERT INTO ends
    SELECT fact.number, fact.size, {_MEANT.format(end="subject")}, {_MEANT.format(end="object")}
    FROM fact
    LEFT JOIN thing AS subject_thing ON subject_thing.id = fact.subject
    LEFT JOIN thing AS object_thing ON object_thing.id = fact.object
    LEFT JOIN named AS subject_named ON subject_named.name = fact.subject_name
    LEFT JOIN named AS object_named ON object_named.name = fact.object_name;
"""  # noqa: S608 - made of texts of this module
_REPEATS: Final = """
    CREATE TEMP TABLE again AS SELECT id, MIN(number) AS first FROM fact GROUP BY id
    HAVING COUNT(*) > 1;
    INSERT INTO linked SELECT fact.number, first FROM again JOIN fact USING (id)
    WHERE number <> first;
    INSERT INTO linked SELECT other, fact FROM linked;
"""
_CAPTURED: Final = """
    INSERT INTO linked SELECT fact.number, MIN(other.number) FROM fact
    JOIN ends USING (number) JOIN fact AS other ON other.id = fact.{end}
    WHERE ends.{end} IS NULL AND ends.{end}_named GROUP BY fact.number;
"""


class Record(NamedTuple):
    """A record as it is placed: its number, its kind (index into KINDS), its bytes on a line."""

    number: int
    kind: int
    size: int


class End(NamedTuple):
    """A thing that a fact's end means.

    ``named`` tells that an entity bears the reference as its name, and would be taken for the
    thing where that is not.
    """

    thing: int
    named: bool


class Fact(NamedTuple):
    """A fact with the things at its ends; those that name nothing are left out."""

    record: Record
    ends: tuple[End, ...]


class SplitIndex:
    """What must be known of an archive's records to cut it. Close it.

    A thing is all records of one id, facts apart; its number is that of its first record.
    """

    def __init__(self) -> None:
        # An empty name is SQLite's private temporary database: it spills, and goes with us.
        self.table = sqlite3.connect("", isolation_level=None)
        self.table.executescript(_TABLES)
        self.table.execute("BEGIN")
        self.records = 0

    def add(self, block: Block) -> None:
        """Take the records of a block; blocks come in the order of KINDS."""
        first, self.records = self.records, self.records + len(block.records)
        numbers = range(first, self.records)
        sizes = [len(line) + 1 for line in block.lines]
        ids = list(map(hash, block.ids()))
        if block.kind == "fact":
            self._add_facts(block, numbers, ids, sizes)
            return
        kind = KINDS.index(block.kind)
        self.table.executemany(
            "INSERT OR IGNORE INTO thing VALUES (?, ?)", zip(ids, numbers, strict=True)
        )
        self.table.executemany(
            "INSERT INTO record SELECT ?, number, ?, ? FROM thing WHERE id = ?",
            ((n, kind, size, one) for n, size, one in zip(numbers, sizes, ids, strict=True)),
        )
        if block.kind == "entity":
            names = _name_hashes([entity.name for entity in block.records])
            self.table.executemany(
                "INSERT OR IGNORE INTO named SELECT ?, number FROM thing WHERE id = ?",
                zip(names, ids, strict=True),
            )

    def _add_facts(
        self, block: Block, numbers: range, ids: Sequence[int], sizes: Sequence[int]
    ) -> None:
        columns: list[Sequence[int]] = [numbers, ids, sizes]
        for field in ("subject_ref", "object_ref"):
            references = [getattr(fact, field) for fact in block.records]
            columns += [list(map(hash, references)), _name_hashes(references)]
        self.table.executemany(
            "INSERT INTO fact VALUES (?, ?, ?, ?, ?, ?, ?)", zip(*columns, strict=True)
        )

    def resolve(self) -> None:
        """Find out what every end means, as an import of the whole would. Called once, last."""
        self.table.executescript(
            _RESOLVE
            + _REPEATS
            + _CAPTURED.format(end="subject")
            + _CAPTURED.format(end="object")
            + "CREATE INDEX linked_fact ON linked (fact); DROP TABLE fact; DROP TABLE named;"
        )
        self.table.execute("BEGIN")

    def facts(self) -> Iterator[Fact]:
        """Yield every fact, those of one subject together, those of one pair next to each other."""
        rows = self.table.execute("SELECT * FROM ends ORDER BY subject, object, number")
        yield from map(_fact, rows)

    def linked_facts(self, number: int) -> list[Fact]:
        """Return the facts without which a fact would mean another thing or occur less often."""
        return [
            _fact(row)
            for row in self.table.execute(
                "SELECT ends.* FROM linked JOIN ends ON ends.number = other WHERE fact = ?",
                (number,),
            )
        ]

    def has_links(self) -> bool:
        """Tell whether any fact needs another one."""
        return bool(self.table.execute("SELECT EXISTS (SELECT 1 FROM linked)").fetchone()[0])

    def records_of(self, thing: int) -> list[Record]:
        """Return the records of a thing."""
        rows = self.table.execute(
            "SELECT number, kind, size FROM record WHERE thing = ? ORDER BY number", (thing,)
        )
        return list(map(Record._make, rows))

    def close(self) -> None:
        """Release the disk space. May be called twice."""
        self.table.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _fact(row: tuple[int, int, int | None, int, int | None, int]) -> Fact:
    number, size, subject, subject_named, target, target_named = row
    ends = []
    if subject is not None:
        ends.append(End(subject, bool(subject_named)))
    if target is not None:
        ends.append(End(target, bool(target_named)))
    return Fact(Record(number, FACT, size), tuple(ends))


def _name_hashes(names: Sequence[str]) -> list[int]:
    return [hash(normalise_name(name)) for name in names]
