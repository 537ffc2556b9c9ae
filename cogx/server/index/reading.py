"""Knows how an index is asked: by words, by id, by neighbourhood; never changes it."""

from __future__ import annotations

import re
import sqlite3
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import msgspec

_WORD: Final = re.compile(r"\w+")
_MOST_WORDS: Final = 32
_MOST_IDS: Final = 500


class Item(NamedTuple):
    """A node. ``kind`` is its record's; ``name`` and ``text`` stand apart from ``properties``.

    ``name_key`` and ``text_key`` are the names under which the store has these two; None if it has
    none, or none that is just that (an episode's text).
    """

    id: str
    kind: str
    type: str
    name: str | None
    text: str | None
    properties: dict[str, Any]
    name_key: str | None = None
    text_key: str | None = None

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name or f"{self.type}_{self.id}"


class Link(NamedTuple):
    """An edge."""

    id: str
    source: str
    target: str
    predicate: str
    text: str | None
    properties: dict[str, Any]


class Found(NamedTuple):
    """A node that some words were found in; a higher ``score`` is a better find."""

    item: Item
    score: float


class Index:
    """The index of one dataset's graph, for one thread. Close it."""

    def __init__(self, place: Path) -> None:
        uri = f"{place.absolute().as_uri()}?mode=ro"
        self._table = sqlite3.connect(uri, uri=True, check_same_thread=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release it. May be called twice."""
        self._table.close()

    def meta(self) -> dict[str, str]:
        """Return what the index says of itself."""
        return dict(self._table.execute("SELECT name, value FROM meta"))

    def counts(self) -> tuple[int, int]:
        """Return (items, links)."""
        row = self._table.execute("SELECT (SELECT count(*) FROM items), count(*) FROM links")
        items, links = row.fetchone()
        return items, links

    def count_items(self, where: str, values: Sequence[Any] = ()) -> int:
        """Return how many nodes there are; ``where`` as for :meth:`iter_items`."""
        query = f"SELECT count(*) FROM items i {where}"  # noqa: S608
        return int(self._table.execute(query, values).fetchone()[0])

    def search(
        self, words: str, limit: int, *, kinds: Sequence[str] = (), types: Sequence[str] = ()
    ) -> list[Found]:
        """Return the nodes in whose name or text any of the words stand, the best first.

        A find in a name counts four times one in a text; ties go by id.
        """
        query = _query(words)
        if not query:
            return []
        where, more = _among("i.kind", kinds), _among("i.type", types)
        rows = self._table.execute(
            f"SELECT {_ITEM}, -bm25(words, 4.0, 1.0) AS score FROM words "  # noqa: S608
            f"JOIN items i ON i.row = words.rowid WHERE words MATCH ? {where} {more} "
            "ORDER BY score DESC, i.id LIMIT ?",
            (query, *kinds, *types, limit),
        )
        return [Found(_item(row[:-1]), row[-1]) for row in rows]

    def item(self, found: str) -> Item | None:
        """Return a node by its id."""
        return next(iter(self.items([found])), None)

    def items(self, ids: Sequence[str]) -> list[Item]:
        """Return the nodes of some ids that are there, ordered by id."""
        return [
            _item(row)
            for some in _portions(sorted(set(ids)))
            for row in self._table.execute(
                f"SELECT {_ITEM} FROM items i WHERE i.id IN ({_marks(some)}) ORDER BY i.id",  # noqa: S608
                some,
            )
        ]

    def items_below(self, found: str) -> list[Item]:
        """Return the further parts of a long text, whose ids are its own and ``#`` and a number."""
        rows = self._table.execute(
            f"SELECT {_ITEM} FROM items i WHERE i.id GLOB ? ORDER BY i.id",  # noqa: S608
            (f"{_literal(found)}#[0-9]*",),
        )
        return [_item(row) for row in rows]

    def links_of(self, ids: Sequence[str], limit: int = sys.maxsize) -> list[Link]:
        """Return edges that begin or end at some nodes, at most ``limit``, ordered by id."""
        found: dict[str, Link] = {}
        for some in _portions(sorted(set(ids))):
            for end in ("source", "target"):
                rows = self._table.execute(
                    f"SELECT {_LINK} FROM links WHERE {end} IN ({_marks(some)}) "  # noqa: S608
                    "ORDER BY id LIMIT ?",
                    (*some, limit),
                )
                found |= {row[0]: _link(row) for row in rows}
        return [found[one] for one in sorted(found)][:limit]

    def links_between(self, ids: Sequence[str], limit: int) -> list[Link]:
        """Return edges that begin and end at some of a few nodes, at most ``limit``, by id."""
        few = sorted(set(ids))[:_MOST_IDS]
        rows = self._table.execute(
            f"SELECT {_LINK} FROM links WHERE source IN ({_marks(few)}) "  # noqa: S608
            f"AND target IN ({_marks(few)}) ORDER BY id LIMIT ?",
            (*few, *few, limit),
        )
        return [_link(row) for row in rows]

    def iter_items(self, where: str = "", values: Sequence[Any] = ()) -> Iterator[Item]:
        """Yield nodes, ordered by type, name and id; ``where`` is SQL of this module's callers."""
        query = f"SELECT {_ITEM} FROM items i {where} ORDER BY i.type, i.name, i.id"  # noqa: S608
        with closing(self._table.execute(query, values)) as rows:
            for row in rows:
                yield _item(row)

    def iter_links(self) -> Iterator[Link]:
        """Yield all edges, ordered by their ends, predicate and id."""
        query = f"SELECT {_LINK} FROM links ORDER BY source, predicate, target, id"  # noqa: S608
        with closing(self._table.execute(query)) as rows:
            for row in rows:
                yield _link(row)

    def iter_named_links(self) -> Iterator[tuple[str, str, str]]:
        """Yield edges as (label of the source, predicate, label of the target), ordered by those.

        An end that is no node of the graph is shown by the start of its id.
        """
        query = (
            f"SELECT {_LABEL.format('s', 'l.source')} AS a, l.predicate, "  # noqa: S608
            f"{_LABEL.format('t', 'l.target')} AS b FROM links l "
            "LEFT JOIN items s ON s.id = l.source LEFT JOIN items t ON t.id = l.target "
            "ORDER BY a, l.predicate, b"
        )
        with closing(self._table.execute(query)) as rows:
            yield from rows

    def iter_absent(self) -> Iterator[str]:
        """Yield what edges begin or end at though it is no node of the graph, each once."""
        query = (
            "SELECT source AS id FROM links WHERE source NOT IN (SELECT id FROM items) UNION "
            "SELECT target FROM links WHERE target NOT IN (SELECT id FROM items) ORDER BY id"
        )
        with closing(self._table.execute(query)) as rows:
            for (found,) in rows:
                yield found


_ITEM: Final = "i.id, i.kind, i.type, i.name, i.text, i.properties, i.name_key, i.text_key"
_LINK: Final = "id, source, target, predicate, text, properties"
_LABEL: Final = "coalesce({0}.name, {0}.type || '_' || {0}.id, substr({1}, 1, 12))"


def _item(row: Sequence[Any]) -> Item:
    found, kind, type_, name, text, properties, name_key, text_key = row
    decoded = msgspec.json.decode(properties)
    return Item(found, kind, type_, name, text, decoded, name_key, text_key)


def _link(row: Sequence[Any]) -> Link:
    return Link(row[0], row[1], row[2], row[3], row[4], msgspec.json.decode(row[5]))


def _query(words: str) -> str:
    """Return what FTS5 is asked: any of the words, each in quotes, so that none is an operator."""
    # Composed: a mark that stands alone is no letter, and would cut its word in two.
    found = _WORD.findall(unicodedata.normalize("NFC", words))
    return " OR ".join(f'"{word}"' for word in found[:_MOST_WORDS])


def _literal(text: str) -> str:
    """Return a pattern of GLOB that means just this text."""
    return "".join(f"[{one}]" if one in "*?[" else one for one in text)


def _among(column: str, values: Sequence[str]) -> str:
    return f"AND {column} IN ({_marks(values)})" if values else ""


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))


def _portions(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _MOST_IDS):
        yield ids[start : start + _MOST_IDS]
