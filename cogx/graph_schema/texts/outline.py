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
_MOST_WORDS: Final = 4
_LONGEST: Final = 1_000
"""A longer line is prose."""


class _Section(Struct):
    """A heading, or the text before the first one, and what stands right under it."""

    level: int
    heading: str
    parent: int | None
    pairs: list[list[tuple[str, str]]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    @property
    def holds_things(self) -> bool:
        """Tell whether anything is described under it."""
        return bool(self.pairs)


def outline_of(text: str) -> tuple[list[Thing], list[str]]:
    """Return the things that the form of a text tells, and the lines that have no form."""
    sections = [_Section(0, "", None)]
    prose: list[str] = []
    fresh = True
    for line in [*text.split("\n"), ""]:
        if len(line) > _LONGEST:
            prose.append(line)
            continue
        heading, pair = _HEADING.fullmatch(line), _PAIR.fullmatch(line)
        if heading:
            sections.append(_under(sections, len(heading[1]), heading[2]))
            fresh = True
        elif line.count("|") > (2 if line.lstrip().startswith("|") else 0):
            sections[-1].rows.append([cell.strip() for cell in line.strip().strip("|").split("|")])
        elif pair and len(pair[1].split()) <= _MOST_WORDS:
            blocks = sections[-1].pairs
            if fresh or not blocks or _begins_anew(blocks[-1], pair[1]):
                blocks.append([])
            blocks[-1].append((pair[1].strip(), pair[2]))
            fresh = False
        else:
            fresh = fresh or not line.strip()
            prose.append(line)
    things = [one for section in sections for one in _things(section, sections)]
    return things, prose


def _under(sections: list[_Section], level: int, heading: str) -> _Section:
    above = (i for i in reversed(range(1, len(sections))) if sections[i].level < level)
    return _Section(level, heading, next(above, None))


def _begins_anew(block: list[tuple[str, str]], key: str) -> bool:
    return block[0][0] == key


def _things(section: _Section, sections: list[_Section]) -> Iterator[Thing]:
    if section.heading:
        yield from _under_heading(section, sections)
    else:
        for block in section.pairs:
            if len(block) > 1:
                yield _by_its_lines(block)
    yield from _rows(section)


def _under_heading(section: _Section, sections: list[_Section]) -> Iterator[Thing]:
    """Yield the thing that a section describes; all its blocks belong to it."""
    sort, colon, name = section.heading.partition(": ")
    pairs = [pair for block in section.pairs for pair in block]
    if colon and is_short(sort) and name:
        yield _thing(sort, [("name", name), *pairs])
        return
    parent = None if section.parent is None else sections[section.parent]
    siblings = [one for one in sections if one.parent == section.parent and one.holds_things]
    if parent is not None and len(siblings) > 1 and is_short(parent.heading):
        if pairs:
            yield _thing(singular(parent.heading), [("name", section.heading), *pairs])
        return
    repeated = [block for block in section.pairs if len(block) > 1]
    if len(repeated) > 1 and is_short(section.heading):
        for block in repeated:
            yield _by_its_lines(block, singular(section.heading))
    elif pairs:
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
