"""Knows how rows wait on disk, by table, until all are there; opens no database.

Loading a table of relationships twice rewrites what is in it, so every table is loaded once,
from Parquet files written here while rows arrive. Types and predicates that have no table of
their own when the slots are gone share one; by then they are the rare ones, because the
largest are always written first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from cogx.stores.ladybug.columns import Shape

Row = TypeVar("Row")
Pair = tuple[int, int]
NO_PAIR: Pair = (-1, -1)


@dataclass(frozen=True, slots=True)
class SpoolFile:
    """Rows on disk; ``width`` is how many columns of the shape they have."""

    path: Path
    rows: int
    size_bytes: int
    width: int


@dataclass(slots=True)
class Bundle(Generic[Row]):
    """Rows of one family, and of one pair of tables if they are edges."""

    family: Family[Row]
    pair: Pair
    rows: list[Row] = field(default_factory=list)
    weight: int = 0
    files: list[SpoolFile] = field(default_factory=list)


@dataclass(slots=True)
class Family(Generic[Row]):
    """All rows of a type or predicate; ``name`` is None for the shared one."""

    name: str | None
    number: int
    shape: Shape
    bundles: dict[Pair, Bundle[Row]] = field(default_factory=dict)
    housed: bool = False
    shared: bool = False

    def bundle(self, pair: Pair) -> Bundle[Row]:
        """Return the bundle of a pair, made if need be."""
        found = self.bundles.get(pair)
        if found is None:
            found = self.bundles[pair] = Bundle(self, pair)
        return found

    def weight(self) -> int:
        """Return how heavy the rows in memory are."""
        return sum(bundle.weight for bundle in self.bundles.values())

    def count(self) -> int:
        """Return how many rows there are, in memory and on disk."""
        return sum(
            len(bundle.rows) + sum(file.rows for file in bundle.files)
            for bundle in self.bundles.values()
        )


Encode = Callable[[Family[Row], list[Row]], pa.Table]


class Spool(Generic[Row]):
    """Take rows, keep at most ``row_bytes`` of them in memory, give them back by table.

    Args:
        directory: where the files go; must exist, and is emptied by the owner.
        encode: makes the columns of rows of a family.
        row_bytes: an estimate of Python objects, not of bytes on disk.
        slots: how many families may have a table of their own.
        pair_slots: how many pairs may be counted before new families share.
        new_shape: makes the empty shape of a table.
    """

    def __init__(
        self,
        directory: Path,
        encode: Encode[Row],
        *,
        row_bytes: int,
        slots: int,
        pair_slots: int,
        new_shape: Callable[[], Shape],
    ) -> None:
        self.families: dict[str, Family[Row]] = {}
        self.other: Family[Row] = Family(None, -1, new_shape(), housed=True)
        self._directory = directory
        self._encode = encode
        self._new_shape = new_shape
        self._row_bytes = row_bytes
        self._slots = slots
        self._pair_slots = pair_slots
        self._weight = 0
        self._files = 0

    def family(self, name: str) -> Family[Row]:
        """Return the family of a type or predicate, made if need be."""
        found = self.families.get(name)
        if found is None:
            found = self.families[name] = Family(name, len(self.families), self._new_shape())
        return found

    def add(self, family: Family[Row], pair: Pair, rows: list[Row], weight: int) -> None:
        """Take rows of one family and pair; write the heaviest out if memory is full."""
        bundle = (self.other if family.shared else family).bundle(pair)
        bundle.rows.extend(rows)
        bundle.weight += weight
        self._weight += weight
        if self._weight > self._row_bytes:
            self._relieve()

    def house_all(self) -> None:
        """Decide for every family whether it has a table of its own, the largest first."""
        waiting = [f for f in self.families.values() if not (f.housed or f.shared)]
        for family in sorted(waiting, key=lambda f: (-f.count(), f.name)):
            self._house(family)

    def housed(self) -> list[Family[Row]]:
        """Return the families with a table, the largest first, the shared one last."""
        own = [family for family in self.families.values() if family.housed]
        own.sort(key=lambda f: (-f.count(), f.name))
        return [*own, self.other] if self.other.bundles else own

    def settle(self, family: Family[Row]) -> None:
        """Write out what is still in memory, after which the family's shape is final."""
        for bundle in family.bundles.values():
            self._write(bundle)

    def files_of(self, bundle: Bundle[Row]) -> list[SpoolFile]:
        """Return all files of a settled family's bundle, equally wide."""
        width = len(bundle.family.shape.kinds)
        return [
            file if file.width == width else self._widened(file, bundle.family)
            for file in bundle.files
        ]

    def paths(self) -> Iterator[Path]:
        """Yield every file on disk."""
        for family in (*self.families.values(), self.other):
            for bundle in family.bundles.values():
                yield from (file.path for file in bundle.files)

    def _relieve(self) -> None:
        """Write the heaviest families out until half of the memory is free."""
        families = [f for f in (*self.families.values(), self.other) if f.weight()]
        for family in sorted(families, key=lambda f: -f.weight()):
            if self._weight <= self._row_bytes // 2:
                return
            self._house(family)
            kept = self.other if family.shared else family
            for bundle in sorted(kept.bundles.values(), key=lambda b: -b.weight):
                if self._weight > self._row_bytes // 2:
                    self._write(bundle)

    def _house(self, family: Family[Row]) -> None:
        if family.housed or family.shared:
            return
        pairs = len(family.bundles)
        if self._slots > 0 and (pairs <= self._pair_slots or pairs == 1):
            family.housed = True
            self._slots -= 1
            self._pair_slots -= pairs
            return
        family.shared = True
        for pair, bundle in family.bundles.items():
            into = self.other.bundle(pair)
            into.rows.extend(bundle.rows)
            into.weight += bundle.weight
        family.bundles = {}

    def _write(self, bundle: Bundle[Row]) -> None:
        if not bundle.rows:
            return
        table = self._encode(bundle.family, bundle.rows)
        width = len(bundle.family.shape.kinds)
        bundle.files.append(self._save(table, width))
        self._weight -= bundle.weight
        bundle.rows, bundle.weight = [], 0

    def _save(self, table: pa.Table, width: int) -> SpoolFile:
        path = self._directory / f"{self._files:07d}.parquet"
        self._files += 1
        pq.write_table(table, path, compression="none", use_dictionary=False)
        return SpoolFile(path, table.num_rows, table.nbytes, width)

    def _widened(self, file: SpoolFile, family: Family[Any]) -> SpoolFile:
        """Add the columns that came later, all null."""
        table = pq.read_table(file.path)
        kinds = list(family.shape.kinds.values())
        for number in range(file.width, len(kinds)):
            empty = pa.nulls(table.num_rows, kinds[number].arrow)
            table = table.append_column(f"p{number}", empty)
        file.path.unlink()
        return self._save(table, len(kinds))
