"""Knows how a dataset reads as Markdown: summaries, entities, relationships, documents.

The layout is that of cognee's memory export, in an order that stays. What a dataset holds is text
here and never markup: it opens no cell, heading or tag, and loads no image.
Source: spec/wire.md#export.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from cogx.server.data import DataItem
from cogx.server.index import Index

_SUMMARY: Final = "TextSummary"
_NOT_OTHER: Final = (_SUMMARY, "DocumentChunk", "TextDocument")
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_OF_COGNEE: Final = (
    "'EntityType', 'EdgeType', 'NodeSet', 'TextSummary', 'DocumentChunk', 'TextDocument'"
)
_IS_ENTITY: Final = f"(i.type = 'Entity' OR (i.kind = 'entity' AND i.type NOT IN ({_OF_COGNEE})))"
"""Types of cognee's own are no entities, though they have names."""
_IS_OTHER: Final = f"i.kind IN ('entity', 'raw_node') AND NOT {_IS_ENTITY}"
_BREAKS: Final = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
"""Characters that steer a terminal, or the direction of a text."""
_MARKUP: Final = re.compile(r"(\\*)(<|!(?=\[)|\](?=\())")
_PIPE: Final = re.compile(r"(\\*)\|")


def iter_markdown(
    name: str, index: Index, data: Iterable[DataItem], documents: int, exported_at: datetime
) -> Iterator[str]:
    """Yield the report of a dataset in pieces.

    Args:
        data: its data items, ordered by name; ``documents`` is how many there are.

    Cost: one pass over the index for each section; memory does not grow.
    """
    entities = index.count_items(f"WHERE {_IS_ENTITY}")
    _, relationships = index.counts()
    at = f"{_day(exported_at)} {exported_at:%H:%M}"
    yield f"# Dataset: {_line(name)}\n\nExported: {at} UTC | {documents} documents | "
    yield f"{entities} entities | {relationships} relationships\n\n"
    yield from _summaries(index)
    if entities:
        yield "## Entities\n\n| Entity | Description |\n|--------|-------------|\n"
        for one in index.iter_items(f"WHERE {_IS_ENTITY}"):
            yield f"| {_cell(one.label)} | {_cell(one.text or '')} |\n"
        yield "\n"
    if relationships:
        yield "## Relationships\n\n| Source | Relationship | Target |\n"
        yield "|--------|-------------|--------|\n"
        for source, relation, target in index.iter_named_links():
            yield f"| {_cell(source)} | {_cell(relation or 'related_to')} | {_cell(target)} |\n"
        yield "\n"
    if documents:
        yield "## Documents\n\n"
        for item in data:
            kind = _line(item.extension or "?").upper()
            yield f"- **{_line(item.name) or 'unnamed'}** ({kind}, {_day(item.created_at)})\n"
        yield "\n"
    yield from _others(index)


def _summaries(index: Index) -> Iterator[str]:
    began = False
    for one in index.iter_items("WHERE i.type = ?", (_SUMMARY,)):
        if one.text:
            if not began:
                yield "## Summaries\n\n"
            began = True
            yield "".join(f"> {_plain(line)}\n" for line in _BREAKS.split(one.text)) + "\n"


def _others(index: Index) -> Iterator[str]:
    began = False
    marks = ", ".join("?" * len(_NOT_OTHER))
    where = f"WHERE {_IS_OTHER} AND i.type NOT IN ({marks})"
    for one in index.iter_items(where, _NOT_OTHER):
        if not began:
            yield "## Other Nodes\n\n"
        began = True
        yield f"- [{_line(one.type)}] {_line(one.label)}\n"
    if began:
        yield "\n"


def _day(moment: datetime) -> str:
    """Return a day as cognee writes it, in whatever locale the server runs."""
    return f"{_MONTHS.split()[moment.month - 1]} {moment.day:02d}, {moment.year}"


def _line(text: str) -> str:
    """Return a text on one line, its white space single."""
    return " ".join(_plain(text).split())


def _cell(text: str) -> str:
    """Return a text that stays in its cell: on one line, its pipes escaped."""
    return _PIPE.sub(r"\1\1\|", _plain(_BREAKS.sub(" ", text)))


def _plain(text: str) -> str:
    """Return a text without what is not seen, and in which no tag, image or link begins."""
    return _MARKUP.sub(r"\1\1\\\2", _UNSEEN.sub("\ufffd", text))
