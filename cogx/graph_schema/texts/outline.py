"""Knows what things headings, lines ``Key: value`` and rows of tables describe; reads no sentence.

Under a heading ``Person: Ada`` stands a person. A heading that has several headings with such
lines under it names their sort (``People``), and they are the things. Other lines are prose.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct, field

from cogx.graph_schema.naming import singular, snake_case
from cogx.graph_schema.texts.tables import row_things, value_of
from cogx.graph_schema.texts.things import ANY_TYPE, NAME_KEYS, TYPE_KEYS, Thing, is_short, thing

_HEADING: Final = re.compile(r"(#{1,6})[ \t]+(\S.*?)[ \t#]*")
_PAIR: Final = re.compile(
    r"[ \t]*(?:[-*+•][ \t]+)?(?:\*\*|__)?([^\W\d_][\w /'\u2019()-]{0,39}?)(?:\*\*|__)?[ \t]*:"
    r"(?:\*\*|__)?[ \t]+(\S.*?)[ \t]*"
)
_LISTED: Final = re.compile(r"\s*[,;]\s+")
_RULE: Final = re.compile(r"[\s|:+-]*-[\s|:+-]*")
_FENCES: Final = ("```", "~~~")
_MOST_WORDS: Final = 4
_MOST_WORDS_OF_A_VALUE: Final = 12
_LONGEST: Final = 1_000
"""A longer line is prose."""


class _Section(Struct):
    """A heading, or the text before the first one, and what stands right under it."""

    level: int
    heading: str
    parent: int | None
    pairs: list[list[tuple[str, str]]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


def outline_of(text: str) -> tuple[list[Thing], list[str]]:
    """Return the things that the form of a text tells, and the lines that have no form.

    Blocks between fences are code, and are left out.
    """
    reader = _Reader()
    fence = ""
    for line in [*text.split("\n"), ""]:
        mark = line.lstrip()[:3]
        if fence or mark in _FENCES:
            fence = "" if mark == fence else fence or mark
        else:
            reader.read(line)
    holding = Counter(one.parent for one in reader.sections if one.pairs)
    things = [
        one
        for section in reader.sections
        for one in _things(section, reader.parent_of(section), holding[section.parent])
    ]
    return things, reader.prose


class _Reader:
    """Sorts lines into sections, and those without a form into prose."""

    def __init__(self) -> None:
        self.sections = [_Section(0, "", None)]
        self.prose: list[str] = []
        self._open: list[int] = []
        self._is_fresh = True

    def parent_of(self, section: _Section) -> _Section | None:
        """Return the section that a heading stands under."""
        return None if section.parent is None else self.sections[section.parent]

    def read(self, line: str) -> None:
        """Take the next line."""
        heading = pair = None
        if len(line) <= _LONGEST:
            heading, pair = _HEADING.fullmatch(line), _PAIR.fullmatch(line)
        if heading:
            self._begin(len(heading[1]), heading[2])
        elif (
            line.count("|") > (2 if line.lstrip().startswith("|") else 0) and len(line) <= _LONGEST
        ):
            cells = line.strip().strip("|").split("|")
            self.sections[-1].rows.append([cell.strip() for cell in cells])
        elif pair and _is_property(pair[1], pair[2]):
            self._add(pair[1].strip(), pair[2])
        else:
            self._is_fresh = self._is_fresh or not line.strip()
            self.prose.append(line)

    def _begin(self, level: int, heading: str) -> None:
        while self._open and self.sections[self._open[-1]].level >= level:
            self._open.pop()
        parent = self._open[-1] if self._open else None
        self._open.append(len(self.sections))
        self.sections.append(_Section(level, heading, parent))
        self._is_fresh = True

    def _add(self, key: str, value: str) -> None:
        """Take a property; a block ends at an empty line, or where its first key comes again."""
        blocks = self.sections[-1].pairs
        if self._is_fresh or not blocks or blocks[-1][0][0] == key:
            blocks.append([])
        blocks[-1].append((key, value))
        self._is_fresh = False


def _is_property(key: str, value: str) -> bool:
    """Tell whether a line tells a property; a long value is a sentence."""
    return len(key.split()) <= _MOST_WORDS and len(value.split()) <= _MOST_WORDS_OF_A_VALUE


def _things(section: _Section, parent: _Section | None, siblings: int) -> Iterator[Thing]:
    if section.heading:
        yield from _under_heading(section, parent, siblings)
    else:
        for block in section.pairs:
            if len(block) > 1:
                yield _by_its_lines(block)
    yield from _rows(section)


def _under_heading(section: _Section, parent: _Section | None, siblings: int) -> Iterator[Thing]:
    """Yield the thing that a section describes; all its blocks belong to it."""
    sort, colon, name = section.heading.partition(": ")
    pairs = [pair for block in section.pairs for pair in block]
    if colon and is_short(sort) and name:
        yield _thing(sort, [("name", name), *pairs])
        return
    if parent is not None and siblings > 1 and is_short(parent.heading):
        if pairs:
            yield _thing(singular(parent.heading), [("name", section.heading), *pairs])
        return
    repeated = [block for block in section.pairs if len(block) > 1]
    if len(repeated) > 1 and is_short(section.heading):
        for block in repeated:
            yield _by_its_lines(block, singular(section.heading))
    elif len(pairs) > 1:
        has_name = any(snake_case(key) in NAME_KEYS for key, _ in pairs)
        sort = section.heading if has_name and is_short(section.heading) else ANY_TYPE
        named = pairs if has_name else [("name", section.heading), *pairs]
        yield _thing(singular(sort), named)


def _by_its_lines(block: list[tuple[str, str]], sort: str = ANY_TYPE) -> Thing:
    """Return the thing of a block without a heading: its first key is its sort, if no name."""
    key, value = block[0]
    keys = {snake_case(one) for one, _ in block}
    if sort == ANY_TYPE and not keys & {*NAME_KEYS, *TYPE_KEYS} and is_short(key):
        return _thing(key, [("name", value), *block[1:]])
    return _thing(sort, block)


def _thing(sort: str, pairs: list[tuple[str, str]]) -> Thing:
    fields: dict[str, Any] = {}
    for key, value in pairs:
        read = _value(value) if snake_case(key) not in NAME_KEYS else value
        if key in fields:  # said several times
            before = fields[key] if isinstance(fields[key], list) else [fields[key]]
            read = [*before, *(read if isinstance(read, list) else [read])]
        fields[key] = read
    return thing(sort, fields)


def _value(text: str) -> Any:
    """Return what a value says: a list if it is short pieces between commas."""
    pieces = _LISTED.split(text)
    if len(pieces) > 1 and all(is_short(piece) for piece in pieces):
        return [value_of(piece) for piece in pieces]
    return value_of(text)


def _rows(section: _Section) -> Iterator[Thing]:
    """Yield the rows of a table, its first line being its header."""
    rows = [row for row in section.rows if not all(_RULE.fullmatch(cell) for cell in row)]
    widths = Counter(map(len, rows))
    if len(rows) < 2 or len(widths) > 1:
        return
    heading = section.heading
    yield from row_things(rows[0], rows[1:], singular(heading) if is_short(heading) else ANY_TYPE)
