"""Knows how many rows go into one transaction, and how rows are sorted into queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from typing import Any, Final, TypeVar

Item = TypeVar("Item")
Name = TypeVar("Name", bound=Hashable)

ROWS: Final = 2000
_TEXT: Final = 4 << 20
"""How many characters of text the rows of one transaction may hold; one row may hold more."""


def by_size(rows: Iterable[tuple[Item, dict[str, Any]]]) -> Iterator[list[tuple[Item, Any]]]:
    """Yield rows, each with its properties, in batches that a transaction can take."""
    batch: list[tuple[Item, Any]] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(value) for value in row[1].values() if type(value) is str)
        if len(batch) >= ROWS or size >= _TEXT:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def by_count(items: Iterable[Item], count: int = ROWS) -> Iterator[list[Item]]:
    """Yield items in lists of at most ``count``."""
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) >= count:
            yield batch
            batch = []
    if batch:
        yield batch


def by_name(pairs: Iterable[tuple[Name, Item]]) -> dict[Name, list[Item]]:
    """Return the items that belong to each name: names cannot be parameters of a query."""
    groups: dict[Name, list[Item]] = defaultdict(list)
    for name, item in pairs:
        groups[name].append(item)
    return groups
