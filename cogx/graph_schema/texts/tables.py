"""Knows what things JSON, JSON Lines, CSV and rows of tables hold; guesses the form of none."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from cogx.graph_schema.naming import pascal_case, singular
from cogx.graph_schema.texts.things import ANY_TYPE, Thing, thing

_DEEPEST: Final = 32
_DELIMITERS: Final = (",", ";", "\t")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?", re.ASCII)
_MOST_CELLS: Final = 500
_WORDS_OF_A_HEADER: Final = 5


def json_things(value: Any, type_name: str, depth: int = 0) -> Iterator[Thing]:
    """Yield the things in decoded JSON: every object is one, of the sort its key names.

    An object that only holds lists of objects is their container, and none itself.
    """
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from json_things(item, type_name, depth + 1)
    if not isinstance(value, dict):
        return
    inner = {key: one for key, one in value.items() if _holds_objects(one)}
    plain = {key: one for key, one in value.items() if key not in inner}
    if plain or (inner and depth):
        own = thing(type_name, plain)
        own.parts = [(key, _sort(key), isinstance(one, list)) for key, one in inner.items()]
        yield own
    for key, one in inner.items():
        yield from json_things(one, _sort(key), depth + 1)


def _holds_objects(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, dict) for one in value)
    return isinstance(value, dict) and bool(value)


def _sort(key: str) -> str:
    return pascal_case(singular(key))


def delimiter_of(text: str) -> str | None:
    """Return what separates the cells of a text that is a table, None if it is none."""
    lines = [line for line in text[:20_000].split("\n") if line.strip()][:5]
    if len(lines) < 2:
        return None
    for delimiter in _DELIMITERS:
        try:
            header, *rows = csv.reader(lines, delimiter=delimiter)
        except csv.Error:  # a lone carriage return, a field without end
            continue
        named = all(cell.strip() and len(cell.split()) <= _WORDS_OF_A_HEADER for cell in header)
        # The last line may be cut, or a row may be broken inside quotes.
        if rows and len(header) > 1 and named and len(rows[0]) == len(header) == len(set(header)):
            return delimiter
    return None


def csv_things(text: str, delimiter: str, type_name: str) -> Iterator[Thing]:
    """Yield a thing for each row of a table with a header."""
    rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        header = next(rows)
        for row in rows:
            yield from row_things(header, [row], type_name)
    except (csv.Error, StopIteration):
        return  # a field longer than any: what was read so far is the table


def row_things(
    header: Sequence[str], rows: Sequence[Sequence[str]], type_name: str
) -> Iterator[Thing]:
    """Yield a thing for each row; cells behind the header's last are left out."""
    for row in rows:
        pairs = zip(header[:_MOST_CELLS], row, strict=False)
        fields = {key: value_of(cell) for key, cell in pairs if cell.strip() and key.strip()}
        if fields:
            yield thing(type_name, fields)


def value_of(text: str) -> Any:
    """Return the number or truth value that a cell is, else its text."""
    bare = text.strip()
    if bare.lower() in {"true", "false"}:
        return bare.lower() == "true"
    if _NUMBER.fullmatch(bare):  # 007 and +49 170 are texts
        return float(bare) if "." in bare else int(bare)
    return bare


def sort_of_file(title: str | None) -> str:
    """Return the sort of things that a file holds, by its title: ``people``: ``Person``."""
    words = re.findall(r"[^\W\d_]+", title or "")
    return pascal_case(singular(" ".join(words))) if 0 < len(words) <= 3 else ANY_TYPE
