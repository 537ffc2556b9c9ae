"""Knows how the properties of many rows become columns, and what is left over for notes.

Works on whole columns: a column of one type costs no call per value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

import pyarrow as pa

from cogx.codec.canonical import NotJson
from cogx.errors import StoreRefused
from cogx.stores.ladybug.kinds import KINDS, Kind, kind_of, shown

Leftovers = dict[int, dict[str, Any]]
"""By row number: the properties that no column keeps."""
Fits = Callable[[Any], bool]
_NONE: Final = type(None)


@dataclass(slots=True)
class Shape:
    """The columns of one type or predicate, in the order in which they were first needed.

    Properties beyond ``most`` columns travel in notes: every column costs buffer pool.
    ``sure`` narrows what fits a column, by kind, for a database that is not to be trusted.
    """

    most: int
    sure: Mapping[str, Fits]
    kinds: dict[str, Kind] = field(default_factory=dict)

    def fill(self, rows: Sequence[dict[str, Any]]) -> tuple[dict[str, pa.Array], Leftovers]:
        """Return a column per property, and what they leave over.

        Columns are added to the shape for properties that are new to it.
        """
        columns: dict[str, pa.Array] = {}
        left: Leftovers = {}
        found = 0
        for name in dict.fromkeys(chain.from_iterable(rows)):
            values = [row.get(name) for row in rows]
            found += len(values) - values.count(None)
            kind = self.kinds.get(name) or self._decide(name, values)
            if kind is None:
                _leave(name, values, left)
            else:
                fits = self.sure.get(kind.name, kind.fits)
                columns[name] = _column(kind, fits, name, values, left)
        if found != sum(map(len, rows)):
            _leave_nulls(rows, left)
        return columns, left

    def _decide(self, name: str, values: list[Any]) -> Kind | None:
        """Choose the kind by the first value; integers among floats do not make it INT64."""
        if len(self.kinds) >= self.most:
            return None
        kind = next((k for value in values if (k := kind_of(value)) is not None), None)
        if kind is not None:
            if kind.name == "int" and float in set(map(type, values)):
                kind = KINDS["float"]
            self.kinds[name] = kind
        return kind


def _column(
    kind: Kind, fits: Fits | None, name: str, values: list[Any], left: Leftovers
) -> pa.Array:
    types = set(map(type, values))
    types.discard(_NONE)
    plain = types <= kind.types
    if plain and fits is not None:
        plain = all(map(fits, (value for value in values if value is not None)))
    if not plain:
        values = _exact_or_shown(kind, fits, name, values, left)
    elif kind.raw is not None:
        values = [None if value is None else _raw(kind, value) for value in values]
    return array(values, kind.arrow)


def _raw(kind: Kind, value: Any) -> Any:
    if kind.raw is None:
        return value
    try:
        return kind.raw(value)
    except (NotJson, TypeError) as error:
        raise StoreRefused(
            f"{value!r:.80} cannot be stored ({error}). Change or drop that property."
        ) from error


def _exact_or_shown(
    kind: Kind, fits: Fits | None, name: str, values: list[Any], left: Leftovers
) -> list[Any]:
    cells: list[Any] = []
    for number, value in enumerate(values):
        if value is None:
            cells.append(None)
        elif type(value) in kind.types and (fits is None or fits(value)):
            cells.append(_raw(kind, value))
        else:
            left.setdefault(number, {})[name] = value
            cells.append(shown(kind, value))
    return cells


def _leave(name: str, values: list[Any], left: Leftovers) -> None:
    for number, value in enumerate(values):
        if value is not None:
            left.setdefault(number, {})[name] = value


def _leave_nulls(rows: Sequence[dict[str, Any]], left: Leftovers) -> None:
    """Keep nulls that were said, which a column cannot tell from nothing."""
    for number, row in enumerate(rows):
        for name, value in row.items():
            if value is None:
                left.setdefault(number, {})[name] = None


def array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return an Arrow array.

    Raises:
        StoreRefused: a text with half a surrogate pair, which UTF-8 cannot say.
    """
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError as error:
        raise StoreRefused(
            f"A text holds half of a surrogate pair, which no store keeps: {error.object!r:.60}."
        ) from error
